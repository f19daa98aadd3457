//! Choosing the version of each service, typed or taken from another environment.

use crate::actions::Action;
use crate::actions::chord::Chord;
use crate::app::effect::Effect;
use crate::app::input::LineInput;
use crate::app::model::{Model, Overlay, VersionRow, VersionsForm};
use crate::app::{facts, journal};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::image::Image;
use crate::domain::plan::{Purpose, Request, Wanted};
use crate::domain::verdict::State;
use crate::domain::versions::{self, Trouble};
use crate::domain::words;

/// Opens the form for the chosen services in the selected environment.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(env) = model.home.env.clone() else { return Vec::new() };
    let draft = model.home.draft.take().filter(|draft| draft.env == env);
    let Model { catalog, world, board, .. } = &*model;
    let row = |service: ServiceId| {
        let current = board.cell(&service, &env).and_then(|cell| cell.version.clone()).unwrap_or_default();
        let declared = catalog.service(&service);
        let known = declared.map(|service| versions::known(catalog, world, board, service, &env)).unwrap_or_default();
        let before = draft.iter().flat_map(|draft| &draft.rows).find(|row| row.service == service);
        let input = before.map(|row| row.input.clone().selected()).unwrap_or_default();
        VersionRow { service, current, input, offered: None, known, picked: None }
    };
    let form = VersionsForm {
        title: model.home.group.as_ref().map(ToString::to_string).unwrap_or_default(),
        rows: facts::chosen(model).into_iter().map(row).collect(),
        selected: 0,
        sources: model.catalog.environments.iter().map(|env| env.name.clone()).filter(|name| *name != env).collect(),
        source: None,
        error: None,
        env,
    };
    model.overlays.push(Overlay::Versions(form));
    Vec::new()
}

/// Closed without a plan: what was typed is there again when the same services are chosen next.
pub fn put_aside(model: &mut Model, form: VersionsForm) {
    let typed = form.rows.iter().filter(|row| !row.input.text().trim().is_empty()).count();
    if typed > 0 {
        let key = model.keymap.hint(Action::Deploy);
        let title = format!("{} kept", words::count(typed, "version"));
        journal::answer(model, State::Ok, title, format!("{key} shows what was typed"));
        model.home.draft = Some(Box::new(form));
    }
}

/// A key for the selected field. False: it is none of its keys.
pub fn typed(model: &mut Model, chord: Chord) -> bool {
    let Some(Overlay::Versions(form)) = model.overlays.last_mut() else { return false };
    let Some(row) = form.rows.get_mut(form.selected) else { return false };
    let taken = row.input.key(&chord);
    if taken {
        row.picked = None;
        form.error = None;
    }
    taken
}

/// Writes the next known version of the selected service into its field, or the one before. It begins with one that is
/// not known to fail, as long as there is one; the others come in their turn, and say what they are.
pub fn pick(model: &mut Model, forward: bool) {
    let Some(Overlay::Versions(form)) = model.overlays.last() else { return };
    let Some(row) = form.rows.get(form.selected) else { return };
    let len = row.known.len();
    let good = |at: &usize| !against(model, row, &row.known[*at].image).iter().any(Trouble::is_failure);
    let next = match row.picked {
        _ if len == 0 => return,
        None if forward => (0..len).find(good).unwrap_or(0),
        None => (0..len).rfind(good).unwrap_or(len - 1),
        Some(at) if forward => (at + 1) % len,
        Some(at) => (at + len - 1) % len,
    };
    let typed = row.known[next].typed();
    let Some(Overlay::Versions(form)) = model.overlays.last_mut() else { return };
    if let Some(row) = form.rows.get_mut(form.selected) {
        (row.picked, row.input) = (Some(next), LineInput::new(&typed));
    }
    form.error = None;
}

/// What is known against a version of the service of a row, as it stands now.
pub fn against(model: &Model, row: &VersionRow, image: &Image) -> Vec<Trouble> {
    let Model { catalog, world, board, .. } = model;
    let service = catalog.service(&row.service);
    service.map(|service| versions::troubles(catalog, world, board, service, image)).unwrap_or_default()
}

/// The version that the service of a row would get: the typed one, else that of the source.
pub fn chosen(model: &Model, form: &VersionsForm, row: &VersionRow) -> Option<Image> {
    match (row.input.text().trim(), &form.source) {
        ("", None) => None,
        ("", Some(source)) => model.board.cell(&row.service, source)?.wanted.as_deref()?.parse().ok(),
        (typed, _) => versions::image_of(&model.board, model.catalog.service(&row.service)?, &form.env, typed),
    }
}

/// Takes versions from the next environment, or from none.
pub fn cycle(model: &mut Model, back: bool) {
    let Model { overlays, board, .. } = model;
    let Some(Overlay::Versions(form)) = overlays.last_mut() else { return };
    let len = form.sources.len() + 1;
    let at =
        form.source.as_ref().and_then(|it| form.sources.iter().position(|other| other == it)).map_or(0, |at| at + 1);
    let next = if back { (at + len - 1) % len } else { (at + 1) % len };
    form.source = next.checked_sub(1).and_then(|index| form.sources.get(index)).cloned();
    form.error = None;
    let source: Option<EnvId> = form.source.clone();
    for row in &mut form.rows {
        let cell = source.as_ref().and_then(|env| board.cell(&row.service, env));
        row.offered = cell.and_then(|cell| cell.version.clone());
    }
}

fn request(form: &VersionsForm) -> Request {
    let wanted = |row: &VersionRow| match (row.input.text().trim(), &form.source) {
        ("", Some(source)) => Some((row.service.clone(), Wanted::As(source.clone()))),
        ("", None) => None,
        (typed, _) => Some((row.service.clone(), Wanted::Version(typed.to_owned()))),
    };
    Request {
        env: form.env.clone(),
        purpose: Purpose::Deploy,
        title: form.title.clone(),
        services: form.rows.iter().filter_map(wanted).collect(),
    }
}

/// Makes the plan of what is chosen, or says in the form why not.
pub fn submit(model: &mut Model) {
    let Some(Overlay::Versions(form)) = model.overlays.pop() else { return };
    let request = request(&form);
    let result = if request.services.is_empty() {
        let other = model.keymap.typing_hint(Action::Other);
        Err(format!("type a version, or press {other} to take them from another environment"))
    } else {
        super::plan::open(model, request, Some(form.clone()))
    };
    if let Err(why) = result {
        model.overlays.push(Overlay::Versions(VersionsForm { error: Some(why), ..form }));
    }
}
