//! shipdeck as its users have it: the real binary in a pseudo-terminal, whose screen a test reads and whose keys it presses.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

pub(crate) const DOWN: &str = "\x1b[B";

/// A terminal with shipdeck in it; dropping it kills the program.
pub(crate) struct Terminal {
    seen: Arc<Mutex<Seen>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    pty: Box<dyn MasterPty + Send>,
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
        Self::with(env!("CARGO_BIN_EXE_shipdeck"), arguments, environment, size)
    }

    /// Starts an interactive shell, from which shipdeck is started as people do it.
    pub(crate) fn shell(size: (u16, u16)) -> Self {
        Self::with("bash", &["--norc", "--noprofile", "-i"], &[("PS1", "prompt> ")], size)
    }

    fn with(program: &str, arguments: &[&str], environment: &[(&str, &str)], size: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size_of(size.0, size.1)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(env!("CARGO_TARGET_TMPDIR"));
        command.env("TERM", "xterm-256color");
        // A test may itself run inside tmux, which changes how a copy is written.
        command.env_remove("TMUX");
        // What the machine of a test says of its own terminal is not to be seen here.
        for name in ["COLORTERM", "COLORFGBG", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
            command.env_remove(name);
        }
        command.env("LANG", "C.UTF-8");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
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
        Self { seen, keys, child, pty: pair.master }
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
        self.child.process_id().unwrap()
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
    pub(crate) fn shows(&self, wanted: &[&str]) {
        self.becomes(&format!("{wanted:?}"), |text| wanted.iter().all(|part| text.contains(part)));
    }

    /// Waits until the screen is as wanted: long enough for a lease to run out on a busy machine.
    pub(crate) fn becomes(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let end = Instant::now() + Duration::from_secs(90);
        loop {
            let text = self.text();
            if wanted(&text) {
                return;
            }
            assert!(Instant::now() < end, "never showed {what}:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the program to end, and says whether it ended well and gave the terminal back.
    pub(crate) fn ended(self) -> bool {
        self.exit() == (0, true)
    }

    /// Waits for the program to end, and gives its exit code and whether it gave the terminal back.
    pub(crate) fn exit(mut self) -> (u32, bool) {
        let end = Instant::now() + Duration::from_secs(15);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(50));
        };
        std::thread::sleep(Duration::from_millis(100));
        let alternate = self.seen.lock().unwrap().screen.screen().alternate_screen();
        (status.exit_code(), !alternate)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
