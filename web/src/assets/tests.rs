//! The page and its files, as a browser asks for them.
#![allow(clippy::unwrap_used)]
use super::*;

#[tokio::test]
async fn the_page_is_shown_under_a_policy_without_inline_code() {
    let response = show_page().await;
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = page().unwrap();
    let version = &assets().version;
    for name in ["app/main.js", "vendor/signals-core.js"] {
        let link = format!("<link rel=\"modulepreload\" href=\"/w/{version}/{name}\">");
        assert!(page.html.contains(&link), "{}", page.html);
    }
    assert!(!page.html.contains("\"/app/"), "{}", page.html);
}

#[tokio::test]
async fn a_file_is_kept_for_ever_under_its_version_only() {
    let version = assets().version.clone();
    let ask = |version: &str, name: &str| {
        let path = Path((version.to_owned(), name.to_owned()));
        show_file(path, HeaderMap::new())
    };
    let response = ask(&version, "app/main.js").await;
    assert_eq!(response.headers().get(header::CACHE_CONTROL), Some(&FOR_EVER));
    assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), "text/javascript; charset=utf-8");
    assert_eq!(ask("0", "app/main.js").await.headers().get(header::CACHE_CONTROL), Some(&ASK_AGAIN));
    assert_eq!(ask(&version, "../Cargo.toml").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ask(&version, "app/../app/main.js").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_editors_document_is_shut_in() {
    let version = assets().version.clone();
    let ask = |name: &str| show_file(Path((version.clone(), name.to_owned())), HeaderMap::new());
    let editor = ask(EDITOR).await;
    assert_eq!(editor.status(), StatusCode::OK);
    let policy = editor.headers().get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
    assert!(policy.starts_with("sandbox allow-scripts; default-src 'none'; script-src 'self'; "), "{policy}");
    assert!(!policy.contains("allow-same-origin") && !policy.contains("connect-src"), "{policy}");
    // Without this its modules would not load: an opaque origin asks for them as a stranger does.
    let module = ask("frames/editor.js").await;
    assert_eq!(module.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
    assert!(module.headers().get(header::CONTENT_SECURITY_POLICY).is_none());
}
