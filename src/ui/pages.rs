//! Full pages: a run, and the leftovers; and the details of one cell.

use super::look::{Ground, Token};
use super::pen::{Pen, Rule};
use super::{format, signs};
use crate::app::geometry::Area;
use crate::app::model::{CleanupPage, Model, RunPage};
use crate::app::screens::cleanup::shown;
use crate::domain::cleanup::FindingKind;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::run::{Run, RunState, StepRun, StepState};
use crate::domain::verdict::{Evidence, State, Verdict};

pub(super) fn run(pen: &mut Pen<'_>, model: &Model, page: &RunPage, area: Area) {
    let Some(run) = model.run(page.run) else { return };
    let note = format!("{} → {} · started by {}, {}", run.plan.title, run.plan.env, run.by, format::clock(run.started));
    let leave = if run.state.is_over() { "esc back" } else { "esc leave, it goes on" };
    let title = format!("Run {}", run.id);
    pen.rule(area, &Rule { title: &title, note: &note, state: leave, focused: true, ..Rule::default() });
    let mut y = area.y + 2;
    summary(pen, model, run, Area::new(area.x, y, area.width, 1));
    y += 2;
    let failure = run.first_failure().map(|step| &step.service);
    let open = page.selected.as_ref().or(failure);
    for (index, wave) in run.plan.waves.iter().enumerate() {
        wave_title(pen, run, index, y.saturating_sub(page.scroll as u16), area);
        y += 1;
        for planned in &wave.steps {
            let Some(step) = run.step(&planned.service) else { continue };
            let versions = (planned.from_version.as_str(), planned.to_version.as_str());
            if y < area.bottom().saturating_sub(2) {
                step_row(pen, model, step, versions, Area::new(area.x, y, area.width, 1));
            }
            y += 1;
            let evidence = step.verdict.as_ref().and_then(|verdict| verdict.evidence.as_ref());
            if open == Some(&step.service) && step.state.went_wrong() {
                y = self::evidence(
                    pen,
                    model,
                    step,
                    evidence,
                    Area::new(area.x + 4, y, area.width.saturating_sub(6), area.bottom().saturating_sub(y + 3)),
                );
            }
        }
        y += 1;
    }
    outlook(pen, run, Area::new(area.x, area.bottom().saturating_sub(2), area.width, 2));
}

fn summary(pen: &mut Pen<'_>, model: &Model, run: &Run, area: Area) {
    let done = run.succeeded();
    let total = run.steps.len();
    let failed = run.steps.iter().filter(|step| step.state.went_wrong()).count();
    let moving = run.steps.iter().filter(|step| matches!(step.state, StepState::Writing | StepState::Watching)).count();
    let x = pen.text(2, area.y, &format!("{done} of {total} deployed"), Token::Hi, 24) + 3;
    let width = (area.width / 3).clamp(10, 48);
    let parts = [(done as u32, Token::Ok), (failed as u32, Token::Fail), (moving as u32, Token::Prog)];
    pen.bar(x, area.y, width, &parts, total as u32);
    let mut x = x + width + 3;
    for (number, word, token) in [(moving, "moving", Token::Prog), (failed, "failed", Token::Fail)] {
        if number > 0 {
            x = pen.text(x, area.y, &format!("{number} {word}"), token, 14) + 2;
        }
    }
    let end = run.finished.unwrap_or(model.session.now);
    pen.right(area.width.saturating_sub(2), area.y, &format::span(end.duration_since(run.started)), Token::Text);
}

fn wave_title(pen: &mut Pen<'_>, run: &Run, index: usize, y: u16, area: Area) {
    if y >= area.bottom().saturating_sub(2) {
        return;
    }
    let steps = || run.steps.iter().filter(|step| step.wave == index);
    let (note, token) = if steps().all(|step| step.state == StepState::Succeeded) {
        let from = steps().filter_map(|step| step.started).min();
        let to = steps().filter_map(|step| step.finished).max();
        let took = from.zip(to).map(|(from, to)| format!("done in {}", format::span(to.duration_since(from))));
        (took.unwrap_or_else(|| "done".to_owned()), Token::Muted)
    } else if run.wave == index && run.state == RunState::Paused {
        ("paused before it".to_owned(), Token::Held)
    } else if run.wave == index && !run.state.is_over() {
        ("now".to_owned(), Token::Prog)
    } else {
        (String::new(), Token::Muted)
    };
    let x = pen.text(2, y, &format!("wave {}", index + 1), token, 10);
    pen.text(x + 3, y, &note, token, 30);
}

fn step_row(pen: &mut Pen<'_>, model: &Model, step: &StepRun, versions: (&str, &str), area: Area) {
    let y = area.y;
    let (state, token) = match &step.state {
        StepState::Waiting => (State::Queued, Token::Muted),
        StepState::Writing => (State::Queued, Token::Prog),
        StepState::Watching => {
            let state = step.verdict.as_ref().map_or(State::Progressing, |verdict| verdict.state);
            (state, signs::token(state))
        }
        StepState::Succeeded => (State::Done, Token::Calm),
        StepState::Failed | StepState::Refused(_) => (State::Failed, Token::Fail),
        StepState::Skipped => (State::Absent, Token::Muted),
    };
    let x = pen.text(4, y, signs::glyph(state, pen.look.ascii), token, 1) + 1;
    let name =
        if step.state == StepState::Succeeded || step.state == StepState::Waiting { Token::Muted } else { Token::Hi };
    let name = if step.state.went_wrong() { Token::Fail } else { name };
    let name_width = if area.width < 100 { 18 } else { 24 };
    pen.text(x, y, &format::cut_middle(step.service.as_str(), usize::from(name_width)), name, name_width);
    let x = x + name_width + 1;
    let arrow = format!("{} → {}", versions.0, versions.1);
    pen.text(x, y, &arrow, Token::Muted, 16);
    let x = x + 18;
    let wide = area.width >= 100;
    let bar = if wide { 24 } else { 8 };
    let progress = step.verdict.as_ref().map(|verdict| verdict.progress).unwrap_or_default();
    let done = step.state == StepState::Succeeded;
    let parts = if done {
        vec![(1, Token::Calm)]
    } else {
        vec![
            (progress.ready, Token::Ok),
            (progress.failed, Token::Fail),
            (progress.created.saturating_sub(progress.ready + progress.failed), Token::Prog),
        ]
    };
    pen.bar(x, y, bar, &parts, if done { 1 } else { progress.wanted });
    let x = x + bar + 2;
    let words = match &step.state {
        StepState::Waiting => "waits".to_owned(),
        StepState::Writing => "writing".to_owned(),
        StepState::Skipped => "not begun".to_owned(),
        StepState::Refused(_) => "refused".to_owned(),
        StepState::Watching | StepState::Succeeded | StepState::Failed => {
            format!("{} of {} ready", progress.ready.max(if done { progress.wanted } else { 0 }), progress.wanted)
        }
    };
    let x = pen.text(x, y, &words, token, 16) + 2;
    let old = match progress.old {
        0 => String::new(),
        old if step.state.went_wrong() => format!("{old} old serve"),
        old => format!("{old} old left"),
    };
    if wide && !done {
        pen.text(x, y, &old, Token::Muted, 14);
    }
    let end = step.finished.unwrap_or(model.session.now);
    let took = step.started.map(|started| format::span(end.duration_since(started))).unwrap_or_default();
    pen.right(area.width.saturating_sub(2), y, &took, Token::Muted);
    let hint = step
        .verdict
        .as_ref()
        .filter(|_| step.state == StepState::Watching)
        .and_then(|verdict| verdict.evidence.as_ref());
    if let Some(hint) = hint.filter(|_| wide) {
        pen.text(x + 14, y, &hint.headline, Token::Warn, area.width.saturating_sub(x + 24));
    }
}

/// What went wrong, with proof, log lines and the ways out. Returns the row after it.
fn evidence(pen: &mut Pen<'_>, model: &Model, step: &StepRun, evidence: Option<&Evidence>, area: Area) -> u16 {
    let refused = match &step.state {
        StepState::Refused(fault) => Some((fault.to_string(), fault.advice().to_owned())),
        _ => None,
    };
    let headline = refused.as_ref().map(|(text, _)| text.clone()).or(evidence.map(|it| it.headline.clone()));
    let Some(headline) = headline else { return area.y };
    let mut lines: Vec<(String, Token)> = vec![(headline, Token::Hi)];
    for detail in evidence.filter(|_| refused.is_none()).into_iter().flat_map(|it| &it.details) {
        lines.push((detail.clone(), Token::Muted));
    }
    let mut tail: Vec<(String, Token)> = Vec::new();
    let of_this = model.logs.target.as_ref().is_some_and(|(_, service)| *service == step.service);
    let pod = evidence.and_then(|it| it.pod.as_ref());
    if let Some(pod) = pod.filter(|_| of_this) {
        tail = model.logs.last_lines(&pod.pod, 6).into_iter().map(|line| (line, Token::Text)).collect();
        if !tail.is_empty() {
            tail.insert(0, (format!("last lines of {}", pod.pod), Token::Muted));
        }
    }
    lines.extend(tail);
    let remedy = refused.map(|(_, advice)| advice).or(evidence.map(|it| it.remedy.clone())).unwrap_or_default();
    lines.push((remedy, Token::Text));
    let height = (lines.len() as u16).min(area.height);
    let place = Area::new(area.x, area.y, area.width, height);
    pen.under(place, Ground::Band);
    for (index, (text, token)) in lines.iter().take(usize::from(height)).enumerate() {
        let y = area.y + index as u16;
        pen.text(area.x, y, "▌", Token::Fail, 1);
        pen.text(area.x + 3, y, text, *token, area.width.saturating_sub(4));
    }
    area.y + height
}

fn outlook(pen: &mut Pen<'_>, run: &Run, area: Area) {
    let (text, token) = match run.state {
        RunState::Running => ("The next wave begins by itself when every service of this one is ready.", Token::Muted),
        RunState::Pausing => ("It holds when this wave is done.", Token::Held),
        RunState::Paused => ("It waits for you: nothing more begins until you go on.", Token::Held),
        RunState::Halted => ("Nothing more begins. Try again, roll back, or leave it as it is.", Token::Text),
        RunState::Succeeded => ("Done. Everything that was planned runs.", Token::Ok),
        RunState::Ended => ("Ended. What was begun is left to Kubernetes.", Token::Muted),
    };
    pen.rule(area, &Rule { title: "What happens by itself", ..Rule::default() });
    pen.text(2, area.y + 1, text, token, area.width.saturating_sub(3));
}

pub(super) fn cleanup(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, area: Area) {
    let note = format!("{} · {}", page.env, format::count(page.findings.len(), "leftover"));
    pen.rule(area, &Rule { title: "Clean up", note: &note, state: "esc back", focused: true, ..Rule::default() });
    let wide = area.width >= 110;
    let left = if wide { area.width * 3 / 5 } else { area.width };
    let shown = shown(page);
    let mut lines: Vec<CleanupLine<'_>> = Vec::new();
    for kind in FindingKind::ALL {
        let of_kind: Vec<_> = shown.iter().copied().filter(|it| it.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let (title, why) = match kind {
            FindingKind::DeadPod => ("Dead pods", "replaced by their controller"),
            FindingKind::BarePod => ("Bare pods", "ended, and nobody owns them"),
            FindingKind::FailedJob => ("Failed jobs", "no retry left"),
        };
        lines.push(CleanupLine::Title(title, of_kind.len(), why));
        lines.extend(of_kind.into_iter().map(CleanupLine::Finding));
        lines.push(CleanupLine::Blank);
    }
    if lines.is_empty() {
        let text = if page.filter.text().is_empty() {
            "Nothing is left over here."
        } else {
            "Nothing matches the filter. esc shows all."
        };
        pen.text(2, area.y + 2, text, Token::Text, left);
        if page.too_young > 0 {
            let these = format::count(page.too_young, "leftover");
            let text = format!("{these} younger than 10 minutes: left for whoever still reads them.");
            pen.text(2, area.y + 4, &text, Token::Muted, left.saturating_sub(3));
        }
        let namespace = model.catalog.environment(&page.env).map(|env| &env.namespace);
        if let Some(namespace) = namespace.filter(|it| crate::domain::cleanup::is_protected(it)) {
            let text = format!("Nothing is ever removed from the namespace {namespace}.");
            pen.text(2, area.y + 4, &text, Token::Muted, left.saturating_sub(3));
        }
    }
    let room = usize::from(area.height.saturating_sub(5));
    let at = lines
        .iter()
        .position(|line| matches!(line, CleanupLine::Finding(it) if Some(&it.uid) == page.selected.as_ref()));
    let first = at.unwrap_or(0).saturating_sub(room.saturating_sub(1));
    for (index, line) in lines.iter().skip(first).take(room).enumerate() {
        let y = area.y + 2 + index as u16;
        cleanup_line(pen, model, page, line, Area::new(area.x, y, left, 1));
    }
    let y = area.bottom().saturating_sub(2);
    let marked = format!("{} marked of {}", page.marks.len(), page.findings.len());
    let x = pen.text(2, y, &marked, if page.marks.is_empty() { Token::Muted } else { Token::Accent }, 30);
    pen.text(
        x + 3,
        y,
        &if page.too_young > 0 {
            format!("{} younger than 10 minutes not shown · logs and status are saved first", page.too_young)
        } else {
            "logs and status are saved before anything is deleted".to_owned()
        },
        Token::Muted,
        left.saturating_sub(x + 4),
    );
    if wide {
        cleanup_details(
            pen,
            model,
            page,
            Area::new(left + 1, area.y + 1, area.width - left - 1, area.height.saturating_sub(1)),
        );
    }
}

enum CleanupLine<'a> {
    Title(&'static str, usize, &'static str),
    Finding(&'a crate::domain::cleanup::Finding),
    Blank,
}

fn cleanup_line(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, line: &CleanupLine<'_>, area: Area) {
    match line {
        CleanupLine::Blank => {}
        CleanupLine::Title(title, number, why) => {
            let x = pen.text(2, area.y, title, Token::Hi, 20);
            let x = pen.text(x + 2, area.y, &number.to_string(), Token::Muted, 6);
            pen.text(x + 3, area.y, why, Token::Muted, area.width.saturating_sub(x + 4));
        }
        CleanupLine::Finding(finding) => {
            let selected = page.selected.as_ref() == Some(&finding.uid);
            if selected {
                pen.under(Area::new(area.x + 1, area.y, area.width.saturating_sub(2), 1), Ground::Sel);
            }
            if page.marks.contains(&finding.uid) {
                pen.text(area.x, area.y, "▌", Token::Accent, 1);
            }
            let name_width = (area.width / 2).saturating_sub(6);
            let token = if selected { Token::Hi } else { Token::Text };
            pen.text(4, area.y, &format::cut_middle(&finding.name, usize::from(name_width)), token, name_width);
            let reason = match page.results.get(&finding.uid).map(|result| &result.result) {
                Some(None) => "deleting …".to_owned(),
                Some(Some(Ok(_))) => "deleted".to_owned(),
                Some(Some(Err(fault))) => format!("still there: {fault}"),
                None => finding.reason.clone(),
            };
            pen.text(6 + name_width, area.y, &reason, Token::Muted, area.width.saturating_sub(name_width + 14));
            pen.right(
                area.width.saturating_sub(2),
                area.y,
                &format::age(finding.since, model.session.now),
                Token::Muted,
            );
        }
    }
}

fn cleanup_details(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, area: Area) {
    for y in area.y..area.bottom() {
        pen.text(area.x, y, "│", Token::Line, 1);
    }
    let Some(finding) = page.findings.iter().find(|it| Some(&it.uid) == page.selected.as_ref()) else { return };
    let env = model.catalog.environment(&finding.env);
    let context = env.map_or("", |env| env.cluster.as_str());
    let namespace = env.map_or("", |env| &env.namespace);
    let mut lines = vec![
        (finding.name.to_string(), Token::Hi),
        (finding.owner.clone().unwrap_or_else(|| "no owner".to_owned()), Token::Muted),
        (String::new(), Token::Text),
        ("Why".to_owned(), Token::Hi),
        (finding.reason.clone(), Token::Text),
    ];
    lines.extend(finding.proof.iter().map(|proof| (format!("✓ {proof}"), Token::Muted)));
    lines.extend([
        (String::new(), Token::Text),
        ("What will be called".to_owned(), Token::Hi),
        ("1 save its status and log to a local file".to_owned(), Token::Text),
        (format!("2 DELETE {} {}", finding.kind.resource(), finding.name), Token::Text),
        (format!("  only if it is still version {}", finding.resource_version), Token::Muted),
        (String::new(), Token::Text),
        ("By hand".to_owned(), Token::Hi),
        (finding.kubectl(context, namespace), Token::Muted),
    ]);
    for (index, (text, token)) in lines.iter().take(usize::from(area.height)).enumerate() {
        pen.text(area.x + 3, area.y + 1 + index as u16, text, *token, area.width.saturating_sub(4));
    }
}

/// Everything known of one cell, in lines.
pub(super) fn details(model: &Model, service: &ServiceId, env: &EnvId) -> Vec<(String, Token)> {
    let Some(cell) = model.board.cell(service, env) else { return vec![("not read yet".to_owned(), Token::Muted)] };
    let mut lines = verdict_lines(&cell.verdict);
    lines.push((String::new(), Token::Text));
    lines.push(("Running".to_owned(), Token::Hi));
    for running in &cell.running {
        let digest = running.digest.as_deref().map(crate::domain::image::short_digest).unwrap_or_default();
        lines.push((format!("version  {} {digest}", running.image.version()), Token::Text));
        lines.push((format!("image    {}", running.image), Token::Muted));
    }
    if let Some(changed) = cell.changed {
        lines.push((
            format!("since    {} ({} ago)", format::clock(changed), format::age(changed, model.session.now)),
            Token::Muted,
        ));
    }
    let world = model.world.env(env);
    let workload =
        world.zip(model.catalog.service(service)).and_then(|(world, it)| Some((world, world.workload(&it.workload)?)));
    if let Some((world, workload)) = workload {
        lines.push((format!("owner    {}", workload.reference()), Token::Muted));
        lines.push((String::new(), Token::Text));
        lines.push(("Pods".to_owned(), Token::Hi));
        for pod in world.pods_under(workload) {
            let status = pod.containers.iter().find(|status| !status.init);
            let version = status.map(|status| crate::domain::plan::version_of(&status.image)).unwrap_or_default();
            let restarts = status.map_or(0, |status| status.restarts);
            let (sign, token) = if pod.ready { ("●", Token::Text) } else { ("○", Token::Warn) };
            let restarts = if restarts > 0 { format!("  {restarts} restarts") } else { String::new() };
            let age = format::age(pod.meta.created, model.session.now);
            lines.push((format!("{sign} {}  {version}{restarts}  {age}", pod.meta.name), token));
        }
        let events = world.events_about(&workload.meta.uid);
        if !events.is_empty() {
            lines.push((String::new(), Token::Text));
            lines.push(("Events".to_owned(), Token::Hi));
        }
        for event in events.iter().take(8) {
            let token = if event.warning { Token::Warn } else { Token::Muted };
            lines.push((format!("{} {}: {}", format::clock(event.last_seen), event.reason, event.message), token));
        }
    }
    lines
}

fn verdict_lines(verdict: &Verdict) -> Vec<(String, Token)> {
    let token = signs::token(verdict.state);
    let Some(evidence) = &verdict.evidence else {
        return vec![(format!("{} {}", signs::glyph(verdict.state, false), signs::word(verdict, false)), token)];
    };
    let mut lines = vec![(format!("{} {}", signs::glyph(verdict.state, false), evidence.headline), token)];
    lines.extend(evidence.details.iter().map(|detail| (detail.clone(), Token::Muted)));
    lines.push((evidence.remedy.clone(), Token::Text));
    lines
}

/// Pane 5 of wide screens: details of the selection, always open.
pub(super) fn details_pane(pen: &mut Pen<'_>, model: &Model, area: Area) {
    if area.height == 0 {
        return;
    }
    let (Some(service), Some(env)) = (&model.home.service, &model.home.env) else { return };
    let note = format!("{env} / {service}");
    pen.rule(area, &Rule { title: "Details", note: &note, ..Rule::default() });
    let body = area.below_rule();
    for (index, (text, token)) in details(model, service, env).iter().take(usize::from(body.height)).enumerate() {
        pen.text(body.x + 1, body.y + index as u16, text, *token, body.width.saturating_sub(2));
    }
}
