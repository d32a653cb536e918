//! The one page: `index.html` with the addresses of this version filled in, and the policy it is shown under.

use super::files::{Assets, assets};
use aws_lc_rs::digest;
use base64::Engine as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The page, ready to be sent.
#[derive(Debug)]
pub struct Page {
    /// Its HTML.
    pub html: String,
    /// Its Content-Security-Policy.
    pub policy: String,
}

/// The module that starts the page.
const FIRST_MODULE: &str = "app/main.js";

/// What the page may do, its inline import map aside: nothing from anywhere but here. Mail is shown in frames with a policy
/// of their own.
const POLICY: [&str; 12] = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "frame-src 'self' blob: data:",
    "media-src 'self' blob:",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
];

/// The page of this build; `None` when it has none.
#[cfg(not(debug_assertions))]
#[must_use]
pub fn page() -> Option<Arc<Page>> {
    static PAGE: std::sync::OnceLock<Option<Arc<Page>>> = std::sync::OnceLock::new();
    PAGE.get_or_init(|| make(&assets()).map(Arc::new)).clone()
}

/// The page as its files are now.
#[cfg(debug_assertions)]
#[must_use]
pub fn page() -> Option<Arc<Page>> {
    make(&assets()).map(Arc::new)
}

fn make(assets: &Assets) -> Option<Page> {
    let template = std::str::from_utf8(&assets.find("index.html")?.plain).ok()?;
    let mut html = template.to_owned();
    for name in assets.names() {
        html = html.replace(&format!("\"/{name}\""), &format!("\"/w/{}/{name}\"", assets.version));
    }
    let mut preload = String::new();
    for module in needed(assets, FIRST_MODULE, &bare_names(template)) {
        preload.push_str(&format!("<link rel=\"modulepreload\" href=\"/w/{}/{module}\">\n", assets.version));
    }
    // Behind the import map: what is fetched before it would not be found by its names.
    let html = html.replacen("</head>", &format!("{preload}</head>"), 1);
    let scripts: String = inline_scripts(&html).map(|script| format!(" '{}'", integrity(script))).collect();
    let policy = format!("script-src 'self'{scripts}; {}", POLICY.join("; "));
    Some(Page { html, policy })
}

/// How a policy names an inline script.
fn integrity(script: &str) -> String {
    let hash = digest::digest(&digest::SHA256, script.as_bytes());
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(hash.as_ref()))
}

/// The texts of scripts that stand in the page itself (the import map).
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (tag, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once("</script")?;
        (!tag.contains(" src=")).then_some(text)
    })
}

/// What the page's import map calls files of ours.
fn bare_names(html: &str) -> BTreeMap<String, String> {
    let map = inline_scripts(html).find_map(|script| serde_json::from_str::<serde_json::Value>(script).ok());
    let imports = map.as_ref().and_then(|map| map.get("imports")?.as_object()).into_iter().flatten();
    imports.filter_map(|(name, path)| Some((name.clone(), path.as_str()?.strip_prefix('/')?.to_owned()))).collect()
}

/// A module and all it imports at once, however far.
fn needed(assets: &Assets, first: &str, bare: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![first.to_owned()];
    while let Some(name) = open.pop() {
        let Some(asset) = assets.find(&name) else { continue };
        if !found.insert(name.clone()) {
            continue;
        }
        let text = String::from_utf8_lossy(&asset.plain);
        open.extend(imports(&text).filter_map(|import| match import.starts_with('.') {
            true => resolve(&name, import),
            false => bare.get(import).cloned(),
        }));
    }
    found
}

/// What a module imports as it begins. Not a parser of the language: an `import`, `export` or `}` that begins a statement,
/// and then `from "./x.js"`. What is missed is loaded a round trip later.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', ';']).map(str::trim).filter_map(|statement| {
        let starts = ["import", "export", "}"].iter().any(|start| statement.starts_with(start));
        let rest =
            statement.rsplit_once("from").map_or_else(|| statement.strip_prefix("import"), |(_, rest)| Some(rest));
        let quoted = rest.filter(|_| starts)?.trim();
        let name = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        name.or_else(|| quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')))
    })
}

/// A relative name as seen from a module.
fn resolve(from: &str, name: &str) -> Option<String> {
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for step in name.split('/') {
        match step {
            "." => {}
            ".." => drop(path.pop()?),
            step => path.push(step),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn imports_are_found_where_they_begin_a_statement() {
        let text = "import { html } from '../vendor/lit-html.js';\nimport './a.js';\nimport {\n  b,\n} from \"./b.js\";\n\
                    export { c } from './c.js'\nconst d = () => import('./d.js');\nimport e from 'bare';\n";
        assert_eq!(imports(text).collect::<Vec<_>>(), ["../vendor/lit-html.js", "./a.js", "./b.js", "./c.js", "bare"]);
        let narrow = "import{a as e}from\"../lit-html.js\";import\"./x.js\";import{b}from'../y.js';const f=x=>import(\"./z.js\");";
        assert_eq!(imports(narrow).collect::<Vec<_>>(), ["../lit-html.js", "./x.js", "../y.js"]);
    }

    #[test]
    fn relative_names_stay_inside() {
        assert_eq!(resolve("app/list/rows.js", "../keys.js").unwrap(), "app/keys.js");
        assert_eq!(resolve("app/main.js", "./a.js").unwrap(), "app/a.js");
        assert_eq!(resolve("main.js", "../../etc/passwd"), None);
    }

    #[test]
    fn only_scripts_that_stand_in_the_page_are_hashed() {
        let html = "<script type=\"importmap\">{}</script><script type=\"module\" src=\"/a.js\"></script>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["{}"]);
        assert_eq!(integrity("{}"), "sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
    }
}
