//! What to know before pressing Enter: whose the workload is, what moves there already, and what is unusual about the wish.

use super::Builder;
use crate::domain::catalog::Service;
use crate::domain::ids::ServiceId;
use crate::domain::image::Image;
use crate::domain::lease::{self, who};
use crate::domain::observed::{ReplicaSet, Workload};
use crate::domain::plan::{About, Plan, Purpose, Step, Warning, version_of};
use crate::domain::verdict::State;
use crate::domain::versions::troubles;
use crate::domain::world::World;

/// Warns of a step of the way back of a run that leads to what was failing before it was replaced.
///
/// `last`: for that reason it comes after others.
pub fn was_failing(step: &Step, purpose: &Purpose, last: bool) -> Warning {
    let when = if *purpose == Purpose::RollBack { "before the deploy" } else { "when it was taken back" };
    let order = if last { "; that is why it goes last, and nothing waits for it" } else { "" };
    let text = format!("{} was failing {when} and may fail again{order}", step.to_version);
    warning(&step.service, text).about(About::Unwell)
}

/// Warns of each step of a roll back that goes back to a version of which pods are there and none is ready.
pub fn warn_of_going_back(plan: &mut Plan, world: &World) {
    let Some(world) = world.env(&plan.env) else { return };
    let unwell = |step: &Step| {
        let workload = world.workload(&step.workload)?;
        let has = |set: &&ReplicaSet| {
            set.containers.iter().any(|it| it.name == step.container && it.image == step.to) && set.replicas > 0
        };
        let set = world.replica_sets_of(&workload.meta.uid).find(has).filter(|set| set.ready == 0)?;
        let pods =
            if set.replicas == 1 { "its pod is".to_owned() } else { format!("none of its {} pods is", set.replicas) };
        let text = format!("goes back to {}, which is not well: {pods} ready; it may fail again", step.to_version);
        Some(warning(&step.service, text).about(About::Unwell))
    };
    // Once is enough.
    let told = plan.steps().filter_map(unwell);
    let told: Vec<Warning> = told.filter(|it| !plan.warnings.iter().any(|told| told.tells_the_same(it))).collect();
    plan.warnings.extend(told);
}

impl Builder<'_> {
    pub(super) fn warnings(&self, steps: &[Step]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for step in steps {
            let Some(service) = self.catalog.service(&step.service) else { continue };
            warnings.extend(self.of_the_workload(service));
            warnings.extend(self.of_the_step(service, step));
            warnings.extend(self.of_needs(service, steps));
        }
        warnings
    }

    fn of_the_workload(&self, service: &Service) -> Option<Warning> {
        let paused = self.workload(service).is_ok_and(|workload| workload.paused);
        paused.then(|| warning(&service.name, "is paused: nothing rolls out before it is resumed"))
    }

    fn of_the_step(&self, service: &Service, step: &Step) -> Vec<Warning> {
        let cell = self.board.cell(&step.service, &self.env.name);
        if !step.changes() {
            let evidence = cell.and_then(|cell| cell.verdict.evidence.as_ref());
            let why = evidence.map_or_else(String::new, |evidence| format!(" ({})", evidence.headline));
            let version = &step.to_version;
            let text = format!("is set to {version} already and is not up{why}: it is only followed");
            return vec![warning(&step.service, text)];
        }
        let mut told = Vec::new();
        if cell.is_some_and(|cell| cell.verdict.state == State::Progressing) {
            let by = self.workload(service).ok().and_then(|workload| self.writer(service, workload));
            let (by, about) = by.map_or((String::new(), About::Itself), |(by, about)| (format!(", {by}"), about));
            let text = format!("is rolling out {} right now{by}", step.from_version);
            told.push(warning(&step.service, text).about(about));
        }
        told.extend(self.of_the_version(service, step));
        let unusual = another_repository(step).into_iter().chain(self.older(step));
        told.extend(unusual.map(|text| warning(&step.service, text)));
        told
    }

    /// What is known against the version that it is to get, here and elsewhere.
    fn of_the_version(&self, service: &Service, step: &Step) -> Vec<Warning> {
        let Ok(image) = step.to.parse() else { return Vec::new() };
        let told = troubles(self.catalog, self.world, self.board, service, &image).into_iter().map(|it| {
            let about = if it.env == self.env.name { About::Unwell } else { About::Itself };
            warning(&step.service, format!("{} {}", step.to_version, it.told())).about(about)
        });
        told.collect()
    }

    /// A promotion that takes a newer version away: most often a hotfix that never came to the environment before.
    fn older(&self, step: &Step) -> Option<String> {
        let Purpose::Promote { from } = &self.request.purpose else { return None };
        let (new, old) = (&step.to_version, &step.from_version);
        is_lower(new, old).then(|| format!("goes down from {old} to {new}: {from} does not have what runs here"))
    }

    /// Who began what rolls out there now: whoever holds the service, else whoever wrote its image.
    fn writer(&self, service: &Service, workload: &Workload) -> Option<(String, About)> {
        let lease = self.world.env(&self.env.name).and_then(|world| world.lease(&lease::name_of(&service.name)));
        let record = lease.map(|found| &found.stored.record);
        if let Some(record) = record.filter(|record| !record.is_free()) {
            let by = who(&record.holder);
            return Some((format!("deployed by {by}"), About::Changed { by: by.into() }));
        }
        let manager = &workload.writer.as_ref()?.manager;
        let last = record.map(|record| who(&record.last)).filter(|last| &**manager == "shipdeck" && !last.is_empty());
        let begun = last.map_or_else(|| manager.to_string(), |last| format!("{last} with shipdeck"));
        Some((format!("begun by {begun}"), About::Itself))
    }

    fn of_needs(&self, service: &Service, steps: &[Step]) -> Vec<Warning> {
        let outside = service.needs.iter().filter(|need| !steps.iter().any(|step| step.service == **need));
        let degraded = |need: &&ServiceId| {
            self.board.cell(need, &self.env.name).is_some_and(|cell| cell.verdict.state == State::Degraded)
        };
        let told = |need| warning(need, format!("is needed by {} and is degraded", service.name));
        outside.filter(degraded).map(told).collect()
    }
}

fn warning(subject: &ServiceId, text: impl Into<String>) -> Warning {
    Warning::new(subject.to_string(), text)
}

/// Whether a version is lower than another that is built alike: `v31` than `v32`, `1.9.2` than `1.10.0`.
fn is_lower(version: &str, other: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    let shape =
        |text: &str| text.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<String>();
    shape(version) == shape(other)
        && numbers(version).len() == numbers(other).len()
        && numbers(version) < numbers(other)
}

/// The same version of something else looks like a small step.
fn another_repository(step: &Step) -> Option<String> {
    let repository = |image: &str| image.parse::<Image>().ok().map(|image| image.repository);
    let (from, to) = (repository(&step.from)?, repository(&step.to)?);
    let version = version_of(&step.from);
    (from != to).then(|| format!("comes from another repository: {to} instead of {from}, which runs {version}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::domain::board::Board;
    use crate::domain::fixtures::{START, TestWorld, catalog, lease};
    use crate::domain::ids::{EnvId, ServiceId};
    use crate::domain::observed::{Object, Writer};
    use crate::domain::plan::{Purpose, Request, Wanted, build};

    /// What a plan warns of that gives auth, whose v2 rolls out, this version.
    fn warned(version: &str, manager: &str, holder: Option<(&str, &str)>) -> Vec<String> {
        let catalog = catalog(&[("auth", &[])]);
        let mut cluster = TestWorld::new("staging");
        cluster.deployment("auth", "r/auth:v2", 2, |workload| {
            workload.status.updated = 0;
            workload.writer = Some(Writer { manager: manager.into(), at: Some(START) });
        });
        if let Some((holder, last)) = holder {
            let mut lease = lease("shipdeck-auth", holder);
            lease.record.last = Arc::from(last);
            cluster.put(Object::Lease(Box::new(lease)));
        }
        let mut board = Board::default();
        board.refresh_env(&cluster.world, &catalog, &EnvId::new("staging"), START);
        let services = vec![(ServiceId::new("auth"), Wanted::Version(version.to_owned()))];
        let request = Request { env: EnvId::new("staging"), purpose: Purpose::Deploy, title: String::new(), services };
        let plan = build(&catalog, &cluster.world, &board, &request).unwrap();
        plan.warnings.into_iter().map(|warning| warning.text).collect()
    }

    #[test]
    fn a_roll_back_to_what_is_not_well_either_says_so() {
        let mut cluster = TestWorld::new("staging");
        cluster.deployment("auth", "r/auth:v2", 2, |_| {});
        cluster.replica_set("auth", "r/auth:v1", 2);
        let warned = |cluster: &TestWorld| {
            let board = Board::default();
            let services = vec![(ServiceId::new("auth"), Wanted::Version("v1".to_owned()))];
            let purpose = Purpose::RollBack;
            let request = Request { env: EnvId::new("staging"), purpose, title: String::new(), services };
            let plan = build(&catalog(&[("auth", &[])]), &cluster.world, &board, &request).unwrap();
            plan.warnings.into_iter().map(|warning| warning.text).collect::<Vec<_>>()
        };
        assert!(warned(&cluster).is_empty(), "{:?}", warned(&cluster));
        let env = cluster.env.clone();
        let name = crate::domain::fixtures::set_name("auth", "r/auth:v1");
        let mut set = cluster.world.env(&env).unwrap().replica_set(&name).unwrap().clone();
        set.ready = 0;
        cluster.put(Object::ReplicaSet(Box::new(set)));
        let told = "goes back to v1, which is not well: none of its 2 pods is ready; it may fail again";
        assert_eq!(warned(&cluster), [told]);
    }

    #[test]
    fn what_rolls_out_there_already_is_told_with_its_version_and_who_began_it() {
        let said = |manager, holder| warned("v3", manager, holder);
        assert_eq!(said("helm", None), ["is rolling out v2 right now, begun by helm"]);
        assert_eq!(said("shipdeck", None), ["is rolling out v2 right now, begun by shipdeck"]);
        let held = Some(("ana@mac/7/y", "ana@mac/7/y"));
        assert_eq!(said("shipdeck", held), ["is rolling out v2 right now, deployed by ana@mac"]);
        let released = Some(("", "ana@mac"));
        assert_eq!(said("shipdeck", released), ["is rolling out v2 right now, begun by ana@mac with shipdeck"]);
        assert_eq!(said("helm", released), ["is rolling out v2 right now, begun by helm"], "somebody else came after");
    }

    #[test]
    fn a_promotion_that_takes_a_newer_version_away_says_so() {
        let catalog = catalog(&[("auth", &[])]);
        let mut cluster = TestWorld::new("staging").live("production");
        let mut board = Board::default();
        for (env, version) in [("staging", "v31"), ("production", "v32")] {
            cluster.env = EnvId::new(env);
            cluster.rolled_out("auth", &format!("r/auth:{version}"), 1);
            board.refresh_env(&cluster.world, &catalog, &EnvId::new(env), START);
        }
        let from = EnvId::new("staging");
        let services = vec![(ServiceId::new("auth"), Wanted::As(from.clone()))];
        let (env, purpose) = (EnvId::new("production"), Purpose::Promote { from });
        let request = Request { env, purpose, title: String::new(), services };
        let plan = build(&catalog, &cluster.world, &board, &request).unwrap();
        let told: Vec<_> = plan.warnings.into_iter().map(|warning| warning.text).collect();
        assert_eq!(told, ["goes down from v32 to v31: staging does not have what runs here"]);
    }

    #[test]
    fn versions_that_are_built_alike_are_compared_by_their_numbers_and_others_are_not() {
        assert!(super::is_lower("v31", "v32") && super::is_lower("1.9.2", "1.10.0") && super::is_lower("v9", "v10"));
        for (version, other) in
            [("v32", "v32"), ("v33", "v32"), ("sha-12", "v32"), ("v31-rc1", "v32"), ("1.2", "1.3.0")]
        {
            assert!(!super::is_lower(version, other), "{version} {other}");
        }
    }

    #[test]
    fn an_image_of_another_repository_is_told_though_its_version_looks_like_the_next_one() {
        let told = warned("elsewhere/auth:v3", "helm", None);
        assert_eq!(told[1], "comes from another repository: elsewhere/auth instead of r/auth, which runs v2");
    }
}
