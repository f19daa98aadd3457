//! Container image references as the OCI distribution specification writes them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// `repository[:tag][@digest]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image {
    /// Registry and path, for example `registry.example/checkout`.
    pub repository: Arc<str>,
    pub tag: Option<Arc<str>>,
    /// With its algorithm: `sha256:…`.
    pub digest: Option<Arc<str>>,
}

/// Why a text is no image reference; the text says what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("an image needs a name before its tag or digest")]
    NoRepository,
    #[error("{0:?} is no tag: letters, digits, '_', '.' and '-', at most 128")]
    BadTag(String),
    #[error("{0:?} is no digest: write sha256: and 64 hexadecimal digits")]
    BadDigest(String),
    #[error("{0:?} is no image name: no spaces and no control characters")]
    BadRepository(String),
}

impl Image {
    /// What a person calls this version: the tag, else a short digest, else `latest`.
    pub fn version(&self) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => tag.to_string(),
            (None, Some(digest)) => short_digest(digest),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Whether both name the same content as far as can be told: by digest where both have one, else by the whole text.
    pub fn same_content(&self, other: &Self) -> bool {
        match (&self.digest, &other.digest) {
            (Some(a), Some(b)) => a == b,
            _ => self == other,
        }
    }

    /// Whether both are called the same version: by digest where both have one, else by repository and tag.
    pub fn same_version(&self, other: &Self) -> bool {
        match (&self.digest, &other.digest) {
            (Some(a), Some(b)) => a == b,
            _ => self.repository == other.repository && self.tag.is_some() && self.tag == other.tag,
        }
    }

    /// This repository at another version: `v812`, `sha256:…`, `@sha256:…` or `v812@sha256:…`; a whole reference stands
    /// for itself.
    ///
    /// # Errors
    /// What is neither a tag, a digest nor a reference.
    pub fn at(&self, version: &str) -> Result<Self, ImageError> {
        let version = version.trim();
        if version.contains('/') {
            return version.parse();
        }
        let (tag, digest) = match version.split_once('@') {
            Some((tag, digest)) => (Some(tag).filter(|tag| !tag.is_empty()), Some(digest)),
            None if version.starts_with("sha256:") => (None, Some(version)),
            None => (Some(version), None),
        };
        Ok(Self {
            repository: Arc::clone(&self.repository),
            tag: tag.map(checked_tag).transpose()?,
            digest: digest.map(checked_digest).transpose()?,
        })
    }
}

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(checked_digest(digest)?)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let colon = rest.rfind(':').filter(|at| !rest[*at..].contains('/'));
        let (repository, tag) = match colon {
            Some(at) => (&rest[..at], Some(checked_tag(&rest[at + 1..])?)),
            None => (rest, None),
        };
        if repository.is_empty() {
            return Err(ImageError::NoRepository);
        }
        if repository.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ImageError::BadRepository(quoted(repository)));
        }
        Ok(Self { repository: repository.into(), tag, digest })
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// `sha256:8c1f…e07a`: both ends, which is what people compare.
pub fn short_digest(digest: &str) -> String {
    let (algorithm, hex) = digest.split_once(':').unwrap_or(("", digest));
    if hex.len() <= 8 || !hex.is_ascii() {
        return digest.to_owned();
    }
    format!("{algorithm}:{}…{}", &hex[..4], &hex[hex.len() - 4..])
}

/// A text to be named in an error; of a long one both ends, or the error would drown in it.
fn quoted(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 32 {
        return text.escape_debug().to_string();
    }
    let ends = |part: &[char]| part.iter().collect::<String>().escape_debug().to_string();
    format!("{}…{}", ends(&chars[..16]), ends(&chars[chars.len() - 8..]))
}

fn checked_tag(tag: &str) -> Result<Arc<str>, ImageError> {
    let fits = (1..=128).contains(&tag.len())
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && !tag.starts_with(['.', '-']);
    if fits { Ok(tag.into()) } else { Err(ImageError::BadTag(quoted(tag))) }
}

fn checked_digest(digest: &str) -> Result<Arc<str>, ImageError> {
    let fits =
        digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if fits { Ok(digest.into()) } else { Err(ImageError::BadDigest(quoted(digest))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:8c1f000000000000000000000000000000000000000000000000000000e07aaa";

    fn image(text: &str) -> Image {
        text.parse().expect("an image")
    }

    #[test]
    fn a_port_is_no_tag() {
        let parsed = image("registry.example:5000/shop/api");
        assert_eq!((&*parsed.repository, parsed.tag), ("registry.example:5000/shop/api", None));
    }

    #[test]
    fn every_form_is_read_and_written_alike() {
        for text in ["api", "api:v1", "r:5000/shop/api:v1", &format!("r/api@{DIGEST}"), &format!("r/api:v1@{DIGEST}")] {
            assert_eq!(image(text).to_string(), text);
        }
    }

    #[test]
    fn a_version_is_what_people_say() {
        assert_eq!(image("api:v1").version(), "v1");
        assert_eq!(image(&format!("api@{DIGEST}")).version(), "sha256:8c1f…7aaa");
        assert_eq!(image("api").version(), "latest");
    }

    #[test]
    fn another_version_may_be_a_tag_a_digest_or_both() {
        let base = image("r/api:v1");
        assert_eq!(base.at("v2").unwrap().to_string(), "r/api:v2");
        assert_eq!(base.at(DIGEST).unwrap().to_string(), format!("r/api@{DIGEST}"));
        assert_eq!(base.at(&format!("@{DIGEST}")).unwrap().to_string(), format!("r/api@{DIGEST}"));
        assert_eq!(base.at(&format!("v2@{DIGEST}")).unwrap().to_string(), format!("r/api:v2@{DIGEST}"));
        assert_eq!(base.at("other/api:v3").unwrap().to_string(), "other/api:v3");
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_accepted() {
        assert!(image("r/api").at("no spaces").unwrap_err().to_string().contains("letters, digits"));
        assert!("".parse::<Image>().is_err());
        assert!(":v1".parse::<Image>().is_err());
        assert!("api@sha256:12".parse::<Image>().unwrap_err().to_string().contains("64"));
        assert!("a\x1b[31m:v1".parse::<Image>().is_err());
    }

    #[test]
    fn content_is_the_same_by_digest_whatever_the_tag() {
        assert!(image(&format!("api:v1@{DIGEST}")).same_content(&image(&format!("api:v2@{DIGEST}"))));
        assert!(!image("api:v1").same_content(&image("api:v2")));
    }
}
