//! Files that shipdeck writes: what was saved, and a first configuration. Nothing is ever overwritten.

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
        let path = match target {
            FileTarget::Data(name) => unused(&self.data.join(safe_name(name))),
            FileTarget::Configuration => self.configuration.clone(),
        };
        match write_new(&path, text).await {
            Ok(()) => Ok(path.display().to_string()),
            Err(error) => Err(Fault::new(FaultKind::Other, format!("cannot write {}: {error}", path.display()))),
        }
    }
}

async fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
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

/// The path itself, or with the first number that makes it new.
fn unused(path: &Path) -> PathBuf {
    if !path.exists() {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = path.extension().map(|ext| format!(".{}", ext.to_string_lossy())).unwrap_or_default();
    (2..10_000)
        .map(|number| path.with_file_name(format!("{stem}-{number}{extension}")))
        .find(|candidate| !candidate.exists())
        .unwrap_or_else(|| path.to_owned())
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

    #[test]
    fn a_name_from_a_cluster_cannot_leave_its_folder() {
        assert_eq!(safe_name("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe_name("a/b\u{1b}[2J"), "a_b__2J");
    }
}
