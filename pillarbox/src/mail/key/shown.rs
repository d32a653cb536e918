//! How keys and certificates are shown.

use crate::screen::Screen;
use crate::table::{Cell, Table, words};
use crate::trouble::Trouble;
use crate::units;
use crate::view::View;
use agent::key_folder::{Holding, KeyFolder, Place, SHORT_ID};
use agent::sealing::Keys;
use message::Time;
use seal::{Certificate, Trust};
use serde_json::{Value, json};

/// Whose certificate it is, in a few words.
pub fn in_short(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    match certificate.addresses().first().map(ToString::to_string) {
        Some(address) if address != subject => units::harmless(&format!("{subject} <{address}>")).into_owned(),
        _ => units::harmless(&subject).into_owned(),
    }
}

/// What is to be thought of a certificate.
pub fn trust_in_words(trust: &Trust, certificate: &Certificate) -> String {
    match trust {
        Trust::Trusted { root } => format!("{root} vouches for it, whom you trust"),
        Trust::Chosen => "you chose to trust it".to_owned(),
        Trust::Expired { .. } => "it, or one it rests on, has expired".to_owned(),
        Trust::NotYetValid => "it, or one it rests on, does not hold yet".to_owned(),
        Trust::UnknownIssuer => {
            format!("it says to be from {}, whom you do not trust (`pillarbox mail key trust`)", certificate.issuer())
        }
        Trust::WrongPurpose => "it is not for signing mail".to_owned(),
        Trust::Weak => "it is made in a way that others can forge".to_owned(),
        Trust::Constrained => "an authority behind it may not vouch for it".to_owned(),
        Trust::Broken => "it does not hold up to the rules".to_owned(),
    }
}

/// The table of all, or those in one place.
pub fn list(folder: &KeyFolder, place: Option<Place>, screen: &mut Screen) -> Result<(), Trouble> {
    let look = screen.look();
    let mut table = Table::new(&[words("ID"), words("KIND"), words("WHOSE"), words("UNTIL"), words("STATE")]);
    let (holdings, problems) = folder.holdings();
    let keys = folder.load().keys;
    let mut rows = Vec::new();
    for holding in holdings.iter().filter(|holding| place.is_none_or(|place| holding.place == place)) {
        let certificate = &holding.certificate;
        let until =
            Cell::new(units::day(certificate.not_after(), crate::zone::here()), units::exact(certificate.not_after()));
        table.row([
            holding.id.get(..SHORT_ID).unwrap_or(&holding.id).into(),
            holding.place.word().into(),
            (&in_short(certificate)).into(),
            until,
            state(holding, &keys, look.now).into(),
        ]);
        rows.push(json_of(holding, &keys, look.now));
    }
    let json = json!({ "certificates": rows, "system_trusted": folder.trusts_system(), "problems": problems });
    let note = "no key yet: `pillarbox mail key import FILE` brings one in";
    screen.show(&View::table(&table, json, look).or_note(note).with_notes(problems))
}

/// What an eye running down the list looks for.
fn state(holding: &Holding, keys: &Keys, now: Time) -> &'static str {
    let certificate = &holding.certificate;
    if now > certificate.not_after() {
        return "expired";
    }
    if now < certificate.not_before() {
        return "not yet";
    }
    if holding.place == Place::Trusted {
        return "";
    }
    if keys.roots.trust(certificate, &holding.chain, now).is_good() { "trusted" } else { "not trusted" }
}

fn json_of(holding: &Holding, keys: &Keys, now: Time) -> Value {
    let certificate = &holding.certificate;
    let trust = keys.roots.trust(certificate, &holding.chain, now);
    let addresses: Vec<String> = certificate.addresses().iter().map(ToString::to_string).collect();
    json!({
        "id": holding.id,
        "place": holding.place,
        "subject": certificate.subject(),
        "issuer": certificate.issuer(),
        "addresses": addresses,
        "serial": certificate.serial(),
        "not_before": units::exact(certificate.not_before()),
        "not_after": units::exact(certificate.not_after()),
        "trusted": trust.is_good(),
        "encrypts": seal::fit(certificate, now).is_ok(),
        "signs": holding.place == Place::Own && certificate.may_sign(),
    })
}

/// All of one certificate, and where it lies.
pub fn one(folder: &KeyFolder, found: &[Holding], screen: &mut Screen) -> Result<(), Trouble> {
    let Some(holding) = found.first() else { return Ok(()) };
    let look = screen.look();
    let keys = folder.load().keys;
    let certificate = &holding.certificate;
    let places: Vec<&str> = found.iter().map(|one| one.place.word()).collect();
    let addresses: Vec<String> = certificate.addresses().iter().map(ToString::to_string).collect();
    let trust = keys.roots.trust(certificate, &holding.chain, look.now);
    let encrypts = seal::fit(certificate, look.now).map_or_else(|error| error.to_string(), |()| "yes".to_owned());
    let chain: Vec<String> = holding.chain.iter().map(Certificate::subject).collect();
    let facts = [
        ("Whose", certificate.subject()),
        ("Addresses", addresses.join(", ")),
        ("From", certificate.issuer()),
        ("By way of", chain.join(", ")),
        ("Serial", certificate.serial()),
        ("Holds from", units::exact(certificate.not_before())),
        ("Holds until", units::exact(certificate.not_after())),
        ("SHA-256", certificate.fingerprint()),
        ("Kept as", places.join(", ")),
        ("Trust", trust_in_words(&trust, certificate)),
        ("Encrypts", encrypts),
    ];
    let shown = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let shown: Vec<(&'static str, String)> =
        shown.map(|(name, value)| (name, units::harmless(&value).into_owned())).collect();
    let mut json = json_of(holding, &keys, look.now);
    json["places"] = json!(places);
    json["fingerprint"] = json!(certificate.fingerprint());
    json["trust"] = json!(trust_in_words(&trust, certificate));
    screen.show(&View::facts(&shown, json, look))
}
