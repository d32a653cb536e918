//! The corpus of hostile mail (`tests/rendering/`), all of it through the sanitiser. Owns the laws that what comes out must
//! keep, looked at by a scanner that shares nothing with the code it judges. A real browser tries the same corpus in
//! `tests/webmail/hostile/`.
//!
//! A file of the corpus: `#` what it tries, `!` what must not be in the result, `+` what must be in its text, `=` what is
//! told of it; then `---` and the message. `{{3*piece}}` in a message stands for three pieces.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

mod world;

use message::Summary;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use web::rendering::letter::{self, Rendered};

/// The least that the corpus is to hold.
const MESSAGES_MIN: usize = 300;
/// How long any message may take, in a debug build on a busy machine: a hundred times what it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One file.
struct Case {
    path: PathBuf,
    never: Vec<String>,
    keep: Vec<String>,
    told: Vec<String>,
    message: Vec<u8>,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    list.sort();
    list
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rendering");
    files(&root).iter().filter(|path| path.is_dir()).flat_map(|family| files(family)).map(case).collect()
}

fn case(path: PathBuf) -> Case {
    let octets = std::fs::read(&path).unwrap();
    let end = octets.windows(5).position(|piece| piece == b"\n---\n").unwrap();
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let all = |sign: &str| head.lines().filter_map(|line| line.strip_prefix(sign)).map(str::to_owned).collect();
    Case { never: all("! "), keep: all("+ "), told: all("= "), message: lines(&expand(&octets[end + 5..])), path }
}

/// Pieces that are repeated, written out.
fn expand(text: &[u8]) -> Vec<u8> {
    let find =
        |from: usize, what: &[u8]| text[from..].windows(what.len()).position(|piece| piece == what).map(|at| from + at);
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(open) = find(at, b"{{") {
        let digits = text[open + 2..].iter().take_while(|octet| octet.is_ascii_digit()).count();
        let star = open + 2 + digits;
        let close = find(star, b"}}").filter(|_| digits > 0 && text.get(star) == Some(&b'*'));
        let Some(close) = close else {
            out.extend_from_slice(&text[at..open + 2]);
            at = open + 2;
            continue;
        };
        let count: usize = std::str::from_utf8(&text[open + 2..star]).unwrap().parse().unwrap();
        out.extend_from_slice(&text[at..open]);
        out.extend(text[star + 1..close].repeat(count));
        at = close + 2;
    }
    out.extend_from_slice(&text[at..]);
    out
}

fn lines(text: &[u8]) -> Vec<u8> {
    text.iter()
        .flat_map(|octet| if *octet == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(octet) })
        .copied()
        .collect()
}

fn rendered(message: &[u8], allow_remote: bool) -> Rendered {
    let summary = Summary::of(&message::parse(message));
    let bodies: Vec<(usize, Vec<u8>)> = letter::wanted(&summary)
        .0
        .into_iter()
        .map(|part| {
            let body = &summary.parts[part].body;
            let end = body.end.min(body.start + letter::PART_MAX);
            (part, message[usize::try_from(body.start).unwrap()..usize::try_from(end).unwrap()].to_vec())
        })
        .collect();
    let houses: Vec<message::Domain> = web::rendering::senders::house_domains().collect();
    letter::render(&summary, &bodies, |part| format!("/render/part/{part}"), allow_remote, &houses)
}

/// A tag as a scanner of the test sees it.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

/// Tags of what we wrote: every `<` begins one, every value stands in double quotes.
fn tags(html: &str) -> Vec<Tag> {
    let mut list = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open + 1..];
        let closing = rest.starts_with('/');
        let body = rest.trim_start_matches('/');
        let end = body.find(['>', ' ']).expect("a tag that ends");
        let mut tag = Tag { name: body[..end].to_owned(), attributes: Vec::new() };
        rest = &body[end..];
        while let Some(after) = rest.strip_prefix(' ') {
            let (name, value) = after.split_once("=\"").expect("name and value");
            let (value, after) = value.split_once('"').expect("a value that ends");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
            tag.attributes.push((name.to_owned(), value.to_owned()));
            rest = after;
        }
        rest = rest.strip_prefix('>').expect("the end of a tag");
        if !closing {
            list.push(tag);
        }
    }
    list
}

const ELEMENTS: &str = " a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div \
    dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small span \
    strike strong style sub sup table tbody td tfoot th thead time tr tt u ul var wbr ";
const ATTRIBUTES: &str = " abbr align alt aria-hidden aria-label bgcolor border bordercolor cellpadding cellspacing class clear color colspan \
    datetime dir face height hidden href hspace id lang noshade nowrap rel reversed role rowspan scope size span src start style summary target title \
    type valign value vspace width ";

/// What is wrong with a result, whoever sent it.
fn faults(html: &str, allow_remote: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    let mut markup = String::new();
    while let Some((before, after)) = rest.split_once("<style>") {
        let (sheet, after) = after.split_once("</style>").expect("a sheet that ends");
        found.extend(css_fault(sheet, allow_remote));
        markup.push_str(before);
        rest = after;
    }
    markup.push_str(rest);
    for tag in tags(&markup) {
        if !ELEMENTS.contains(&format!(" {} ", tag.name)) {
            found.push(format!("element {}", tag.name));
        }
        for (name, value) in &tag.attributes {
            let sound = match name.as_str() {
                "href" => {
                    value.starts_with("#m-")
                        || ["http://", "https://", "mailto:", "tel:", "sms:", "ftp://"]
                            .iter()
                            .any(|good| value.starts_with(good))
                }
                "src" => is_picture(value, allow_remote),
                "style" => css_fault(&value.replace("&quot;", "\""), allow_remote).is_none(),
                "class" => value.split(' ').all(|own| own.starts_with("m-") || own == "pb-mail"),
                "id" => value.starts_with("m-"),
                "target" => value == "_blank",
                _ => ATTRIBUTES.contains(&format!(" {name} ")),
            };
            if !sound {
                found.push(format!("{name}=\"{value}\" on {}", tag.name));
            }
        }
    }
    found
}

fn is_picture(address: &str, allow_remote: bool) -> bool {
    let kinds = ["png", "jpeg", "gif", "webp", "bmp", "avif"];
    let data = kinds.iter().any(|kind| address.starts_with(&format!("data:image/{kind};base64,")));
    data || address.strip_prefix("/render/part/").is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
        || allow_remote && address.starts_with("https://")
}

fn css_fault(css: &str, allow_remote: bool) -> Option<String> {
    let mut quiet = String::new();
    for (at, piece) in css.split("url('").enumerate() {
        if at == 0 {
            quiet.push_str(piece);
            continue;
        }
        let (address, after) = piece.split_once("')")?;
        if !is_picture(address, allow_remote) {
            return Some(format!("url {address}"));
        }
        quiet.push_str(after);
    }
    let quiet = quiet.to_ascii_lowercase();
    let loud = [
        "url",
        "@import",
        "@font",
        "expression(",
        "position: fixed",
        "sticky",
        "absolute",
        "\\",
        "/*",
        "<",
        "javascript",
        "behavior",
        "binding",
        "var(",
        "content:",
        "image-set",
        "[",
        "::",
    ];
    loud.iter().find(|loud| quiet.contains(**loud)).map(|loud| format!("{loud} in {}", &quiet[..quiet.len().min(200)]))
}

fn has_told(rendered: &Rendered, fact: &str) -> bool {
    let warnings: Vec<String> =
        rendered.links.iter().flat_map(|link| &link.warnings).map(|own| serde_json::to_string(own).unwrap()).collect();
    let sender: Vec<String> = rendered.sender.iter().map(|own| serde_json::to_string(own).unwrap()).collect();
    match fact.split_once(' ') {
        Some(("remote", count)) => rendered.remote.to_string() == count,
        Some(("trackers", count)) => rendered.trackers.to_string() == count,
        Some(("warning", name)) => warnings.contains(&format!("\"{name}\"")),
        Some(("sender", name)) => sender.contains(&format!("\"{name}\"")),
        _ => fact == "quiet" && warnings.is_empty(),
    }
}

/// What is wrong with one message.
fn judge(case: &Case) -> Vec<String> {
    let start = Instant::now();
    let quiet = rendered(&case.message, false);
    let took = start.elapsed();
    let html = quiet.html.clone().unwrap_or_else(|| quiet.plain.clone());
    let mut found = faults(&html, false);
    if took > PATIENCE {
        found.push(format!("it took {took:?}"));
    }
    found.extend(
        case.never
            .iter()
            .filter(|never| without_text(&html).contains(&never.to_lowercase()))
            .map(|never| format!("{never} is there")),
    );
    found.extend(
        case.keep.iter().filter(|keep| !quiet.text.contains(keep.as_str())).map(|keep| format!("{keep} is gone")),
    );
    found.extend(case.told.iter().filter(|told| !has_told(&quiet, told)).map(|told| {
        format!("{told} is not told: {} {} {:?} {:?}", quiet.remote, quiet.trackers, quiet.links, quiet.sender)
    }));
    if case.message.len() < 100_000 {
        let shown = rendered(&case.message, true);
        found.extend(
            faults(&shown.html.unwrap_or(shown.plain), true).into_iter().map(|fault| format!("allowed: {fault}")),
        );
    }
    if quiet.html.is_some()
        && !html.contains("/render/")
        && html.len() < 200_000
        && html.matches("class=\"pb-mail").count() == 1
    {
        let again = web::rendering::clean(&html, &web::rendering::Policy::default()).html;
        if again != html {
            found.push(format!("it changes when it is cleaned again:\n{html}\n{again}"));
        }
    }
    found
}

/// Tags alone, in lower case, without where links lead: what a reader sees as text may say anything.
fn without_text(html: &str) -> String {
    let mut out = String::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        out.push('<');
        for (at, part) in tag.split(" href=\"").enumerate() {
            let shown = if at == 0 { part } else { part.split_once('"').map_or("", |(_, rest)| rest) };
            out.push_str(shown);
        }
        out.push('>');
        if tag == "style" {
            out.push_str(text);
        }
    }
    // What stands in texts of attributes is text.
    for name in ["title", "alt", "summary", "aria-label"] {
        while let Some(start) = out.find(&format!(" {name}=\"")) {
            let value = start + name.len() + 3;
            let end = out[value..].find('"').map_or(out.len(), |at| value + at + 1);
            out.replace_range(start..end, "");
        }
    }
    out.to_lowercase()
}

#[test]
fn hostile_mail_comes_out_harmless() {
    let cases = cases();
    assert!(cases.len() >= MESSAGES_MIN, "{}", cases.len());
    let half = cases.len() / 2;
    let judged = std::thread::scope(|scope| {
        let judge_all = |cases: &[Case]| -> Vec<(PathBuf, Vec<String>)> {
            cases.iter().map(|case| (case.path.clone(), judge(case))).collect()
        };
        let first = scope.spawn(move || judge_all(&cases_of(0, half)));
        let rest = judge_all(&cases[half..]);
        first.join().unwrap().into_iter().chain(rest).collect::<Vec<_>>()
    });
    let bad: Vec<String> = judged
        .into_iter()
        .filter(|(_, faults)| !faults.is_empty())
        .map(|(path, faults)| format!("{}: {}", path.display(), faults.join("; ")))
        .collect();
    assert!(bad.is_empty(), "{} of the corpus:\n{}", bad.len(), bad.join("\n"));
}

fn cases_of(from: usize, to: usize) -> Vec<Case> {
    cases().into_iter().skip(from).take(to - from).collect()
}

#[test]
fn the_judge_sees_faults() {
    for (html, fault) in [
        ("<script>x</script>", "element script"),
        ("<p onclick=\"x\">y</p>", "onclick"),
        ("<a href=\"javascript:x\">y</a>", "href"),
        ("<img src=\"https://evil.example/\">", "src"),
        ("<p style=\"background: url(&quot;https://evil.example/&quot;)\">x</p>", "style"),
        ("<p style=\"position: fixed\">x</p>", "style"),
        ("<style>@import x</style>", "@import"),
        ("<p id=\"x\">y</p>", "id"),
    ] {
        assert!(faults(html, false).iter().any(|found| found.contains(fault)), "{html}");
    }
    assert!(
        faults("<p class=\"m-a\" style=\"color: red\">x</p><img src=\"/render/part/3\" alt=\"\">", false).is_empty()
    );
}

/// Over the real store and the router: `Rendering/get`, the frame, the pictures.
mod served {
    use super::world::World;
    use axum::body::{Body, to_bytes};
    use axum::http::{HeaderMap, Request, StatusCode};
    use serde_json::{Value, json};
    use store::types::{Flags, Role};
    use tower::ServiceExt;

    const LETTER: &str = "From: \"PayPal\" <x@evil.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>Hello <img src=cid:a@b><img src=cid:c@d><img src=https://evil.example/1.png>\r\n\
        --b\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n\
        --b\r\nContent-Type: image/png\r\nContent-ID: <c@d>\r\n\r\n<svg onload=alert(1)>\r\n--b--\r\n";

    async fn put(world: &World, content: &str) -> String {
        let inbox = world.mailbox(Role::Inbox).await;
        let (email, _) = world.put(content.as_bytes(), &[inbox], Flags::default(), world.now()).await;
        web::jmap::ids::of_email(world.account(), email)
    }

    async fn get(world: &World, arguments: Value) -> Value {
        let using = ["urn:ietf:params:jmap:core", "urn:pillarbox:jmap:webmail"];
        let request = json!({"using": using, "methodCalls": [["Rendering/get", arguments, "c"]]});
        world.ask(&request).await["methodResponses"][0].clone()
    }

    fn account(world: &World) -> String {
        web::jmap::ids::of_account(world.account())
    }

    async fn fetch(world: &World, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path).header("host", "mail.hamburger.edu").body(Body::empty()).unwrap();
        let response = world.web.router().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn a_message_is_rendered_and_its_frame_and_pictures_are_served() {
        let world = World::new().await;
        let id = put(&world, LETTER).await;
        let answer = get(&world, json!({"accountId": account(&world), "ids": [id, "Enothing", id]})).await;
        let told = &answer[1]["list"][0];
        assert_eq!((answer[1]["list"].as_array().unwrap().len(), &answer[1]["notFound"]), (1, &json!(["Enothing"])));
        assert_eq!((&told["id"], &told["remoteCount"], &told["plain"]), (&json!(id), &json!(1), &Value::Null));
        assert_eq!(told["sender"], json!(["nameOfOther"]));
        let (status, headers, body) = fetch(&world, told["frame"].as_str().unwrap()).await;
        let body = String::from_utf8(body).unwrap();
        assert_eq!(status, StatusCode::OK);
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("sandbox") && policy.contains("img-src data: http://mail.hamburger.edu/render/;"),
            "{policy}"
        );
        assert_eq!(headers["x-frame-options"], "SAMEORIGIN");
        assert!(body.contains("Hello") && !body.contains("evil.example"), "{body}");
        let pictures: Vec<&str> = body.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(pictures.len(), 2, "{body}");
        let (status, headers, octets) = fetch(&world, pictures[0]).await;
        assert_eq!(
            (status, &headers["content-type"], &octets[..6]),
            (StatusCode::OK, &"image/gif".parse().unwrap(), &b"GIF89a"[..])
        );
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        assert_eq!(fetch(&world, pictures[1]).await.0, StatusCode::NOT_FOUND, "it says PNG and is SVG");
        for wrong in
            [pictures[0].replace("/part/", "/frame/"), format!("{}x", pictures[0]), "/render/part/x".to_owned()]
        {
            assert_eq!(fetch(&world, &wrong).await.0, StatusCode::FORBIDDEN, "{wrong}");
        }
    }

    #[tokio::test]
    async fn nobody_renders_what_is_another_s_or_too_much() {
        let world = World::new().await;
        let other = world.add("carol@hamburger.edu").await;
        let id = put(&world, LETTER).await;
        let kind = |answer: &Value| answer[1]["type"].as_str().unwrap_or_default().to_owned();
        let others = web::jmap::ids::of_account(other);
        assert_eq!(kind(&get(&world, json!({"accountId": others, "ids": [id]})).await), "accountNotFound");
        let foreign = web::jmap::ids::of_email(other, store::types::EmailId(1));
        let answer = get(&world, json!({"accountId": account(&world), "ids": [foreign]})).await;
        assert_eq!(answer[1]["notFound"], json!([foreign]));
        let many = |count: usize| (0..count).map(|n| format!("E{n}")).collect::<Vec<_>>();
        let most = web::rendering::method::MESSAGES_MAX;
        assert_eq!(get(&world, json!({"accountId": account(&world), "ids": many(most)})).await[0], "Rendering/get");
        assert_eq!(
            kind(&get(&world, json!({"accountId": account(&world), "ids": many(most + 1)})).await),
            "requestTooLarge"
        );
        for wrong in [json!({"theme": "pink"}), json!({"allowRemote": "yes"}), json!({"ids": "E1"}), json!({"more": 1})]
        {
            let mut arguments = json!({"accountId": account(&world), "ids": [id]});
            arguments.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
            assert_eq!(kind(&get(&world, arguments).await), "invalidArguments", "{wrong}");
        }
        let plain = world.call("Rendering/get", json!({"accountId": account(&world), "ids": [id]})).await;
        assert_eq!(kind(&plain), "unknownMethod", "without its capability");
    }

    #[tokio::test]
    async fn an_address_leads_nowhere_when_the_message_is_gone_or_the_hour_is_over() {
        let world = World::new().await;
        let id = put(&world, LETTER).await;
        let told =
            get(&world, json!({"accountId": account(&world), "ids": [id], "allowRemote": true, "theme": "dark"})).await;
        let frame = told[1]["list"][0]["frame"].as_str().unwrap().to_owned();
        let (_, headers, body) = fetch(&world, &frame).await;
        assert!(headers["content-security-policy"].to_str().unwrap().contains("https:;"));
        assert!(String::from_utf8(body).unwrap().contains("https://evil.example/1.png"));
        world.later(web::rendering::signed::VALID_S * 1000 + 999);
        assert_eq!(fetch(&world, &frame).await.0, StatusCode::OK);
        world.later(1);
        assert_eq!(fetch(&world, &frame).await.0, StatusCode::FORBIDDEN);
    }
}
