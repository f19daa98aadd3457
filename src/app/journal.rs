//! Notices and the command log.

use jiff::SignedDuration;

use super::model::{Command, Model, Notice};
use crate::domain::verdict::State;

/// How long a notice that is no failure stays on screen.
const SHOWN: SignedDuration = SignedDuration::from_secs(6);
/// Entries kept of each log.
const KEPT: usize = 1_000;

/// Tells people that something happened. A failure stays until it is seen.
pub fn notice(model: &mut Model, state: State, title: impl Into<String>, detail: impl Into<String>) {
    let at = model.session.now;
    let (title, detail) = (title.into(), detail.into());
    let sticky = state == State::Failed;
    // Said again, it is the same thing: it moves to the end instead of filling the log.
    if let Some(last) = model.journal.notices.last_mut()
        && last.title == title
        && last.detail == detail
    {
        (last.at, last.dismissed) = (at, false);
    } else {
        model.journal.notices.push(Notice { at, state, title, detail, sticky, answer: false, dismissed: false });
    }
    let surplus = model.journal.notices.len().saturating_sub(KEPT);
    model.journal.notices.drain(..surplus);
    model.journal.seen = model.journal.seen.saturating_sub(surplus);
    model.session.dirty = true;
}

/// Answers the key that was just pressed: shown, and not counted as news.
pub fn answer(model: &mut Model, state: State, title: impl Into<String>, detail: impl Into<String>) {
    notice(model, state, title, detail);
    if let Some(last) = model.journal.notices.last_mut() {
        last.answer = true;
    }
}

/// News that nobody has looked at.
pub fn unseen(model: &Model) -> usize {
    let news = model.journal.notices.iter().skip(model.journal.seen);
    news.filter(|notice| !notice.answer).count()
}

/// The notice to be shown over the screen: why the last key did nothing, else the newest failure that nobody has seen,
/// else the newest.
pub fn toast(model: &Model) -> Option<&Notice> {
    let shown = || model.journal.notices.iter().rev().filter(|notice| !notice.dismissed);
    let answer = shown().next().filter(|notice| notice.state == State::Blocked);
    answer.or_else(|| shown().find(|notice| notice.sticky)).or_else(|| shown().next())
}

/// Takes away what has been shown long enough, or was shown by a clock that was set back since. True if something went.
pub fn expire(model: &mut Model) -> bool {
    let now = model.session.now;
    let old =
        |notice: &&mut Notice| !notice.sticky && !notice.dismissed && now.duration_since(notice.at).abs() >= SHOWN;
    model.journal.notices.iter_mut().filter(old).fold(false, |_, notice| {
        notice.dismissed = true;
        true
    })
}

/// Everything has been seen: nothing is shown over the screen any more.
pub fn dismiss(model: &mut Model) {
    for notice in &mut model.journal.notices {
        notice.dismissed = true;
    }
    model.journal.seen = model.journal.notices.len();
    model.session.dirty = true;
}

/// What was said, short of failures, is not about what is shown from now on.
pub fn pass(model: &mut Model) {
    for notice in model.journal.notices.iter_mut().filter(|notice| !notice.sticky) {
        notice.dismissed = true;
    }
}

/// Somebody has acted on what the screen said: nothing of it, failures neither, lies over what comes of that.
pub fn acted(model: &mut Model) {
    for notice in &mut model.journal.notices {
        notice.dismissed = true;
    }
}

/// The last notice says what is on the screen already: it is kept, and not shown over it.
pub fn seen_at_once(model: &mut Model) {
    if let Some(last) = model.journal.notices.last_mut() {
        last.dismissed = true;
    }
}

/// Notes a command that is under way.
pub fn command(model: &mut Model, text: String) {
    model.journal.commands.push(Command { at: model.session.now, text, ok: None });
    let surplus = model.journal.commands.len().saturating_sub(KEPT);
    model.journal.commands.drain(..surplus);
}

/// Notes how a command ended.
pub fn command_ended(model: &mut Model, text: &str, ok: bool) {
    let mut under_way = model.journal.commands.iter_mut().rev().filter(|command| command.ok.is_none());
    if let Some(command) = under_way.find(|command| command.text == text) {
        command.ok = Some(ok);
    }
}
