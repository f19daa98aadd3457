//! How leases end, in words.

use jiff::Timestamp;

use crate::app::life_signs::by_own_clock;
use crate::domain::ids::ServiceId;
use crate::domain::lease::{Ending, LifeSign, Loss};
use crate::domain::run::Hold;

/// The end of one lease, in words.
pub(super) fn ended(service: &ServiceId, ending: Ending, was_held: bool, now: Timestamp) -> Hold {
    let service = service.clone();
    let why = match ending {
        Ending::Forbidden(fault) => return Hold::Without(fault.message),
        Ending::Theirs { by, sign: LifeSign::Seen } => format!("{by} is deploying it right now"),
        Ending::Theirs { by, sign: LifeSign::Unknown { renewed } } => {
            format!("{by} holds it, {}", by_own_clock(renewed, now))
        }
        Ending::Theirs { by, sign: LifeSign::Silent } => format!("it was left behind by {by}; it can be taken over"),
        Ending::Failed(fault) => fault.message,
        Ending::Lost(loss) => lost(loss),
        Ending::Released => "its lease was given back".to_owned(),
    };
    if was_held { Hold::Lost { service, why } } else { Hold::Refused { service, why } }
}

/// How a lease was lost, in words.
pub(in crate::runtime) fn lost(loss: Loss) -> String {
    match loss {
        Loss::TakenBy(by) => format!("superseded by {by}, who took it over"),
        Loss::Gone => "its lease was removed by somebody".to_owned(),
        Loss::Forbidden(fault) => format!("its lease cannot be kept: {fault}"),
    }
}
