//! Everything that the cockpit knows and shows. One value, owned by the event loop, drawn by reference.

mod boxes;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::input::LineInput;
use super::keeping::Kept;
use super::logs::LogPane;
use super::outages::Outage;
use super::removals::Removal;
use super::rights::Rights;
use super::touch::Drawn;
use crate::actions::keymap::Keymap;
use crate::config::Settings;
use crate::domain::board::Board;
use crate::domain::catalog::Catalog;
use crate::domain::fault::Fault;
use crate::domain::ids::{ClusterId, EnvId, RunId, ServiceId, Uid};
use crate::domain::image::Image;
use crate::domain::lease::who;
use crate::domain::rollout::Reach;
use crate::domain::run::Run;
use crate::domain::steward::Practice;
use crate::domain::verdict::State;
use crate::domain::world::World;

pub use boxes::{
    Answer, Confirm, Confirmed, Entry, EntryDoes, GoesOn, Listing, Overlay, Picker, PickerPurpose, PlanReview, Prompt,
    PromptPurpose, Sign, VersionRow, VersionsForm,
};
pub use pages::{CleanupPage, DeleteResult, Page, RunOf, RunPage, RunRef, RunsPage, Theirs};

/// The whole state of a session.
#[derive(Clone, Debug)]
pub struct Model {
    pub catalog: Catalog,
    pub world: World,
    pub board: Board,
    pub settings: Settings,
    pub keymap: Keymap,
    pub session: Session,
    /// What the last frame showed, for the pointer and for scrolling.
    pub drawn: Drawn,
    pub home: Home,
    /// A full-page screen over home.
    pub page: Option<Page>,
    /// The last one is on top and takes the keys.
    pub overlays: Vec<Overlay>,
    /// Newest last.
    pub runs: Vec<Run>,
    pub logs: LogPane,
    /// Clean-ups under way.
    pub removals: Vec<Removal>,
    pub journal: Journal,
    /// A roll back whose history is being read.
    pub gathering: Option<Gathering>,
}

/// What is known so far about what services ran before.
#[derive(Clone, Debug)]
pub struct Gathering {
    pub env: EnvId,
    pub title: String,
    /// None: not answered yet.
    pub answers: BTreeMap<ServiceId, Option<Result<Image, String>>>,
}

/// Facts about this sitting.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they say nothing about each other")]
pub struct Session {
    /// Set by every message: the only clock there is.
    pub now: Timestamp,
    pub width: u16,
    pub height: u16,
    /// Who acts: the name shown and written into the command log.
    pub user: String,
    /// What the holder of every lease of this session begins with; empty: there is no such session.
    pub identity: Arc<str>,
    /// What the user may do where, as far as it was asked.
    pub rights: Rights,
    /// How those who have services described elsewhere go about it, since a plan was shown last; none: not answered yet.
    pub practices: BTreeMap<(EnvId, ServiceId), Option<Practice>>,
    /// What is known of the Services in front of what the runs of this session change.
    pub reach: BTreeMap<RunId, Reach>,
    /// It looks after what is shared, too: a command that only asks changes nothing by the way.
    pub tends: bool,
    /// Locks of which was written down that they are lifted, or tried to.
    pub lifted: BTreeSet<Uid>,
    /// Runs of this session that the cluster keeps.
    pub kept: BTreeMap<RunId, Kept>,
    /// Runs that were left behind, by their names, of which that was said.
    pub told: BTreeSet<Arc<str>>,
    pub demo: bool,
    /// Where a first configuration would be written.
    pub configuration: Arc<str>,
    /// The folder of what is saved: logs, and what is removed.
    pub data: Arc<str>,
    /// Why nothing may be changed, or none.
    pub read_only: Option<String>,
    /// The welcome of a first start is still shown.
    pub welcome: bool,
    /// Where a first configuration was written in this session: it counts from the next start on.
    pub written: Option<String>,
    pub hidden_namespaces: usize,
    /// Clusters that are out of sight, or were until just now.
    pub outages: BTreeMap<ClusterId, Outage>,
    /// Clusters that could not be discovered, while they cannot.
    pub undiscovered: BTreeMap<ClusterId, Fault>,
    /// When ctrl-c was pressed last.
    pub interrupted: Option<Timestamp>,
    /// When any key was pressed last: rows keep their places while somebody types. The epoch: never yet.
    pub touched: Timestamp,
    /// When somebody did anything last: keys, clicks, the wheel.
    pub looked: Option<Timestamp>,
    /// Clusters that fall silent are to be noticed within seconds.
    pub attentive: bool,
    pub quitting: bool,
    /// Something shown changed since the last frame.
    pub dirty: bool,
    /// Clusters to look around in when nothing is configured; set by whoever composes the
    /// session; none: those of the catalog.
    pub explore: Vec<ClusterId>,
}

/// A pane of the home screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    Environments,
    #[default]
    Services,
    Dependencies,
    Logs,
    /// Everything known of the selected cell; on wide screens.
    Details,
    /// What happened lately; on wide screens.
    Activity,
}

impl Pane {
    pub const ALL: [Self; 6] =
        [Self::Environments, Self::Services, Self::Dependencies, Self::Logs, Self::Details, Self::Activity];
}

/// Order of the services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Trouble,
    Name,
    /// Last change first.
    Change,
    /// By team, and trouble first within it.
    Team,
}

/// The home screen.
#[derive(Clone, Debug, Default)]
pub struct Home {
    pub focus: Pane,
    /// Which of the lower panes is shown where only one fits.
    pub lower: Pane,
    pub zoomed: bool,
    /// The selected cell, by names and never by position.
    pub service: Option<ServiceId>,
    pub env: Option<EnvId>,
    pub marks: BTreeSet<ServiceId>,
    /// The group that the marks came from, while they are exactly it.
    pub group: Option<crate::domain::ids::GroupId>,
    pub sort: Sort,
    /// What is typed into the filter; `filtering` while it is being typed.
    pub filter: LineInput,
    pub filtering: bool,
    /// Only what is marked is shown.
    pub only_marked: bool,
    /// What was selected before the page of a run turned to what it tells of.
    pub left: Option<Box<(Option<EnvId>, Option<ServiceId>)>>,
    /// What was typed for a deploy that did not come to a plan.
    pub draft: Option<Box<VersionsForm>>,
    /// Services in the order of their rows, filter applied: kept by `app::rows`, so that rows hold still while typing.
    pub rows: Vec<ServiceId>,
    /// First visible row and first visible environment; clamped by `update`.
    pub scroll: usize,
    pub env_scroll: usize,
    /// First visible row of the dependency pane, of the details and of the activity.
    pub graph_scroll: usize,
    pub details_scroll: usize,
    pub activity_scroll: usize,
    /// Rows would stand in another order if nobody had typed just now.
    pub unsorted: bool,
    /// When rows were put in order last.
    pub arranged: Option<Timestamp>,
}

/// What happened, for people.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Newest last.
    pub notices: Vec<Notice>,
    /// The commands that would have done what was done, newest last.
    pub commands: Vec<Command>,
    /// Notices up to here were seen.
    pub seen: usize,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub at: Timestamp,
    pub state: State,
    pub title: String,
    /// What to do about it, or how to see more.
    pub detail: String,
    /// Failures stay on screen until seen; others for six seconds.
    pub sticky: bool,
    /// It answers the key that was just pressed: whoever pressed it has read it, and it is no news.
    pub answer: bool,
    /// Not to be shown as a toast (any more).
    pub dismissed: bool,
}

/// A command that would have done the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub at: Timestamp,
    pub text: String,
    /// None while it is under way.
    pub ok: Option<bool>,
}

impl Session {
    /// Who acts, as others read it: `ana@mac`.
    pub fn person(&self) -> Arc<str> {
        match &*self.identity {
            "" => self.user.as_str().into(),
            identity => who(identity).into(),
        }
    }
}

impl Model {
    pub fn new(catalog: Catalog, settings: Settings, keymap: Keymap, now: Timestamp) -> Self {
        let session = Session {
            now,
            width: 80,
            height: 24,
            user: String::new(),
            identity: "".into(),
            rights: Rights::default(),
            tends: true,
            lifted: BTreeSet::new(),
            practices: BTreeMap::new(),
            kept: BTreeMap::new(),
            told: BTreeSet::new(),
            demo: false,
            configuration: "".into(),
            data: "".into(),
            read_only: None,
            welcome: catalog.discovered,
            written: None,
            hidden_namespaces: 0,
            outages: BTreeMap::new(),
            undiscovered: BTreeMap::new(),
            interrupted: None,
            touched: Timestamp::UNIX_EPOCH,
            looked: None,
            reach: BTreeMap::new(),
            attentive: false,
            quitting: false,
            dirty: true,
            explore: Vec::new(),
        };
        Self {
            catalog,
            world: World::default(),
            board: Board::default(),
            settings,
            keymap,
            session,
            drawn: Drawn::default(),
            home: Home { lower: Pane::Logs, ..Home::default() },
            page: None,
            overlays: Vec::new(),
            runs: Vec::new(),
            logs: LogPane::default(),
            removals: Vec::new(),
            journal: Journal::default(),
            gathering: None,
        }
    }

    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    pub fn run_mut(&mut self, id: RunId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == id)
    }

    /// The run that is under way, newest first.
    pub fn active_run(&self) -> Option<&Run> {
        self.runs.iter().rev().find(|run| !run.state.is_over())
    }
}
