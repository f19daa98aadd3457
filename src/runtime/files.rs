//! Files that shipdeck writes: what was saved, and a first configuration. Nothing is ever overwritten.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;

use crate::app::effect::FileTarget;
use crate::domain::fault::{Fault, FaultKind};

/// Where files go.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) data: PathBuf,
    pub(super) configuration: PathBuf,
}

impl Files {
    /// Writes a new file and says where it is.
    ///
    /// # Errors
    /// With the path and the system's reason: no space, no right, a file that is there already.
    pub(super) async fn save(&self, target: &FileTarget, text: &str) -> Result<String, Fault> {
        let wanted = match target {
            FileTarget::Data(name) => self.data.join(safe_name(name)),
            FileTarget::Configuration => self.configuration.clone(),
        };
        let may_be_numbered = matches!(target, FileTarget::Data(_));
        for number in 1..10_000 {
            let path = numbered(&wanted, number);
            match write_new(&path, text).await {
                Ok(()) => return Ok(path.display().to_string()),
                // Somebody else may be saving under the same name right now: only the file system knows.
                Err(error) if may_be_numbered && error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(refused(&path, &error)),
            }
        }
        Err(Fault::new(FaultKind::Other, format!("there are too many files of that name ({})", wanted.display())))
    }
}

/// What kept a file from being written, and what to do about it.
fn refused(path: &Path, error: &std::io::Error) -> Fault {
    let folder = path.parent().unwrap_or(path).display();
    let why = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full; nothing was lost: make room and save again".to_owned()
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "its folder may not be written to: change its rights, or set XDG_DATA_HOME".to_owned()
        }
        ErrorKind::NotADirectory => format!("{folder} is no folder: move away what stands in its place"),
        ErrorKind::AlreadyExists => "it exists already and is never overwritten: move it away first".to_owned(),
        _ => error.to_string(),
    };
    Fault::new(FaultKind::Other, format!("{why} ({})", path.display()))
}

async fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        let in_the_way = |error: std::io::Error| match error.kind() {
            ErrorKind::AlreadyExists => ErrorKind::NotADirectory.into(),
            _ => error,
        };
        tokio::fs::create_dir_all(folder).await.map_err(in_the_way)?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await?;
    let written = async {
        file.write_all(text.as_bytes()).await?;
        file.flush().await?;
        file.sync_all().await
    }
    .await;
    if written.is_err() {
        // Half a file would look like a whole one later; a full disk gets its space back.
        let _ = tokio::fs::remove_file(path).await;
    }
    written
}

/// Names come from clusters: they stay within one folder.
fn safe_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    name.chars().map(safe).collect::<String>().trim_start_matches('.').chars().take(200).collect()
}

/// The path itself, or with a number before its extension.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|ext| format!(".{}", ext.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Files {
        Files { data: folder.join("data"), configuration: folder.join("config.toml") }
    }

    #[tokio::test]
    async fn a_saved_file_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let target = FileTarget::Data("log.txt".to_owned());
        let first = files.save(&target, "one").await.unwrap();
        let second = files.save(&target, "two").await.unwrap();
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(first).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(second).unwrap(), "two");
    }

    #[tokio::test]
    async fn a_configuration_that_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        files.save(&FileTarget::Configuration, "mine").await.unwrap();
        let refused = files.save(&FileTarget::Configuration, "yours").await.unwrap_err();
        assert!(refused.message.contains("config.toml"), "{refused}");
        assert_eq!(std::fs::read_to_string(&files.configuration).unwrap(), "mine");
    }

    #[tokio::test]
    async fn what_cannot_be_written_says_why_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        std::fs::write(&files.data, "a file where the folder should be").unwrap();
        let refused = files.save(&FileTarget::Data("log.txt".to_owned()), "x").await.unwrap_err();
        assert!(refused.message.contains("log.txt"), "{refused}");
        let told = |kind: ErrorKind| super::refused(Path::new("/data/log.txt"), &kind.into()).message;
        assert!(told(ErrorKind::StorageFull).contains("the disk is full; nothing was lost"));
        assert!(told(ErrorKind::PermissionDenied).contains("may not be written to"));
    }

    #[test]
    fn a_name_from_a_cluster_cannot_leave_its_folder() {
        assert_eq!(safe_name("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe_name("a/b\u{1b}[2J"), "a_b__2J");
    }
}
