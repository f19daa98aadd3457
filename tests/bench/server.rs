//! A stand-in for the API server: lists by pages, watches, logs. It answers at once and counts what is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use crate::objects;

/// Length of a log line without its time.
const LINE: usize = 165;
/// How often a watch that is quiet says how far it is, as an API server does.
const BOOKMARK: Duration = Duration::from_mins(1);

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) state: Arc<State>,
    // Ends its tasks when dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

pub(crate) struct State {
    pods: Vec<String>,
    deployments: Vec<String>,
    replica_sets: Vec<String>,
    /// The resource of a line, and the line.
    events: broadcast::Sender<(&'static str, Arc<str>)>,
    pub(crate) requests: AtomicUsize,
    /// When the first page was answered, in microseconds after `began`.
    pub(crate) first_answer: AtomicU64,
    pub(crate) began: Instant,
    /// Lines a second of the next log stream that asks; it is taken by one.
    pub(crate) flood: AtomicU64,
    flooding: AtomicBool,
    pub(crate) lines_sent: AtomicU64,
}

impl Server {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = objects::DEPLOYMENTS;
        let state = Arc::new(State {
            pods: (0..count * objects::PODS_EACH).map(|number| objects::pod(number, 1_000).to_string()).collect(),
            deployments: (0..count).map(|index| objects::deployment(index).to_string()).collect(),
            replica_sets: (0..count).map(|index| objects::replica_set(index).to_string()).collect(),
            events: broadcast::Sender::new(4_096),
            requests: AtomicUsize::new(0),
            first_answer: AtomicU64::new(0),
            began: Instant::now(),
            flood: AtomicU64::new(0),
            flooding: AtomicBool::new(false),
            lines_sent: AtomicU64::new(0),
        });
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, runtime: Some(runtime) }
    }

    /// Writes a status: the first service cannot pull its image, or is well. The version is higher each time.
    pub(crate) fn write_status(&self, fails: bool, version: u64) -> Instant {
        let line = |object: serde_json::Value| format!("{{\"type\":\"MODIFIED\",\"object\":{object}}}\n").into();
        let deployment = line(objects::deployment_with(0, version, !fails));
        let pod = line(objects::pod_that_pulls(0, version, !fails));
        let written = Instant::now();
        let _ = self.state.events.send(("deployments", deployment));
        let _ = self.state.events.send(("pods", pod));
        written
    }

    /// Changes pods, one after the other, so many times a second; ends when dropped.
    pub(crate) fn churn(&self, per_second: u32) -> Churn {
        let state = Arc::clone(&self.state);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let mut sent: u32 = 0;
            while !stopped.load(Ordering::Relaxed) {
                while f64::from(sent) < began.elapsed().as_secs_f64() * f64::from(per_second) {
                    let number = (sent as usize * 7) % state.pods.len();
                    let object = objects::pod(number, 2_000 + u64::from(sent));
                    let line = format!("{{\"type\":\"MODIFIED\",\"object\":{object}}}\n");
                    let _ = state.events.send(("pods", line.into()));
                    sent += 1;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Churn { stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) struct Churn {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut head = String::new();
        loop {
            let before = head.len();
            match read.read_line(&mut head).await {
                Ok(0) | Err(_) => return,
                Ok(_) if head[before..].trim().is_empty() => break,
                Ok(_) => {}
            }
        }
        state.requests.fetch_add(1, Ordering::Relaxed);
        let target = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let answered = if query.contains("watch=true") {
            watch(&mut write, &state, path).await
        } else if path.ends_with("/log") {
            log(&mut write, &state).await
        } else {
            list(&mut write, &state, path, query).await
        };
        if answered.is_err() {
            return;
        }
    }
}

type Out = tokio::net::tcp::OwnedWriteHalf;

async fn list(write: &mut Out, state: &State, path: &str, query: &str) -> std::io::Result<()> {
    let items: &[String] = match path.rsplit('/').next().unwrap_or_default() {
        "pods" => &state.pods,
        "deployments" => &state.deployments,
        "replicasets" => &state.replica_sets,
        _ => &[],
    };
    let number =
        |key: &str| query.split('&').find_map(|part| part.strip_prefix(key)?.strip_prefix('=')?.parse::<usize>().ok());
    let from = number("continue").unwrap_or(0).min(items.len());
    let to = (from + number("limit").unwrap_or(items.len())).min(items.len());
    let next = if to < items.len() { format!(",\"continue\":\"{to}\"") } else { String::new() };
    let body = format!(
        "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{{\"resourceVersion\":\"1000\"{next}}},\"items\":[{}]}}",
        items[from..to].join(",")
    );
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    write.write_all(head.as_bytes()).await?;
    write.write_all(body.as_bytes()).await?;
    if path.ends_with("/deployments") && from == 0 {
        let at = u64::try_from(state.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let _ = state.first_answer.compare_exchange(0, at, Ordering::Relaxed, Ordering::Relaxed);
    }
    Ok(())
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

async fn chunk(write: &mut Out, bytes: &[u8]) -> std::io::Result<()> {
    write.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
    write.write_all(bytes).await?;
    write.write_all(b"\r\n").await
}

async fn watch(write: &mut Out, state: &State, path: &str) -> std::io::Result<()> {
    write.write_all(STREAM.as_bytes()).await?;
    let mut events = state.events.subscribe();
    let mut bookmarks = tokio::time::interval(BOOKMARK);
    bookmarks.tick().await;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = bookmarks.tick() => {
                chunk(write, objects::bookmark().as_bytes()).await?;
                continue;
            }
        };
        match event {
            Ok((resource, line)) if path.ends_with(resource) => chunk(write, line.as_bytes()).await?,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return Ok(()),
        }
    }
}

async fn log(write: &mut Out, state: &State) -> std::io::Result<()> {
    write.write_all(STREAM.as_bytes()).await?;
    let text = "x".repeat(LINE);
    loop {
        let rate = state.flood.load(Ordering::Relaxed);
        if rate > 0 && !state.flooding.swap(true, Ordering::Relaxed) {
            let ended = flood(write, state, rate, &text).await;
            // A stream that its reader closed long ago notices only now: the next one takes the flood.
            state.flooding.store(false, Ordering::Relaxed);
            return ended;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends lines at a rate until nobody reads them any more.
async fn flood(write: &mut Out, state: &State, rate: u64, text: &str) -> std::io::Result<()> {
    let began = Instant::now();
    let mut sent: u64 = 0;
    loop {
        let due = (began.elapsed().as_secs_f64() * rate as f64) as u64;
        let mut batch = String::new();
        let before = sent;
        while sent < due && batch.len() < 200_000 {
            let (seconds, nanos) = (sent / 1_000_000, (sent % 1_000_000) * 1_000);
            let (minute, second) = ((seconds / 60) % 60, seconds % 60);
            batch.push_str(&format!("2026-11-24T10:{minute:02}:{second:02}.{nanos:09}Z {text}\n"));
            sent += 1;
        }
        if sent > before {
            chunk(write, batch.as_bytes()).await?;
            state.lines_sent.fetch_add(sent - before, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
