//! The page of leftovers: what, since when and why at the left, the proof and the call for the selected one at the right.

use unicode_width::UnicodeWidthStr;

use super::environments::{self, dated};
use super::format;
use super::lines::wrap;
use super::look::{Ground, Token};
use super::more::{More, beside};
use super::pen::{Pen, Rule};
use crate::actions::Action;
use crate::app::geometry::Area;
use crate::app::model::{CleanupPage, Model};
use crate::app::screens::cleanup::shown;
use crate::app::touch::Touch;
use crate::domain::cleanup::FindingKind;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::world::Freshness;

pub(super) fn draw(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, area: Area) {
    let (all, some) = (page.findings.len(), shown(page).len());
    let count = if some == all { String::new() } else { format!("{some} of ") } + &format::count(all, "leftover");
    let note = format!("{} · {count}{}", page.env, format::filtered(page.filter.text()));
    let wide = area.width >= 110 && !page.findings.is_empty();
    let left = if wide { area.width * 3 / 5 } else { area.width };
    let lines = rows(page);
    let room = usize::from(area.height.saturating_sub(5));
    let at = lines.iter().position(|line| matches!(line, Row::Finding(it) if Some(&it.uid) == page.selected.as_ref()));
    let first = (at.unwrap_or(0) + 1).saturating_sub(room);
    let more = More::of(lines.len(), first, room);
    let state = beside(&more.above(), &format!("{} back", model.keymap.hint(Action::Back)));
    let (state, state_token) = dated(environments::as_of(model, &page.env, pen.look.ascii), state);
    pen.rule(
        area,
        &Rule { title: "Clean up", note: &note, state: &state, state_token, focused: true, ..Rule::default() },
    );
    if lines.is_empty() {
        nothing(pen, model, page, Area { width: left, ..area });
    }
    for (index, line) in lines.iter().skip(first).take(room).enumerate() {
        row(pen, model, page, line, Area::new(area.x, area.y + 2 + index as u16, left, 1));
    }
    if page.findings.is_empty() {
        return;
    }
    let foot = Area { y: area.bottom().saturating_sub(2), height: 2, ..area };
    ending(pen, page, &more.below(), foot);
    if wide {
        let beside = Area::new(left + 1, area.y + 1, area.width - left - 1, foot.y.saturating_sub(area.y + 1));
        pen.separator(left, beside);
        pen.joint((left, area.y), ["┯"; 3], (true, true));
        pen.joint((left, foot.y), ["┴"; 3], (false, false));
        details(pen, model, page, beside);
    }
}

/// Everything that the filter leaves, by kind.
fn rows(page: &CleanupPage) -> Vec<Row<'_>> {
    let shown = shown(page);
    let mut lines: Vec<Row<'_>> = Vec::new();
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
        lines.push(Row::Title(title, of_kind.len(), why));
        lines.extend(of_kind.into_iter().map(Row::Finding));
        lines.push(Row::Blank);
    }
    lines.pop();
    lines
}

/// Why there is no row.
fn nothing(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, area: Area) {
    let width = area.width.saturating_sub(3);
    let world = model.world.env(&page.env);
    let text = if !page.filter.text().is_empty() {
        format!("Nothing matches the filter. {} shows all.", pen.key(Action::Back))
    } else if world.is_some_and(|world| !world.was_read()) {
        "Nothing is known of it: it was not read yet.".to_owned()
    } else if world.is_some_and(|world| matches!(world.freshness(), Freshness::Stale { .. })) {
        "Nothing was left over here when it was last seen.".to_owned()
    } else {
        "Nothing is left over here.".to_owned()
    };
    pen.text(2, area.y + 2, &text, Token::Text, width);
    if page.too_young > 0 {
        let these = format::count(page.too_young, "leftover");
        let text = format!("{these} younger than 10 minutes: left for whoever still reads them.");
        pen.text(2, area.y + 4, &text, Token::Muted, width);
    }
    let namespace = model.catalog.environment(&page.env).map(|env| &env.namespace);
    if let Some(namespace) = namespace.filter(|it| crate::domain::cleanup::is_protected(it)) {
        let text = format!("Nothing is ever removed from the namespace {namespace}.");
        pen.text(2, area.y + 4, &text, Token::Muted, width);
    }
}

/// The last two rows: how many are marked, and what to know before they go.
fn ending(pen: &mut Pen<'_>, page: &CleanupPage, below: &str, area: Area) {
    let note = format!("{} of {}", page.marks.len(), page.findings.len());
    pen.rule(area, &Rule { title: "Marked", note: &note, state: below, ..Rule::default() });
    let saved = "Logs and status are saved first.";
    let x = pen.text(2, area.y + 1, saved, Token::Muted, area.width.saturating_sub(3));
    if page.too_young > 0 {
        let young = format!("{} younger than 10 minutes not shown", page.too_young);
        pen.right(area.width.saturating_sub(2).max(x + 2 + young.len() as u16), area.y + 1, &young, Token::Muted);
    }
}

enum Row<'a> {
    Title(&'static str, usize, &'static str),
    Finding(&'a crate::domain::cleanup::Finding),
    Blank,
}

fn row(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, line: &Row<'_>, area: Area) {
    match line {
        Row::Blank => {}
        Row::Title(title, number, why) => {
            let x = pen.text(2, area.y, title, Token::Hi, 20);
            let x = pen.text(x + 2, area.y, &number.to_string(), Token::Muted, 6);
            pen.text(x + 3, area.y, why, Token::Muted, area.width.saturating_sub(x + 4));
        }
        Row::Finding(finding) => {
            pen.touch(area, Touch::Finding(finding.uid.clone()));
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
                Some(Some(Err(fault))) => not_deleted(fault),
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

/// What is said of a deletion without a yes: it stays, it is gone, or nobody knows.
fn not_deleted(fault: &Fault) -> String {
    match fault.kind {
        FaultKind::NotFound => "was gone already".to_owned(),
        FaultKind::OutcomeUnknown => format!("perhaps deleted: {fault}"),
        _ => format!("still there: {fault}"),
    }
}

fn details(pen: &mut Pen<'_>, model: &Model, page: &CleanupPage, area: Area) {
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
    let width = area.width.saturating_sub(4);
    // A command that is cut cannot be used.
    let lines = lines.iter().flat_map(|(text, token)| {
        let fits = text.width() <= usize::from(width);
        let parts = if fits { vec![text.clone()] } else { wrap(text, usize::from(width)) };
        parts.into_iter().map(|part| (part, *token))
    });
    let mut lines: Vec<(String, Token)> = lines.collect();
    let room = usize::from(area.height.saturating_sub(1));
    if lines.len() > room {
        // On low screens the gaps go first; what has no room even then is at least counted.
        lines.retain(|(text, _)| !text.is_empty());
        let shown = if lines.len() > room { room.saturating_sub(1) } else { room };
        let more = More::of(lines.len(), 0, shown).below();
        lines.truncate(shown);
        lines.extend((!more.is_empty()).then(|| (format!("{more}, on a higher screen"), Token::Warn)));
    }
    for (index, (text, token)) in lines.iter().enumerate() {
        pen.text(area.x + 3, area.y + 1 + index as u16, text, *token, width);
    }
}
