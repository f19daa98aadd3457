//! What a cluster promises to the program (`ports::cluster`), written once and kept by both worlds: the simulated one,
//! and the real adapter before a real API server. So whatever is shown or tested in the simulated world holds in life.
//!
//! Each promise is a function over a [`World`]; [`contract!`] makes two tests of it, `contract::…::simulated::NAME` and
//! `contract::…::real::NAME`. What only a test can do, a colleague's work or a container's, is a hand of the world.

mod deletions;
mod documents;
mod enforcement;
mod images;
mod leases;
mod logs;
mod reads;
mod tickets;
mod traffic;
mod watches;
mod world;

use std::time::Duration;

pub(crate) use world::World;

/// Makes a test of each promise in each world.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod simulated {
            $(
                #[tokio::test(start_paused = true)]
                async fn $name() {
                    super::$name($crate::contract::World::simulated()).await;
                }
            )+
        }

        mod real {
            $(
                #[tokio::test]
                async fn $name() {
                    let Some(world) = $crate::contract::World::real(stringify!($name)).await else { return };
                    super::$name(world).await;
                }
            )+
        }
    };
}
pub(crate) use contract;

/// Waits on the world's own clock until `look` answers, at most 90 s.
async fn soon<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(90), waited).await;
    found.unwrap_or_else(|_| panic!("not within 90 s: {what}"))
}
