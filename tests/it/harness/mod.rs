//! A real Kubernetes control plane for tests: etcd, API server, controller manager and scheduler, with kwok as kubelet.
//!
//! A test begins with the plane that all tests of the binary share, and a namespace of its own:
//!
//! ```ignore
//! #[tokio::test]
//! async fn a_release_becomes_ready() {
//!     let Some(plane) = ControlPlane::shared() else { return };
//!     let space = plane.namespace("release").await;
//!     space.create::<Deployment>(workloads::deployment("web", "shop/web:v1", 2)).await;
//!     eventually("web is ready", Duration::from_secs(20), async || {
//!         let web: Deployment = space.get("web").await?;
//!         web.status?.ready_replicas.filter(|ready| *ready == 2)
//!     })
//!     .await;
//! }
//! ```
//!
//! The image's tag says how the pods behave: `tests/control-plane/stages/pod-start.yaml` has the list. Tests that stop
//! or pause processes take a plane for themselves with [`ControlPlane::private`].
//!
//! The planes end with the test process, whatever ends that. With `SHIPDECK_KEEP_CONTROL_PLANE=1` their folders, which
//! have a log for each process, stay in `target/tmp/`.

// A harness offers more than the tests of one day use.
#![allow(dead_code, unused_imports, reason = "helpers for tests to come")]

mod binaries;
pub(crate) mod commands;
mod container_log;
mod credentials;
mod etcd;
mod headless;
mod home;
mod janitor;
mod layout;
mod limits;
mod namespace;
mod objects;
mod plane;
mod processes;
pub(crate) mod shop;
pub(crate) mod terminal;
mod wait;
pub(crate) mod workloads;

pub(crate) use container_log::ContainerLog;
pub(crate) use headless::{Answer, Headless};
pub(crate) use home::{Home, in_terminal};
pub(crate) use limits::Refused;
pub(crate) use namespace::Namespace;
pub(crate) use plane::ControlPlane;
pub(crate) use processes::Process;
pub(crate) use wait::eventually;
