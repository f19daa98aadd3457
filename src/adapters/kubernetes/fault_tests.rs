//! What servers say, in words for people.

use super::*;

fn answer(code: u16, message: &str) -> Fault {
    let body = serde_json::json!({ "message": message }).to_string();
    from_answer(StatusCode::from_u16(code).unwrap(), body.as_bytes(), None, "set the image of web")
}

#[test]
fn a_missing_right_is_named() {
    let fault = answer(
        403,
        "deployments.apps \"web\" is forbidden: User \"ann\" cannot patch resource \"deployments\" in API group \
         \"apps\" in the namespace \"shop\"",
    );
    assert_eq!(fault.message, "ann: no right to patch deployments in namespace shop");
}

#[test]
fn a_policy_speaks_for_itself() {
    let fault = answer(403, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: frozen until Monday");
    assert_eq!(fault.message, "cannot set the image of web, a policy forbids it: frozen until Monday");
}

#[test]
fn a_value_quoted_by_the_server_is_not_repeated() {
    let message = "Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].env[0].value: Invalid value: \"s3cret\": no";
    let fault = answer(422, message);
    let place = "Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].env[0].value";
    assert_eq!(fault.message, format!("cannot set the image of web, refused: {place}: invalid value"));
    let causes = serde_json::json!({ "message": message, "details": { "causes": [
        { "reason": "FieldValueInvalid", "message": "Invalid value: \"s3cret\": no", "field": "spec.replicas" },
        { "reason": "FieldValueRequired", "message": "Required value", "field": "spec.template" },
    ] } });
    let fault = from_answer(StatusCode::UNPROCESSABLE_ENTITY, causes.to_string().as_bytes(), None, "scale web");
    assert_eq!(fault.message, "cannot scale web, refused: spec.replicas: invalid value; spec.template: required");
}

#[test]
fn an_object_quoted_by_the_server_is_not_repeated() {
    let fault = answer(422, "Deployment in version \"v1\": {\"env\":[{\"value\":\"s3cret\"}]}\": unknown field x");
    assert_eq!(fault.message, "cannot set the image of web, refused: unknown field x");
    let fault = answer(422, "invalid: {\"env\":[{\"value\":\"s3cret\"}]}");
    assert!(!fault.message.contains("s3cret"), "{fault}");
}

#[test]
fn every_failure_of_a_server_says_what_was_tried_and_what_to_do() {
    for (code, kind, words) in [
        (401, FaultKind::Unauthenticated, "cannot set the image of web: the credentials are not accepted (401)"),
        (404, FaultKind::NotFound, "cannot set the image of web, not found: said"),
        (409, FaultKind::Conflict, "cannot set the image of web: said"),
        (410, FaultKind::Expired, "the history asked for is gone: said"),
        (418, FaultKind::Other, "cannot set the image of web (answer 418): said"),
        (429, FaultKind::Throttled, "cannot set the image of web now, the API server is busy (429): said"),
        (500, FaultKind::Throttled, "cannot set the image of web, the API server failed (500): said"),
        (502, FaultKind::Throttled, "cannot set the image of web, the API server failed (502): said"),
        (503, FaultKind::Throttled, "cannot set the image of web, the API server failed (503): said"),
        (504, FaultKind::Throttled, "cannot set the image of web, the API server failed (504): said"),
    ] {
        let fault = answer(code, "said");
        assert_eq!((fault.kind, &*fault.message), (kind, words));
        assert!(fault.advice().ends_with('.'), "{code}");
    }
}

#[test]
fn a_web_page_is_never_taken_for_the_words_of_the_api_server() {
    let page = b"\n<!DOCTYPE html><title>403 Forbidden</title>";
    for code in [302, 403, 502] {
        let fault = from_answer(StatusCode::from_u16(code).unwrap(), page, None, "list pods in shop");
        let words = format!(
            "cannot list pods in shop: something between here and the API server answered {code} with a web page"
        );
        assert_eq!((fault.kind, fault.message), (FaultKind::Unreachable, words));
    }
    let error = serde_json::from_slice::<serde_json::Value>(page).unwrap_err();
    let fault = unreadable(&error, page, "list pods in shop");
    assert!(fault.message.ends_with("answers with a web page"), "{fault}");
}

#[test]
fn a_pause_that_a_server_asks_for_is_told_when_it_is_long() {
    let busy = |seconds| {
        let pause = Some(Duration::from_secs(seconds));
        from_answer(StatusCode::TOO_MANY_REQUESTS, b"", pause, "list pods").message
    };
    let said = "cannot list pods now, the API server is busy (429)";
    assert_eq!(busy(2), said);
    assert_eq!(busy(40), format!("{said}; it asks for a pause of 40 s"));
    assert_eq!(busy(7_200), format!("{said}; it asks for a pause of 2 h"));
    let named = br#"{"message":"slow down","details":{"retryAfterSeconds":300}}"#;
    let fault = from_answer(StatusCode::TOO_MANY_REQUESTS, named, None, "list pods");
    assert_eq!(fault.message, format!("{said}: slow down; it asks for a pause of 5 min"));
}

#[test]
fn a_credential_plugin_is_called_by_its_name_whatever_stands_before_it() {
    let variable = r#"KUBERNETES_EXEC_INFO="{\"kind\":\"ExecCredential\", \"spec\":{}}""#;
    assert_eq!(program(&format!("{variable} \"/opt/corp login/plugin.sh\" \"--cluster\"")), "plugin.sh");
    assert_eq!(program("\"aws\" \"eks\" \"get-token\""), "aws");
    assert_eq!((program("aws eks"), program("")), ("aws".to_owned(), "?".to_owned()));
}
