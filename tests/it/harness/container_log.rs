//! The log of one pod, as its container runtime would write it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// A file in the format of container runtimes, which kwok serves.
pub(crate) struct ContainerLog {
    path: PathBuf,
}

impl ContainerLog {
    pub(super) fn create(folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        File::create(&path).unwrap();
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line of output, as of now.
    pub(crate) fn write(&self, text: &str) {
        self.write_at(Timestamp::now(), text);
    }

    /// Adds a line of output, as of that time.
    pub(crate) fn write_at(&self, time: Timestamp, text: &str) {
        let line = format!("{time:.9} stdout F {text}\n");
        File::options().append(true).open(&self.path).unwrap().write_all(line.as_bytes()).unwrap();
    }
}
