//! Everything that happened: the list of runs with locks, overrides and clean-ups among them.

use std::sync::Arc;

use super::runs::{self, Row, Standing};
use crate::app::history::{covered, headline, matched};
use crate::app::model::{Model, Overlay, RunRef, RunsPage};
use crate::domain::catalog::Environment;
use crate::domain::history::{self, Entry, Kind, What};
use crate::domain::ids::EnvId;
use crate::domain::lock;

/// Opens the list of everything.
pub fn open(model: &mut Model) {
    runs::open_page(model, RunsPage { everything: true, ..RunsPage::default() });
}

/// What environments keep beside runs.
pub(super) fn rows(model: &Model) -> Vec<Row> {
    let envs = model.catalog.environments.iter();
    envs.flat_map(|env| entries(model, &env.name).into_iter().map(move |entry| row(env, &entry))).collect()
}

fn entries(model: &Model, env: &EnvId) -> Vec<Entry> {
    let Some(world) = model.world.env(env) else { return Vec::new() };
    history::of(world.documents(lock::DOCUMENT).chain(world.documents(history::ABOUT)))
}

fn row(env: &Environment, entry: &Entry) -> Row {
    let standing = match entry.kind() {
        Kind::Lock => Standing::Placed,
        Kind::Override => Standing::Overridden,
        Kind::Release => Standing::Released,
        Kind::Lift => Standing::Lifted,
        Kind::CleanUp => Standing::CleanedUp,
        Kind::Run | Kind::Unreadable => Standing::Unreadable,
    };
    Row {
        of: RunRef::Entry { env: env.name.clone(), name: Arc::clone(&entry.name), at: entry.at, kind: entry.kind() },
        // The word before it says that it was released.
        name: format!("{} in {}", headline(entry).trim_start_matches("released "), env.name),
        by: entry.by.to_string(),
        standing,
        done: (0, 0),
        started: Some(entry.at),
        note: entry.reason().unwrap_or_default().to_owned(),
        touched: match &entry.what {
            What::CleanedUp(it) => it.removed.iter().map(|it| &**it).collect::<Vec<_>>().join(", "),
            _ => String::new(),
        },
        why: None,
        taken_up: None,
        matched: matched(entry),
    }
}

/// Shows all that is kept of an entry.
pub(super) fn show(model: &mut Model, env: &EnvId, of: (&str, jiff::Timestamp, Kind)) {
    let is_it = |entry: &Entry| (&*entry.name, entry.at, entry.kind()) == of;
    let Some(entry) = entries(model, env).into_iter().find(is_it) else { return };
    let title = format!("{} in {env}", headline(&entry));
    model.overlays.push(Overlay::Told { title, lines: lines(&entry), scroll: 0 });
}

/// What is told of an entry: a word for what it is, and what.
fn lines(entry: &Entry) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut line = |what: &str, text: &str| {
        if !text.is_empty() {
            lines.push((what.to_owned(), text.to_owned()));
        }
    };
    line("when", &entry.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    line("who", &entry.by);
    line("why", entry.reason().unwrap_or_default());
    match &entry.what {
        What::Placed(posted) | What::Released(posted, _) | What::Lifted(posted) => {
            line("lock", posted.id.as_str());
            line("", &posted.headline());
            if let Ok(lock) = &posted.lock {
                line("on", &covered(lock));
            }
            for it in &posted.overrides {
                line("spite", &format!("{} by {}: {}", it.what, it.by, it.reason));
            }
        }
        What::Overridden(id, it) => {
            line("lock", id.as_str());
            line("what", &it.what);
        }
        What::CleanedUp(it) => {
            for (number, removed) in it.removed.iter().enumerate() {
                line(if number == 0 { "removed" } else { "" }, removed);
            }
            if it.more > 0 {
                line("", &format!("and {} more that are not named", it.more));
            }
            for (number, left) in it.left.iter().enumerate() {
                line(if number == 0 { "not" } else { "" }, left);
            }
        }
        What::Unreadable(why) => line("why not", why),
        What::Run(_) => {}
    }
    // An empty word before a text stands for the one above it.
    lines
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::app::model::Page;
    use crate::app::msg::Msg;
    use crate::app::others_tests::beside_bob;
    use crate::app::testkit::Cockpit;
    use crate::domain::fixtures::{document, later, meta};
    use crate::domain::history::CleanUp;
    use crate::domain::lock::{Posted, Release, with_release};
    use crate::domain::observed::{Change, Document, Object};

    /// A run of somebody else, a freeze that was released, and a clean-up after it.
    pub(crate) fn lived() -> Cockpit {
        let mut cockpit = beside_bob();
        let mut freeze =
            document("a1", &[("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "petra@pc")]);
        let release = Release { at: later(40), by: "ana@mac".into(), why: Some("the audit is over".into()) };
        freeze.texts = with_release(&Posted::read(&freeze), &release);
        freeze.about = history::ABOUT.into();
        let cleaned = CleanUp {
            at: later(50),
            by: "ana@mac".into(),
            removed: vec!["pod/cart-1-x  evicted: node disk full".into()],
            left: vec!["job/migrate: no right to delete jobs".into()],
            more: 0,
        };
        let cleaned =
            Document { meta: meta("shipdeck-cleanup-1", None), about: history::ABOUT.into(), texts: cleaned.texts() };
        for document in [freeze, cleaned] {
            let change = Change::Upsert(Object::Document(Box::new(document)));
            cockpit.send(Msg::Fact { env: EnvId::new("staging"), change });
        }
        cockpit
    }

    fn names(cockpit: &Cockpit) -> Vec<String> {
        let Some(Page::Runs(page)) = &cockpit.model.page else { panic!("the list") };
        let rows = runs::rows(&cockpit.model, page);
        rows.iter().map(|row| format!("{} {}", row.standing.word(), row.name)).collect()
    }

    #[test]
    fn everything_that_happened_is_listed_newest_first_and_runs_alone_by_their_own_key() {
        let mut cockpit = lived();
        cockpit.press("H");
        let all = names(&cockpit);
        let at = |what: &str| {
            all.iter().position(|name| name.starts_with(what)).unwrap_or_else(|| panic!("{what}: {all:#?}"))
        };
        assert_eq!(all.len(), 4);
        assert!(at("cleaned up removed 1 leftover, 1 not") < at("released"), "{all:#?}");
        assert!(at("released the freeze of petra@pc: audit") < at("placed freeze on everything"), "{all:#?}");
        cockpit.press("<esc>L");
        assert_eq!(names(&cockpit).len(), 1);
    }

    #[test]
    fn runs_history_and_the_run_lead_to_each_other_and_other_keys_say_where_they_work() {
        let mut cockpit = lived();
        let on = |cockpit: &Cockpit| match &cockpit.model.page {
            Some(Page::Runs(page)) => {
                if page.everything {
                    "history"
                } else {
                    "runs"
                }
            }
            Some(Page::Run(_)) => "run",
            _ => "home",
        };
        for (keys, place) in
            [("L", "runs"), ("H", "history"), ("R", "run"), ("H", "history"), ("L", "runs"), ("R", "run")]
        {
            cockpit.press(keys);
            assert_eq!(on(&cockpit), place, "{keys}");
        }
        cockpit.press("<esc>");
        assert_eq!(on(&cockpit), "runs", "back to where it was opened");
        cockpit.press("/deploy<enter>L");
        assert!(matches!(&cockpit.model.page, Some(Page::Runs(page)) if page.filter.text() == "deploy"), "it is open");
        let told = |cockpit: &mut Cockpit, keys: &str| cockpit.press(keys).notice().to_owned();
        assert_eq!(told(&mut cockpit, "x"), "menu: only on the home screen");
        assert_eq!(told(&mut cockpit, "d"), "deploy: only on the home screen");
        assert_eq!(told(&mut cockpit, "Rb"), "why blocked: only on the home screen");
        assert_eq!(told(&mut cockpit, "<esc><esc><esc>cH"), "history: only on the home screen");
        assert_eq!(told(&mut cockpit, "p"), "pause after wave: only while a run is shown");
        assert!(cockpit.overlay().is_none() && matches!(cockpit.model.page, Some(Page::Cleanup(_))));
    }

    #[test]
    fn it_is_found_by_what_was_touched_and_by_why() {
        let mut cockpit = lived();
        cockpit.press("H/evicted<enter>");
        assert_eq!(names(&cockpit), ["cleaned up removed 1 leftover, 1 not in staging"]);
        cockpit.press("<esc>/audit over<enter>");
        assert_eq!(names(&cockpit).len(), 1);
        cockpit.press("<esc>/auth v9<enter>");
        assert!(names(&cockpit)[0].contains("deploy of all to staging"), "{:?}", names(&cockpit));
    }

    #[test]
    fn enter_shows_all_that_is_kept_of_it_and_of_a_run_its_page() {
        let mut cockpit = lived();
        cockpit.press("H/cleaned<enter><enter>");
        let Some(Overlay::Told { title, lines, .. }) = cockpit.overlay() else { panic!("{:?}", cockpit.overlay()) };
        assert_eq!(title, "removed 1 leftover, 1 not in staging");
        let told = |word: &str| lines.iter().find(|(found, _)| found == word).map(|(_, text)| text.as_str());
        assert_eq!(told("who"), Some("ana@mac"));
        assert_eq!(told("removed"), Some("pod/cart-1-x  evicted: node disk full"));
        assert_eq!(told("not"), Some("job/migrate: no right to delete jobs"));
        cockpit.press("<esc><esc>/deploy<enter><enter>");
        assert!(matches!(cockpit.model.page, Some(Page::Run(_))));
        cockpit.press("<esc>");
        assert!(
            matches!(&cockpit.model.page, Some(Page::Runs(page)) if page.everything),
            "back to where it was opened"
        );
    }
}
