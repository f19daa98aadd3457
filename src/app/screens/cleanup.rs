//! Leftovers of an environment: seen, marked, deleted after a confirmation, each result told.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::effect::Effect;
use crate::app::input::LineInput;
use crate::app::model::{Answer, CleanupPage, Confirm, Confirmed, DeleteResult, Model, Overlay, Page};
use crate::app::{journal, removals};
use crate::domain::cleanup::{self, Finding, FindingKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Uid;
use crate::domain::rights::Need;
use crate::domain::verdict::State;
use crate::domain::words;

/// Opens the page for the selected environment.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(env) = model.home.env.clone() else { return Vec::new() };
    model.page = Some(Page::Cleanup(CleanupPage {
        env: env.clone(),
        findings: Vec::new(),
        too_young: 0,
        selected: None,
        marks: BTreeSet::new(),
        filter: LineInput::default(),
        filtering: false,
        results: BTreeMap::new(),
    }));
    refresh(model);
    for need in [Need::RemovePods, Need::RemoveJobs] {
        model.session.rights.want(&env, need);
    }
    Vec::new()
}

/// The right that it takes to delete it.
pub fn right(finding: &Finding) -> Need {
    if finding.kind == FindingKind::FailedJob { Need::RemoveJobs } else { Need::RemovePods }
}

/// Finds anew; marks of what is gone go with it.
pub fn refresh(model: &mut Model) {
    let now = model.session.now;
    let Model { page, catalog, world, session, .. } = model;
    let Some(Page::Cleanup(page)) = page else { return };
    let (Some(env), Some(world)) = (catalog.environment(&page.env), world.env(&page.env)) else { return };
    let findings = cleanup::findings(env, world, cleanup::MINIMUM_AGE, now);
    let too_young = cleanup::too_young(env, world, cleanup::MINIMUM_AGE, now);
    session.dirty |= too_young != page.too_young;
    page.too_young = too_young;
    if findings != page.findings {
        session.dirty = true;
        page.marks.retain(|uid| findings.iter().any(|finding| finding.uid == *uid));
        page.findings = findings;
    }
    keep_selection(page);
}

fn keep_selection(page: &mut CleanupPage) {
    let shown = shown(page);
    if !shown.iter().any(|finding| Some(&finding.uid) == page.selected.as_ref()) {
        let first = shown.first().map(|finding| finding.uid.clone());
        page.selected = first;
    }
}

/// Findings that the filter lets through.
pub fn shown(page: &CleanupPage) -> Vec<&Finding> {
    let filter = page.filter.text().to_lowercase();
    let fits = |finding: &&Finding| {
        finding.name.to_lowercase().contains(&filter)
            || finding.reason.to_lowercase().contains(&filter)
            || finding.owner.as_ref().is_some_and(|owner| owner.contains(&filter))
    };
    page.findings.iter().filter(fits).collect()
}

/// The page, if it is open.
pub fn page_mut(model: &mut Model) -> Option<&mut CleanupPage> {
    match &mut model.page {
        Some(Page::Cleanup(page)) => Some(page),
        _ => None,
    }
}

/// Marks what is selected, or takes the mark away.
pub fn mark(model: &mut Model) {
    let Some(page) = page_mut(model) else { return };
    let Some(uid) = page.selected.clone() else { return };
    if !page.marks.remove(&uid) {
        page.marks.insert(uid);
    }
}

/// Marks every shown leftover of the selected one's kind, or none if all are marked.
pub fn mark_kind(model: &mut Model) {
    let Some(page) = page_mut(model) else { return };
    let shown = shown(page);
    let Some(kind) = shown.iter().find(|it| Some(&it.uid) == page.selected.as_ref()).map(|it| it.kind) else { return };
    let same: Vec<Uid> = shown.iter().filter(|it| it.kind == kind).map(|it| it.uid.clone()).collect();
    if same.iter().all(|uid| page.marks.contains(uid)) {
        page.marks.retain(|uid| !same.contains(uid));
    } else {
        page.marks.extend(same);
    }
}

/// After the filter was typed.
pub fn filtered(model: &mut Model) {
    if let Some(page) = page_mut(model) {
        keep_selection(page);
    }
}

/// What would be deleted: the marked, else the selected.
pub fn chosen(page: &CleanupPage) -> Vec<Finding> {
    let marked = |it: &&Finding| page.marks.contains(&it.uid);
    let selected = |it: &&Finding| page.marks.is_empty() && Some(&it.uid) == page.selected.as_ref();
    page.findings.iter().filter(|it| marked(it) || selected(it)).cloned().collect()
}

/// Asks before anything is deleted.
pub fn ask(model: &mut Model) {
    let Some(Page::Cleanup(page)) = &model.page else { return };
    let findings = chosen(page);
    let Some(env) = model.catalog.environment(&page.env) else { return };
    let shown: BTreeSet<&Uid> = shown(page).into_iter().map(|it| &it.uid).collect();
    let hidden = findings.iter().filter(|it| !shown.contains(&it.uid)).count();
    let mut lines: Vec<String> = findings.iter().flat_map(told).collect();
    if hidden > 0 {
        lines.insert(0, format!("{hidden} of them {} hidden by the filter", words::are(hidden)));
    }
    lines.push(format!("Log and status of each are saved first{}.", place(model)));
    let confirm = Confirm {
        title: format!("Delete {} in {}", words::count(findings.len(), "leftover"), env.name),
        lines,
        question: format!(
            "Delete {} in {} (context {}, namespace {})?",
            words::count(findings.len(), "leftover"),
            env.name,
            env.cluster,
            env.namespace
        ),
        word: env.protected.then(|| Answer::Word(env.name.to_string())),
        typed: LineInput::default(),
        then: Confirmed::Delete(findings),
        scroll: 0,
    };
    model.overlays.push(Overlay::Confirm(confirm));
}

/// `, in ~/.local/share/shipdeck`: where what is removed can be read later.
fn place(model: &Model) -> String {
    let folder = &model.session.data;
    if folder.is_empty() { String::new() } else { format!(", in {folder}") }
}

/// What goes and why, and the exact call.
fn told(finding: &Finding) -> [String; 2] {
    let owner = finding.owner.as_deref().unwrap_or("no owner");
    let (kind, name) = (finding.kind.resource(), &finding.name);
    [
        format!("{kind}/{name}  {}", finding.reason),
        format!("  {owner}; DELETE only if it is still version {}", finding.resource_version),
    ]
}

/// Begins to delete.
pub fn delete(model: &mut Model, findings: Vec<Finding>) -> Vec<Effect> {
    let mut effects = Vec::new();
    removals::begin(model, &findings);
    for finding in findings {
        let Some(env) = model.catalog.environment(&finding.env).cloned() else { continue };
        let text = finding.kubectl(env.cluster.as_str(), &env.namespace);
        journal::command(model, text);
        if let Some(page) = page_mut(model) {
            page.marks.remove(&finding.uid);
            let result = DeleteResult { name: finding.name.clone(), result: None };
            page.results.insert(finding.uid.clone(), result);
        }
        effects.push(Effect::Delete { cluster: env.cluster, namespace: env.namespace, finding: Box::new(finding) });
    }
    effects
}

/// Takes in what became of one deletion.
pub fn deleted(model: &mut Model, uid: &Uid, result: Result<Option<String>, Fault>) -> Vec<Effect> {
    let ok = result.is_ok();
    let name = page_mut(model).and_then(|page| page.results.get(uid)).map(|it| it.name.clone());
    let under_way = |name: &str| {
        let mut commands = model.journal.commands.iter().rev().filter(|command| command.ok.is_none());
        let ends = |text: &str| text.split('/').next_back().is_some_and(|end| end.split(' ').next() == Some(name));
        commands.find(|command| ends(&command.text)).map(|command| command.text.clone())
    };
    if let Some(text) = name.as_deref().and_then(under_way) {
        journal::command_ended(model, &text, ok);
    }
    let named = name.as_deref().unwrap_or(uid.as_str()).to_owned();
    match &result {
        // What was wanted is so, only not by us.
        Err(fault) if fault.kind == FaultKind::NotFound => {
            journal::notice(model, State::Done, format!("{named} was gone already"), "nothing was deleted");
        }
        Err(fault) if fault.kind == FaultKind::OutcomeUnknown => {
            journal::notice(model, State::Failed, format!("{named}: {fault}"), fault.advice());
        }
        Err(fault) => {
            journal::notice(model, State::Failed, format!("{named} was not deleted: {fault}"), fault.advice());
        }
        Ok(_) => {}
    }
    // Told once, after the last answer, whatever that was and whatever is shown by then.
    let last = removals::answered(model, uid, result.as_ref().map(drop));
    if let Some(slot) = page_mut(model).and_then(|page| page.results.get_mut(uid)) {
        slot.result = Some(result);
    }
    let Some((env, done, effects)) = last else { return Vec::new() };
    if done > 0 {
        let title = format!("{} deleted in {env}", words::count(done, "leftover"));
        let detail = format!("log and status of each were saved first{}", place(model));
        journal::notice(model, State::Done, title, detail);
    }
    effects
}
