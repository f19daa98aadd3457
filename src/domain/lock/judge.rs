//! What stands in the way of an attempt: one pure function for every moment in which it is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Condition, Lock, Opens, Passes, Posted};
use crate::domain::ids::{EnvId, GroupId, ServiceId};

/// What is attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Something new goes out: a deploy or a promotion.
    Forward,
    RollBack,
}

/// An attempt to change one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub env: EnvId,
    pub service: ServiceId,
    /// The groups that it is in.
    pub groups: BTreeSet<GroupId>,
    /// What it is to run; none: whatever it may be.
    pub image: Option<Arc<str>>,
    pub act: Act,
    pub passes: Passes,
    /// Conditions that hold now.
    pub fulfilled: Vec<Condition>,
}

/// Why a lock does not bar an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It covers other services.
    OtherService,
    /// It bars another image of the service.
    OtherImage,
    /// What it waited for was so once, and that was written down.
    Lifted,
    /// Its time is over.
    Expired,
    /// What it waited for is so.
    Fulfilled,
    /// It bars at other times only.
    OutsideItsTimes,
    /// It waits for this very service to go out here.
    Awaited,
    /// A roll back passes what is not hard.
    RollBack,
    /// It lets hotfixes pass.
    Hotfix,
    Overridden,
}

/// A lock that bars an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub lock: Posted,
    /// When it opens by itself, where a clock says that.
    pub opens_at: Option<Timestamp>,
}

/// The locks that bar the attempt: those that open soonest first, and those that open only by somebody's hand after them.
pub fn bars<'a>(locks: impl IntoIterator<Item = &'a Posted>, attempt: &Attempt, now: Timestamp) -> Vec<Bar> {
    let mut found: Vec<Bar> = locks
        .into_iter()
        .filter(|posted| pass(posted, attempt, now).is_none())
        .map(|posted| Bar {
            lock: posted.clone(),
            opens_at: posted.lock.as_ref().ok().and_then(|lock| lock.opens_at(now)),
        })
        .collect();
    found.sort_by_key(|bar| (bar.opens_at.is_none(), bar.opens_at, bar.lock.since, bar.lock.id.clone()));
    found
}

/// Why the lock does not bar the attempt; none: it does.
fn pass(posted: &Posted, attempt: &Attempt, now: Timestamp) -> Option<Pass> {
    if attempt.passes.overridden.contains(&posted.id) {
        return Some(Pass::Overridden);
    }
    if posted.lifted.is_some() {
        return Some(Pass::Lifted);
    }
    // What cannot be read bars everything.
    posted.lock.as_ref().ok().and_then(|lock| ended(lock, attempt, now).or_else(|| lets(lock, attempt, now)))
}

/// It is over, whatever is attempted.
fn ended(lock: &Lock, attempt: &Attempt, now: Timestamp) -> Option<Pass> {
    match &lock.opens {
        Opens::At(end) if *end <= now => Some(Pass::Expired),
        Opens::When(condition) if attempt.fulfilled.contains(condition) => Some(Pass::Fulfilled),
        _ => None,
    }
}

/// It stands, and lets this attempt pass.
fn lets(lock: &Lock, attempt: &Attempt, now: Timestamp) -> Option<Pass> {
    if !lock.covers(&attempt.service, &attempt.groups) {
        return Some(Pass::OtherService);
    }
    if !lock.images.is_empty() && !lock.bars_image(&attempt.service, attempt.image.as_deref()) {
        return Some(Pass::OtherImage);
    }
    if lock.window.as_ref().is_some_and(|window| window.ends(now).is_none()) {
        return Some(Pass::OutsideItsTimes);
    }
    if let Opens::When(Condition::GroupIn { group, env }) = &lock.opens
        && *env == attempt.env
        && attempt.groups.contains(group)
    {
        return Some(Pass::Awaited);
    }
    match attempt.act {
        Act::RollBack if !lock.hard => Some(Pass::RollBack),
        Act::Forward if lock.hotfixes && attempt.passes.hotfix => Some(Pass::Hotfix),
        Act::RollBack | Act::Forward => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::{later, posted};
    use crate::domain::ids::LockId;
    use crate::domain::lock::LockKind;
    use proptest::prelude::*;

    fn freeze(more: &[(&str, &str)]) -> Posted {
        let mut all = vec![("format", "1"), ("kind", "freeze"), ("reason", "audit"), ("author", "ana@mac")];
        all.extend(more);
        posted("a1", &all)
    }

    fn attempt() -> Attempt {
        Attempt {
            env: EnvId::new("staging"),
            service: ServiceId::new("auth"),
            groups: BTreeSet::from([GroupId::new("login")]),
            image: None,
            act: Act::Forward,
            passes: Passes::default(),
            fulfilled: Vec::new(),
        }
    }

    fn passes(lock: &Posted, attempt: &Attempt) -> Option<Pass> {
        let passes = pass(lock, attempt, later(100));
        assert_eq!(bars([lock], attempt, later(100)).is_empty(), passes.is_some());
        passes
    }

    #[test]
    fn what_was_taken_back_bars_that_image_and_never_its_fix() {
        let hold =
            freeze(&[("kind", "hold"), ("services", "auth cart"), ("images", "auth=shop/auth:v9 cart=shop/cart:v9")]);
        let of = |image: &str| Attempt { image: Some(image.into()), ..attempt() };
        assert_eq!(passes(&hold, &of("shop/auth:v9")), None);
        assert_eq!(passes(&hold, &of(&format!("shop/auth:v9@sha256:{}", "0".repeat(64)))), None, "the same tag");
        assert_eq!(passes(&hold, &of("shop/auth:v10")), Some(Pass::OtherImage));
        assert_eq!(passes(&hold, &attempt()), Some(Pass::OtherImage), "nobody knows yet what is to go out");
        let back = Attempt { act: Act::RollBack, ..of("shop/auth:v9") };
        assert_eq!(passes(&hold, &back), Some(Pass::RollBack));
        let broken = freeze(&[("kind", "hold"), ("services", "auth"), ("images", "auth")]);
        assert_eq!(passes(&broken, &of("shop/auth:v10")), None, "what cannot be read bars everything");
    }

    #[test]
    fn a_freeze_bars_what_goes_forward_in_its_environment() {
        assert_eq!(passes(&freeze(&[]), &attempt()), None);
    }

    #[test]
    fn what_names_services_bars_only_those() {
        assert_eq!(passes(&freeze(&[("services", "cart")]), &attempt()), Some(Pass::OtherService));
        assert_eq!(passes(&freeze(&[("services", "cart auth")]), &attempt()), None);
    }

    #[test]
    fn what_names_a_group_bars_its_services_and_no_others() {
        assert_eq!(passes(&freeze(&[("groups", "login")]), &attempt()), None);
        assert_eq!(passes(&freeze(&[("groups", "checkout")]), &attempt()), Some(Pass::OtherService));
        assert_eq!(passes(&freeze(&[("groups", "checkout"), ("services", "auth")]), &attempt()), None);
    }

    #[test]
    fn what_was_lifted_once_stays_open_though_its_condition_holds_no_more() {
        let more = [("until-condition", "group checkout is in production"), ("lifted", "2026-01-01T00:00:00Z")];
        assert_eq!(passes(&freeze(&more), &attempt()), Some(Pass::Lifted));
        // What cannot be read as a time lifts nothing.
        assert_eq!(passes(&freeze(&[more[0], ("lifted", "yes")]), &attempt()), None);
    }

    #[test]
    fn of_many_that_stand_each_is_released_by_itself() {
        let of = |id: &str| Posted { id: LockId::new(id), ..freeze(&[]) };
        let all = [of("a"), of("b"), of("c")];
        assert_eq!(bars(&all, &attempt(), later(100)).len(), 3);
        let left: Vec<_> = bars([&all[0], &all[2]], &attempt(), later(100)).into_iter().map(|it| it.lock.id).collect();
        assert_eq!(left, [LockId::new("a"), LockId::new("c")]);
    }

    #[test]
    fn a_hotfix_that_is_a_roll_back_too_still_respects_a_hard_lock() {
        let hard = freeze(&[("hard", "true")]);
        let back = Attempt { act: Act::RollBack, passes: Passes { hotfix: true, ..Passes::default() }, ..attempt() };
        assert_eq!(passes(&hard, &back), None);
        let fix = Attempt { act: Act::Forward, ..back };
        assert_eq!(passes(&freeze(&[("hard", "true"), ("hotfixes", "true")]), &fix), Some(Pass::Hotfix));
    }

    #[test]
    fn a_lock_whose_time_is_over_bars_nothing_from_that_very_moment() {
        let until = |second| freeze(&[("until", &later(second).to_string())]);
        assert_eq!(passes(&until(101), &attempt()), None);
        assert_eq!(passes(&until(100), &attempt()), Some(Pass::Expired));
    }

    #[test]
    fn what_waits_for_something_opens_when_it_is_so() {
        let lock = freeze(&[("until-condition", "group checkout is in production")]);
        assert_eq!(passes(&lock, &attempt()), None);
        let Ok(Opens::When(condition)) = "group checkout is in production".parse() else { panic!("a condition") };
        let fulfilled = Attempt { fulfilled: vec![condition], ..attempt() };
        assert_eq!(passes(&lock, &fulfilled), Some(Pass::Fulfilled));
    }

    #[test]
    fn what_waits_for_a_group_lets_that_group_pass_where_it_waits_for_it() {
        assert_eq!(
            passes(&freeze(&[("until-condition", "group login is in staging")]), &attempt()),
            Some(Pass::Awaited)
        );
        assert_eq!(passes(&freeze(&[("until-condition", "group login is in production")]), &attempt()), None);
    }

    #[test]
    fn outside_of_its_times_it_bars_nothing() {
        let now = later(100);
        let hour = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).strftime("%H:00").to_string();
        let window = |from, to| freeze(&[("window", &format!("daily {} - {} UTC", hour(from), hour(to)))]);
        assert_eq!(passes(&window(-1, 2), &attempt()), None);
        assert_eq!(passes(&window(2, 3), &attempt()), Some(Pass::OutsideItsTimes));
    }

    #[test]
    fn a_roll_back_passes_unless_the_lock_is_hard() {
        let back = Attempt { act: Act::RollBack, ..attempt() };
        assert_eq!(passes(&freeze(&[]), &back), Some(Pass::RollBack));
        assert_eq!(passes(&freeze(&[("hard", "true")]), &back), None);
    }

    #[test]
    fn a_hotfix_passes_where_the_lock_says_so() {
        let fix = Attempt { passes: Passes { hotfix: true, ..Passes::default() }, ..attempt() };
        assert_eq!(passes(&freeze(&[("hotfixes", "true")]), &fix), Some(Pass::Hotfix));
        assert_eq!(passes(&freeze(&[]), &fix), None);
        assert_eq!(passes(&freeze(&[("hotfixes", "true")]), &attempt()), None);
    }

    #[test]
    fn an_override_passes_the_lock_that_it_names_and_no_other() {
        let mut over = attempt();
        over.passes.overridden.insert(LockId::new("a1"));
        assert_eq!(passes(&freeze(&[("hard", "true")]), &over), Some(Pass::Overridden));
        let other = posted("b2", &[("format", "1")]);
        assert_eq!(passes(&other, &over), None);
    }

    #[test]
    fn what_cannot_be_read_bars_everything_even_a_roll_back() {
        for act in [Act::Forward, Act::RollBack] {
            let attempt = Attempt { act, passes: Passes { hotfix: true, ..Passes::default() }, ..attempt() };
            assert_eq!(passes(&freeze(&[("format", "2")]), &attempt), None);
        }
    }

    #[test]
    fn what_opens_soonest_is_told_first_and_what_needs_a_hand_last() {
        let until = |id: &str, second| {
            let mut it = freeze(&[("until", &later(second).to_string())]);
            it.id = LockId::new(id);
            it
        };
        let mut hand = freeze(&[]);
        hand.id = LockId::new("hand");
        let locks = [hand, until("late", 900), until("soon", 300)];
        let found: Vec<_> = bars(&locks, &attempt(), later(100)).into_iter().map(|bar| bar.lock.id).collect();
        assert_eq!(found, [LockId::new("soon"), LockId::new("late"), LockId::new("hand")]);
    }

    proptest! {
        /// Locks only ever add up: one more never opens anything, and what bars is always one that stands.
        #[test]
        fn one_more_lock_never_opens_anything(
            kinds in proptest::collection::vec((0_usize..3, 0_i64..200, any::<bool>(), any::<bool>()), 1..6),
            back in any::<bool>(),
            hotfix in any::<bool>(),
        ) {
            let locks: Vec<Posted> = kinds.iter().enumerate().map(|(number, (kind, until, hard, hotfixes))| {
                let mut it = freeze(&[
                    ("kind", LockKind::ALL[*kind].as_str()),
                    ("until", &later(*until).to_string()),
                    ("hard", if *hard { "true" } else { "" }),
                    ("hotfixes", if *hotfixes { "true" } else { "" }),
                ]);
                it.id = LockId::new(format!("l{number}"));
                it
            }).collect();
            let attempt = Attempt { act: if back { Act::RollBack } else { Act::Forward }, passes: Passes { hotfix, ..Passes::default() }, ..attempt() };
            let all = bars(&locks, &attempt, later(100));
            let fewer = bars(&locks[1..], &attempt, later(100));
            prop_assert!(fewer.iter().all(|bar| all.contains(bar)));
            prop_assert!(all.iter().all(|bar| bar.opens_at.is_none_or(|at| at > later(100))));
            // Overriding all of them leaves none.
            let overridden = all.iter().map(|bar| bar.lock.id.clone()).collect();
            let over = Attempt { passes: Passes { hotfix, overridden }, ..attempt };
            prop_assert!(bars(&locks, &over, later(100)).is_empty());
        }
    }
}
