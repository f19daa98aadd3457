//! A lock as a document in the cluster: a few named texts, made to be read with kubectl and edited by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{BadCondition, BadWindow, Lock, LockKind, Opens};
use crate::domain::ids::{GroupId, LockId, ServiceId, Uid};
use crate::domain::observed::{Document, Texts};

/// The format that is written. What has another one was written by a newer version and is not guessed at.
const FORMAT: &str = "1";
/// Overrides that are remembered on a lock; the oldest go first, so that the document stays small.
const OVERRIDES_KEPT: usize = 20;
const OVERRIDE: &str = "override.";
const RELEASED: &str = "released";
const PLACED: &str = "placed";
/// What the name of a copy of a released lock ends with.
const COPY: &str = "-released";
const LIFTED: &str = "lifted";
/// What the documents' names begin with.
const PREFIX: &str = "shipdeck-lock-";

/// A lock as it stands in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub id: LockId,
    /// The name of its document.
    pub name: Arc<str>,
    pub uid: Uid,
    pub version: Arc<str>,
    /// By the server's clock.
    pub since: Timestamp,
    pub lock: Result<Lock, Unreadable>,
    /// When what it waited for was seen to be so; from then on it bars nothing.
    pub lifted: Option<Timestamp>,
    /// Who went on in spite of it, oldest first.
    pub overrides: Vec<Override>,
    /// All that is written in it, for whoever writes it again.
    pub texts: Texts,
}

/// Somebody went on in spite of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub at: Timestamp,
    pub by: Arc<str>,
    /// What was done: `deploy of checkout to staging`.
    pub what: Arc<str>,
    pub reason: Arc<str>,
}

/// Somebody released a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub at: Timestamp,
    pub by: Arc<str>,
    /// Why, where only its author was to release it.
    pub why: Option<Arc<str>>,
}

/// A lock of which nobody can tell what it bars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it was written by a newer version of shipdeck (format {0})")]
    Newer(String),
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("it is a {0:?}, which is no kind of lock")]
    Kind(String),
    #[error("{0:?} is no time")]
    Time(String),
    #[error(transparent)]
    Condition(#[from] BadCondition),
    #[error(transparent)]
    Window(#[from] BadWindow),
}

impl Posted {
    /// Reads a document of the kind [`super::DOCUMENT`].
    pub fn read(document: &Document) -> Self {
        let name = &*document.meta.name;
        let copied = document.texts.get(PLACED).and_then(|placed| placed.parse().ok());
        let own = if copied.is_some() { name.strip_suffix(COPY).unwrap_or(name) } else { name };
        Self {
            id: LockId::new(own.strip_prefix(PREFIX).unwrap_or(own)),
            name: Arc::clone(&document.meta.name),
            uid: document.meta.uid.clone(),
            version: Arc::clone(&document.meta.resource_version),
            since: copied.unwrap_or(document.meta.created),
            lock: lock(&document.texts),
            lifted: document.texts.get(LIFTED).and_then(|text| text.trim().parse().ok()),
            overrides: overrides(&document.texts),
            texts: document.texts.clone(),
        }
    }

    /// Who released it; none: it stands.
    pub fn release(&self) -> Option<Release> {
        self.texts.get(RELEASED).and_then(|text| released(text))
    }

    /// Who opens it, and how.
    pub fn clears(&self) -> String {
        if let Some(at) = self.lifted {
            return format!("open since {}, when that was so", at.strftime("%Y-%m-%d %H:%M UTC"));
        }
        let by_hand = format!("shipdeck unlock {} releases it", self.id);
        let Ok(lock) = &self.lock else {
            return format!("{by_hand}; kubectl get configmap {} -o yaml shows it", self.name);
        };
        let pause = lock.window.as_ref().map(|window| format!("only {window}; ")).unwrap_or_default();
        let end = match &lock.opens {
            Opens::At(end) => format!("until {}; ", end.strftime("%Y-%m-%d %H:%M UTC")),
            Opens::When(condition) => format!("until {condition}; "),
            Opens::ByAuthor => format!("only {} releases it: shipdeck unlock {}", lock.author, self.id),
            Opens::Released => String::new(),
        };
        let by_hand = if lock.opens == Opens::ByAuthor { String::new() } else { by_hand };
        format!("{pause}{end}{by_hand}")
    }

    /// `frozen by ana@mac: Black Friday`; of what cannot be read, why.
    pub fn headline(&self) -> String {
        match &self.lock {
            Ok(lock) => format!("{} by {}: {}", lock.kind.done(), lock.author, lock.reason),
            Err(why) => format!("lock {} cannot be read and is taken for a freeze: {why}", self.id),
        }
    }
}

/// The name of the document of a new lock.
pub fn name_of(id: &LockId) -> Arc<str> {
    format!("{PREFIX}{id}").into()
}

/// What is written for a lock.
pub fn data_of(lock: &Lock) -> Texts {
    let mut texts: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    let mut put = |name: &str, text: &str| {
        texts.insert(name.into(), text.into());
    };
    put("format", FORMAT);
    put("kind", lock.kind.as_str());
    put("reason", &lock.reason);
    put("author", &lock.author);
    if !lock.services.is_empty() {
        put("services", &lock.services.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(" "));
    }
    if !lock.groups.is_empty() {
        put("groups", &lock.groups.iter().map(GroupId::as_str).collect::<Vec<_>>().join(" "));
    }
    if !lock.images.is_empty() {
        let image = |(service, image): (&ServiceId, &Arc<str>)| format!("{service}={image}");
        put("images", &lock.images.iter().map(image).collect::<Vec<_>>().join(" "));
    }
    if let Opens::At(end) = lock.opens {
        put("until", &end.to_string());
    }
    if let Some(condition) = lock.condition() {
        put("until-condition", &condition);
    }
    if let Some(window) = &lock.window {
        put("window", &window.to_string());
    }
    if lock.hard {
        put("hard", "true");
    }
    if lock.hotfixes {
        put("hotfixes", "true");
    }
    texts
}

/// What says no image of a service is not guessed at: it would let pass what was meant.
fn images(text: &str) -> Result<BTreeMap<ServiceId, Arc<str>>, Unreadable> {
    let pair = |pair: &str| {
        let (service, image) =
            pair.split_once('=').filter(|(service, image)| !service.is_empty() && !image.is_empty())?;
        Some((ServiceId::new(service), image.into()))
    };
    let all = text.split_whitespace().map(|it| pair(it).ok_or(Unreadable::Missing("image of a service")));
    all.collect()
}

fn lock(texts: &Texts) -> Result<Lock, Unreadable> {
    let text = |name: &str| texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let flag = |name: &str| text(name) == Some("true");
    match text("format") {
        None => return Err(Unreadable::Missing("format")),
        Some(FORMAT) => {}
        Some(other) => return Err(Unreadable::Newer(other.to_owned())),
    }
    let kind = text("kind").ok_or(Unreadable::Missing("kind"))?;
    let kind = LockKind::ALL.into_iter().find(|it| it.as_str() == kind).ok_or(Unreadable::Kind(kind.to_owned()))?;
    let until = text("until").map(|text| text.parse().map_err(|_error: jiff::Error| Unreadable::Time(text.to_owned())));
    let opens = match (until.transpose()?, text("until-condition")) {
        (_, Some(condition)) => condition.parse()?,
        (Some(end), None) => Opens::At(end),
        (None, None) => Opens::Released,
    };
    Ok(Lock {
        kind,
        reason: text("reason").ok_or(Unreadable::Missing("reason"))?.into(),
        author: text("author").ok_or(Unreadable::Missing("author"))?.into(),
        services: text("services").map(|text| names(text).map(ServiceId::new).collect()).unwrap_or_default(),
        groups: text("groups").map(|text| names(text).map(GroupId::new).collect()).unwrap_or_default(),
        images: images(text("images").unwrap_or_default())?,
        opens,
        window: text("window").map(str::parse).transpose()?,
        hard: flag("hard"),
        hotfixes: flag("hotfixes"),
    })
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '\n']).filter(|name| !name.is_empty())
}

fn overrides(texts: &Texts) -> Vec<Override> {
    let told = texts.iter().filter(|(name, _)| name.starts_with(OVERRIDE));
    let mut found: Vec<Override> = told.filter_map(|(_, text)| overridden(text)).collect();
    found.sort_by_key(|it| it.at);
    found
}

/// Whether these are the texts of a lock that was released, whatever its document is called.
pub fn is_released(texts: &Texts) -> bool {
    texts.contains_key(RELEASED)
}

/// What is written when it is released: everything that stands there, and this.
pub fn with_release(posted: &Posted, release: &Release) -> Texts {
    let mut texts = posted.texts.clone();
    let line = |text: &str| text.replace('\n', " ");
    let text = format!("{}\n{}\n{}", release.at, line(&release.by), line(release.why.as_deref().unwrap_or_default()));
    texts.insert(RELEASED.into(), text.into());
    texts
}

/// The name and the texts of a copy of a released lock, which is younger than the lock was.
pub fn copied(posted: &Posted, texts: &Texts) -> (Arc<str>, Texts) {
    let mut texts = texts.clone();
    texts.insert(PLACED.into(), posted.since.to_string().into());
    (format!("{}{COPY}", posted.name).into(), texts)
}

/// Three lines: when, who, and why if that was said.
fn released(text: &str) -> Option<Release> {
    let mut lines = text.lines().map(str::trim);
    let (at, by) = (lines.next()?.parse().ok()?, lines.next()?.into());
    Some(Release { at, by, why: lines.next().filter(|why| !why.is_empty()).map(Into::into) })
}

/// Four lines: when, who, what, why.
fn overridden(text: &str) -> Option<Override> {
    let mut lines = text.lines();
    let mut line = || lines.next().map(str::trim).filter(|line| !line.is_empty());
    Some(Override { at: line()?.parse().ok()?, by: line()?.into(), what: line()?.into(), reason: line()?.into() })
}

/// What is written when that which it waited for is so: everything that stands there, and when.
pub fn with_lifted(posted: &Posted, at: Timestamp) -> Texts {
    let mut texts = posted.texts.clone();
    texts.insert(LIFTED.into(), at.to_string().into());
    texts
}

/// What is written when somebody goes on in spite of it: everything that stands there, and this.
pub fn with_override(posted: &Posted, new: &Override) -> Texts {
    let mut kept = posted.overrides.clone();
    kept.push(new.clone());
    let skipped = kept.len().saturating_sub(OVERRIDES_KEPT);
    let mut texts = posted.texts.clone();
    texts.retain(|name, _| !name.starts_with(OVERRIDE));
    let line = |text: &str| text.replace('\n', " ");
    for (number, it) in kept.iter().skip(skipped).enumerate() {
        let text = format!("{}\n{}\n{}\n{}", it.at, line(&it.by), line(&it.what), line(&it.reason));
        texts.insert(format!("{OVERRIDE}{number:02}").into(), text.into());
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{later, posted};
    use proptest::prelude::*;

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()
    }

    #[test]
    fn by_hand_a_lock_needs_a_format_a_kind_a_reason_and_an_author() {
        let whole = [("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana")];
        let read = lock(&texts(&whole)).unwrap();
        assert_eq!((read.kind, &*read.reason, &*read.author), (LockKind::Freeze, "audit", "ana"));
        assert!(read.services.is_empty() && !read.hard && read.opens == Opens::Released);
        for (missing, _) in whole {
            let rest: Vec<_> = whole.into_iter().filter(|(name, _)| *name != missing).collect();
            assert_eq!(lock(&texts(&rest)).unwrap_err().to_string(), format!("it has no {missing}"));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_in_words() {
        let cases = [
            ("format", "2", "it was written by a newer version of shipdeck (format 2)"),
            ("kind", "pause", "it is a \"pause\", which is no kind of lock"),
            ("until", "tomorrow", "\"tomorrow\" is no time"),
            ("until-condition", "soon", "\"soon\" is no condition"),
            ("window", "always", "\"always\" tells no times"),
        ];
        for (name, text, why) in cases {
            let mut all = texts(&[("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana")]);
            all.insert(name.into(), text.into());
            let found = lock(&all).unwrap_err().to_string();
            assert!(found.starts_with(why), "{found}");
        }
    }

    #[test]
    fn overrides_are_remembered_in_order_and_bounded_whatever_else_is_written_there() {
        let mut it = posted("a1", &[("format", "7"), ("x", "kept")]);
        for number in 0..30 {
            let reason = format!("reason {number}\nof two lines");
            let new = Override { at: later(number), by: "ana".into(), what: "deploy".into(), reason: reason.into() };
            it.texts = with_override(&it, &new);
            it.overrides = overrides(&it.texts);
        }
        assert_eq!(it.overrides.len(), OVERRIDES_KEPT);
        assert_eq!(&*it.overrides[OVERRIDES_KEPT - 1].reason, "reason 29 of two lines");
        assert_eq!(it.texts.get("x").map(|text| &**text), Some("kept"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            kind in 0_usize..3,
            reason in "[a-z]([a-z äß:=,]{0,30}[a-z])?",
            services in proptest::collection::btree_set("[a-z][a-z0-9-]{0,9}", 0..4),
            groups in proptest::collection::btree_set("[a-z][a-z0-9-]{0,9}", 0..3),
            images in proptest::collection::btree_map("[a-z][a-z0-9-]{0,9}", "[a-z]{1,5}(/[a-z]{1,5})?[:@][a-z0-9:]{1,9}", 0..3),
            opens in 0_u8..4,
            window in proptest::bool::ANY,
            hard in proptest::bool::ANY,
            hotfixes in proptest::bool::ANY,
        ) {
            let written = Lock {
                kind: LockKind::ALL[kind],
                reason: reason.as_str().into(),
                author: "ana@mac".into(),
                services: services.iter().map(ServiceId::new).collect(),
                groups: groups.iter().map(GroupId::new).collect(),
                images: images.iter().map(|(service, image)| (ServiceId::new(service), image.as_str().into())).collect(),
                opens: match opens {
                    0 => Opens::Released,
                    1 => Opens::ByAuthor,
                    2 => Opens::At(later(77)),
                    _ => "group a is in b".parse().unwrap(),
                },
                window: window.then(|| "Fri 16:00 - Mon 08:00 UTC".parse().unwrap()),
                hard,
                hotfixes,
            };
            prop_assert_eq!(lock(&data_of(&written)), Ok(written));
        }

        #[test]
        fn what_is_lifted_keeps_everything_else(at in 0_i64..1_000) {
            let it = posted("a1", &[("format", "7"), ("x", "kept")]);
            let texts = with_lifted(&it, later(at));
            prop_assert_eq!(texts.get("lifted").and_then(|it| it.parse().ok()), Some(later(at)));
            prop_assert_eq!(texts.len(), it.texts.len() + 1);
        }

        #[test]
        fn no_text_makes_it_panic(all in proptest::collection::btree_map("(format|kind|until|window|override.1)", "[ -~\n]{0,20}", 0..5)) {
            let all: Texts = all.iter().map(|(name, text)| (name.as_str().into(), text.as_str().into())).collect();
            let _ = lock(&all);
            let _ = overrides(&all);
        }
    }
}
