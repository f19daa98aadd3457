//! Many who want the same services, who come, give up, die and take their time: one at a time, in order, and nobody for ever.

use std::collections::BTreeMap;

use super::super::queue::{Errand, Line, Ticket, ahead, line};
use super::*;

/// A server with the leases of two services, and the line before them.
#[derive(Default)]
struct Place {
    leases: [Server; 2],
    tickets: BTreeMap<Arc<str>, Ticket>,
    versions: u32,
}

impl Place {
    fn put_ticket(&mut self, name: &Arc<str>, put: &Put, errand: &Errand, at: Mono) -> Result<Stored, Fault> {
        let there = self.tickets.get(name);
        if there.map(|it| (it.stored.uid.clone(), Arc::clone(&it.stored.version))) != put.over {
            return Err(Fault::new(FaultKind::Conflict, "it was changed"));
        }
        self.versions += 1;
        let created = there.map_or(START + at, |it| it.created);
        let uid = there.map_or_else(|| Uid::new(format!("ticket-{}", self.versions)), |it| it.stored.uid.clone());
        let stored = Stored { uid, version: self.versions.to_string().into(), record: put.record.clone() };
        let ticket = Ticket { name: Arc::clone(name), created, stored: stored.clone(), errand: errand.clone() };
        self.tickets.insert(Arc::clone(name), ticket);
        Ok(stored)
    }
}

fn lease(index: usize) -> &'static str {
    ["shipdeck-auth", "shipdeck-cart"][index]
}

/// Somebody who wants one service or both, and does what `runtime::leases` does.
struct Person {
    identity: Arc<str>,
    tenures: Vec<(usize, Tenure)>,
    stand: Stand,
    line: Line,
    /// How long the work takes, once everything is held.
    takes: u64,
    done_at: Option<Mono>,
    over: bool,
    dead: bool,
}

impl Person {
    fn new(number: usize, wants: &[usize], takes: u64, first: bool) -> Self {
        let identity: Arc<str> = format!("p{number}@mac/1/{number}").into();
        let tenure = || Tenure::new(Arc::clone(&identity), Patience::Wait);
        Self {
            tenures: wants.iter().map(|index| (*index, tenure())).collect(),
            stand: Stand::new(Arc::clone(&identity), "deploys", first),
            identity,
            line: Line::default(),
            takes,
            done_at: None,
            over: false,
            dead: false,
        }
    }

    fn holds(&self, index: usize, now: Mono) -> bool {
        let held = |tenure: &Tenure| tenure.may_write_until().is_some_and(|until| now <= until);
        self.tenures.iter().any(|(of, tenure)| *of == index && held(tenure))
    }

    fn give_up(&mut self) {
        self.over = true;
        self.tenures.iter_mut().for_each(|(_, tenure)| tenure.release());
    }

    /// Everything that is due. Answers what was won.
    fn act(&mut self, place: &mut Place, now: Mono) -> Vec<usize> {
        let mut won = Vec::new();
        if self.done_at.is_some_and(|at| now >= at) && !self.over {
            self.give_up();
        }
        self.line.read(place.tickets.values().cloned().collect(), |_| None, now);
        for (index, tenure) in &mut self.tenures {
            let seeks = matches!(tenure.standing(), Standing::Seeking | Standing::Waiting(_));
            let ahead = self.line.ahead(lease(*index), &self.identity, self.stand.goes_first(), now);
            tenure.stand(ahead.len());
            while let Next::Do(command) = tenure.next(now, START) {
                let answer = place.leases[*index].obey(&command);
                tenure.take(answer, now, now);
            }
            if seeks && !self.over {
                match tenure.standing() {
                    Standing::Held { .. } => won.push(*index),
                    _ => break,
                }
            }
        }
        let held = |(_, tenure): &(usize, Tenure)| matches!(tenure.standing(), Standing::Held { .. });
        if self.tenures.iter().all(held) {
            self.done_at.get_or_insert(now + seconds(self.takes));
        }
        won
    }

    /// Takes its place in line, moves it or gives it up.
    fn stand(&mut self, place: &mut Place, now: Mono) {
        let waits = self.tenures.iter().find(|(_, tenure)| matches!(tenure.standing(), Standing::Waiting(_)));
        let wish = match waits {
            Some((index, _)) if !self.over => Wish::Wait(lease(*index)),
            _ => Wish::Leave,
        };
        while let (Some(step), _) = self.stand.next(wish, now, START) {
            let name = Arc::clone(self.stand.name());
            match step {
                Move::Put(put, errand) => {
                    let answer = place.put_ticket(&name, &put, &errand, now);
                    self.stand.put_answered(&errand, answer, now, now);
                }
                Move::Remove(..) => {
                    place.tickets.remove(&name);
                    self.stand.removal_answered(Ok(()), now);
                }
                Move::Read => self.stand.read(Ok(self.line.tickets()), now),
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Crowd {
    /// When somebody comes, what they want, how long it takes, whether it goes first.
    comes: Vec<(u8, Vec<usize>, u8, bool)>,
    /// Who dies or gives up, and when.
    ends: Vec<(u8, usize, bool)>,
    /// Shuffles who is first in each second.
    seed: u64,
}

fn crowd() -> impl Strategy<Value = Crowd> {
    let wants = prop_oneof![3 => Just(vec![0]), 1 => Just(vec![1]), 2 => Just(vec![0, 1])];
    let comes = (0u8..60, wants, 0u8..40, prop::bool::weighted(0.1));
    let ends = (0u8..120, 0usize..8, any::<bool>());
    (prop::collection::vec(comes, 1..8), prop::collection::vec(ends, 0..4), any::<u64>())
        .prop_map(|(comes, ends, seed)| Crowd { comes, ends, seed })
}

/// Everybody, and what they share.
struct Scene {
    place: Place,
    people: Vec<Option<Person>>,
}

impl Scene {
    /// Who comes, dies or gives up in this second.
    fn turns(&mut self, crowd: &Crowd, second: u64) {
        for (number, (at, wants, takes, first)) in crowd.comes.iter().enumerate() {
            if u64::from(*at) == second {
                self.people[number] = Some(Person::new(number, wants, u64::from(*takes), *first));
            }
        }
        for (at, number, dies) in &crowd.ends {
            if u64::from(*at) == second
                && let Some(Some(person)) = self.people.get_mut(*number)
            {
                if *dies { person.dead = true } else { person.give_up() }
            }
        }
    }

    /// One of them does what is due. Answers who was overtaken.
    fn act(&mut self, at: usize, now: Mono) -> Option<String> {
        let mut person = self.people[at].take()?;
        let (mut wrong, before) = (None, self.place.tickets.values().cloned().collect::<Vec<_>>());
        for won in if person.dead { Vec::new() } else { person.act(&mut self.place, now) } {
            let record = &self.place.leases[won].lease.as_ref().unwrap().record;
            // From somebody who fell silent whoever has watched them longest takes over, and waits for others only so long.
            if record.taken_from.is_some() {
                continue;
            }
            let there = |it: &&Ticket| {
                let mut others = self.people.iter().flatten().filter(|other| !other.dead && !other.over);
                *it.holder() == person.identity || others.any(|other| other.identity == *it.holder())
            };
            let line = line(before.iter().filter(there), lease(won));
            let ahead = ahead(line, &person.identity, person.stand.goes_first());
            wrong = ahead.first().map(|it| format!("{} overtook {}", person.identity, it.holder()));
        }
        if !person.dead {
            person.stand(&mut self.place, now);
        }
        self.people[at] = Some(person);
        wrong
    }
}

/// Plays it to its end. Answers what went wrong.
fn played(crowd: &Crowd) -> Option<String> {
    let mut scene = Scene { place: Place::default(), people: crowd.comes.iter().map(|_| None).collect() };
    let mut dice = crowd.seed;
    for second in 0..1_500_u64 {
        let now = seconds(1_000 + second);
        scene.turns(crowd, second);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (count, start) = (scene.people.len(), (dice >> 33) as usize);
        for offset in 0..count {
            if let Some(wrong) = scene.act((start + offset) % count, now) {
                return Some(format!("{wrong} at {second} s"));
            }
        }
        for index in 0..2 {
            let holders = scene.people.iter().flatten().filter(|it| it.holds(index, now)).count();
            if holders > 1 {
                return Some(format!("{holders} hold {} at {second} s", lease(index)));
            }
        }
    }
    let mut living = scene.people.iter().flatten().filter(|it| !it.dead);
    let stuck = living.find(|it| !it.over || !it.stand.is_out())?;
    Some(format!("{} never had its turn, or has left its ticket", stuck.identity))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn one_at_a_time_in_the_order_of_the_line_and_everybody_who_lives_has_their_turn(crowd in crowd()) {
        prop_assert_eq!(played(&crowd), None);
    }
}

#[test]
fn when_somebody_before_them_is_found_to_be_gone_those_who_are_left_keep_their_order() {
    let comes = [(0, 0, 0, false), (11, 0, 0, false), (11, 1, 0, false), (10, 1, 39, false), (44, 1, 0, true)];
    let later = [(45, 1, 2, true), (12, 1, 0, false)];
    let comes = comes.into_iter().chain(later).map(|(at, wants, takes, first)| (at, vec![wants], takes, first));
    let crowd = Crowd { comes: comes.collect(), ends: vec![(45, 4, true)], seed: 11_082_306_509_905_420_204 };
    assert_eq!(played(&crowd), None);
}

/// A place that may be written as the answers say.
fn answered(stand: &mut Stand, place: &mut Place, wish: Wish<'_>, now: Mono, may_remove: bool) {
    while let (Some(step), _) = stand.next(wish, now, START) {
        let name = Arc::clone(stand.name());
        match step {
            Move::Put(put, errand) => {
                let answer = place.put_ticket(&name, &put, &errand, now);
                stand.put_answered(&errand, answer, now, now);
            }
            Move::Remove(..) if may_remove => {
                place.tickets.remove(&name);
                stand.removal_answered(Ok(()), now);
            }
            Move::Remove(..) => stand.removal_answered(Err(Fault::new(FaultKind::Forbidden, "no right")), now),
            Move::Read => stand.read(Ok(&place.tickets.values().cloned().collect::<Vec<_>>()), now),
        }
    }
}

#[test]
fn whoever_may_not_remove_a_ticket_gives_it_back_and_can_take_it_again() {
    let (mut stand, mut place) = (Stand::new("ana@mac/1/a", "deploys", false), Place::default());
    for round in 0..2 {
        answered(&mut stand, &mut place, Wish::Wait(lease(0)), seconds(10 + round), false);
        let ticket = place.tickets.values().next().unwrap().clone();
        assert_eq!((&**ticket.holder(), &*ticket.errand.lease), ("ana@mac/1/a", lease(0)));
        answered(&mut stand, &mut place, Wish::Leave, seconds(11 + round), false);
        let mut line = Line::default();
        line.read(place.tickets.values().cloned().collect(), |_| None, seconds(12));
        assert!(stand.is_out() && line.dead(seconds(12)).count() == 1);
        assert!(line.ahead(lease(0), "ben@mac/1/b", false, seconds(12)).is_empty());
    }
}

#[test]
fn a_ticket_is_renewed_moved_and_found_again_after_a_lost_answer_and_refused_only_by_a_missing_right() {
    let (mut stand, mut place) = (Stand::new("ana@mac/1/a", "deploys", false), Place::default());
    let (Some(Move::Put(put, errand)), _) = stand.next(Wish::Wait(lease(0)), seconds(1), START) else {
        panic!("a put")
    };
    // It took effect, and the answer is lost.
    place.put_ticket(&Arc::clone(stand.name()), &put, &errand, seconds(1)).unwrap();
    stand.put_answered(&errand, Err(Fault::new(FaultKind::OutcomeUnknown, "no answer")), seconds(1), seconds(6));
    answered(&mut stand, &mut place, Wish::Wait(lease(0)), seconds(7), true);
    assert!(!stand.is_out() && stand.next(Wish::Leave, seconds(7), START).0.is_none(), "not before a pause");
    answered(&mut stand, &mut place, Wish::Wait(lease(1)), seconds(8), true);
    let at = |place: &Place| place.tickets.values().next().map(|it| (it.errand.lease.to_string(), it.created));
    assert_eq!(at(&place), Some((lease(1).to_owned(), START + seconds(1))), "it has kept its place");
    let version = place.versions;
    answered(&mut stand, &mut place, Wish::Stay, seconds(17), true);
    assert_eq!(place.versions, version);
    answered(&mut stand, &mut place, Wish::Stay, seconds(18), true);
    assert_eq!(place.versions, version + 1, "every ten seconds");
    answered(&mut stand, &mut place, Wish::Leave, seconds(19), true);
    assert!(stand.is_out() && place.tickets.is_empty());
    stand.put_answered(&errand, Err(Fault::new(FaultKind::Forbidden, "no right")), seconds(20), seconds(20));
    assert_eq!(stand.refused(), Some("no right"));
    assert_eq!(stand.next(Wish::Wait(lease(0)), seconds(60), START), (None, None));
}
