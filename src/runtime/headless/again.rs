//! A run that is over and not done, gone on with: a new one tries again what failed and begins what was not begun. It is
//! planned and checked as a deploy is, from what runs now; nothing of the old one is written again unseen.

use super::driver::Driver;
use super::run::{Follows, Wishes, carry_out, refused};
use super::{print, say};
use crate::adapters::system;
use crate::cli::Resume;
use crate::domain::history::Outcome;
use crate::domain::ids::ServiceId;
use crate::domain::lease::who;
use crate::domain::plan::{self, Step, Warning};
use crate::domain::run::document::Entry;
use crate::domain::run::{LeftOut, Run, RunState, inverse};
use crate::domain::text::clean;
use crate::domain::words;
use crate::report::Report;

/// Those that are to be left out are named on the command line, and are of the run.
pub(super) async fn again(mut driver: Driver, entry: &Entry, args: &Resume) -> Result<(), Report> {
    let run = &entry.run;
    done(entry)?;
    driver.plannable(std::slice::from_ref(&run.plan.env)).await?;
    let request = run.again(&driver.model().world).map_err(|why| {
        Report::refused(format!("{} cannot be gone on with: {}", entry.key, why.join("; "))).hint(deploys(
            run,
            |_| true,
            "brings all of it whatever runs now",
        ))
    })?;
    let model = driver.model();
    let mut plan =
        plan::build(&model.catalog, &model.world, &model.board, &request).map_err(|error| refused(&error))?;
    run.pass_on(&mut plan);
    let by = who(&model.session.identity).to_owned();
    let reason = clean(args.reason.as_deref().unwrap_or_default().trim()).into_owned();
    let how = LeftOut { by: by.into(), reason: reason.into(), at: system::now() };
    let without: Vec<(ServiceId, LeftOut)> =
        args.without.iter().map(|name| (ServiceId::new(name), how.clone())).collect();
    if plan.steps().all(|step| without.iter().any(|(service, _)| *service == step.service)) {
        driver.end().await;
        return print("nothing of it is left to do: all of it runs\n");
    }
    let left_out = |(service, _): &(ServiceId, LeftOut)| {
        Warning::new(service.as_str(), "is left out; what needs it goes out all the same")
    };
    plan.warnings.extend(without.iter().map(left_out));
    say(&format!("a new run goes on where {} stopped\n", entry.key));
    let wishes = Wishes {
        json: args.json,
        consent: args.consent.given(),
        dry_run: false,
        wait: args.wait_for_lock,
        soak: false,
        hotfix: plan.passes.hotfix,
        over: args.over.as_deref(),
        follows: Some(Follows { run: &entry.key, without: &without }),
    };
    carry_out(driver, plan, wishes).await
}

/// Refuses what is done, and says what else can be done with it.
fn done(entry: &Entry) -> Result<(), Report> {
    let (key, run) = (&entry.key, &entry.run);
    let report = if let Some(without) = run.without().filter(|_| run.is_partial()) {
        let left_out = |step: &Step| run.step(&step.service).is_some_and(|it| it.went_on_without().is_some());
        Report::refused(format!("{key} is over: all of it is done without {without}")).hint(deploys(
            run,
            left_out,
            &format!("brings {}", words::them(run.steps.iter().filter(|it| it.went_on_without().is_some()).count())),
        ))
    } else if run.state == RunState::Succeeded {
        Report::refused(format!("{key} is over: it {}", Outcome::of(run).as_str()))
    } else {
        return Ok(());
    };
    let back = || format!("shipdeck abort {key} --rollback takes back what it changed.");
    Err(if inverse(run).is_some() { report.hint(back()) } else { report })
}

/// The command that deploys what the run was to bring.
fn deploys(run: &Run, which: impl Fn(&Step) -> bool, what: &str) -> String {
    let steps = run.plan.steps().filter(|step| which(step)).map(|step| format!(" {}={}", step.service, step.to));
    format!("shipdeck deploy --env {}{} {what}.", run.plan.env, steps.collect::<String>())
}
