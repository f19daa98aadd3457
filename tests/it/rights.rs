//! Users who may do a part only: which right is missing is said, and everything else goes on.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use serde_json::{Value, json};

use crate::harness::shop::{config, shop};
use crate::harness::terminal::Terminal;
use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

/// What shipdeck needs in a namespace, but for one verb on one resource.
fn all_but(verb: &str, resource: &str) -> Value {
    let needed = [
        ("apps", "deployments", "get list watch patch"),
        ("apps", "statefulsets", "get list watch patch"),
        ("apps", "daemonsets", "get list watch patch"),
        ("apps", "replicasets", "get list watch"),
        ("batch", "jobs", "get list watch delete"),
        ("", "pods", "get list watch delete"),
        ("", "pods/log", "get"),
        ("", "events", "get list watch"),
    ];
    let rule = |(group, of, verbs): (&str, &str, &str)| {
        let verbs: Vec<&str> = verbs.split(' ').filter(|it| of != resource || *it != verb).collect();
        json!({ "apiGroups": [group], "resources": [of], "verbs": verbs })
    };
    needed.map(rule).into()
}

async fn generation(space: &Namespace<'_>, name: &str) -> i64 {
    space.get::<Deployment>(name).await.unwrap().metadata.generation.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_list_pods_is_told_so_and_what_may_be_read_is_live() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (dark, bright) = (plane.namespace("dark").await, plane.namespace("bright").await);
    shop(&dark).await;
    shop(&bright).await;
    let clerk = dark.user("clerk", all_but("list", "pods")).await;
    let text = format!(
        "[[environment]]\nname = \"dark\"\ncontext = \"{0}-clerk\"\nnamespace = \"{0}\"\n\
         [[environment]]\nname = \"bright\"\ncontext = \"admin\"\nnamespace = \"{1}\"\n\
         [[service]]\nname = \"auth\"\nimage = \"shop/auth\"\n",
        dark.name, bright.name
    );
    let shipdeck = Headless::new(&clerk, &text);
    let both = std::env::join_paths([&clerk, &plane.kubeconfig_path()]).unwrap().into_string().unwrap();
    let path = shipdeck.config.display().to_string();
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &both)], (160, 40));
    terminal.shows(&["may not list pods", "may not be read", "live", "v1"]);
    let missing = format!("clerk: no right to list pods in namespace {}", dark.name);
    let deploy = shipdeck.run("deploy --env dark auth=v2 --yes").await;
    deploy.is(3, &missing).is(3, "Ask a cluster administrator for the right that is named.");
    assert_eq!(generation(&dark, "auth").await, 1, "nothing was written blindly");
    // The other environment is none the worse for it.
    let shipdeck = Headless { kubeconfig: both.into(), ..shipdeck };
    shipdeck.run("deploy --env bright auth=v2 --yes").await.is(0, "auth succeeded");
    terminal.shows(&["may not list pods", "v2"]);
    terminal.press("q");
    terminal.ends_with(0);
}

/// Waits until `why` says this: the API server takes rights in a moment after they are given.
async fn told(shipdeck: &Headless, words: &str) {
    eventually(words, Duration::from_mins(1), async || {
        let why = shipdeck.run("why --env staging auth").await;
        why.out.contains(words).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_look_is_told_before_anything_is_offered_and_deploys_when_the_right_is_given() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("viewer").await;
    shop(&space).await;
    let clerk = space.user("clerk", all_but("patch", "deployments")).await;
    let shipdeck = Headless::new(&clerk, &config(&space.name));
    let missing = format!("no right to patch deployments in namespace {}", space.name);
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), clerk.display().to_string());
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (160, 40));
    terminal.shows(&["live", "auth", "only to be looked at"]);
    terminal.press("d");
    terminal.shows(&["deploy: not for you", &missing]);
    let deploy = shipdeck.run("deploy --env staging auth=v2 --yes").await;
    deploy.is(3, &missing).is(3, "Ask a cluster administrator for the right that is named.");
    shipdeck.run("plan --env staging auth=v2").await.is(0, &format!("cannot be changed by you: {missing}"));
    let check = shipdeck.run("check --live").await;
    check.is(0, "no problems").is(0, "note: staging: deployments cannot be deployed by you: ");
    assert!(check.out.contains(&missing), "{check:?}");
    shipdeck.run("why --env staging auth").await.is(0, &format!("you may not: {missing}"));
    assert_eq!(generation(&space, "auth").await, 1);
    // Given meanwhile, it is there when it is wanted again.
    space.grant("clerk", all_but("", "")).await;
    told(&shipdeck, "nothing stands in the way").await;
    terminal.press("d");
    terminal.becomes("the right is known", |it| !it.contains("only to be looked at"));
    for keys in ["d", "v2", "\r"] {
        terminal.press(keys);
    }
    terminal.shows(&["wave 1"]);
    terminal.press("\r");
    terminal.shows(&["auth", "Done. The new pods are watched"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_right_to_patch_is_taken_is_refused_at_the_write_with_the_verb_named_and_sees_on() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("reader").await;
    shop(&space).await;
    let clerk = space.user("clerk", all_but("", "")).await;
    let shipdeck = Headless::new(&clerk, &config(&space.name));
    let (path, kubeconfig) = (shipdeck.config.display().to_string(), clerk.display().to_string());
    let log = shipdeck.home.path().join("log").display().to_string();
    let arguments = ["--config", &path, "--log-file", &log];
    let mut terminal = Terminal::open(&arguments, &[("KUBECONFIG", &kubeconfig)], (160, 40));
    terminal.shows(&["live", "auth", "v1", "2 of 2 ready"]);
    for keys in ["d", "v2", "\r"] {
        terminal.press(keys);
    }
    terminal.shows(&["wave 1", "cannot be held while it is deployed"]);
    space.grant("clerk", all_but("patch", "deployments")).await;
    told(&shipdeck, "you may not").await;
    terminal.press("\r");
    terminal.shows(&["no right to patch deployments", &space.name]);
    assert_eq!(generation(&space, "auth").await, 1);
    terminal.press("q");
    terminal.shows(&["live", "v1"]);
    // The run holds and might be tried again, so that leaving asks.
    terminal.press("q");
    terminal.shows(&["Leave it?"]);
    terminal.press("\r");
    terminal.ends_with(0);
    // Whoever reads the log file finds the run and the cluster of every line, and never the token.
    let log = std::fs::read_to_string(log).unwrap();
    let token: Value = serde_json::from_str(&std::fs::read_to_string(&clerk).unwrap()).unwrap();
    let token = token["users"][0]["user"]["token"].as_str().unwrap();
    assert!(!token.is_empty() && !log.contains(token));
    for line in ["run begins run=1 env=staging", "run=1 service=auth", "step failed run=1", "run holds run=1"] {
        assert!(log.contains(line), "no {line:?} in\n{log}");
    }
    assert!(log.contains(&format!("watch{{cluster={}-clerk env=staging}}:kind{{kind=\"pods\"}}", space.name)), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_no_verdict_needs_hinder_no_deploy() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("no-events").await;
    shop(&space).await;
    for (user, resource) in [("deaf", "events"), ("idle", "jobs")] {
        let kubeconfig = space.user(user, all_but("list", resource)).await;
        let shipdeck = Headless::new(&kubeconfig, &config(&space.name));
        shipdeck.run(&format!("deploy --env staging auth={user} --yes")).await.is(0, "auth succeeded");
        let (path, kubeconfig) = (shipdeck.config.display().to_string(), kubeconfig.display().to_string());
        let terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (160, 40));
        terminal.shows(&["live", user]);
    }
}

/// The shop, with a service that runs as a StatefulSet.
fn with_ledger(namespace: &str) -> String {
    config(namespace) + "[[service]]\nname = \"ledger\"\nimage = \"shop/ledger\"\nworkload = \"statefulset/ledger\"\n"
}

fn without(resource: &str) -> Value {
    let all = all_but("", "");
    let others = all.as_array().unwrap().iter().filter(|rule| rule["resources"][0] != resource);
    others.cloned().collect::<Vec<_>>().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_workloads_that_is_not_for_the_user_hides_what_runs_as_it_and_nothing_else() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("no-sets").await;
    shop(&space).await;
    let clerk = space.user("clerk", without("statefulsets")).await;
    let shipdeck = Headless::new(&clerk, &with_ledger(&space.name));
    let status = shipdeck.run("status --env staging").await;
    status.is(0, "ledger").is(0, "unknown").is(0, "no right to list statefulsets");
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "auth succeeded");
    let missing = format!("no right to list statefulsets in namespace {}", space.name);
    shipdeck.run("deploy --env staging ledger=v2 --yes").await.is(3, &missing).is(3, "Ask a cluster administrator");
    shipdeck.run("why --env staging ledger").await.is(0, &missing).is(0, "ask a cluster administrator");
    let path = shipdeck.config.display().to_string();
    let kubeconfig = clerk.display().to_string();
    let mut terminal = Terminal::open(&["--config", &path], &[("KUBECONFIG", &kubeconfig)], (160, 40));
    terminal.shows(&["may not list statefulsets", "unknown", "● ok", "live"]);
    terminal.press("q");
    terminal.ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_change_one_kind_deploys_what_runs_as_another() {
    let Some(plane) = ControlPlane::shared() else { return };
    let space = plane.namespace("no-patch-sets").await;
    shop(&space).await;
    space.create::<StatefulSet>(workloads::stateful_set("ledger", "shop/ledger:v1", 1)).await;
    let clerk = space.user("clerk", all_but("patch", "statefulsets")).await;
    let shipdeck = Headless::new(&clerk, &with_ledger(&space.name));
    shipdeck.run("deploy --env staging auth=v2 --yes").await.is(0, "auth succeeded");
    let both = shipdeck.run("deploy --env staging auth=v3 ledger=v2 --yes").await;
    both.is(3, "ledger cannot be changed by you").is(3, "no right to patch statefulsets");
    assert_eq!(generation(&space, "auth").await, 2, "nothing was begun");
}
