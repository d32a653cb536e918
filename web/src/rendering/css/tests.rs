#![allow(clippy::unwrap_used)]
use super::*;
use std::collections::HashMap;

fn styled(text: &str) -> String {
    let parts = HashMap::new();
    style(text, &mut Sources::new(&parts, false)).map(|(text, _)| text).unwrap_or_default()
}

fn sheeted(text: &str) -> String {
    let parts = HashMap::new();
    sheet::sheet(text, &mut Sources::new(&parts, false)).trim().to_owned()
}

#[test]
fn keeps_how_mail_looks() {
    for (given, written) in [
        ("color:RED", "color: red"),
        ("COLOR : #FFF ; margin:0 auto!important", "color: #fff; margin: 0 auto !important"),
        ("font:bold 12px/1.5 'Open Sans', Arial", "font: bold 12px/1.5 'Open Sans', Arial"),
        (
            "background:linear-gradient(90deg, rgba(0,0,0,.5) 10%, #fff)",
            "background: linear-gradient(90deg, rgba(0,0,0,0.5) 10%, #fff)",
        ),
        ("width:calc(100% - 20px)", "width: calc(100% - 20px)"),
        ("c\\6fl\\6f r:red", "color: red"),
        ("position:relative", "position: relative"),
        ("width:33.333%", "width: 33.333%"),
    ] {
        assert_eq!(styled(given), written, "{given}");
        assert_eq!(styled(&styled(given)), written, "{given} once more");
    }
}

#[test]
fn takes_away_what_loads_moves_or_runs() {
    for bad in [
        "width:expression(alert(1))",
        "width:e\\78pression(alert(1))",
        "width:exp/**/ression(alert(1))",
        "width:calc(expression/**/(1))",
        "behavior:url(x.htc)",
        "-moz-binding:url(x)",
        "position:fixed",
        "position:sticky",
        "position:absolute",
        "pos\\69tion:fixed",
        "background:url(javascript:alert(1))",
        "background:url(https://evil.com/x)",
        "background:u\\72l(https://evil.com/x)",
        "background-image:image-set('https://evil.com/x' 1x)",
        "background-image:-webkit-image-set(url(https://evil.com/x) 1x)",
        "background:src('https://evil.com/x')",
        "background:paint(x)",
        "background:element(#x)",
        "cursor:url(https://evil.com/x),auto",
        "content:url(https://evil.com/x)",
        "list-style-image:url('https://evil.com/x')",
        "border-image:url(https://evil.com/x)",
        "mask:url(https://evil.com/x)",
        "filter:url(https://evil.com/x)",
        "clip-path:url(#x)",
        "transform:translate(0,-500px)",
        "animation:x 1s",
        "transition:all 1s",
        "--x:url(https://evil.com/x)",
        "background:var(--x)",
        "width:env(safe-area-inset-top)",
        "width:attr(value)",
        "color:red\\",
        "font-family:\"</style><script>\"",
        "font-family:'x\\27;color'",
        "color:{red}",
        "width:[x]",
        "pointer-events:none",
        "zoom:9",
        "all:unset",
        "background:URL(  \"//evil.com/x\"  )",
        "background-attachment:fixed",
        "color: red; } body { color: blue",
    ] {
        let written = styled(bad);
        assert!(written.is_empty() || written == "color: red", "{bad}: {written}");
    }
}

#[test]
fn numbers_stay_on_the_page() {
    assert_eq!(styled("width:1e9px"), "width: 20000px");
    assert_eq!(styled("margin-left:-1e99px"), "margin-left: -20000px");
    assert_eq!(styled("width:20000px"), "width: 20000px");
    assert_eq!(styled("width:99999%"), "width: 1000%");
    assert_eq!(styled("line-height:-0"), "line-height: 0");
}

#[test]
fn rules_stay_within_the_message() {
    for (given, written) in [
        ("p{color:red}", ".pb-mail p { color: red }"),
        ("*{color:red}", ".pb-mail * { color: red }"),
        ("body{color:red}", ".pb-mail { color: red }"),
        ("html body .x{color:red}", ".pb-mail .m-x { color: red }"),
        ("body.x > td{color:red}", ".pb-mail.m-x > td { color: red }"),
        (":root{color:red}", ".pb-mail { color: red }"),
        ("#a .b:hover , td{color:red}", ".pb-mail #m-a .m-b:hover, .pb-mail td { color: red }"),
        ("tr:nth-child(2n+1){color:red}", ".pb-mail tr:nth-child(2n+1) { color: red }"),
        ("[class=x] , *[class~=\"y\"]{color:red}", ".pb-mail .m-x, .pb-mail *.m-y { color: red }"),
        ("<!-- p{color:red} -->", ".pb-mail p { color: red }"),
        (
            "@media only screen and (max-width:600px){p{color:red}}",
            "@media only screen and (max-width: 600px) {\n.pb-mail p { color: red }\n}",
        ),
        (".pb-mail .m-x{color:red}", ".pb-mail .m-x { color: red }"),
    ] {
        assert_eq!(sheeted(given), written, "{given}");
        assert_eq!(sheeted(&sheeted(given)), written, "{given} once more");
    }
}

#[test]
fn rules_that_spy_or_load_go() {
    for bad in [
        "input[value^=a]{color:red}",
        "a[href*='x']{color:red}",
        "[class^=x]{color:red}",
        "[class=x i]{color:red}",
        "@import url(https://evil.com/x);",
        "@import 'x';",
        "@font-face{font-family:x;src:url(https://evil.com/x)}",
        "@keyframes x{from{color:red}}",
        "@supports (color:red){p{color:red}}",
        "@layer x{p{color:red}}",
        "@namespace x url(y);",
        "@page{margin:0}",
        "@property --x{syntax:'*'}",
        "@charset \"utf-7\";",
        "@media (min-width:1px) and (x:y){p{color:red}}",
        "@container (width>1px){p{color:red}}",
        "p::before{content:'x'}",
        "p::after{color:red}",
        "p:visited{color:red}",
        "p:has(a){color:red}",
        "p:not(a){color:red}",
        "p:is(a){color:red}",
        "p:target{color:red}",
        ":host{color:red}",
        "p>>a{color:red}",
        "p|a{color:red}",
        "p||a{color:red}",
        "> p{color:red}",
        "p >{color:red}",
        ".x body{color:red}",
        "p{background:url(https://evil.com/x)}",
        "p{p{color:red}",
        "{color:red}",
        "p\\{x{color:red}",
        "&{color:red}",
    ] {
        assert_eq!(sheeted(bad), "", "{bad}");
    }
}

#[test]
fn a_hand_over_a_rule_loads_nothing() {
    let parts = HashMap::new();
    let mut sources = Sources::new(&parts, true);
    let text = "p:hover{background:url(https://a.fr/x);color:red} p{background:url(https://a.fr/y)}";
    let written = sheet::sheet(text, &mut sources);
    assert!(!written.contains("a.fr/x") && written.contains("url('https://a.fr/y')"), "{written}");
}

#[test]
fn limits_hold() {
    let rules = |count: usize| sheeted(&"p{color:red}".repeat(count)).matches("color").count();
    assert_eq!(rules(sheet::RULES_MAX), sheet::RULES_MAX);
    assert_eq!(rules(sheet::RULES_MAX + 1), sheet::RULES_MAX);
    let declarations = |count: usize| styled(&"color:red;".repeat(count)).matches("color").count();
    assert_eq!(declarations(DECLARATIONS_MAX), DECLARATIONS_MAX);
    assert_eq!(declarations(DECLARATIONS_MAX + 1), DECLARATIONS_MAX);
    let selector = |count: usize| sheeted(&format!("{}{{color:red}}", "p ".repeat(count)));
    assert!(!selector(selectors::SIMPLE_MAX).is_empty());
    assert!(selector(selectors::SIMPLE_MAX + 1).is_empty());
    let media =
        |depth: usize| sheeted(&format!("{}p{{color:red}}{}", "@media screen{".repeat(depth), "}".repeat(depth)));
    assert!(!media(sheet::MEDIA_DEPTH_MAX).is_empty());
    assert!(media(sheet::MEDIA_DEPTH_MAX + 1).is_empty());
    let nested = |depth: usize| styled(&format!("width:{}1px{}", "calc(".repeat(depth), ")".repeat(depth)));
    assert!(!nested(values::NESTING_MAX).is_empty());
    assert!(nested(values::NESTING_MAX + 1).is_empty());
    assert!(nested(100_000).is_empty());
    let tokens = |count: usize| styled(&format!("margin:{}", "1px ".repeat(count)));
    assert!(!tokens(values::TOKENS_MAX).is_empty());
    assert!(tokens(values::TOKENS_MAX + 1).is_empty());
    let words = |octets: usize| styled(&format!("color:{}", "x".repeat(octets)));
    assert!(!words(values::WORD_MAX).is_empty());
    assert!(words(values::WORD_MAX + 1).is_empty());
    assert!(styled(&format!("color:red;{}", " ".repeat(STYLE_MAX - 10))).contains("red"));
    assert!(styled(&format!("color:red;{}", " ".repeat(STYLE_MAX - 9))).is_empty());
    let long = format!("{}p{{color:red}}", " ".repeat(SHEET_MAX));
    assert_eq!(sheeted(&long), "");
    assert_eq!(sheeted(&"@media screen{".repeat(20_000)), "");
    assert_eq!(sheeted(&"p{".repeat(50_000)), "");
}
