//! The program as a process: whatever ends it or stops it, the terminal is given back, and nothing secret is written.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use portable_pty::{PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::terminal::Terminal;
use crate::harness::{Home, in_terminal};

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

fn demo(environment: &[(&str, &str)]) -> Terminal {
    let terminal = Terminal::open(&["demo"], environment, (120, 36));
    terminal.shows(&["live", "staging"]);
    terminal
}

/// The letter by which the kernel says what a process does: `T` for stopped.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

fn soon(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn count(bytes: &[u8], wanted: &str) -> usize {
    String::from_utf8_lossy(bytes).matches(wanted).count()
}

const TAKEN: &str = "\x1b[?1049h";
const GIVEN_BACK: &str = "\x1b[?1049l";

#[test]
fn a_signal_that_ends_it_gives_the_terminal_back_and_is_the_exit_code() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let terminal = demo(&[]);
        send(terminal.pid(), signal);
        terminal.ends_with(code);
    }
}

#[test]
fn stopped_it_gives_the_terminal_back_and_continued_it_takes_it_again() {
    let mut terminal = demo(&[]);
    let pid = terminal.pid();
    send(pid, Signal::TSTP);
    soon("it stops", || state(pid) == Some('T'));
    soon("the screen is the shell's", || count(&terminal.written(), GIVEN_BACK) == 1);
    send(pid, Signal::CONT);
    soon("it has the screen again", || count(&terminal.written(), TAKEN) > 1 && terminal.text().contains("staging"));
    terminal.press("?");
    terminal.shows(&["Keys"]);
    send(pid, Signal::TERM);
    terminal.ends_with(143);
}

/// As people do it: the key, the shell's own job control, and back.
#[test]
fn ctrl_z_gives_the_shell_its_screen_and_fg_comes_back_to_the_same_place() {
    let mut terminal = Terminal::shell((120, 36));
    terminal.shows(&["prompt> "]);
    terminal.press("shipdeck demo\r");
    terminal.shows(&["live", "staging"]);
    for round in ["one", "two"] {
        terminal.press("\x1a");
        terminal.becomes("the shell", |text| text.contains("Stopped") && !text.contains("live"));
        terminal.press(&format!("echo round-$((1 + 1))-{round}\r"));
        terminal.shows(&[&format!("round-2-{round}")]);
        terminal.press("fg\r");
        terminal.becomes("the cockpit", |text| text.contains("live") && !text.contains("Stopped"));
        terminal.press("?");
        terminal.shows(&["Keys"]);
        terminal.press("\x1b");
        terminal.becomes("the page below", |text| !text.contains("Keys"));
    }
    terminal.press("q");
    terminal.becomes("the shell", |text| text.contains("prompt> ") && !text.contains("live"));
    terminal.press("echo ended with $?\r");
    terminal.shows(&["ended with 0"]);
}

#[test]
fn a_terminal_that_is_gone_ends_it_in_order() {
    let home = Home::new();
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = home.shipdeck();
    command.arg("demo").env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(in_terminal(&command)).unwrap();
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().unwrap();
    let mut bytes = [0; 4096];
    assert!(output.read(&mut bytes).unwrap() > 0, "it draws");
    drop((output, pair.master));
    let end = Instant::now() + Duration::from_mins(1);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "it goes on without a terminal");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status.exit_code(), 129, "as by a hang-up, whoever notices first");
    let reports = std::fs::read_dir(home.data()).map(Iterator::count).unwrap_or_default();
    assert_eq!(reports, 0, "nothing went wrong that is worth a report");
}

#[test]
fn a_storm_of_sizes_and_keys_leaves_it_well() {
    let mut terminal = demo(&[]);
    for size in [(1, 1), (500, 200), (2, 100), (200, 2), (80, 24), (13, 7), (300, 1), (120, 36)] {
        let before = terminal.written().len();
        terminal.resize(size.0, size.1);
        // Else a busy machine makes one size of several.
        terminal.waits("anything new", || (terminal.written().len() > before).then_some(()));
        // The escape comes last: one that a key follows at once is another chord.
        for keys in ["j4+_\t", "?j\x1b"] {
            terminal.press_at_once(keys);
        }
    }
    // Which pane is large by now is not what counts.
    terminal.shows(&["shipdeck"]);
    terminal.becomes("the page below", |text| !text.contains("Keys"));
    send(terminal.pid(), Signal::TERM);
    terminal.ends_with(143);
}

#[test]
fn without_colours_none_are_sent_and_a_plain_terminal_gets_plain_characters() {
    let terminal = demo(&[("NO_COLOR", "1")]);
    let written = terminal.written();
    assert_eq!(count(&written, "\x1b[38;") + count(&written, "\x1b[48;"), 0);
    for plain in [("TERM", "linux"), ("TERM", "dumb")] {
        let terminal = demo(&[plain]);
        let text = terminal.text();
        assert!(text.is_ascii(), "{plain:?}\n{text}");
    }
}

#[test]
fn a_full_disk_takes_the_log_and_nothing_else() {
    let mut terminal = Terminal::open(&["demo", "--log-file", "/dev/full"], &[], (120, 36));
    terminal.shows(&["live", "staging"]);
    assert_eq!(count(&terminal.written(), "Unable to write"), 0);
    terminal.press("q");
    terminal.ends_with(0);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_told_when_it_is_needed_and_hinders_nothing_else() {
    // The demo keeps what it saves beside other temporary files.
    let mut terminal = demo(&[("TMPDIR", "/dev/null/nowhere")]);
    terminal.press("4");
    // Ctrl-s saves the log.
    terminal.press("\x13");
    terminal.shows(&["is no folder"]);
    terminal.press("\x1b");
    terminal.press("?");
    terminal.shows(&["Keys"]);
    terminal.press("\x1b");
    send(terminal.pid(), Signal::TERM);
    terminal.ends_with(143);
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let output = Home::new().shipdeck().arg("demo").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("needs a terminal") && told.contains("shipdeck status"), "{told}");
}

/// Refuses every request, and gives what the first one said.
fn refusing() -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            // Nobody waits for the later ones, and a client that has left needs no answer.
            let _ = sender.send(head.join("\n"));
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (port, heads)
}

#[test]
fn the_most_talkative_log_tells_what_was_refused_and_never_the_token() {
    let (port, heads) = refusing();
    let home = Home::new();
    let write = |name: &str, text: String| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let kubeconfig = write(
        "kubeconfig",
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{ name: c, cluster: {{ server: 'http://127.0.0.1:{port}' }} }}]\n\
             users: [{{ name: u, user: {{ token: open-sesame }} }}]\n\
             contexts: [{{ name: c, context: {{ cluster: c, user: u }} }}]\n"
        ),
    );
    let environment = "[[environment]]\nname = \"staging\"\nnamespace = \"shop\"\n[[service]]\nname = \"auth\"\n";
    let config = write("shipdeck.toml", environment.to_owned());
    let log = home.path().join("log");
    let mut command = home.shipdeck();
    command.arg("status").arg("--config").arg(&config).arg("--log-file").arg(&log);
    command.env("KUBECONFIG", &kubeconfig).env("SHIPDECK_LOG", "trace").env("API_PASSWORD", "hunter2");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let head = heads.recv_timeout(Duration::from_secs(15)).unwrap();
    assert!(head.contains("open-sesame"), "the session used the token:\n{head}");
    let read = || std::fs::read_to_string(&log).unwrap_or_default();
    soon("what was refused is in the log", || read().contains("watch lost"));
    child.kill().unwrap();
    child.wait().unwrap();
    let log = read();
    assert!(log.contains("403") && log.contains("watch{cluster=c env=staging}:kind{kind=\"pods\"}"), "{log}");
    for secret in ["open-sesame", "hunter2"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
