//! Between the cockpit and its log pane: which cell is followed, and what keys do to it.

use super::effect::{Effect, FileTarget};
use super::logs::{self, pattern};
use super::model::{Model, Overlay, Picker, PickerPurpose, Prompt, PromptPurpose};
use super::msg::LogEvent;
use crate::actions::Action;

/// What can be chosen to read back, in minutes.
const SINCE: [(&str, Option<u32>); 5] = [
    ("last 1,000 lines", None),
    ("1 minute", Some(1)),
    ("15 minutes", Some(15)),
    ("1 hour", Some(60)),
    ("1 day", Some(1_440)),
];

/// Turns the pane to the selected cell and opens what should be open.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    let target = model.home.env.clone().zip(model.home.service.clone());
    let mut effects = Vec::new();
    if model.logs.target != target {
        effects.extend(close(model.logs.turn_to(target)));
        model.session.dirty = true;
    }
    effects.extend(logs::sync(&mut model.logs, &model.catalog, &model.world, model.session.now));
    model.session.dirty |= !effects.is_empty();
    effects
}

fn close(streams: Vec<u64>) -> impl Iterator<Item = Effect> {
    streams.into_iter().map(|stream| Effect::CloseLog { stream })
}

/// Reads everything anew, because what is asked for has changed.
fn again(model: &mut Model, change: impl FnOnce(&mut logs::LogPane)) -> Vec<Effect> {
    let (target, previous, container) = (model.logs.target.clone(), model.logs.previous, model.logs.container.clone());
    let mut effects: Vec<Effect> = close(model.logs.turn_to(target)).collect();
    (model.logs.previous, model.logs.container) = (previous, container);
    change(&mut model.logs);
    effects.extend(follow(model));
    effects
}

/// Takes in what a stream says.
pub fn take(model: &mut Model, stream: u64, event: LogEvent) -> Vec<Effect> {
    model.session.dirty = true;
    logs::event(&mut model.logs, &model.catalog, &model.world, stream, event)
}

/// What a key does to the pane.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let pane = &mut model.logs;
    match action {
        Action::LogFollow => pane.toggle_follow(),
        Action::LogWrap => pane.wrap = !pane.wrap,
        Action::LogTimestamps => pane.timestamps = !pane.timestamps,
        Action::LogFields => pane.fields = !pane.fields,
        Action::LogNext => return find(model, false),
        Action::LogPrevious => return find(model, true),
        Action::LogSearch => prompt(model, PromptPurpose::LogSearch),
        Action::LogPreviousContainer => return again(model, |pane| pane.previous = !pane.previous),
        Action::LogContainers => containers(model),
        Action::LogSince => since(model),
        Action::LogSave => return save(model),
        _ => {}
    }
    Vec::new()
}

fn find(model: &mut Model, back: bool) -> Vec<Effect> {
    if !model.logs.find(back) {
        let title = format!("no {} match of {:?}", if back { "earlier" } else { "later" }, model.logs.search);
        super::journal::notice(model, crate::domain::verdict::State::Blocked, title, "");
    }
    Vec::new()
}

/// Asks for a filter or a search.
pub fn prompt(model: &mut Model, purpose: PromptPurpose) {
    let text = if purpose == PromptPurpose::LogFilter { &model.logs.filter } else { &model.logs.search };
    let input = super::input::LineInput::new(text);
    model.overlays.push(Overlay::Prompt(Prompt { purpose, input, error: None }));
}

/// Applies what is typed as soon as it is a pattern. An error says what is wrong with it.
pub fn typed(model: &mut Model, purpose: PromptPurpose, text: &str) -> Option<String> {
    if let Err(error) = pattern(text) {
        return Some(error);
    }
    match purpose {
        PromptPurpose::LogFilter => text.clone_into(&mut model.logs.filter),
        PromptPurpose::LogSearch => text.clone_into(&mut model.logs.search),
    }
    None
}

fn containers(model: &mut Model) {
    let mut items = vec!["all containers".to_owned()];
    items.extend(container_names(model));
    picker(model, "Containers", items, PickerPurpose::Containers);
}

fn container_names(model: &Model) -> Vec<String> {
    let Some((env, service)) = &model.logs.target else { return Vec::new() };
    let workload = model.catalog.service(service).map(|service| &service.workload);
    let workload = workload.and_then(|workload| model.world.env(env)?.workload(workload));
    workload.iter().flat_map(|it| &it.containers).map(|container| container.name.to_string()).collect()
}

fn since(model: &mut Model) {
    picker(model, "Read back", SINCE.iter().map(|(name, _)| (*name).to_owned()).collect(), PickerPurpose::Since);
}

fn picker(model: &mut Model, title: &str, items: Vec<String>, purpose: PickerPurpose) {
    let chosen = std::collections::BTreeSet::new();
    model.overlays.push(Overlay::Picker(Picker { title: title.to_owned(), items, chosen, selected: 0, purpose }));
}

/// Reads one container, or all.
pub fn choose_container(model: &mut Model, index: usize) -> Vec<Effect> {
    let name = index.checked_sub(1).and_then(|index| container_names(model).into_iter().nth(index));
    again(model, |pane| pane.container = name.map(Into::into))
}

/// Reads further back.
pub fn choose_since(model: &mut Model, index: usize) -> Vec<Effect> {
    let minutes = SINCE.get(index).and_then(|(_, minutes)| *minutes);
    again(model, |pane| pane.since_minutes = minutes)
}

fn save(model: &mut Model) -> Vec<Effect> {
    let Some((env, service)) = &model.logs.target else { return Vec::new() };
    let at = model.session.now.strftime("%Y%m%dT%H%M%SZ");
    let name = format!("{service}-{env}-{at}.log").replace('/', "-");
    let what = format!("log of {service} in {env}");
    vec![Effect::Save { what, file: FileTarget::Data(name), text: model.logs.text() }]
}
