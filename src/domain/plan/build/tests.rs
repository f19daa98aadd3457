//! Plans, as they are made and refused.

use super::*;
use crate::domain::fixtures::{START, TestWorld, catalog, digest};

/// Auth and cart (which needs auth) run v2 in staging and v1 in production.
fn plan(services: &[(&str, Wanted)], change: impl FnOnce(&mut TestWorld, &mut Catalog)) -> Result<Plan, PlanError> {
    let mut catalog = catalog(&[("auth", &[]), ("cart", &["auth"])]);
    let mut cluster = TestWorld::new("staging").live("production");
    for (env, version) in [("staging", "v2"), ("production", "v1")] {
        cluster.env = EnvId::new(env);
        for name in ["auth", "cart"] {
            cluster.rolled_out(name, &format!("r/{name}:{version}"), 1);
        }
    }
    change(&mut cluster, &mut catalog);
    let mut board = Board::default();
    for env in &catalog.environments {
        board.refresh_env(&cluster.world, &catalog, &env.name, START);
    }
    let request = Request {
        env: EnvId::new("production"),
        purpose: Purpose::Deploy,
        title: String::new(),
        services: services.iter().map(|(name, wanted)| (ServiceId::new(name), wanted.clone())).collect(),
    };
    build(&catalog, &cluster.world, &board, &request)
}

fn version(text: &str) -> Wanted {
    Wanted::Version(text.to_owned())
}

#[test]
fn promotion_takes_the_very_digest_that_runs_upstream_in_waves() {
    let from = || Wanted::As(EnvId::new("staging"));
    let plan = plan(&[("cart", from()), ("auth", from())], |_, _| {}).unwrap();
    let to: Vec<_> = plan.steps().map(|step| step.to.to_string()).collect();
    let image = |name: &str| format!("r/{name}:v2@{}", digest(&format!("r/{name}:v2")));
    assert_eq!((plan.waves.len(), to), (2, vec![image("auth"), image("cart")]));
}

#[test]
fn promotion_is_refused_where_the_version_has_not_succeeded() {
    let broken = |cluster: &mut TestWorld, _: &mut Catalog| {
        cluster.env = EnvId::new("staging");
        cluster.deployment("auth", "r/auth:v2", 1, |workload| workload.status.available = 0);
    };
    let error = plan(&[("auth", Wanted::As(EnvId::new("staging")))], broken).unwrap_err();
    assert!(matches!(error, PlanError::UpstreamNotReady { .. }), "{error}");
}

#[test]
fn everything_that_is_in_the_way_is_told_at_once() {
    let from = || Wanted::As(EnvId::new("staging"));
    let broken = |cluster: &mut TestWorld, _: &mut Catalog| {
        cluster.env = EnvId::new("staging");
        for name in ["auth", "cart"] {
            cluster.deployment(name, &format!("r/{name}:v2"), 1, |workload| workload.status.available = 0);
        }
    };
    let error = plan(&[("auth", from()), ("cart", from())], broken).unwrap_err();
    assert_eq!(error.each().len(), 2);
    let told = "2 have not succeeded in staging: auth (progressing), cart (progressing). Promote them when they have";
    assert_eq!(error.to_string(), told);
    let error = plan(&[("auht", version("v3")), ("crat", version("v3"))], |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("no service auht") && error.to_string().contains("no service crat"), "{error}");
    let stale = |cluster: &mut TestWorld, _: &mut Catalog| {
        use crate::domain::fault::{Fault, FaultKind};
        use crate::domain::observed::{Change, Kind};
        let lost = Change::Lost(Kind::Pod, Fault::new(FaultKind::Unreachable, "no route"));
        cluster.world.apply(&EnvId::new("staging"), lost, START);
    };
    let error = plan(&[("auth", from()), ("cart", from())], stale).unwrap_err();
    assert!(matches!(error, PlanError::Stale { .. }), "what is one thing is told once: {error}");
}

#[test]
fn what_is_set_already_and_is_not_up_is_followed_and_never_called_running() {
    let paused = |cluster: &mut TestWorld, _: &mut Catalog| {
        cluster.deployment("auth", "r/auth:v1", 2, |workload| (workload.paused, workload.status.updated) = (true, 0));
    };
    let plan = plan(&[("auth", Wanted::Version("v1".into()))], paused).unwrap();
    let steps: Vec<_> = plan.steps().map(|step| (&*step.from, &*step.to, step.changes())).collect();
    assert_eq!(steps, [("r/auth:v1", "r/auth:v1", false)]);
    let said = "is set to v1 already and is not up (deployment/auth is paused in the cluster): it is only followed";
    assert!(plan.warnings.iter().any(|warning| warning.text == said), "{:?}", plan.warnings);
}

#[test]
fn a_job_is_left_alone_and_said_so_and_what_needs_it_goes_out_only_once_it_has_succeeded() {
    use crate::domain::fixtures::{condition, meta};
    use crate::domain::observed::{Container, Job, Object, WorkloadRef};
    let with = |kind: &'static str| {
        move |cluster: &mut TestWorld, catalog: &mut Catalog| {
            catalog.services[0].workload = WorkloadRef::new(WorkloadKind::Job, "migrate");
            cluster.put(Object::Job(Box::new(Job {
                meta: meta("migrate", None),
                active: 0,
                succeeded: 1,
                failed: 0,
                ttl: false,
                suspended: false,
                wanted: 1,
                containers: vec![Container { name: "auth".into(), image: "r/auth:v1".into() }],
                conditions: vec![condition(kind, "BackoffLimitExceeded", "")],
            })));
        }
    };
    let both = [("auth", version("v3")), ("cart", version("v3"))];
    let plan_of = plan(&both, with("Complete")).unwrap();
    assert_eq!(plan_of.steps().map(|step| step.service.as_str()).collect::<Vec<_>>(), ["cart"]);
    assert!(plan_of.skipped[0].why.contains("cannot be rolled back") && !plan_of.skipped[0].already);
    let error = plan(&both, with("Failed")).unwrap_err();
    assert_eq!(error.to_string(), "cart needs auth, which is failed in production. Deploy it first, or mark it too");
}

#[test]
fn what_runs_already_is_skipped_and_a_misspelt_name_gets_a_suggestion() {
    let plan_of = |name, text| plan(&[(name, version(text))], |_, _| {});
    let skipped = plan_of("auth", "v1").unwrap();
    assert!(skipped.is_empty() && skipped.skipped[0].why == "runs v1 already");
    assert!(plan_of("auht", "v2").unwrap_err().to_string().contains("Did you mean auth?"));
    assert!(matches!(plan_of("auth", "no tag").unwrap_err(), PlanError::BadVersion { .. }));
}

#[test]
fn an_old_picture_a_missing_need_and_a_found_catalog_are_refused() {
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::observed::{Change, Kind};
    let refused = |change: fn(&mut TestWorld, &mut Catalog)| plan(&[("cart", version("v3"))], change).unwrap_err();
    let stale = refused(|cluster, _| {
        let lost = Change::Lost(Kind::Pod, Fault::new(FaultKind::Unreachable, "no route"));
        cluster.world.apply(&cluster.env.clone(), lost, START);
    });
    assert!(matches!(stale, PlanError::Stale { .. }), "{stale}");
    let unmet = refused(|cluster, _| cluster.deployment("auth", "r/auth:v1", 0, |_| {}));
    assert!(matches!(unmet, PlanError::NeedNotMet { .. }), "{unmet}");
    assert!(matches!(refused(|_, catalog| catalog.discovered = true), PlanError::ReadOnly(_)));
}
