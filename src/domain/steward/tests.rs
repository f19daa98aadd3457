//! A test for each row of what the traces of a steward are, and of what follows from its practice.

use super::*;

/// A deployment `auth` in `shop` with these marks: `label k=v`, `note k=v`, `manager m`, `applier m`.
fn of(marks: &[&str]) -> Option<Steward> {
    let (mut labels, mut annotations, mut managers) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for mark in marks {
        let (what, rest) = mark.split_once(' ').unwrap();
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        match what {
            "label" => drop(labels.insert(key.to_owned(), value.to_owned())),
            "note" => drop(annotations.insert(key.to_owned(), value.to_owned())),
            _ => managers.push(Manager { name: rest, applies: what == "applier" }),
        }
    }
    let traces =
        Traces { namespace: "shop", name: "auth", labels: &labels, annotations: &annotations, managers: &managers };
    steward(&traces)
}

fn told(marks: &[&str]) -> Option<String> {
    of(marks).map(|it| it.told())
}

const ARGO: &str = "note argocd.argoproj.io/tracking-id=web:apps/Deployment:shop/auth";
const KUSTOMIZED: [&str; 2] =
    ["label kustomize.toolkit.fluxcd.io/name=apps", "label kustomize.toolkit.fluxcd.io/namespace=flux-system"];
const RELEASED: [&str; 2] = ["label app.kubernetes.io/managed-by=Helm", "note meta.helm.sh/release-name=web"];

#[test]
fn what_bears_no_trace_is_nobodys() {
    assert_eq!(of(&[]), None);
    assert_eq!(of(&["manager kubectl-set", "manager shipdeck", "manager kube-controller-manager"]), None);
}

#[test]
fn a_tracking_id_names_the_application_and_where_it_is() {
    assert_eq!(told(&[ARGO]).as_deref(), Some("Argo CD (application web)"));
    let elsewhere = of(&["note argocd.argoproj.io/tracking-id=team_web:apps/Deployment:shop/auth"]);
    let Some(Steward::Argo { app, namespace, tracked }) = elsewhere else { panic!("{elsewhere:?}") };
    assert_eq!((app.as_deref(), namespace.as_deref(), tracked), (Some("web"), Some("team"), true));
}

#[test]
fn a_tracking_id_of_another_object_was_copied_and_says_nothing() {
    assert_eq!(of(&["note argocd.argoproj.io/tracking-id=web:apps/Deployment:shop/other"]), None);
    assert_eq!(of(&["note argocd.argoproj.io/tracking-id=nonsense"]), None);
}

#[test]
fn the_label_of_an_instance_means_argo_only_where_argo_has_written() {
    assert_eq!(of(&["label app.kubernetes.io/instance=web"]), None);
    let argo = told(&["label app.kubernetes.io/instance=web", "manager argocd-controller"]);
    assert_eq!(argo.as_deref(), Some("Argo CD (application web)"));
}

#[test]
fn argo_that_still_manages_anything_is_seen_though_the_image_is_anothers() {
    assert_eq!(told(&["manager kubectl-set", "applier argocd-controller"]).as_deref(), Some("Argo CD"));
}

#[test]
fn the_labels_of_flux_name_what_reconciles_it() {
    assert_eq!(told(&KUSTOMIZED).as_deref(), Some("Flux (Kustomization flux-system/apps)"));
    let release = ["label helm.toolkit.fluxcd.io/name=web", "label helm.toolkit.fluxcd.io/namespace=shop"];
    assert_eq!(told(&release).as_deref(), Some("Flux (HelmRelease shop/web)"));
}

#[test]
fn flux_that_still_manages_anything_is_seen_though_the_image_is_anothers() {
    assert_eq!(told(&["manager kubectl-set", "applier kustomize-controller"]).as_deref(), Some("Flux"));
    assert_eq!(told(&["manager helm-controller"]).as_deref(), Some("Flux"));
}

#[test]
fn flux_leaves_alone_what_asks_for_it() {
    for note in ["reconcile=disabled", "reconcile=Disabled", "ssa=IfNotPresent", "ssa=Ignore"] {
        let mark = format!("note kustomize.toolkit.fluxcd.io/{note}");
        let found = of(&[KUSTOMIZED[0], &mark]);
        assert!(matches!(found, Some(Steward::Flux { leaves: true, .. })), "{note}: {found:?}");
    }
    let found = of(&[KUSTOMIZED[0], "note kustomize.toolkit.fluxcd.io/ssa=Merge"]);
    assert!(matches!(found, Some(Steward::Flux { leaves: false, .. })), "{found:?}");
}

#[test]
fn a_release_of_helm_is_named_with_its_chart_and_how_it_writes() {
    let whole = [&RELEASED[..], &["label helm.sh/chart=web-1.2.3", "manager helm"]].concat();
    let found = of(&whole);
    let Some(Steward::Helm { release, chart, applies, .. }) = &found else { panic!("{found:?}") };
    assert_eq!((&**release, chart.as_deref(), *applies), ("web", Some("web-1.2.3"), false));
    let four = of(&[&RELEASED[..], &["applier helm"]].concat());
    assert!(matches!(four, Some(Steward::Helm { applies: true, .. })), "{four:?}");
}

#[test]
fn what_a_chart_writes_on_everything_is_no_release() {
    // `helm template` and Argo CD render the label; nobody upgrades that.
    assert_eq!(of(&[RELEASED[0]]), None);
    assert_eq!(told(&[RELEASED[0], ARGO]).as_deref(), Some("Argo CD (application web)"));
}

#[test]
fn a_controller_comes_before_the_tool_that_it_uses() {
    let flux = ["label helm.toolkit.fluxcd.io/name=web", "manager helm-controller"];
    assert_eq!(told(&[&RELEASED[..], &flux].concat()).as_deref(), Some("Flux (HelmRelease shop/web)"));
    assert_eq!(told(&[&RELEASED[..], &[ARGO]].concat()).as_deref(), Some("Argo CD (application web)"));
}

#[test]
fn files_are_told_by_either_sort_of_apply() {
    for mark in [
        "manager kubectl-client-side-apply",
        "applier kubectl",
        "note kubectl.kubernetes.io/last-applied-configuration={}",
    ] {
        assert_eq!(of(&[mark]), Some(Steward::Files), "{mark}");
    }
    // `kubectl scale` and `kubectl edit` keep nothing.
    assert_eq!(of(&["manager kubectl", "manager kubectl-edit"]), None);
}

fn practice(sync: Sync) -> Practice {
    let source = Source {
        repository: "https://git/shop".into(),
        path: Some("deploy/auth".into()),
        revision: Some("main".into()),
    };
    Practice { sync, source: Some(source), values: Vec::new(), objectors: Vec::new() }
}

fn why(marks: &[&str], practice: &Practice) -> String {
    match rule(&of(marks).unwrap(), practice) {
        Ruling::Free => "free".to_owned(),
        Ruling::Warned(text) => format!("warned: {text}"),
        Ruling::ThroughSource { why, remedy, .. } => format!("refused: {why}. {remedy}"),
    }
}

#[test]
fn who_puts_it_back_by_itself_is_not_fought_and_the_place_to_change_is_told() {
    let heals = why(&[ARGO], &practice(Sync::Heals));
    assert_eq!(
        heals,
        "refused: is kept by Argo CD (application web), which puts any other image back by itself. Change the image in \
         deploy/auth in https://git/shop (main)"
    );
    for marks in [&[ARGO][..], &KUSTOMIZED] {
        for sync in [Sync::Heals, Sync::Follows, Sync::Unknown("no right".into())] {
            assert!(why(marks, &practice(sync)).starts_with("refused: "));
        }
    }
    let named = |name: &str| Practice { objectors: vec![name.into()], ..practice(Sync::Heals) };
    assert!(why(&KUSTOMIZED, &named("kubectl-set")).contains("(the image was set by kubectl-set since)"));
    assert!(!why(&KUSTOMIZED, &named("kustomize-controller")).contains("since"));
}

#[test]
fn who_syncs_by_hand_or_is_suspended_or_gone_is_warned_of() {
    let by_hand = why(&[ARGO], &practice(Sync::ByHand));
    assert!(by_hand.starts_with("warned: ") && by_hand.contains("when somebody syncs it"), "{by_hand}");
    let suspended = why(&KUSTOMIZED, &practice(Sync::ByHand));
    assert!(suspended.starts_with("warned: ") && suspended.contains("when it is resumed"), "{suspended}");
    assert!(why(&[ARGO], &practice(Sync::Gone)).ends_with("which is no longer here"));
}

#[test]
fn who_leaves_the_image_alone_stands_in_nobodys_way() {
    assert_eq!(why(&[ARGO], &practice(Sync::LeavesImage)), "free");
    let left = [KUSTOMIZED[0], "note kustomize.toolkit.fluxcd.io/reconcile=disabled"];
    assert_eq!(why(&left, &practice(Sync::Heals)), "free");
}

#[test]
fn helm_is_warned_of_with_the_values_to_change() {
    let marks = [&RELEASED[..], &["label helm.sh/chart=web-1.2.3"]].concat();
    let keyed = Practice { values: vec!["image.tag".into()], ..practice(Sync::ByHand) };
    assert_eq!(
        why(&marks, &keyed),
        "warned: is kept by Helm (release web) with chart web-1.2.3: the next upgrade puts the chart's image back; \
         change image.tag in its values too"
    );
    let four = [&RELEASED[..], &["applier helm"]].concat();
    assert!(why(&four, &practice(Sync::ByHand)).contains("stops with a conflict"));
}
