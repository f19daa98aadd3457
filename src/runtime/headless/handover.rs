//! What others did with a run meanwhile. News of it come on several watches and in any order, and a process that was
//! stopped hears of a service that was changed before it hears that its lease, or the whole run, is somebody else's. So the
//! cluster is asked once more before a pipeline is told how it ended.

use std::sync::Arc;

use tokio::time::timeout;

use super::driver::Driver;
use super::life;
use super::outcome::is_ours;
use crate::adapters::system;
use crate::app::msg::{Msg, Outcome};
use crate::app::update::update;
use crate::domain::catalog::Environment;
use crate::domain::lease::{Loss, Stored, who};
use crate::domain::observed::{Change, Object};
use crate::domain::run::{Hold, Run, document};
use crate::runtime::leases::{CALL_LIMIT, in_time, lost};

/// Looks whether the newest run, or a service of it, was taken over, and has the model take that in.
pub(super) async fn look(driver: &mut Driver) {
    let Some(run) = driver.model().runs.last().filter(|run| !run.state.is_over()).cloned() else { return };
    let Some(env) = driver.model().catalog.environment(&run.plan.env).cloned() else { return };
    let mut hold = run.hold.clone();
    if let Some(news) = taken_over(driver, &run, &env).await {
        hold = news.clone();
        take(driver, Msg::Done(Outcome::Held { run: run.id, news }));
    }
    if matches!(hold, Hold::Lost { .. }) {
        read_again(driver, &run, &env).await;
    }
}

/// Whether the lease of a service that somebody else has changed is theirs.
async fn taken_over(driver: &mut Driver, run: &Run, env: &Environment) -> Option<Hold> {
    let Hold::Held { fences, .. } = &run.hold else { return None };
    let step = run.steps.iter().find(|step| step.state.went_wrong() && !is_ours(step))?;
    let (planned, fence) = (run.planned(&step.service)?, fences.get(&step.service)?);
    let cluster = driver.session.executor.cluster(&env.cluster);
    let target = life::target(env, planned);
    let Stored { record, .. } = in_time(&target, cluster.look(&target)).await.ok()?.lease?;
    // Whoever took it has a higher token; they may have given it back already.
    let by: Arc<str> = if record.is_free() { Arc::clone(&record.last) } else { who(&record.holder).into() };
    let news = Hold::Lost { service: step.service.clone(), why: lost(Loss::TakenBy(by)) };
    (record.token > fence.token).then_some(news)
}

/// Reads what the cluster keeps of the run: a document of somebody else makes the run theirs.
async fn read_again(driver: &mut Driver, run: &Run, env: &Environment) {
    let Some(kept) = driver.model().session.kept.get(&run.id) else { return };
    let name = document::name(&kept.key);
    let cluster = driver.session.executor.cluster(&env.cluster);
    let read = timeout(CALL_LIMIT, cluster.documents(&env.namespace, document::ABOUT)).await;
    let mut documents = read.into_iter().flatten().flatten();
    if let Some(found) = documents.find(|found| found.meta.name == name) {
        let change = Change::Upsert(Object::Document(Box::new(found)));
        take(driver, Msg::Fact { env: env.name.clone(), change });
    }
}

fn take(driver: &mut Driver, msg: Msg) {
    let effects = update(&mut driver.session.model, msg, system::now());
    driver.perform(effects);
}
