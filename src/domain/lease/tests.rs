//! Leases told as stories, and holders that race, stop and lose answers, against a record that is only ever swapped.

mod in_line;
mod race;

use proptest::prelude::*;

use super::*;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::fixtures::START;

fn seconds(number: u64) -> Mono {
    Duration::from_secs(number)
}

/// What an API server does with one lease and one workload.
#[derive(Default)]
struct Server {
    lease: Option<Stored>,
    fence: Option<u32>,
    versions: u32,
    /// Tokens of the writes that went through, in order.
    written: Vec<u32>,
    /// Highest token whose stamp was answered to its holder.
    answered: u32,
}

impl Server {
    fn obey(&mut self, command: &Command) -> Answer {
        match command {
            Command::Look => Answer::Look(Ok(Look { lease: self.lease.clone(), fence: self.fence })),
            Command::Put(put) => Answer::Put(self.put(put)),
            Command::Stamp(token) => Answer::Stamp(Ok(self.stamp(*token))),
        }
    }

    fn put(&mut self, put: &Put) -> Result<Stored, Fault> {
        let there = self.lease.as_ref().map(|stored| (stored.uid.clone(), Arc::clone(&stored.version)));
        if there != put.over {
            return Err(Fault::new(FaultKind::Conflict, "it was changed"));
        }
        self.versions += 1;
        let uid = there.map_or_else(|| Uid::new(format!("uid-{}", self.versions)), |(uid, _)| uid);
        let stored = Stored { uid, version: self.versions.to_string().into(), record: put.record.clone() };
        self.lease = Some(stored.clone());
        Ok(stored)
    }

    fn stamp(&mut self, token: u32) -> Stamped {
        match self.fence {
            Some(fence) if fence >= token => Stamped::Ahead(fence),
            _ => {
                self.fence = Some(token);
                Stamped::Done
            }
        }
    }

    fn write(&mut self, token: u32) -> bool {
        let passes = self.fence == Some(token);
        if passes {
            self.written.push(token);
        }
        passes
    }
}

/// A lease that is asked for, with a server that always answers.
struct Story {
    server: Server,
    now: Mono,
}

impl Story {
    fn new() -> Self {
        Self { server: Server::default(), now: seconds(1_000) }
    }

    fn tenure(who: &str, patience: Patience) -> Tenure {
        Tenure::new(format!("{who}@mac/1/{who}"), patience)
    }

    /// Does everything that is due now.
    fn settle(&mut self, tenure: &mut Tenure) {
        while let Next::Do(command) = tenure.next(self.now, START) {
            let answer = self.server.obey(&command);
            tenure.take(answer, self.now, self.now);
        }
    }

    /// Lets time pass, second by second.
    fn pass(&mut self, number: u64, tenures: &mut [&mut Tenure]) {
        for _ in 0..number {
            self.now += seconds(1);
            for tenure in tenures.iter_mut() {
                self.settle(tenure);
            }
        }
    }

    fn held_by(&mut self, who: &str) -> Tenure {
        let mut tenure = Self::tenure(who, Patience::None);
        self.settle(&mut tenure);
        assert!(matches!(tenure.standing(), Standing::Held { .. }), "{:?}", tenure.standing());
        tenure
    }
}

fn theirs(tenure: &Tenure) -> Option<(String, bool)> {
    match tenure.standing() {
        Standing::Ended(Ending::Theirs { by, sign }) => Some((by.to_string(), sign == LifeSign::Silent)),
        _ => None,
    }
}

fn token(tenure: &Tenure) -> u32 {
    match tenure.standing() {
        Standing::Held { token, .. } => token,
        other => panic!("not held: {other:?}"),
    }
}

#[test]
fn the_second_is_told_by_whom_it_is_held() {
    let mut story = Story::new();
    let _ana = story.held_by("ana");
    let mut bob = Story::tenure("bob", Patience::None);
    story.settle(&mut bob);
    assert_eq!(theirs(&bob), Some(("ana@mac".to_owned(), false)));
}

#[test]
fn the_token_grows_past_the_record_and_the_fence_and_survives_a_release() {
    let mut story = Story::new();
    story.server.fence = Some(41);
    let mut ana = story.held_by("ana");
    assert_eq!((token(&ana), story.server.fence), (42, Some(42)));
    ana.release();
    story.settle(&mut ana);
    assert!(ana.is_over() && story.server.lease.as_ref().unwrap().record.is_free());
    assert_eq!(&*story.server.lease.as_ref().unwrap().record.last, "ana@mac");
    assert_eq!(token(&story.held_by("bob")), 43);
}

#[test]
fn a_record_that_was_deleted_by_hand_does_not_let_the_token_fall() {
    let mut story = Story::new();
    let mut ana = story.held_by("ana");
    story.server.lease = None;
    let bob = story.held_by("bob");
    assert_eq!((token(&ana), token(&bob)), (1, 2));
    story.pass(11, &mut [&mut ana]);
    assert_eq!(ana.standing(), Standing::Ended(Ending::Lost(Loss::TakenBy("bob@mac".into()))));
}

#[test]
fn a_holder_that_is_alive_is_never_taken_over() {
    let mut story = Story::new();
    let mut ana = story.held_by("ana");
    let mut bob = Story::tenure("bob", Patience::Wait);
    story.pass(300, &mut [&mut ana, &mut bob]);
    assert_eq!(bob.standing(), Standing::Waiting(Some("ana@mac".into())));
    let mut eve = Story::tenure("eve", Patience::TakeOver);
    story.pass(60, &mut [&mut ana, &mut eve]);
    assert_eq!(theirs(&eve), Some(("ana@mac".to_owned(), false)));
    ana.release();
    story.pass(3, &mut [&mut ana, &mut bob]);
    assert_eq!(bob.standing(), Standing::Held { token: 2, taken_from: None });
}

#[test]
fn a_silent_holder_is_taken_over_after_a_whole_duration_and_learns_of_it() {
    let mut story = Story::new();
    let mut ana = story.held_by("ana");
    let mut bob = Story::tenure("bob", Patience::TakeOver);
    story.pass(30, &mut [&mut bob]);
    assert!(matches!(bob.standing(), Standing::Waiting(_)));
    story.pass(1, &mut [&mut bob]);
    assert_eq!(bob.standing(), Standing::Held { token: 2, taken_from: Some("ana@mac".into()) });
    // Ana goes on: not one write, and she is told by whom.
    assert!(ana.may_write_until().unwrap() < story.now);
    assert!(!story.server.write(1), "the server refuses what was sent with the old token");
    story.settle(&mut ana);
    assert_eq!(ana.standing(), Standing::Ended(Ending::Lost(Loss::TakenBy("bob@mac".into()))));
}

#[test]
fn what_a_watch_has_seen_unchanged_counts() {
    let mut story = Story::new();
    let _ana = story.held_by("ana");
    let seen = (Arc::clone(&story.server.lease.as_ref().unwrap().version), story.now);
    story.now += seconds(31);
    let mut bob = Story::tenure("bob", Patience::None);
    bob.recall(&seen.0, seen.1);
    story.settle(&mut bob);
    assert_eq!(theirs(&bob), Some(("ana@mac".to_owned(), true)), "taking over is asked first");
    let mut bob = Story::tenure("bob", Patience::TakeOver);
    bob.recall(&seen.0, seen.1);
    story.settle(&mut bob);
    assert_eq!(token(&bob), 2);
}

#[test]
fn a_lost_answer_to_the_first_write_is_found_to_have_won() {
    let mut story = Story::new();
    let mut ana = Story::tenure("ana", Patience::None);
    let lost = || Fault::new(FaultKind::Unreachable, "no answer");
    let Next::Do(look) = ana.next(story.now, START) else { panic!("looks first") };
    ana.take(story.server.obey(&look), story.now, story.now);
    let Next::Do(put) = ana.next(story.now, START) else { panic!("then writes") };
    story.server.obey(&put);
    ana.take(Answer::Put(Err(lost())), story.now, story.now);
    story.pass(2, &mut [&mut ana]);
    assert_eq!(token(&ana), 1);
    assert_eq!(ana.may_write_until(), Some(seconds(1_020)), "counted from when the write was sent");
}

#[test]
fn a_stamp_whose_answer_was_lost_is_settled_by_the_next_token() {
    let mut story = Story::new();
    let mut ana = Story::tenure("ana", Patience::None);
    loop {
        let Next::Do(command) = ana.next(story.now, START) else { panic!("stamps at last") };
        let answer = story.server.obey(&command);
        if matches!(command, Command::Stamp(_)) {
            ana.take(Answer::Stamp(Err(Fault::new(FaultKind::Unreachable, "no answer"))), story.now, story.now);
            break;
        }
        ana.take(answer, story.now, story.now);
    }
    story.pass(2, &mut [&mut ana]);
    assert_eq!((token(&ana), story.server.fence), (2, Some(2)));
}

#[test]
fn without_answers_the_holder_stops_writing_before_anybody_may_take_over() {
    let mut story = Story::new();
    let mut ana = story.held_by("ana");
    let began = story.now;
    while story.now < began + seconds(60) {
        story.now += seconds(1);
        if let Next::Do(command) = ana.next(story.now, START) {
            let lost = Fault::new(FaultKind::Unreachable, "no answer");
            let answer = match command {
                Command::Put(_) => Answer::Put(Err(lost)),
                _ => Answer::Look(Err(lost)),
            };
            ana.take(answer, story.now, story.now);
        }
    }
    assert_eq!(ana.may_write_until(), Some(began + seconds(20)));
    // Nobody took it: with the first answer it is hers again.
    story.pass(2, &mut [&mut ana]);
    assert!(ana.may_write_until().unwrap() > story.now);
}

#[test]
fn without_the_right_to_write_leases_it_is_said_so() {
    let mut ana = Story::tenure("ana", Patience::None);
    ana.take(Answer::Look(Ok(Look { lease: None, fence: None })), seconds(1), seconds(1));
    ana.take(Answer::Put(Err(Fault::new(FaultKind::Forbidden, "no right"))), seconds(1), seconds(1));
    assert!(matches!(ana.standing(), Standing::Ended(Ending::Forbidden(_))));
}

#[test]
fn a_record_made_by_hand_blocks_nobody_for_ever() {
    let mut story = Story::new();
    story.held_by("ana");
    let record = &mut story.server.lease.as_mut().unwrap().record;
    (record.duration, record.renewed, record.acquired) = (seconds(86_400 * 365), None, None);
    let mut bob = Story::tenure("bob", Patience::Wait);
    story.pass(301, &mut [&mut bob]);
    assert_eq!(token(&bob), 2);
}

#[test]
fn a_service_with_any_name_has_a_lease_that_may_be_called_so() {
    let name = |service: &str| name_of(&ServiceId::new(service)).to_string();
    assert_eq!(name("checkout-web"), "shipdeck-checkout-web");
    assert!(name("Shop/API_2").starts_with("shipdeck-shop-api-2-"));
    assert_ne!(name("a/b"), name("a_b"));
}
