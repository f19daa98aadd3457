//! What is written of runs into the log file.

use crate::domain::ids::ServiceId;
use crate::domain::run::{Announcement, Run};

/// For the log file: which run a line belongs to. Reasons stay out of it: they may quote what a program printed.
pub(super) fn trace(run: &Run, news: &Announcement) {
    let (id, env) = (run.id.0, &run.plan.env);
    match news {
        Announcement::StepSucceeded { service, took } => {
            tracing::info!(run = id, %env, %service, ?took, "step succeeded");
        }
        Announcement::StepFailed { service, .. } => tracing::warn!(run = id, %env, %service, "step failed"),
        Announcement::Degraded { service, .. } => tracing::warn!(run = id, %env, %service, "degraded after success"),
        Announcement::WaveDone(wave) => tracing::info!(run = id, %env, wave, "wave done"),
        Announcement::LeftOut { service, how } => {
            tracing::info!(run = id, %env, %service, by = %how.by, reason = %how.reason, "left out");
        }
        Announcement::Halted => tracing::warn!(run = id, %env, "run holds"),
        Announcement::Paused => tracing::info!(run = id, %env, "run paused"),
        Announcement::Succeeded => tracing::info!(run = id, %env, "run succeeded"),
        Announcement::Ended => tracing::info!(run = id, %env, "run ended"),
        Announcement::NotHeld { service, .. } => tracing::warn!(run = id, %env, %service, "lease not held"),
        Announcement::TakenOver { services, .. } => {
            tracing::info!(run = id, %env, services = %listed(services), "leases taken over");
        }
        Announcement::LeaseLost { service, .. } => tracing::warn!(run = id, %env, %service, "lease lost"),
        Announcement::WithoutLeases(_) => tracing::info!(run = id, %env, "run goes on without leases"),
        Announcement::Passed { by, ended } => {
            tracing::warn!(run = id, %env, %by, ended, "run passed to another process");
        }
    }
}

/// Names, one after the other.
pub(super) fn listed(services: &[ServiceId]) -> String {
    services.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(", ")
}
