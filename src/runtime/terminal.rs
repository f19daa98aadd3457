//! The terminal: taken when the cockpit opens, given back however it ends.

use std::io::{self, Stdout, Write};
use std::mem::ManuallyDrop;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{Command, cursor, execute};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend};

mod probe;
mod surroundings;

pub(super) use probe::{Answers, Questions};
pub(super) use surroundings::Surroundings;

/// The terminal while the cockpit has it. Dropping it restores the terminal.
pub(super) struct Tui {
    /// Its own drop shows the cursor, and prints to standard error where it cannot. That panics where the terminal is gone,
    /// before writes under way are waited for; so it is not dropped, and [`give_back`] shows the cursor.
    pub(super) terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    mouse: bool,
}

impl Tui {
    /// Takes the terminal and asks it what only it knows.
    ///
    /// # Errors
    /// When there is none, or it refuses raw mode.
    pub(super) fn open(mouse: bool, questions: Questions) -> io::Result<(Self, Answers)> {
        let (mut tui, answers) = taken(|| {
            let answers = probe::ask(questions);
            let terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?);
            Ok((Self { terminal, mouse: false }, answers))
        })?;
        if mouse {
            tui.set_mouse(true)?;
        }
        Ok((tui, answers))
    }

    /// Turns the capture of the mouse on or off.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Puts text on the clipboard by OSC 52, wrapped for tmux and screen.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn copy(text: &str) -> io::Result<()> {
        let mut sequence = String::new();
        // Writing to a String cannot fail.
        let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
        let wrapped = wrap(&sequence, std::env::var_os("TMUX").is_some(), &std::env::var("TERM").unwrap_or_default());
        let mut out = io::stdout();
        out.write_all(wrapped.as_bytes())?;
        out.flush()
    }

    /// Empties the screen, so that the next frame draws all of it.
    ///
    /// ratatui's own `clear` first asks the terminal where its cursor is, and fails where nobody answers in two seconds.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn wipe(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().clear_region(ClearType::All)?;
        // The picture that the next frame is compared with becomes an empty one.
        self.terminal.swap_buffers();
        Ok(())
    }

    /// Gives the terminal to the shell, stops this process, and takes the terminal back when it is continued.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        super::signals::stop();
        take(self.mouse)?;
        self.wipe()
    }

    /// Takes the terminal again after this process was stopped from outside: a shell has set its own modes meanwhile.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        // Raw mode is remembered as on, and would not be set again without being given back first.
        give_back();
        take(self.mouse)?;
        self.wipe()
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        give_back();
    }
}

/// Takes the terminal and begins with it. What fails after it was taken gives it back: whoever reads the error must see it.
fn taken<T>(begin: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    // Nothing but keys and answers comes before the mouse is taken.
    take(false).and_then(|()| begin()).inspect_err(|_| give_back())
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back; harmless if it was never taken. Errors are ignored: there is nobody left to tell.
pub(super) fn give_back() {
    let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// tmux and screen pass on only what is wrapped in their own sequence.
fn wrap(sequence: &str, tmux: bool, term: &str) -> String {
    if tmux {
        // tmux takes one or the other, by its options set-clipboard and allow-passthrough.
        return format!("{sequence}\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"));
    }
    if term.starts_with("screen") {
        // screen takes at most 768 bytes in one sequence.
        let chunks = sequence.as_bytes().chunks(700).map(String::from_utf8_lossy);
        return chunks.map(|chunk| format!("\x1bP{chunk}\x1b\\")).collect();
    }
    sequence.to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    #[test]
    #[ignore = "the child of the next test: it needs a terminal of its own"]
    fn fails_after_the_terminal_was_taken() {
        let failed = taken(|| Err::<(), _>(io::Error::other("it has no size"))).unwrap_err();
        let _ = writeln!(io::stderr(), "said afterwards: {failed}");
    }

    #[test]
    fn an_error_after_the_terminal_was_taken_is_read_on_a_terminal_that_was_given_back() {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        let child = "runtime::terminal::tests::fails_after_the_terminal_was_taken";
        command.args(["--exact", child, "--ignored", "--nocapture"]);
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut bytes = Vec::new();
        // A terminal whose program has ended reads as an error.
        let _ = pair.master.try_clone_reader().unwrap().read_to_end(&mut bytes);
        assert!(child.wait().unwrap().success());
        let shown = String::from_utf8_lossy(&bytes);
        let (before, after) = shown.split_once("\x1b[?1049l").unwrap();
        assert!(before.contains("\x1b[?1049h"), "it had the terminal");
        assert!(after.contains("said afterwards: it has no size"), "{after}");
    }

    #[test]
    fn a_copy_is_wrapped_for_what_stands_between_us_and_the_terminal() {
        let plain = "\x1b]52;c;aGk=\x1b\\";
        assert_eq!(wrap(plain, false, "xterm-256color"), plain);
        assert_eq!(wrap(plain, true, "tmux-256color"), format!("{plain}\x1bPtmux;\x1b\x1b]52;c;aGk=\x1b\x1b\\\x1b\\"));
        assert!(wrap(&"x".repeat(1_500), false, "screen").matches("\x1bP").count() == 3);
    }
}
