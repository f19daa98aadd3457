//! Between the cockpit and its log pane: which cell is followed, and what keys do to it.

use std::sync::Arc;

use super::copying;
use super::effect::{Effect, FileTarget};
use super::geometry;
use super::logs::{self, Detail, ReadBack, Size};
use super::model::{Model, Overlay, Picker, PickerPurpose, Prompt, PromptPurpose};
use super::msg::LogEvent;
use crate::actions::Action;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::verdict::State;

/// What can be chosen to read back.
const READ_BACK: [(&str, ReadBack); 8] = [
    ("last 100 lines", ReadBack::Lines(100)),
    ("last 1,000 lines", ReadBack::Lines(1_000)),
    ("last 10,000 lines", ReadBack::Lines(10_000)),
    ("5 minutes", ReadBack::Seconds(300)),
    ("15 minutes", ReadBack::Seconds(900)),
    ("1 hour", ReadBack::Seconds(3_600)),
    ("1 day", ReadBack::Seconds(86_400)),
    ("everything", ReadBack::Everything),
];

/// How what is read back is called.
pub fn read_back(model: &Model) -> &'static str {
    READ_BACK.iter().find(|(_, back)| *back == model.logs.read_back).map_or("", |(name, _)| name)
}

/// The room for lines: the pane without its rule, its margins, and the row that tells of trouble.
pub fn size(model: &Model) -> Size {
    let body = geometry::home(model).logs.below_rule();
    let trouble = u16::from(model.logs.trouble().is_some());
    Size { columns: usize::from(body.width.saturating_sub(2)), rows: usize::from(body.height.saturating_sub(trouble)) }
}

/// Turns the pane to the selected cell and opens what should be open.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    let target = model.home.env.clone().zip(model.home.service.clone());
    let mut effects = Vec::new();
    if model.logs.target != target && !model.logs.fixed {
        effects.extend(close(model.logs.turn_to(target)));
        (model.home.details_scroll, model.home.graph_scroll) = (0, 0);
        model.session.dirty = true;
    }
    effects.extend(logs::sync(&mut model.logs, &model.catalog, &model.world));
    model.session.dirty |= !effects.is_empty();
    let size = size(model);
    model.logs.settle(size);
    effects
}

/// What to read of a service, for those who look without a screen.
pub struct Ask {
    pub container: Option<Arc<str>>,
    pub previous: bool,
    pub read_back: logs::ReadBack,
    pub reading: logs::Reading,
}

/// Turns the pane to a cell and reads what is asked for. It stays there: without a screen nobody selects anything, and what
/// is selected is whatever is in the most trouble.
pub fn read(model: &mut Model, env: EnvId, service: ServiceId, ask: Ask) -> Vec<Effect> {
    let mut effects: Vec<Effect> = close(model.logs.turn_to(Some((env, service)))).collect();
    let pane = &mut model.logs;
    pane.fixed = true;
    (pane.container, pane.previous, pane.read_back, pane.reading) =
        (ask.container, ask.previous, ask.read_back, ask.reading);
    effects.extend(follow(model));
    effects
}

fn close(streams: Vec<u64>) -> impl Iterator<Item = Effect> {
    streams.into_iter().map(|stream| Effect::CloseLog { stream })
}

/// Reads everything anew, because what is asked for has changed.
fn again(model: &mut Model, change: impl FnOnce(&mut logs::LogPane)) -> Vec<Effect> {
    let (target, previous, container) = (model.logs.target.clone(), model.logs.previous, model.logs.container.clone());
    let (filter, search) = (model.logs.filter().to_owned(), model.logs.search().to_owned());
    let mut effects: Vec<Effect> = close(model.logs.turn_to(target)).collect();
    (model.logs.previous, model.logs.container) = (previous, container);
    // Both were patterns before.
    let _ = model.logs.set_filter(&filter).and_then(|()| model.logs.set_search(&search));
    change(&mut model.logs);
    effects.extend(follow(model));
    effects
}

/// Takes in what a stream says.
pub fn take(model: &mut Model, stream: u64, event: LogEvent) -> Vec<Effect> {
    model.session.dirty = true;
    logs::event(&mut model.logs, (&model.catalog, &model.world), stream, event, model.session.now)
}

/// What a key does to the pane.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let size = size(model);
    let pane = &mut model.logs;
    match action {
        Action::LogFollow => pane.toggle_follow(size),
        Action::LogWrap => (pane.wrap, pane.column) = (!pane.wrap, 0),
        Action::LogTimestamps => pane.timestamps = !pane.timestamps,
        Action::LogFields => pane.fields = !pane.fields,
        Action::LogNext => find(model, false),
        Action::LogPrevious => find(model, true),
        Action::LogSearch => prompt(model, PromptPurpose::LogSearch),
        Action::LogPreviousContainer => return again(model, |pane| pane.previous = !pane.previous),
        Action::LogContainers => containers(model),
        Action::LogSince => since(model),
        Action::LogCopyAll => {
            let text = model.logs.shown_text(copying::LONGEST);
            let of = model.logs.lines_shown();
            return copying::copy(model, &text, of);
        }
        Action::LogSave => return save(model),
        _ => {}
    }
    Vec::new()
}

/// Moves the selection.
pub fn select(model: &mut Model, by: isize) {
    let size = size(model);
    model.logs.select_by(by, size);
}

/// Moves the view.
pub fn scroll(model: &mut Model, by: isize) {
    let size = size(model);
    model.logs.scroll_by(by, size);
}

/// Selects the line on a row of the pane.
pub fn click(model: &mut Model, row: usize) {
    let size = size(model);
    model.logs.select_row(row, size);
}

/// Moves the view sideways.
pub fn sideways(model: &mut Model, by: isize) {
    let size = size(model);
    model.logs.scroll_sideways(by, size);
}

/// Opens the selected line in whole.
pub fn open(model: &mut Model) {
    let Some(entry) = model.logs.selected().filter(|entry| !entry.kind.is_mark()) else { return };
    let columns = geometry::inside_box(model.session.width, Detail::WIDTH);
    let detail = Detail::new(&entry, model.logs.source(entry.source), usize::from(columns));
    model.overlays.push(Overlay::Line(detail));
}

fn find(model: &mut Model, back: bool) {
    let size = size(model);
    if !model.logs.find(back, size) {
        let title = format!("no {} line matches {}", if back { "earlier" } else { "later" }, model.logs.search());
        super::journal::notice(model, State::Blocked, title, "");
    }
}

/// Asks for a filter or a search.
pub fn prompt(model: &mut Model, purpose: PromptPurpose) {
    let text = match purpose {
        PromptPurpose::LogFilter => model.logs.filter(),
        PromptPurpose::LogSearch => model.logs.search(),
    };
    let input = super::input::LineInput::new(text);
    model.overlays.push(Overlay::Prompt(Prompt { purpose, input, error: None }));
}

/// What is typed as a filter becomes a search, and the other way round.
pub fn other_prompt(model: &mut Model, prompt: &Prompt) {
    let purpose = match prompt.purpose {
        PromptPurpose::LogFilter => PromptPurpose::LogSearch,
        PromptPurpose::LogSearch => PromptPurpose::LogFilter,
    };
    let text = prompt.input.text().to_owned();
    typed(model, prompt.purpose, "");
    let error = typed(model, purpose, &text);
    model.overlays.push(Overlay::Prompt(Prompt { purpose, input: super::input::LineInput::new(&text), error }));
}

/// Applies what is typed as soon as it is a pattern. An error says what is wrong with it.
pub fn typed(model: &mut Model, purpose: PromptPurpose, text: &str) -> Option<String> {
    match purpose {
        PromptPurpose::LogFilter => model.logs.set_filter(text),
        PromptPurpose::LogSearch => model.logs.set_search(text),
    }
    .err()
}

/// Takes the search away, else the filter. False: there was neither.
pub fn forget(model: &mut Model) -> bool {
    let purpose = if !model.logs.search().is_empty() {
        PromptPurpose::LogSearch
    } else if !model.logs.filter().is_empty() {
        PromptPurpose::LogFilter
    } else {
        return false;
    };
    typed(model, purpose, "");
    true
}

/// A search that was typed goes to the newest match that is not below the selected line.
pub fn accepted(model: &mut Model, purpose: PromptPurpose) {
    let hit = |model: &Model| model.logs.cursor().is_some_and(|cursor| model.logs.is_found(cursor));
    if purpose == PromptPurpose::LogSearch && !model.logs.search().is_empty() && !hit(model) {
        find(model, true);
    }
}

fn containers(model: &mut Model) {
    let names = logs::containers(&model.logs, &model.catalog, &model.world);
    let chosen = names.iter().position(|name| Some(name) == model.logs.container.as_ref());
    let mut items = vec!["all containers".to_owned()];
    items.extend(names.iter().map(ToString::to_string));
    picker(model, "Containers", items, PickerPurpose::Containers, chosen.map_or(0, |at| at + 1));
}

fn since(model: &mut Model) {
    let items = READ_BACK.iter().map(|(name, _)| (*name).to_owned()).collect();
    let chosen = READ_BACK.iter().position(|(_, back)| *back == model.logs.read_back);
    picker(model, "Read back, of each container", items, PickerPurpose::Since, chosen.unwrap_or(0));
}

fn picker(model: &mut Model, title: &str, items: Vec<String>, purpose: PickerPurpose, selected: usize) {
    let chosen = std::collections::BTreeSet::new();
    model.overlays.push(Overlay::Picker(Picker { title: title.to_owned(), items, chosen, selected, purpose }));
}

/// Reads one container, or all.
pub fn choose_container(model: &mut Model, index: usize) -> Vec<Effect> {
    let names = logs::containers(&model.logs, &model.catalog, &model.world);
    let name = index.checked_sub(1).and_then(|index| names.get(index).cloned());
    again(model, |pane| pane.container = name)
}

/// Reads further back.
pub fn choose_since(model: &mut Model, index: usize) -> Vec<Effect> {
    let Some((_, back)) = READ_BACK.get(index) else { return Vec::new() };
    again(model, |pane| pane.read_back = *back)
}

fn save(model: &mut Model) -> Vec<Effect> {
    let Some((env, service)) = &model.logs.target else { return Vec::new() };
    let at = model.session.now.strftime("%Y%m%dT%H%M%SZ");
    let name = format!("{service}-{env}-{at}.log").replace('/', "-");
    let what = format!("log of {service} in {env}");
    vec![Effect::Save { what, file: FileTarget::Data(name), text: model.logs.text() }]
}
