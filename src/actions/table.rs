//! The table of actions. A new row does not compile until `app::dispatch` handles it.

use std::str::FromStr;

/// Where a key means something. An overlay hides its screen; `Global` works everywhere unless text is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Global,
    /// Any list or text that can be moved in.
    Lists,
    Home,
    Logs,
    Run,
    Cleanup,
    Plan,
    /// Text is being typed that has keys of its own beside it: the form of versions, the prompt of the log.
    Form,
}

/// How a key is told to people who look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    Move,
    Find,
    Ask,
    Do,
    LogPane,
    Run,
    Screen,
}

/// Whether an action can change something outside. `Acts` always shows a plan or a confirmation first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    Looks,
    Acts,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub action: Action,
    /// As in the configuration: kebab case.
    pub id: &'static str,
    /// For hints: one or two words.
    pub title: &'static str,
    /// A sentence for help and palette.
    pub help: &'static str,
    pub scope: Scope,
    pub section: Section,
    pub danger: Danger,
    /// Default keys as [`super::chord::Chord`] reads them; the first is shown in hints.
    pub keys: &'static [&'static str],
}

macro_rules! actions {
    ($($(#[doc = $help:literal])+ $name:ident = $id:literal, $title:literal, $scope:ident, $section:ident, $danger:ident, $keys:expr;)+) => {
        /// Everything that an operator can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[doc = $help])+ $name,)+
        }

        /// The table.
        pub const ACTIONS: &[Spec] = &[
            $(Spec {
                action: Action::$name,
                id: $id,
                title: $title,
                help: concat!($($help),+).trim_ascii(),
                scope: Scope::$scope,
                section: Section::$section,
                danger: Danger::$danger,
                keys: &$keys,
            },)+
        ];
    };
}

actions! {
    /// Move up.
    Up = "up", "up", Lists, Move, Looks, ["k", "up"];
    /// Move down.
    Down = "down", "down", Lists, Move, Looks, ["j", "down"];
    /// Move to the environment on the left, or scroll left.
    Left = "left", "left", Lists, Move, Looks, ["h", "left"];
    /// Move to the environment on the right, or scroll right.
    Right = "right", "right", Lists, Move, Looks, ["l", "right"];
    /// Go to the first line.
    Top = "top", "first", Lists, Move, Looks, ["home"];
    /// Go to the last line.
    Bottom = "bottom", "last", Lists, Move, Looks, ["G", "end"];
    /// Move half a page up.
    HalfPageUp = "half-page-up", "half page up", Lists, Move, Looks, ["ctrl-u", "pageup"];
    /// Move half a page down.
    HalfPageDown = "half-page-down", "half page down", Lists, Move, Looks, ["ctrl-d", "pagedown"];
    /// Open what is selected, or go on.
    Enter = "enter", "open", Lists, Move, Looks, ["enter"];
    /// Go back; never quits.
    Back = "back", "back", Global, Move, Looks, ["esc"];
    /// Go back; at home, quit.
    Quit = "quit", "quit", Global, Move, Looks, ["q"];
    /// Stop the thing under way; twice within a second quits.
    Interrupt = "interrupt", "stop", Global, Screen, Looks, ["ctrl-c"];
    /// Give the terminal back to the shell for a while.
    Suspend = "suspend", "suspend", Global, Screen, Looks, ["ctrl-z"];

    /// Focus the environments.
    FocusEnvironments = "focus-environments", "environments", Home, Move, Looks, ["1"];
    /// Focus the services.
    FocusServices = "focus-services", "services", Home, Move, Looks, ["2"];
    /// Focus the dependency graph.
    FocusDependencies = "focus-dependencies", "dependencies", Home, Move, Looks, ["3"];
    /// Focus the logs of the selected cell.
    FocusLogs = "focus-logs", "logs", Home, Move, Looks, ["4"];
    /// Focus the next pane.
    NextPane = "next-pane", "next pane", Home, Move, Looks, ["tab"];
    /// Focus the pane before.
    PreviousPane = "previous-pane", "pane before", Home, Move, Looks, ["shift-tab"];
    /// Let the focused pane fill the screen.
    Enlarge = "enlarge", "enlarge", Home, Screen, Looks, ["+", "="];
    /// Give the other panes their room back.
    Shrink = "shrink", "shrink", Home, Screen, Looks, ["_", "-"];

    /// Filter the services, or the lines of the log.
    Filter = "filter", "filter", Home, Find, Looks, ["/"];
    /// Do anything by its name.
    Palette = "palette", "all", Global, Find, Looks, [":"];
    /// Show every key and every sign.
    Help = "help", "help", Global, Find, Looks, ["?"];
    /// Show what can be done with the selection.
    Menu = "menu", "menu", Home, Find, Looks, ["x"];
    /// Change the order of the services.
    Sort = "sort", "sort", Home, Find, Looks, ["s"];

    /// Show all that is known of the selection.
    Details = "details", "details", Home, Ask, Looks, ["5", "v"];
    /// Say why the selection cannot be deployed, and who can change that.
    Why = "why", "why blocked", Home, Ask, Looks, ["b"];
    /// Show what happened lately, and where.
    Activity = "activity", "activity", Home, Ask, Looks, ["6"];
    /// Show what was done, as commands.
    CommandLog = "command-log", "commands", Global, Ask, Looks, ["@"];
    /// Show errors and notices.
    ErrorLog = "error-log", "errors", Global, Ask, Looks, ["!"];
    /// Show the run under way, of whomever, or the last one.
    ShowRun = "show-run", "run", Home, Ask, Looks, ["R"];
    /// Show all runs: under way, left behind, over; ours and of others.
    Runs = "runs", "runs", Home, Ask, Looks, ["L"];
    /// Show everything that happened: runs, locks, overrides, clean-ups.
    History = "history", "history", Home, Ask, Looks, ["H"];

    /// Choose versions, then see the plan.
    Deploy = "deploy", "deploy", Home, Do, Acts, ["d"];
    /// Bring what runs here to the next environment.
    Promote = "promote", "promote", Home, Do, Acts, ["P"];
    /// Go back to what ran before.
    RollBack = "roll-back", "roll back", Home, Do, Acts, ["r"];
    /// See what is left over and remove it.
    CleanUp = "clean-up", "clean up", Home, Do, Acts, ["c"];
    /// Mark the selected service.
    Mark = "mark", "mark", Home, Do, Looks, ["space"];
    /// Mark the services of a group.
    MarkGroup = "mark-group", "group", Home, Do, Looks, ["g"];
    /// Take all marks away.
    Unmark = "unmark", "unmark all", Home, Do, Looks, ["u"];
    /// Show only what is marked, or all again.
    OnlyMarked = "only-marked", "only marked", Home, Find, Looks, ["m"];
    /// Let nothing new go out to the environment, or to its marked services.
    Freeze = "freeze", "freeze", Home, Do, Acts, ["F"];
    /// Release a lock or a freeze of the environment.
    Unlock = "unlock", "release", Home, Do, Acts, ["U"];
    /// Copy what is selected to the clipboard.
    Copy = "copy", "copy", Home, Do, Looks, ["y"];
    /// Read everything again.
    Refresh = "refresh", "read again", Global, Screen, Looks, ["ctrl-r"];
    /// Write a configuration from what is seen here.
    WriteConfig = "write-config", "make it yours", Home, Do, Acts, ["I"];
    /// Draw the screen again.
    Redraw = "redraw", "draw again", Global, Screen, Looks, ["ctrl-l"];
    /// Change the theme for this session.
    Theme = "theme", "theme", Global, Screen, Looks, ["T"];
    /// Let the terminal have the mouse, or take it back.
    Mouse = "mouse", "mouse", Global, Screen, Looks, ["M"];

    /// Follow the end of the log, or hold the view still.
    LogFollow = "log-follow", "follow", Logs, LogPane, Looks, ["f"];
    /// Search in the log, without hiding lines.
    LogSearch = "log-search", "search", Logs, LogPane, Looks, ["ctrl-f"];
    /// Go to the next match.
    LogNext = "log-next", "next", Logs, LogPane, Looks, ["n"];
    /// Go to the match before.
    LogPrevious = "log-previous", "match before", Logs, LogPane, Looks, ["N"];
    /// Show the container before the last restart.
    LogPreviousContainer = "log-previous-container", "previous", Logs, LogPane, Looks, ["p"];
    /// Choose containers.
    LogContainers = "log-containers", "containers", Logs, LogPane, Looks, ["C"];
    /// Choose how far back to read.
    LogSince = "log-since", "since", Logs, LogPane, Looks, ["S"];
    /// Break long lines, or let them run on.
    LogWrap = "log-wrap", "wrap", Logs, LogPane, Looks, ["w"];
    /// Show the time of each line, or hide it.
    LogTimestamps = "log-timestamps", "times", Logs, LogPane, Looks, ["t"];
    /// Read JSON lines as fields, or show them as they are.
    LogFields = "log-fields", "fields", Logs, LogPane, Looks, ["z"];
    /// Copy all lines that are shown.
    LogCopyAll = "log-copy-all", "copy all", Logs, LogPane, Looks, ["Y"];
    /// Save everything that was received.
    LogSave = "log-save", "save", Logs, LogPane, Looks, ["ctrl-s"];

    /// Hold after this wave, or go on.
    RunPause = "run-pause", "pause after wave", Run, Run, Acts, ["p"];
    /// Try the failed services again.
    RunRetry = "run-retry", "try again", Run, Run, Acts, ["f"];
    /// Put back what this run changed; one under way is aborted first.
    RunRollBack = "run-roll-back", "roll back all", Run, Run, Acts, ["r"];
    /// Go on without the selected service, for a reason that is kept.
    RunLeaveOut = "run-leave-out", "go on without", Run, Run, Acts, ["o"];
    /// Begin nothing more; what was begun goes on.
    RunAbort = "run-abort", "abort", Run, Run, Acts, ["X"];
    /// Go on with a run of somebody else, or with one that is over.
    RunTakeUp = "run-take-up", "take over", Run, Run, Acts, ["t"];
    /// Erase the record of a run: nobody can go on with it or undo it then.
    RunClear = "run-clear", "erase record", Run, Run, Acts, ["D"];
    /// Filter the runs.
    RunsFilter = "runs-filter", "filter", Run, Find, Looks, ["/"];

    /// Mark the selected leftover.
    CleanupMark = "cleanup-mark", "mark", Cleanup, Do, Looks, ["space"];
    /// Mark every leftover of this kind.
    CleanupMarkKind = "cleanup-mark-kind", "mark all of kind", Cleanup, Do, Looks, ["a"];
    /// Filter the leftovers.
    CleanupFilter = "cleanup-filter", "filter", Cleanup, Find, Looks, ["/"];
    /// Show what would be deleted, and delete it after a confirmation.
    CleanupDelete = "cleanup-delete", "delete marked", Cleanup, Do, Acts, ["D"];

    /// Leave the selected service out of the plan.
    PlanLeaveOut = "plan-leave-out", "leave one out", Plan, Do, Looks, ["x"];
    /// Keep only the selected service in the plan.
    PlanOnly = "plan-only", "only this one", Plan, Do, Looks, ["o"];
    /// Hold what a roll back takes back, or let it go out again at once.
    PlanHold = "plan-hold", "hold or not", Plan, Do, Looks, ["n"];
    /// Wait in line for whoever has a service of it, then run it.
    PlanWait = "plan-wait", "wait in line", Plan, Do, Acts, ["w"];
    /// Change the versions again.
    PlanEdit = "plan-edit", "versions", Plan, Do, Looks, ["e"];

    /// Take versions from another environment; filter instead of search.
    Other = "other", "other", Form, Do, Looks, ["tab"];
    /// The same, the other way round.
    OtherBack = "other-back", "other back", Form, Do, Looks, ["shift-tab"];
    /// Write the next version that is known into the field.
    KnownNext = "known-next", "known", Form, Do, Looks, ["ctrl-n"];
    /// Write the version before it into the field.
    KnownPrevious = "known-previous", "known before", Form, Do, Looks, ["ctrl-p"];
}

impl Action {
    /// The row of this action.
    pub fn spec(self) -> &'static Spec {
        // The rows are generated in the order of the variants.
        &ACTIONS[self as usize]
    }
}

/// A text that names no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no action {0:?}")]
pub struct NoAction(pub String);

impl FromStr for Action {
    type Err = NoAction;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        ACTIONS.iter().find(|spec| spec.id == id).map(|spec| spec.action).ok_or_else(|| NoAction(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_kebab_case_and_unique() {
        let ids: BTreeSet<_> = ACTIONS.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), ACTIONS.len());
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')), "{ids:?}");
    }

    #[test]
    fn every_row_stands_where_its_action_says() {
        assert!(ACTIONS.iter().all(|spec| spec.action.spec().id == spec.id));
        assert!(ACTIONS.iter().all(|spec| spec.id.parse() == Ok(spec.action)));
    }

    #[test]
    fn help_is_one_sentence_that_fits() {
        for spec in ACTIONS {
            assert!(spec.help.ends_with('.') && spec.help.len() <= 72 && !spec.help.starts_with(' '), "{}", spec.help);
        }
    }
}
