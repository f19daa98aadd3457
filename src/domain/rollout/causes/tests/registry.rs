//! What registries and nodes say of images.

use super::*;

#[test]
fn an_image_that_is_never_pulled_by_policy_and_is_not_there_fails_at_once() {
    let verdict =
        judged(&rolling(waiting("ErrImageNeverPull", "not present with pull policy of Never")), &baseline(), 0);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::ImageNameInvalid)));
}

#[test]
fn every_way_a_registry_says_that_there_is_no_such_image_fails_at_once() {
    for said in ["not found", "manifest unknown", "no match for platform in manifest", "name unknown: repository"] {
        for reason in ["ErrImagePull", "ImagePullBackOff"] {
            let verdict = judged(&rolling(waiting(reason, said)), &baseline(), 0);
            assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::ImageNotFound)), "{said}");
        }
    }
}

/// Kubelets before 1.32 say in the status only that they wait before the next try.
#[test]
fn what_a_back_off_does_not_say_is_read_from_the_event_of_the_failed_pull() {
    let vague = "Back-off pulling image \"r/auth:v2\"";
    let mut cluster = rolling(waiting("ImagePullBackOff", vague));
    assert_eq!(cause(&judged(&cluster, &baseline(), 60)), Some(&Cause::ImagePull), "nothing better is known");
    tell(&mut cluster, "Failed", "Failed to pull image \"r/other:v1\": not found");
    assert_eq!(cause(&judged(&cluster, &baseline(), 60)), Some(&Cause::ImagePull), "that is another image");
    tell(&mut cluster, "Failed", "Failed to pull image \"r/auth:v2\": manifest unknown: not found");
    let verdict = judged(&cluster, &baseline(), 60);
    assert_eq!((verdict.state, cause(&verdict)), (State::Failed, Some(&Cause::ImageNotFound)));
    assert_eq!(headline(&verdict), "image not found: r/auth:v2 (registry says manifest unknown)");
}

#[test]
fn every_way_a_registry_says_no_waits_for_the_second_attempt() {
    for said in ["401 unauthorized", "pull access denied", "unexpected status 403 Forbidden"] {
        let cluster = rolling(waiting("ErrImagePull", said));
        assert_eq!(judged(&cluster, &baseline(), 14).state, State::Progressing, "{said}");
        assert_eq!(cause(&judged(&cluster, &baseline(), 15)), Some(&Cause::ImageRefused), "{said}");
    }
}

#[test]
fn a_registry_that_does_not_answer_is_shown_and_left_to_the_limits() {
    for said in ["toomanyrequests", "503 Service Unavailable", "i/o timeout", "unexpected EOF", "no route to host"] {
        for reason in ["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"] {
            let verdict = judged(&rolling(waiting(reason, said)), &baseline(), 600);
            assert_eq!((verdict.state, cause(&verdict)), (State::Progressing, Some(&Cause::ImagePull)), "{said}");
            assert!(headline(&verdict).ends_with(&format!("cannot be pulled at the moment: {said}")), "{said}");
        }
    }
}
