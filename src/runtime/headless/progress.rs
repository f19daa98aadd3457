//! How a run goes, on standard error: on a terminal one line for each service, written over while it changes; elsewhere a
//! line for every change.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::mem::{Discriminant, discriminant};

use jiff::{SignedDuration, Timestamp};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::shapes::step_word;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::run::{Hold, Pace, Run, StepRun, StepState};
use crate::domain::verdict::Cause;
use crate::domain::world::Freshness;
use crate::ui;

/// A watch that is opened anew is silent for a moment, which is no news.
const MOMENT: SignedDuration = SignedDuration::from_secs(2);

/// What was told of a run so far.
pub(super) struct Progress {
    /// The lines that stand on the terminal and are written over; none: it is no terminal, or too low.
    drawn: Option<Vec<String>>,
    told: Vec<(ServiceId, String)>,
    /// What a step was told to wait for: counts in it may change often.
    causes: HashSet<(ServiceId, Discriminant<Cause>)>,
    /// What was told of the leases.
    hold: Hold,
    sight: Sight,
}

/// Whether the cluster of a run is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Seen,
    /// Not since then, and nothing was told of it yet.
    Missed(Timestamp),
    Told,
}

impl Progress {
    pub(super) fn new(run: &Run) -> Self {
        let poor = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let fits = crossterm::terminal::size().is_ok_and(|(_, rows)| run.steps.len() + 3 < usize::from(rows));
        Self::on(std::io::stderr().is_terminal() && !poor && fits)
    }

    fn on(terminal: bool) -> Self {
        Self {
            drawn: terminal.then(Vec::new),
            told: Vec::new(),
            causes: HashSet::new(),
            hold: Hold::default(),
            sight: Sight::Seen,
        }
    }

    /// What is to be written now.
    pub(super) fn show(&mut self, run: &Run, now: Timestamp) -> String {
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let leases = self.leases(run);
        match &mut self.drawn {
            Some(drawn) => above(drawn, &leases) + &written_over(drawn, lines(run, columns, now)),
            None => leases + &self.changes(run, now),
        }
    }

    /// The cluster goes out of sight, and comes back: told once each, with what helps.
    pub(super) fn sight(&mut self, env: &EnvId, freshness: &Freshness, now: Timestamp) -> String {
        let news = match (self.sight, freshness) {
            (Sight::Seen, Freshness::Stale { .. } | Freshness::Denied { .. }) => {
                self.sight = Sight::Missed(now);
                String::new()
            }
            (Sight::Missed(since), Freshness::Stale { fault, .. } | Freshness::Denied { fault, .. })
                if now.duration_since(since) >= MOMENT =>
            {
                self.sight = Sight::Told;
                let advice = fault.advice();
                format!("{env} is out of sight: {fault}; what is written goes on there\n  {advice}\n")
            }
            (Sight::Missed(_), Freshness::Live) => {
                self.sight = Sight::Seen;
                String::new()
            }
            (Sight::Told, Freshness::Live) => {
                self.sight = Sight::Seen;
                format!("{env} is seen again\n")
            }
            _ => String::new(),
        };
        self.news(&news)
    }

    /// What is told once and stays.
    pub(super) fn news(&mut self, text: &str) -> String {
        match &mut self.drawn {
            Some(drawn) => above(drawn, text),
            None => text.to_owned(),
        }
    }

    /// News of the leases: whom it waits for, and from whom it took over.
    fn leases(&mut self, run: &Run) -> String {
        if self.hold == run.hold {
            return String::new();
        }
        self.hold.clone_from(&run.hold);
        match &run.hold {
            Hold::Held { taken_from, .. } => {
                let line =
                    |(service, from): &(ServiceId, _)| format!("took over {service} from {from}, who left it behind\n");
                taken_from.iter().map(line).collect()
            }
            Hold::Without(why) => format!("goes on without a lease: {why}\n"),
            // What the command ends with says it; whom it waits for is told by who knows what they do.
            Hold::Untaken
            | Hold::Waiting(_)
            | Hold::Refused { .. }
            | Hold::Lost { .. }
            | Hold::Released
            | Hold::Passed { .. } => String::new(),
        }
    }

    /// A line for each step that is in another state, is slower than usual, or whose write does not come through for another
    /// reason.
    fn changes(&mut self, run: &Run, now: Timestamp) -> String {
        let mut text = String::new();
        for step in run.steps.iter().filter(|step| step.started.is_some()) {
            let trouble = step.trouble.as_ref().map(|trouble| format!("is tried again: {}", trouble.fault));
            let slow = run.pace(step, now).filter(|pace| matches!(pace, Pace::Slow { .. }));
            let slow = slow.map(|pace| format!("is {}", ui::pace::of_step(pace)));
            let word = Some(step_word(run, step).to_owned());
            let held_up = held_up(step).filter(|(cause, _)| self.causes.insert((step.service.clone(), *cause)));
            let held_up = held_up.map(|(_, why)| format!("waits: {why}"));
            for news in [word, trouble, slow, ready(step), held_up].into_iter().flatten() {
                let entry = (step.service.clone(), news);
                if !self.told.contains(&entry) {
                    text.push_str(&format!("{} {}\n", entry.0, entry.1));
                    self.told.push(entry);
                }
            }
        }
        text
    }
}

/// How far a step that is watched has come: each count is told once.
fn ready(step: &StepRun) -> Option<String> {
    let progress = step.verdict.as_ref().filter(|_| step.state == StepState::Watching)?.progress;
    (progress.ready > 0).then(|| format!("{} of {} ready", progress.ready, progress.wanted))
}

/// What it waits for, as far as that is known: a pipeline that waits for the deadline says why from the first minute.
fn held_up(step: &StepRun) -> Option<(Discriminant<Cause>, &str)> {
    let verdict = step.verdict.as_ref().filter(|_| step.state == StepState::Watching)?;
    let evidence = verdict.evidence.as_ref()?;
    Some((discriminant(&evidence.cause), &evidence.headline))
}

/// News that stay, in the place of what is written over, which is drawn anew below them.
fn above(drawn: &mut Vec<String>, news: &str) -> String {
    if news.is_empty() || drawn.is_empty() {
        return news.to_owned();
    }
    let up = std::mem::take(drawn).len();
    format!("\x1b[{up}A\r\x1b[J{news}")
}

/// Over the old lines, without a flicker: nothing where nothing has changed.
fn written_over(drawn: &mut Vec<String>, lines: Vec<String>) -> String {
    if *drawn == lines {
        return String::new();
    }
    let mut text = if drawn.is_empty() { String::new() } else { format!("\x1b[{}A", drawn.len()) };
    text.extend(lines.iter().map(|line| format!("\r\x1b[2K{line}\n")));
    *drawn = lines;
    text
}

fn lines(run: &Run, columns: usize, now: Timestamp) -> Vec<String> {
    let width = run.steps.iter().map(|step| step.service.as_str().width()).max().unwrap_or(0);
    let line = |step: &StepRun| {
        let name = step.service.as_str();
        let gap = " ".repeat(width - name.width());
        let line = format!("{name}{gap}  {:9}  {}", step_word(run, step), details(run, step, now));
        // The last column stays free: some terminals begin a new line there.
        cut(line.trim_end(), columns.saturating_sub(1))
    };
    let whole = run.plan.estimate().map(|_known| cut(&ui::pace::of_run(run, now), columns.saturating_sub(1)));
    run.steps.iter().map(line).chain(whole).collect()
}

fn details(run: &Run, step: &StepRun, now: Timestamp) -> String {
    let Some(started) = step.started else { return String::new() };
    let took = ui::span(run.worked(started, step.finished.unwrap_or(now)));
    match (&step.state, &step.verdict, &step.trouble) {
        (StepState::Succeeded, ..) => format!("in {took}"),
        (StepState::Writing, _, Some(trouble)) => format!("{took} · is tried again: {}", trouble.fault),
        (StepState::Watching, Some(verdict), _) => {
            let pods = format!("{} of {} ready", verdict.progress.ready, verdict.progress.wanted);
            let hint = verdict.evidence.as_ref().map_or_else(String::new, |it| format!(" · {}", it.headline));
            let pace = run.pace(step, now).map_or_else(String::new, |pace| format!(" · {}", ui::pace::of_step(pace)));
            format!("{took} · {pods}{pace}{hint}")
        }
        _ => step.why().unwrap_or(took),
    }
}

fn cut(line: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= columns
    };
    line.chars().filter(|c| !c.is_control()).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testkit::Cockpit;
    use crate::domain::verdict::{Evidence, Progress as Progressed, State, Verdict};

    /// A run of three services, and the same some seconds later.
    fn run() -> (Run, Run) {
        let mut cockpit = Cockpit::demo();
        cockpit.press("g<enter>dv9<down>v9<down>v9<enter><enter>");
        let before = cockpit.model.runs[0].clone();
        let mut after = before.clone();
        let step = after.steps.iter_mut().find(|step| step.started.is_some()).unwrap();
        (step.state, step.finished) = (StepState::Succeeded, Some(after.started + jiff::SignedDuration::from_secs(8)));
        (before, after)
    }

    fn screen() -> vt100::Parser {
        let of = |size: u16| size.try_into().unwrap();
        vt100::Parser::new(of(24), of(80), 0)
    }

    #[test]
    fn on_a_terminal_each_service_has_one_line_that_is_written_over() {
        let (before, after) = run();
        let (mut progress, mut screen) = (Progress::on(true), screen());
        let now = after.started + jiff::SignedDuration::from_secs(9);
        for run in [&before, &after] {
            screen.process(progress.show(run, now).replace('\n', "\r\n").as_bytes());
            assert_eq!(progress.show(run, now), "", "nothing is written where nothing has changed");
        }
        let shown = screen.screen().contents();
        assert_eq!(shown.lines().count(), after.steps.len(), "{shown}");
        let done = after.steps.iter().find(|step| step.finished.is_some()).unwrap();
        let line = shown.lines().find(|line| line.starts_with(done.service.as_str())).unwrap();
        assert!(line.contains("succeeded") && line.ends_with("in 8s"), "{line}");
    }

    #[test]
    fn elsewhere_every_change_is_a_line_of_its_own_and_is_told_once() {
        let (before, after) = run();
        let mut progress = Progress::on(false);
        let begun = progress.show(&before, before.started);
        assert!(begun.contains(" writing\n") && !begun.contains('\x1b'), "{begun:?}");
        assert!(progress.show(&after, before.started).ends_with(" succeeded\n"));
        assert_eq!(progress.show(&after, before.started), "");
    }

    #[test]
    fn what_a_service_waits_for_is_told_once_though_the_count_in_it_changes() {
        let (mut run, _) = run();
        let step = run.steps.iter_mut().find(|step| step.started.is_some()).unwrap();
        step.state = StepState::Watching;
        let (service, mut progress) = (step.service.clone(), Progress::on(false));
        let mut told = |ready, headline: &str| {
            let evidence = Evidence {
                cause: Cause::NotReady,
                headline: headline.to_owned(),
                details: Vec::new(),
                pod: None,
                since: None,
                remedy: String::new(),
            };
            let counts = Progressed { wanted: 3, ready, ..Progressed::default() };
            let step = run.steps.iter_mut().find(|step| step.service == service).unwrap();
            step.verdict = Some(Verdict::new(State::Progressing, counts).because(evidence));
            progress.show(&run, run.started)
        };
        assert!(
            told(1, "2 of 3 not ready")
                .ends_with(&format!("{service} 1 of 3 ready\n{service} waits: 2 of 3 not ready\n"))
        );
        assert_eq!(told(2, "1 of 3 not ready"), format!("{service} 2 of 3 ready\n"));
        assert_eq!(told(2, "1 of 3 not ready"), "");
    }

    #[test]
    fn what_is_left_is_told_on_a_terminal_and_what_is_slower_than_usual_everywhere_once() {
        let (mut run, _) = run();
        for step in run.plan.waves.iter_mut().flat_map(|wave| &mut wave.steps) {
            step.estimate = Some(SignedDuration::from_secs(20));
        }
        run.steps.retain(|step| step.wave == 0);
        for step in &mut run.steps {
            step.state = StepState::Watching;
            step.verdict = Some(Verdict::new(State::Progressing, Progressed::default()));
        }
        let later = |seconds| run.started + SignedDuration::from_secs(seconds);
        let service = &run.steps[0].service;
        let shown = |at| {
            let lines = lines(&run, 80, later(at));
            let (first, last) = (&lines[0], &lines[lines.len() - 1]);
            (first.split_once("watching   ").unwrap().1.to_owned(), last.clone())
        };
        let whole = ui::pace::of_plan(&run.plan).unwrap();
        assert_eq!(shown(6), ("6s · 0 of 0 ready · about 10s left".to_owned(), format!("6s of {whole}")));
        assert_eq!(shown(50).0, "50s · 0 of 0 ready · slower than usual (20s)");
        let mut progress = Progress::on(false);
        assert!(!progress.show(&run, later(6)).contains("slower"));
        assert!(progress.show(&run, later(50)).starts_with(&format!("{service} is slower than usual (20s)\n")));
        assert_eq!(progress.show(&run, later(51)), "");
    }

    #[test]
    fn a_cluster_that_is_away_for_more_than_a_moment_is_told_once_and_so_is_its_return() {
        use crate::domain::fault::{Fault, FaultKind};
        use crate::domain::fixtures::later;
        let env = EnvId::new("staging");
        let fault = Fault::new(FaultKind::Unreachable, "no route to host");
        let gone = Freshness::Stale { since: later(0), fault };
        for terminal in [false, true] {
            let mut progress = Progress::on(terminal);
            let mut said = |freshness: &Freshness, second| progress.sight(&env, freshness, later(second));
            assert_eq!(said(&gone, 1) + &said(&gone, 2) + &said(&Freshness::Live, 2), "", "a moment");
            assert_eq!(said(&gone, 10) + &said(&gone, 11), "");
            let told = said(&gone, 12);
            assert!(told.starts_with("staging is out of sight: no route to host; what is written goes on"), "{told}");
            assert!(told.contains("Check the network or VPN"), "{told}");
            assert_eq!(said(&gone, 60), "");
            assert_eq!(said(&Freshness::Live, 61), "staging is seen again\n");
            assert_eq!(said(&Freshness::Live, 62), "");
        }
    }

    #[test]
    fn a_line_never_runs_over_the_edge_and_holds_no_control_characters() {
        assert_eq!(cut("auth 世界\x1b[2J ok", 8), "auth 世");
    }
}
