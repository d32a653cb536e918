#![allow(clippy::unwrap_used)]
use super::*;
use crate::rendering::bounds;
use crate::rendering::links::Warning;

fn safe(text: &str) -> Safe {
    clean(text, &Policy::default())
}

/// What stands in the box.
fn inner(text: &str) -> String {
    let html = safe(text).html;
    let start = html.find("<div class=\"pb-mail").unwrap();
    let open = start + html[start..].find('>').unwrap() + 1;
    html[open..].strip_suffix("</div>").unwrap().to_owned()
}

#[test]
fn keeps_what_mail_is_made_of() {
    for same in [
        "<p>One <b>two</b> <i>three</i></p>",
        "<table width=\"100%\" cellpadding=\"0\"><tbody><tr><td align=\"center\" bgcolor=\"#ffffff\">x</td></tr></tbody></table>",
        "<ul><li>a</li><li>b</li></ul><hr>",
        "<pre>a\n  b</pre>",
        "<h1 style=\"color: #ff0000; margin: 0 auto\">x</h1>",
        "<blockquote>x</blockquote>",
    ] {
        assert_eq!(inner(same), same);
    }
}

#[test]
fn takes_away_what_runs() {
    for (given, kept) in [
        ("<script>alert(1)</script>x", "x"),
        ("<p onclick=alert(1) onmouseover='x'>a</p>", "<p>a</p>"),
        ("<svg onload=alert(1)><a>b</a></svg>x", "x"),
        ("<math><mi xlink:href=javascript:x>a</mi></math>x", "x"),
        ("<a href=javascript:alert(1)>a</a>", "<a rel=\"noopener noreferrer\">a</a>"),
        ("<form action=//evil><input name=a><button>go</button></form>", "go"),
        ("<iframe src=//evil></iframe><object data=x>y</object><embed src=x>z", "z"),
        ("<base href=//evil><meta http-equiv=refresh content=0><link rel=stylesheet href=x>a", "a"),
        ("<template><b>x</b></template><noscript><img src=x></noscript>a", "a"),
        ("<img src=x onerror=alert(1)>", "<img alt=\"\">"),
        ("<!-- <b>x</b> --><![CDATA[<b>a", "a"),
        ("<![CDATA[<b>]]>a", "]]&gt;a"),
    ] {
        assert_eq!(inner(given), kept, "{given}");
    }
}

#[test]
fn names_are_the_messages_own() {
    assert_eq!(inner("<p id=location class='a b'>x</p>"), "<p id=\"m-location\" class=\"m-a m-b\">x</p>");
    let anchors = inner("<a name=top></a><a href=#top>up</a>");
    assert!(anchors.contains("id=\"m-top\"") && anchors.contains("href=\"#m-top\""), "{anchors}");
}

#[test]
fn the_body_becomes_the_box() {
    let html = safe("<body class=dark bgcolor=#eeeeee text=red style='margin:0' onload=x>x").html;
    assert!(html.starts_with("<div class=\"pb-mail m-dark\" style=\""), "{html}");
    for part in ["background-color: #eeeeee", "color: red", "margin: 0"] {
        assert!(html.contains(part), "{html}");
    }
}

#[test]
fn links_are_told() {
    let safe = safe("<a href='https://evil.com/x'>https://crepes.fr/<b>menu</b></a> <a href='mailto:a@b.fr'>write</a>");
    assert_eq!(safe.links.len(), 2);
    assert_eq!(safe.links[0].warnings, [Warning::OtherHost]);
    assert_eq!(safe.links[0].host, "evil.com");
    assert!(safe.html.contains("target=\"_blank\"") && safe.html.contains("rel=\"noopener noreferrer\""));
}

#[test]
fn pictures_wait_until_they_are_allowed() {
    let text = "<img src=https://a.fr/1.png width=100 alt=Menu><table background='https://a.fr/2.png'><tr><td>x</table>\
        <p style='background:url(https://a.fr/3.png)'>y<style>.a{background-image:url(\"https://a.fr/4.png\")}</style>\
        <video poster=https://a.fr/5.png></video><img srcset='https://a.fr/6.png 2x'>\
        <img src=https://a.fr/p width=1 height=1><img src=https://a.fr/q style='display:none'>";
    let blocked = safe(text);
    assert_eq!((blocked.remote, blocked.trackers), (6, 2));
    assert!(!blocked.html.contains("a.fr"), "{}", blocked.html);
    let shown = clean(text, &Policy { allow_remote: true, ..Policy::default() });
    assert_eq!((shown.remote, shown.trackers), (6, 2));
    for number in 1..=6 {
        assert!(shown.html.contains(&format!("https://a.fr/{number}.png")), "{number}: {}", shown.html);
    }
    assert!(!shown.html.contains("a.fr/p") && !shown.html.contains("a.fr/q"));
}

#[test]
fn text_reads_like_the_page() {
    let safe = safe(
        "<h1>Menu</h1><p>One <b>two</b><br>three<ul><li>a<li>b</ul><blockquote>said<p>more</blockquote>\
        <table><tr><td>x<td>y<tr><td>z</table><span style='display:none'>hidden</span><a href='https://crepes.fr/x'>here</a><pre>a\n b</pre>",
    );
    let expected =
        "Menu\n\nOne two\nthree\n\n* a\n* b\n\n> said\n\n> more\n\nx y\nz\nhere <https://crepes.fr/x>\n\na\n b";
    assert_eq!(safe.text, expected);
}

#[test]
fn too_much_is_left_out() {
    let written = |count: usize| safe(&"<br>".repeat(count)).shortened;
    assert!(!written(WRITTEN_MAX));
    assert!(written(WRITTEN_MAX + 1));
    let unwritten = |count: usize| safe(&"<x></x>".repeat(count)).shortened;
    assert!(unwritten(bounds::WORK_MAX / 2));
    let deep = |depth: usize| safe(&format!("{}x", "<div>".repeat(depth)));
    assert!(!deep(DEPTH_MAX).shortened);
    assert!(deep(DEPTH_MAX + 1).shortened);
    for depth in [DEPTH_MAX + 1, bounds::OPEN_MAX, 100_000] {
        let deep = deep(depth);
        assert!(deep.html.contains('x') && deep.html.matches("<div").count() == DEPTH_MAX + 1, "{depth}");
    }
}

#[test]
fn costly_markup_costs_little() {
    // Formatting that is opened again and again in every paragraph; elements that are closed in the wrong order; tables
    // whose content moves out in front of them.
    for (open, again) in [
        ("<font color=1><font color=2><font color=3><font color=4><font color=5><font color=6>", "<p>x"),
        ("", "<p><font color=x><b id=y>"),
        ("", "<a href=x><div>"),
        ("<table>", "<b>x<tr>"),
        ("", "<b><i></b></i>"),
        ("", "<table><td>"),
        ("", "<svg><b><math>"),
        ("", "<select><option><table>"),
        ("", "<a/><nobr/>"),
    ] {
        let text = format!("{open}{}", again.repeat(15_000));
        let safe = safe(&text);
        assert!(safe.html.len() < 8 * 1024 * 1024, "{again}: {}", safe.html.len());
    }
}

#[test]
fn what_is_safe_stays_as_it_is() {
    for text in [
        "<p class=a>x<style>.a > b { color: red } body { margin: 0 } @media (max-width: 600px) { .a { width: 100% } }</style>",
        "<body bgcolor=red><a href='http://a.fr/\"x'>y</a><img src='data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'>",
        "<table><b>x</b><tr><p>y</table><pre>\n\nz</pre>",
        "a &amp;lt; b &nbsp; \u{202E}c",
    ] {
        let once = safe(text).html;
        assert_eq!(safe(&once).html, once, "{text}");
    }
}
