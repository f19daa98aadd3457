//! A run is killed at every step that is noted of it, and at every image it writes, on the real control plane; another
//! process takes it up. What the API server has seen of the Deployments, in its own order, is held against the rules.
//!
//! The whole sweep is long; a short selection of it is part of every test run (see [`super::survival`]):
//!
//! ```sh
//! cargo test --test it sweep -- --ignored --nocapture
//! ```

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{WatchEvent, WatchParams};
use serde_json::Value;

use crate::harness::{ControlPlane, Headless, Namespace, eventually, workloads};

const SOON: Duration = Duration::from_mins(1);
/// Two waves of two.
const FIRST: [&str; 2] = ["auth", "mail"];
const SECOND: [&str; 2] = ["cart", "web"];
/// So many processes at once, for a machine of two cores.
const AT_ONCE: usize = 4;

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As soon as this version of the document is seen.
    Noted(usize),
    /// As soon as so many images are seen to be written.
    Written(usize),
}

/// One state of a Deployment that the API server told.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    image: String,
    generation: i64,
    /// Everything of it runs the present image.
    complete: bool,
}

fn seen(it: &Deployment) -> Seen {
    let (spec, status) = (it.spec.as_ref().unwrap(), it.status.clone().unwrap_or_default());
    let generation = it.metadata.generation.unwrap();
    let counts = [status.updated_replicas, status.available_replicas, status.replicas];
    Seen {
        name: it.metadata.name.clone().unwrap(),
        image: spec.template.spec.as_ref().unwrap().containers[0].image.clone().unwrap(),
        generation,
        complete: status.observed_generation == Some(generation) && counts.iter().all(|it| *it == spec.replicas),
    }
}

/// A shop whose Deployments are watched from their beginning to the end of the test.
struct Watched<'plane> {
    space: Namespace<'plane>,
    headless: Headless,
    told: Arc<Mutex<Vec<Seen>>>,
}

impl<'plane> Watched<'plane> {
    async fn open(plane: &'plane ControlPlane, prefix: &str) -> Self {
        let space = plane.namespace(prefix).await;
        let told: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (mut stream, into) = (changes::<Deployment>(&space, "").await, Arc::clone(&told));
        tokio::spawn(async move {
            while let Some(it) = stream.next().await {
                into.lock().unwrap().push(seen(&it));
            }
        });
        let mut config = format!("[[environment]]\nname = \"staging\"\nnamespace = \"{}\"\n", space.name);
        for (name, needs) in FIRST.iter().map(|it| (it, vec![])).chain(SECOND.iter().zip([vec!["auth"], vec!["mail"]]))
        {
            space.create::<Deployment>(workloads::deployment(name, &format!("shop/{name}:v1"), 1)).await;
            config += &format!("[[service]]\nname = \"{name}\"\nimage = \"shop/{name}\"\nneeds = {needs:?}\n");
        }
        let watched = Self { headless: Headless::new(&plane.kubeconfig_path(), &config), space, told };
        eventually("all run v1", SOON, async || {
            let told = watched.told.lock().unwrap();
            let runs = |name: &&str| told.iter().rfind(|it| it.name == **name).is_some_and(|it| it.complete);
            FIRST.iter().chain(&SECOND).all(runs).then_some(())
        })
        .await;
        watched
    }

    fn begin(&self, line: &str) -> Child {
        let mut command = self.headless.command(line);
        command.env("USER", "ana").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// The document of the run, as the API server has it.
    async fn kept(&self) -> Vec<Value> {
        let all = self.space.api::<ConfigMap>().list(&kube::api::ListParams::default()).await.unwrap();
        let runs = all.items.into_iter().filter_map(|it| serde_json::from_str(it.data?.get("run")?).ok());
        runs.collect()
    }

    async fn key(&self) -> Option<String> {
        let all = self.space.api::<ConfigMap>().list(&kube::api::ListParams::default()).await.unwrap();
        all.items.into_iter().find_map(|it| Some(it.metadata.name?.strip_prefix("shipdeck-run-")?.to_owned()))
    }

    /// Every image was written once, nothing of the second wave before all of the first ran.
    fn judge(&self, what: &str) {
        let told = self.told.lock().unwrap().clone();
        for name in FIRST.iter().chain(&SECOND) {
            let last = told.iter().rfind(|it| it.name == **name).unwrap();
            let wanted = format!("shop/{name}:v2");
            assert_eq!((&*last.image, last.generation), (&*wanted, 2), "{what}: {name} is written once");
            assert!(last.complete, "{what}: {name} runs");
        }
        let begun = told.iter().position(|it| SECOND.contains(&&*it.name) && it.generation > 1).unwrap();
        for name in FIRST {
            let early = told[..begun].iter().any(|it| it.name == name && it.generation == 2 && it.complete);
            assert!(early, "{what}: the second wave began before {name} ran");
        }
    }
}

/// What the API server tells of one kind, from now on.
async fn changes<K>(space: &Namespace<'_>, labels: &str) -> BoxStream<'static, K>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + 'static,
{
    let stream = space.api::<K>().watch(&WatchParams::default().labels(labels), "0").await.unwrap();
    let objects = stream.try_filter_map(|event| async move {
        Ok(match event {
            WatchEvent::Added(it) | WatchEvent::Modified(it) => Some(it),
            _ => None,
        })
    });
    objects.filter_map(async |it| it.ok()).boxed()
}

/// Lets a deploy run until that moment and no further; none: it ended before.
async fn killed_at(watched: &Watched<'_>, moment: Moment) -> Option<()> {
    let mut documents = changes::<ConfigMap>(&watched.space, "shipdeck.dev/kind=run").await;
    let mut child = watched.begin("deploy --env staging auth=v2 mail=v2 cart=v2 web=v2 --yes");
    let reached = async {
        match moment {
            Moment::Noted(number) => {
                for _ in 0..number {
                    documents.next().await;
                }
            }
            Moment::Written(number) => {
                while watched
                    .told
                    .lock()
                    .unwrap()
                    .iter()
                    .filter(|it| it.generation == 2)
                    .map(|it| &it.name)
                    .collect::<std::collections::BTreeSet<_>>()
                    .len()
                    < number
                {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    };
    let ended = async {
        while child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // What was noted last may be told a moment later.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let reached = tokio::select! {
        biased;
        () = reached => Some(()),
        () = ended => None,
    };
    child.kill().unwrap();
    child.wait().unwrap();
    reached
}

/// Kills it then, has another process take it up, and judges what became of it. What it says is told.
async fn swept(plane: &ControlPlane, moment: Moment) -> String {
    let what = format!("{moment:?}").to_lowercase();
    let watched = Watched::open(plane, &format!("sweep-{}", what.replace(['(', ')'], ""))).await;
    let killed = killed_at(&watched, moment).await;
    let left = watched.kept().await;
    let states = |run: &Value| {
        let steps = run["waves"].as_array().unwrap().iter().flat_map(|wave| wave.as_array().unwrap());
        steps.map(|step| step["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let told = format!("{what}: {}", left.first().map_or_else(|| "nothing noted".to_owned(), states));
    let key = watched.key().await.expect("a run is kept");
    if left[0]["state"] != "succeeded" {
        watched.headless.run(&format!("resume {key} --yes")).await.is(0, "");
    }
    watched.judge(&told);
    assert_eq!(watched.kept().await[0]["state"], "succeeded", "{told}");
    if killed.is_some() { told } else { format!("{told} (it had ended)") }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: kills a run at every step that is noted"]
async fn a_run_of_two_waves_is_killed_at_every_noted_step_and_every_write_and_nothing_is_lost_or_doubled() {
    let Some(plane) = ControlPlane::shared() else { return };
    let watched = Watched::open(plane, "sweep-free").await;
    let mut documents = changes::<ConfigMap>(&watched.space, "shipdeck.dev/kind=run").await;
    let done = watched.headless.run("deploy --env staging auth=v2 mail=v2 cart=v2 web=v2 --yes").await;
    done.is(0, "web succeeded");
    watched.judge("unhindered");
    let mut count = 0;
    while tokio::time::timeout(Duration::from_secs(1), documents.next()).await.is_ok() {
        count += 1;
    }
    assert!(count >= 6, "{count}");
    println!("an unhindered run notes {count} versions");
    let moments = (1..=count).map(Moment::Noted).chain((1..=4).map(Moment::Written));
    let swept = futures::stream::iter(moments.map(|moment| swept(plane, moment))).buffered(AT_ONCE);
    let told: Vec<String> = swept.inspect(|told| println!("{told}")).collect().await;
    println!("{} runs killed and taken up; lost 0, doubled 0", told.len());
}
