//! The program in a terminal that notes when bytes arrive.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, MasterPty, PtySize, native_pty_system};

use crate::home::{Home, in_terminal};

const SIZE: (u16, u16) = (180, 50);

pub(crate) struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    /// When bytes came, and how many.
    arrivals: Receiver<(Instant, usize)>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _pty: Box<dyn MasterPty + Send>,
    _home: Home,
}

impl Terminal {
    pub(crate) fn open(folder: &Path) -> Self {
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let home = Home::new();
        let mut command = home.shipdeck();
        command.args([Path::new("--config"), &folder.join("shipdeck.toml")]);
        command.envs([("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
        command.env("KUBECONFIG", folder.join("kubeconfig"));
        let child = pair.slave.spawn_command(in_terminal(&command)).unwrap();
        let columns = std::num::NonZeroU16::new(SIZE.0).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(std::num::NonZeroU16::new(SIZE.1).unwrap(), columns, 0)));
        let (sender, arrivals) = channel();
        let mut output = pair.master.try_clone_reader().unwrap();
        let parser = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let _ = sender.send((Instant::now(), read));
                parser.lock().unwrap().process(&bytes[..read]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { screen, arrivals, keys, child, _pty: pair.master, _home: home }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub(crate) fn shows(&self, wanted: &str) -> Instant {
        self.becomes(wanted, true)
    }

    pub(crate) fn hides(&self, unwanted: &str) -> Instant {
        self.becomes(unwanted, false)
    }

    fn becomes(&self, wanted: &str, there: bool) -> Instant {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let text = self.screen.lock().unwrap().screen().contents();
            if text.contains(wanted) == there {
                return Instant::now();
            }
            assert!(Instant::now() < end, "never so ({there}): {wanted}\n{text}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Bytes drawn since this was last asked.
    pub(crate) fn drawn(&self) -> usize {
        self.arrivals.try_iter().map(|(_, bytes)| bytes).sum()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Milliseconds from a key to the first byte of its answer; none: it drew nothing.
    pub(crate) fn key_to_paint(&mut self, key: &str) -> Option<f64> {
        self.drawn();
        let pressed = Instant::now();
        self.press(key);
        let (at, _) = self.arrivals.recv_timeout(Duration::from_secs(2)).ok()?;
        Some(at.duration_since(pressed).as_secs_f64() * 1_000.0)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
