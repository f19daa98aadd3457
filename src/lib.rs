//! shipdeck: a terminal release cockpit for teams that run many interdependent services on Kubernetes.
//!
//! This page is the map. Read it, then [`domain`], then follow one key and one watch event through the code.
//!
//! # Shape
//!
//! A functional core in an imperative shell, in The Elm Architecture. What the program knows and concludes is pure and
//! lives in [`domain`]; what an operator can do is one table, [`actions::ACTIONS`]; what the cockpit shows is one value,
//! [`app::model::Model`], changed only by [`app::update::update`], which answers with effects as data; [`ui`] draws that
//! value; [`runtime`] owns the only event loop and does what the effects say through the traits in [`ports`], which
//! [`adapters`] implement twice: for real clusters, and for the simulated world of `shipdeck demo`.
//!
//! # Layers
//!
//! Code imports only from layers listed below it; `tests/it/architecture.rs` enforces it.
//!
//! | layer | ours | foreign |
//! |---|---|---|
//! | `runtime`, `cli` | everything | tokio, crossterm, clap |
//! | `adapters::*` | domain, ports | one vendor family each, tokio |
//! | `ui` | domain, actions, config, app | ratatui, unicode-* |
//! | `app` | domain, actions, config, ports (data only) | tui-textarea, nucleo-matcher, regex, serde_json, unicode-* |
//! | `config` | domain, actions, ports (data only), report | serde, toml |
//! | `ports` | domain | futures, async-trait |
//! | `actions` | none | none |
//! | `domain` | none | jiff; serde where a run is written down |
//! | `report` | none | none |
//!
//! What is *not* there matters as much: the domain does not know what time it is; `app` cannot await; `ui` cannot change
//! anything; no Kubernetes type leaves `adapters::kubernetes`; nothing but `runtime::tasks` spawns; nobody styles text
//! outside `ui`; nothing but `adapters::system` reads a clock.
//!
//! # One key
//!
//! A terminal event becomes a [`actions::chord::Chord`] (`runtime::input`), then a [`app::msg::Msg`]. `app::update` finds
//! who is meant (overlay, page, pane, everywhere), `actions::keymap` which action, `app::dispatch` whether it may be done
//! now and what it does. The effects go to `runtime::executor`. If something shown changed, a frame is drawn.
//!
//! # One watch event
//!
//! `adapters::kubernetes::watch` reads it into the few fields we use and sends a [`domain::observed::Change`].
//! [`domain::world::World`] takes it in and says what it touched; only that is judged again by [`domain::rollout`], from
//! the whole current state and never from the event itself. A run under way learns of its new verdict and says what to do
//! next ([`domain::run`]).
//!
//! # Words
//!
//! A *fact* is what was observed; a *verdict* is concluded from facts, with *evidence*; a *fault* is a failed call; a
//! *plan* has *waves* of *steps* and changes nothing; a *run* carries a plan out; a *finding* is a leftover. A *lease*
//! is the right to change a service, held by one run at a time; its *fence* is the number on the workload by which the
//! API server refuses the writes of a former holder ([`domain::lease`]). A *document* is state that a team shares, kept in
//! the cluster; that of a run is written before each step of it, so that the run survives its process
//! ([`domain::run::document`]). A *lock* is what a person puts in the way of
//! changes for a reason, called a freeze or a hold by what is meant ([`domain::lock`]); it *bars* an attempt, and is
//! *overridden* by another reason. A lock is *enforced* where the cluster refuses what it bars to every tool, else
//! *advisory* ([`domain::lock::Force`]). A *steward* has a workload described elsewhere and brings it back to that
//! ([`domain::steward`]).

pub mod actions;
pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod ports;
pub mod report;
pub mod runtime;
pub mod ui;

pub use runtime::run;
