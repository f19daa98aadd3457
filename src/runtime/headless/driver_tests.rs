//! What a command waits for before it makes a plan.

use std::sync::Arc;

use super::*;
use crate::adapters::kubernetes::scripted::{self, After, Answer, failed};
use crate::config::Settings;
use crate::domain::fixtures::catalog;
use crate::ports::cluster::Cluster;
use crate::runtime::clock::Clock;
use crate::runtime::compose::assemble;
use crate::runtime::files::Files;

/// A session with a cluster that is read at once but for its documents, of which this is the answer.
fn driver(documents: impl Fn() -> Answer + Send + Sync + 'static) -> Driver {
    let script =
        move |asked: &scripted::Asked| (asked.path.ends_with("/configmaps") && !asked.watches()).then(&documents);
    let cluster: Arc<dyn Cluster> = Arc::new(scripted::cluster(script).0);
    let connect = Box::new(move |_: &_| Arc::clone(&cluster));
    let files = Files { data: "/nowhere".into(), configuration: "/nowhere/config.toml".into() };
    let clock = Clock::of_the_machine();
    let parts = (catalog(&[("auth", &[])]), Settings::default());
    Driver::start(assemble(parts, files, connect, ("ana", clock)).unwrap()).unwrap()
}

/// Whether what is kept of earlier runs was there when the plan could be made.
async fn known(mut driver: Driver) -> locks::Known {
    let staging = EnvId::new("staging");
    driver.plannable(std::slice::from_ref(&staging)).await.unwrap();
    let known = locks::known(driver.model(), &staging);
    driver.end().await;
    known
}

#[tokio::test(start_paused = true)]
async fn a_plan_waits_for_what_is_kept_of_earlier_runs_which_its_warnings_rest_on() {
    let late = || {
        let list = r#"{"metadata":{"resourceVersion":"1"},"items":[]}"#.to_owned();
        Answer::Pieces(vec![list], After::Closed(2))
    };
    assert_eq!(Box::pin(known(driver(late))).await, locks::Known::All);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_read_that_gets_their_plan_without_it() {
    let begun = Instant::now();
    assert!(matches!(Box::pin(known(driver(|| failed(403, "no")))).await, locks::Known::Forbidden(_)));
    assert!(begun.elapsed() < Duration::from_secs(1));
}
