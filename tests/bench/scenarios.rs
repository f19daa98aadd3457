//! One run: a start, rest, change, a flood of log lines.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::terminal::Terminal;
use crate::{objects, process};

/// How long it is watched at rest: every watch has its bookmark in this time.
const REST: Duration = Duration::from_mins(1);

/// One figure and what is aimed at.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) aim: Option<f64>,
}

pub(crate) struct Run {
    server: Server,
    folder: tempfile::TempDir,
    span: Duration,
    figures: Vec<Figure>,
}

impl Run {
    pub(crate) fn new(span: Duration) -> Self {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "shipdeck.toml", &objects::configuration());
        write(folder.path(), "kubeconfig", &objects::kubeconfig(server.port));
        Self { server, folder, span, figures: Vec::new() }
    }

    pub(crate) fn measure(mut self) -> Vec<Figure> {
        let mut terminal = self.start();
        self.rest(&mut terminal);
        self.verdicts(&terminal, "status written to verdict on screen, p95");
        self.change(&mut terminal);
        self.flood(&mut terminal);
        self.figures
    }

    fn add(&mut self, name: &'static str, value: f64, unit: &'static str, aim: Option<f64>) {
        self.figures.push(Figure { name, value, unit, aim });
    }

    fn start(&mut self) -> Terminal {
        let state = std::sync::Arc::clone(&self.server.state);
        let spawned = Instant::now();
        let terminal = Terminal::open(self.folder.path());
        let row = terminal.shows("v7");
        let answered = state.began + Duration::from_micros(state.first_answer.load(Ordering::Relaxed));
        terminal.shows("500 of 500 ready");
        let synced = spawned.elapsed();
        let cpu = process::cpu(terminal.pid());
        std::thread::sleep(Duration::from_secs(2));
        self.add(
            "first row after the API server's answer",
            millis(row.saturating_duration_since(answered)),
            "ms",
            Some(80.0),
        );
        self.add("first row after the start", millis(row.duration_since(spawned)), "ms", None);
        self.add("5,000 pods read", millis(synced), "ms", None);
        self.add("CPU until all are read", cpu * 1_000.0, "ms", Some(1_500.0));
        self.add("resident memory", process::resident(terminal.pid()), "MiB", Some(40.0));
        terminal
    }

    fn rest(&mut self, terminal: &mut Terminal) {
        let floor = keys(terminal);
        self.add("key to paint at rest, p50", floor.0, "ms", None);
        self.add("key to paint at rest, p95", floor.1, "ms", Some(16.0));
        // For two minutes after a key somebody is taken to be looking, and a cluster that is silent is asked meanwhile.
        std::thread::sleep(Duration::from_secs(125));
        terminal.drawn();
        let (cpu, requests) = (process::cpu(terminal.pid()), self.server.state.requests.load(Ordering::Relaxed));
        std::thread::sleep(REST);
        let percent = 100.0 * (process::cpu(terminal.pid()) - cpu) / REST.as_secs_f64();
        let requests = self.server.state.requests.load(Ordering::Relaxed) - requests;
        self.add("CPU at rest", percent, "%", Some(0.1));
        self.add("requests at rest", requests as f64, "", Some(0.0));
        self.add("bytes drawn at rest", terminal.drawn() as f64, "B", Some(0.0));
    }

    /// From a status that is written, as a kubelet does, to the word on the row.
    fn verdicts(&mut self, terminal: &Terminal, name: &'static str) {
        let mut times: Vec<f64> = Vec::new();
        for turn in 0..40 {
            std::thread::sleep(Duration::from_millis(150 + turn * 7 % 100));
            let written = self.server.write_status(turn % 2 == 0, 100_000 + turn);
            let shown = if turn % 2 == 0 { terminal.shows("no image") } else { terminal.hides("no image") };
            times.push(millis(shown.duration_since(written)));
        }
        times.sort_by(f64::total_cmp);
        self.add(name, times[times.len() * 95 / 100], "ms", Some(200.0));
    }

    fn change(&mut self, terminal: &mut Terminal) {
        let churn = self.server.churn(200);
        std::thread::sleep(Duration::from_secs(2));
        let cpu = process::cpu(terminal.pid());
        let began = Instant::now();
        std::thread::sleep(self.span);
        let percent = 100.0 * (process::cpu(terminal.pid()) - cpu) / began.elapsed().as_secs_f64();
        let keys = keys(terminal);
        self.verdicts(terminal, "status written to verdict on screen at 200 changes/s, p95");
        drop(churn);
        self.add("CPU at 200 changes/s", percent, "%", Some(8.0));
        self.add("key to paint at 200 changes/s, p95", keys.1, "ms", Some(16.0));
    }

    fn flood(&mut self, terminal: &mut Terminal) {
        const RATE: u64 = 100_000;
        self.server.state.flood.store(RATE, Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(2));
        let state = std::sync::Arc::clone(&self.server.state);
        let (cpu, lines, began) =
            (process::cpu(terminal.pid()), state.lines_sent.load(Ordering::Relaxed), Instant::now());
        std::thread::sleep(self.span);
        let seconds = began.elapsed().as_secs_f64();
        let rate = (state.lines_sent.load(Ordering::Relaxed) - lines) as f64 / seconds;
        let percent = 100.0 * (process::cpu(terminal.pid()) - cpu) / seconds;
        self.add("log lines/s kept up with (of 100,000 sent)", rate, "/s", Some(RATE as f64));
        self.add("CPU meanwhile", percent, "%", Some(10.0));
        self.add("memory with the log full", process::resident(terminal.pid()), "MiB", Some(136.0));
    }
}

/// Median and 95th percentile of moving up and down.
fn keys(terminal: &mut Terminal) -> (f64, f64) {
    let mut times: Vec<f64> = (0..100)
        .filter_map(|index| {
            std::thread::sleep(Duration::from_millis(30));
            terminal.key_to_paint(if index % 20 < 10 { "j" } else { "k" })
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 95 / 100])
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}
