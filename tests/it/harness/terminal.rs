//! shipdeck as its users have it: the real binary in a pseudo-terminal, whose screen a test reads and whose keys it presses.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, MasterPty, PtySize, native_pty_system};

use super::{Home, in_terminal};

/// Long enough for a lease to run out on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// What a program that has ended wrote last may still be on its way.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(crate) const DOWN: &str = "\x1b[B";

/// A terminal with shipdeck in it; dropping it kills the program.
pub(crate) struct Terminal {
    seen: Arc<Mutex<Seen>>,
    keys: Box<dyn Write + Send>,
    child: Mutex<Box<dyn Child + Send + Sync>>,
    pty: Box<dyn MasterPty + Send>,
    home: Home,
}

/// What the program has written: as a screen, and byte by byte for what no screen shows (a copy, a title).
struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

fn size_of(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts shipdeck with these arguments and environment variables on a screen of `size` (columns, rows).
    pub(crate) fn open(arguments: &[&str], environment: &[(&str, &str)], size: (u16, u16)) -> Self {
        let home = Home::new();
        let mut command = home.shipdeck();
        command.args(arguments);
        Self::with(home, command, environment, size)
    }

    /// Starts an interactive shell, from which shipdeck is started as people do it.
    pub(crate) fn shell(size: (u16, u16)) -> Self {
        let home = Home::new();
        let command = home.shell();
        Self::with(home, command, &[], size)
    }

    fn with(home: Home, mut command: Command, environment: &[(&str, &str)], size: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size_of(size.0, size.1)).unwrap();
        command.env("TERM", "xterm-256color");
        // A test may itself run inside tmux, which changes how a copy is written.
        command.env_remove("TMUX");
        // What the machine of a test says of its own terminal is not to be seen here.
        for name in ["COLORTERM", "COLORFGBG", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
            command.env_remove(name);
        }
        command.env("LANG", "C.UTF-8").envs(environment.iter().copied());
        let child = pair.slave.spawn_command(in_terminal(&command)).unwrap();
        let rows = std::num::NonZeroU16::new(size.1).unwrap();
        let columns = std::num::NonZeroU16::new(size.0).unwrap();
        let screen = vt100::Parser::new(rows, columns, 0);
        let seen = Arc::new(Mutex::new(Seen { screen, bytes: Vec::new() }));
        let mut output = pair.master.try_clone_reader().unwrap();
        let writer = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let mut seen = writer.lock().unwrap();
                seen.screen.process(&bytes[..read]);
                seen.bytes.extend_from_slice(&bytes[..read]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { seen, keys, child: Mutex::new(child), pty: pair.master, home }
    }

    /// Whose shipdeck it is.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// What the screen shows now.
    pub(crate) fn text(&self) -> String {
        self.seen.lock().unwrap().screen.screen().contents()
    }

    /// Everything that the program has written to the terminal, control sequences and all.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    /// The program's process id, for signals.
    pub(crate) fn pid(&self) -> u32 {
        self.child.lock().unwrap().process_id().unwrap()
    }

    /// Types these keys and gives the program a moment.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        std::thread::sleep(Duration::from_millis(150));
    }

    /// Types these keys without waiting for anything.
    pub(crate) fn press_at_once(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Makes the terminal larger or smaller.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let size = (std::num::NonZeroU16::new(rows).unwrap(), std::num::NonZeroU16::new(columns).unwrap());
        self.seen.lock().unwrap().screen.screen_mut().set_size(size.0, size.1);
        self.pty.resize(size_of(columns, rows)).unwrap();
    }

    /// Waits until the screen shows every one of these.
    #[track_caller]
    pub(crate) fn shows(&self, wanted: &[&str]) {
        self.becomes(&format!("{wanted:?}"), |text| wanted.iter().all(|part| text.contains(part)));
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn becomes(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        self.waits(what, || wanted(&self.text()).then_some(()));
    }

    /// Waits for the program to end with this code, having given the terminal back.
    #[track_caller]
    pub(crate) fn ends_with(self, code: u32) {
        let status = self.waits("the end", || self.child.lock().unwrap().try_wait().unwrap());
        assert_eq!(status.exit_code(), code, "it ended otherwise:\n{}", self.text());
        let given_back = || (!self.seen.lock().unwrap().screen.screen().alternate_screen()).then_some(());
        self.waits("the terminal given back", given_back);
    }

    /// Waits until there is an answer. A program that has ended will not get any further.
    #[track_caller]
    pub(crate) fn waits<T>(&self, what: &str, answer: impl Fn() -> Option<T>) -> T {
        let mut end = Instant::now() + PATIENCE;
        let mut ended = None;
        loop {
            if let Some(answer) = answer() {
                return answer;
            }
            if ended.is_none() {
                ended = self.child.lock().unwrap().try_wait().unwrap();
                end = if ended.is_some() { end.min(Instant::now() + LAST_WORDS) } else { end };
            }
            let state = ended.as_ref().map_or("it runs".to_owned(), |status| format!("it has ended: {status}"));
            assert!(Instant::now() < end, "never {what} ({state}):\n{}", self.text());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let Ok(child) = self.child.get_mut() else { return };
        let _ = child.kill();
        // Its home goes next, and nothing may be written there afterwards.
        let _ = child.wait();
    }
}
