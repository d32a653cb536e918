//! Which room may use which: arrows go down only.

use super::Finding;
use super::tree::File;
use anyhow::{Context, Result};
use std::collections::BTreeSet;

/// The rooms, lowest first, and the rooms each may use: all of them stand above it in this list, so no arrow can turn back.
/// The same rule holds for what a room's tests use.
const ROOMS: [(&str, &[&str]); 18] = [
    ("platter", &[]),
    ("message", &[]),
    ("seal", &["message"]),
    ("wire", &["message"]),
    ("queue", &["message", "wire"]),
    ("store", &["platter", "message"]),
    ("office", &["message", "wire", "queue", "store"]),
    ("web", &["message", "wire", "queue", "store", "office"]),
    ("net", &["message", "wire"]),
    ("server", &["message", "wire", "queue", "store", "office", "web", "net"]),
    ("agent", &["message", "seal", "wire", "net"]),
    ("tui", &["message", "seal", "agent"]),
    ("lab", &["platter", "message", "seal", "wire", "queue", "store", "office", "web", "net", "server", "agent"]),
    (
        "pillarbox",
        &["message", "seal", "wire", "queue", "store", "office", "web", "net", "server", "agent", "tui", "lab"],
    ),
    ("tests", &["message", "seal", "wire", "queue", "store", "office", "web", "net", "server", "agent", "tui", "lab"]),
    ("fuzz", &["message", "seal", "wire", "web", "agent"]),
    ("bench", &["message", "net", "agent"]),
    ("xtask", &[]),
];

/// The one room that may have lints of its own, for it has `unsafe`; it is for tests, so nobody may need it to be built.
const UNSAFE_ROOM: &str = "platter";

/// What a room must not know, by the libraries that would teach it: sockets, disk, clocks, other rooms' trades.
const STRANGERS: [(&str, &[&str]); 8] = [
    (
        "message",
        &["tokio", "rusqlite", "rustls", "hyper", "hickory-resolver", "hickory-server", "tracing", "nix", "toml"],
    ),
    ("wire", &["tokio", "rusqlite", "rustls", "hyper", "hickory-resolver", "hickory-server", "tracing", "nix", "toml"]),
    (
        "queue",
        &["tokio", "rusqlite", "rustls", "hyper", "hickory-resolver", "hickory-server", "tracing", "nix", "toml"],
    ),
    ("store", &["rustls", "tokio-rustls", "hyper", "hickory-resolver", "hickory-server", "toml"]),
    ("office", &["rusqlite", "rustls", "tokio-rustls", "hyper", "hickory-resolver", "hickory-server", "nix", "toml"]),
    ("net", &["rusqlite", "hyper", "hickory-server", "toml"]),
    ("seal", &["tokio", "rusqlite", "rustls", "hyper", "hickory-resolver", "tracing", "nix", "toml"]),
    ("tui", &["rusqlite", "rustls", "hyper", "hickory-resolver", "nix"]),
];

/// What one manifest says.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The name of the crate.
    pub name: String,
    /// Everything it depends on, for building and for its tests.
    pub uses: BTreeSet<String>,
    /// What it depends on for building.
    pub built_with: BTreeSet<String>,
    /// Whether it keeps to the lints of the workspace.
    pub keeps_lints: bool,
}

/// Reads the manifests of all rooms. What is a workspace of its own is none: a foreign program that the tests build.
pub fn manifests(files: &[File]) -> Result<Vec<Manifest>> {
    let is_alone = |file: &File| file.text.lines().any(|line| line == "[workspace]");
    let of_a_room = |file: &&File| file.path.ends_with("/Cargo.toml") && !is_alone(file);
    files.iter().filter(of_a_room).map(|file| manifest(file).context(file.path.clone())).collect()
}

fn manifest(file: &File) -> Result<Manifest> {
    let table: toml::Table = file.text.parse()?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names = |section: &str| table.get(section)?.as_table().map(|section| section.keys().cloned());
    let lints = table.get("lints").and_then(|lints| lints.get("workspace"));
    Ok(Manifest {
        name: name.context("no package name")?.to_owned(),
        uses: sections.into_iter().filter_map(names).flatten().collect(),
        built_with: names("dependencies").into_iter().flatten().collect(),
        keeps_lints: lints.and_then(toml::Value::as_bool) == Some(true),
    })
}

/// True for the name of one of our own rooms.
pub fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|(room, _)| *room == name)
}

/// Checks that every arrow between rooms is one of the table.
pub fn check(manifests: &[Manifest], findings: &mut Vec<Finding>) {
    for manifest in manifests {
        let place = format!("{}/Cargo.toml", manifest.name);
        let Some((_, may_use)) = ROOMS.iter().find(|(room, _)| *room == manifest.name) else {
            findings.push(Finding::new("edges", place, "this room is not in the table of xtask/src/tidy/edges.rs"));
            continue;
        };
        if manifest.name != UNSAFE_ROOM && !manifest.keeps_lints {
            findings.push(Finding::new("edges", &place, "it must keep to the lints of the workspace"));
        }
        if manifest.built_with.contains(UNSAFE_ROOM) {
            findings.push(Finding::new("edges", &place, format!("{UNSAFE_ROOM} is for tests only")));
        }
        let strangers = STRANGERS.iter().find(|(room, _)| *room == manifest.name).map_or(&[][..], |(_, names)| names);
        for used in &manifest.uses {
            if is_room(used) && !may_use.contains(&used.as_str()) {
                findings.push(Finding::new("edges", &place, format!("{} may not use {used}", manifest.name)));
            }
            if strangers.contains(&used.as_str()) {
                findings.push(Finding::new("edges", &place, format!("{} must not know {used}", manifest.name)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRE: &str = "[package]\nname = \"wire\"\n[lints]\nworkspace = true";

    fn breaches(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        let mut findings = Vec::new();
        check(&manifests(&[file]).expect("a manifest"), &mut findings);
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn the_table_has_no_cycle() {
        for (at, (room, may_use)) in ROOMS.iter().enumerate() {
            for used in *may_use {
                let below = ROOMS.iter().position(|(other, _)| other == used);
                assert!(below.is_some_and(|below| below < at), "{room} -> {used}");
            }
        }
    }

    #[test]
    fn arrows_up_are_found_in_every_section() {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let text = format!("{WIRE}\n[{section}]\nstore.workspace = true\nmessage.workspace = true");
            assert_eq!(breaches("wire/Cargo.toml", &text), ["wire may not use store"]);
        }
    }

    #[test]
    fn strangers_and_unknown_rooms_are_found() {
        let text = format!("{WIRE}\n[dependencies]\ntokio = \"1\"");
        assert_eq!(breaches("wire/Cargo.toml", &text), ["wire must not know tokio"]);
        assert_eq!(breaches("attic/Cargo.toml", "[package]\nname = \"attic\"").len(), 1);
    }

    #[test]
    fn unsafe_stays_in_its_room_and_out_of_what_is_built() {
        let store = WIRE.replace("wire", "store");
        for section in ["dependencies", "dev-dependencies"] {
            let text = format!("{store}\n[{section}]\nplatter.workspace = true");
            let wrong: &[&str] = if section == "dependencies" { &["platter is for tests only"] } else { &[] };
            assert_eq!(breaches("store/Cargo.toml", &text), wrong);
        }
        let free = "[package]\nname = \"store\"\n[lints.rust]\nunsafe_code = \"allow\"";
        assert_eq!(breaches("store/Cargo.toml", free), ["it must keep to the lints of the workspace"]);
        assert_eq!(breaches("platter/Cargo.toml", "[package]\nname = \"platter\"").len(), 0);
    }
}
