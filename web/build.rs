//! Gathers the webmail's files into the binary: each once as it is and, where it helps, once by brotli and once by gzip.
//! Writes a table of them for `assets` to include. A debug build only names the folder: what is in it is what runs.
#![allow(clippy::disallowed_methods, reason = "reads the files that become part of the program")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The best brotli has: this happens once.
const BROTLI_QUALITY: u32 = 11;
/// Its largest window, in bits, that every browser takes.
const BROTLI_WINDOW: u32 = 22;
/// Its buffer, in octets.
const BROTLI_BUFFER: usize = 4096;

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let folder = manifest.join("..").join("webmail");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = PathBuf::from(variable("OUT_DIR")?);
    let mut table = String::from("&[\n");
    if variable("PROFILE")? == "release" {
        let mut names = Vec::new();
        gather(&folder, &folder, &mut names)?;
        names.sort();
        for (number, name) in names.iter().enumerate() {
            embed(&folder, name, (number, &out), &mut table)?;
        }
    }
    table.push(']');
    fs::write(out.join("webmail.rs"), table)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

fn gather(root: &Path, folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, names)?;
        } else if path.extension().is_some_and(|end| end == "md" || end == "tsv") {
            // Written for who reads the source.
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            names.push(name.to_owned());
        }
    }
    Ok(())
}

/// Adds one file to the table.
fn embed(folder: &Path, name: &str, (number, out): (usize, &Path), table: &mut String) -> io::Result<()> {
    let octets = fs::read(folder.join(name))?;
    let mut brotli = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut brotli, BROTLI_BUFFER, BROTLI_QUALITY, BROTLI_WINDOW);
    writer.write_all(&octets)?;
    drop(writer);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&octets)?;
    let gzip = gzip.finish()?;
    let kept = |kind: &str, content: &[u8]| -> io::Result<String> {
        let path = out.join(format!("{number}.{kind}"));
        fs::write(&path, content)?;
        Ok(format!("include_bytes!({path:?})"))
    };
    let (plain, brotli, gzip) = (kept("plain", &octets)?, kept("br", &brotli)?, kept("gz", &gzip)?);
    writeln!(table, "    Embedded {{ name: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},")
        .map_err(io::Error::other)
}
