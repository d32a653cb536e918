//! The files themselves, wherever they are.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file as the build put it in.
#[cfg_attr(debug_assertions, allow(dead_code, reason = "a debug build reads the folder"))]
struct Embedded {
    name: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

#[cfg_attr(debug_assertions, allow(dead_code, reason = "a debug build reads the folder"))]
const EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/webmail.rs"));

/// A file.
pub(super) struct Asset {
    pub(super) kind: &'static str,
    pub(super) plain: Bytes,
    /// Compressed, where that is smaller.
    pub(super) brotli: Option<Bytes>,
    pub(super) gzip: Option<Bytes>,
}

/// All files.
#[derive(Default)]
pub(super) struct Assets {
    /// A hash of them all.
    pub(super) version: String,
    files: BTreeMap<String, Asset>,
}

/// Hexadecimal digits of a version: enough that two never meet.
const VERSION_DIGITS: usize = 16;

impl Assets {
    /// The file of this name.
    pub(super) fn find(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn gathered(files: BTreeMap<String, Asset>) -> Assets {
        let mut hash = blake3::Hasher::new();
        for (name, asset) in &files {
            hash.update(&(name.len() as u64).to_be_bytes());
            hash.update(name.as_bytes());
            hash.update(&(asset.plain.len() as u64).to_be_bytes());
            hash.update(&asset.plain);
        }
        let version = hash.finalize().to_hex().chars().take(VERSION_DIGITS).collect();
        Assets { version, files }
    }
}

/// The files of this build.
#[cfg(not(debug_assertions))]
pub(super) fn assets() -> Arc<Assets> {
    static ASSETS: std::sync::OnceLock<Arc<Assets>> = std::sync::OnceLock::new();
    let embedded = |file: &Embedded| {
        let smaller = |octets: &'static [u8]| (octets.len() < file.plain.len()).then(|| Bytes::from_static(octets));
        let plain = Bytes::from_static(file.plain);
        let (brotli, gzip) = (smaller(file.brotli), smaller(file.gzip));
        (file.name.to_owned(), Asset { kind: kind(file.name), plain, brotli, gzip })
    };
    ASSETS.get_or_init(|| Arc::new(Assets::gathered(EMBEDDED.iter().map(embedded).collect()))).clone()
}

/// The files as they are in their folder now.
#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods, reason = "whoever writes on the page may keep it elsewhere; not in a release")]
pub(super) fn assets() -> Arc<Assets> {
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("webmail");
    let root = std::env::var_os("PILLARBOX_WEBMAIL").map_or_else(beside, std::path::PathBuf::from);
    let mut files = BTreeMap::new();
    gather(&root, "", &mut files);
    Arc::new(Assets::gathered(files))
}

#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods, reason = "reads the page's files while they are being written")]
fn gather(folder: &std::path::Path, prefix: &str, files: &mut BTreeMap<String, Asset>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            gather(&path, &format!("{name}/"), files);
        } else if let Ok(octets) = std::fs::read(&path) {
            let asset = Asset { kind: kind(&name), plain: octets.into(), brotli: None, gzip: None };
            files.insert(name, asset);
        }
    }
}

/// The media type of a file, by the end of its name.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}
