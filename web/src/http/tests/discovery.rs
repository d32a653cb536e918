//! What clients find.

use super::*;
use serde_json::json;

#[tokio::test]
async fn autoconfig_tells_the_listeners_that_are_bound() {
    let world = world().await;
    for path in ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"] {
        let answer = world.browser().get(&format!("{path}?emailaddress=bob@hamburger.edu")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert!(answer.field("content-type").starts_with("application/xml"));
        let at = |text: &str| answer.text.find(text).unwrap_or_else(|| panic!("{text}: {}", answer.text));
        assert!(at("<port>1993</port>") < at("<port>1143</port>"), "encrypted from the start is the better");
        assert!(at("<port>1143</port>") < at("<port>1587</port>"));
        assert!(answer.text.contains("<socketType>SSL</socketType>") && answer.text.contains("<socketType>STARTTLS"));
        assert!(!answer.text.contains("pop3") && answer.text.contains("<hostname>mx.hamburger.edu</hostname>"));
    }
}

#[tokio::test]
async fn nobody_learns_who_exists() {
    let world = world().await;
    let ask = async |name: &str| world.browser().get(&format!("/mail/config-v1.1.xml?emailaddress={name}")).await;
    assert_eq!(ask("bob@hamburger.edu").await.text, ask("nobody@hamburger.edu").await.text);
    assert_eq!(ask("bob@crepes.fr").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask("%3Cscript%3E").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn autodiscover_answers_in_both_its_forms() {
    let world = world().await;
    let browser = world.browser();
    let mut request = browser.request(Method::POST, "/autodiscover/autodiscover.xml", None);
    let body = "<Autodiscover><Request><EMailAddress>bob&amp;@hamburger.edu</EMailAddress></Request></Autodiscover>";
    *request.body_mut() = Body::from(body.replace("&amp;", ""));
    let answer = world.send(browser.from, request).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(answer.text.contains("<Type>IMAP</Type>") && answer.text.contains("<Port>1993</Port>"));
    assert!(answer.text.contains("<LoginName>bob@hamburger.edu</LoginName>") && !answer.text.contains("POP3"));
    let place = browser.get("/autodiscover/autodiscover.json?Email=bob@hamburger.edu&Protocol=Autodiscoverv1").await;
    let url = "https://mx.hamburger.edu/autodiscover/autodiscover.xml";
    assert_eq!(place.json, json!({ "Protocol": "AutodiscoverV1", "Url": url }));
    let place = browser.get("/autodiscover/autodiscover.json/v1.0/bob@hamburger.edu?Protocol=AutodiscoverV1").await;
    assert_eq!(place.json["Url"], url);
    let place = browser.get("/autodiscover/autodiscover.json?Email=bob@hamburger.edu&Protocol=ActiveSync").await;
    assert_eq!(place.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_apple_profile_is_downloaded() {
    let world = world().await;
    let answer = world.browser().get("/pillarbox.mobileconfig?email=bob@hamburger.edu").await;
    assert_eq!(answer.field("content-type"), "application/x-apple-aspen-config");
    assert!(answer.field("content-disposition").contains("attachment"));
    assert!(answer.text.contains("<integer>1993</integer>") && answer.text.contains("Not signed"));
    assert!(!answer.text.contains("Password</key><string>"), "no password is in it");
}

#[tokio::test]
async fn the_fixed_places_lead_on() {
    let world = world().await;
    let answer = world.browser().get("/.well-known/change-password").await;
    assert_eq!((answer.status, answer.field("location")), (StatusCode::SEE_OTHER, "/settings/password"));
    let jmap = world.bob().await.get("/.well-known/jmap").await;
    assert_eq!(jmap.json["username"], "bob@hamburger.edu");
}

#[tokio::test]
async fn who_found_a_hole_is_told_whom_to_write_to() {
    let world = world().await;
    let told = world.browser().get("/.well-known/security.txt").await;
    assert_eq!((told.status, told.field("content-type")), (StatusCode::OK, "text/plain; charset=utf-8"));
    let expires = crate::jmap::date::write_utc(START.after(Duration::from_secs(30 * 86_400)));
    let place = format!("Canonical: https://{HOST}/.well-known/security.txt\n");
    assert_eq!(told.text, format!("Contact: mailto:security@hamburger.edu\nExpires: {expires}\n{place}"));
}
