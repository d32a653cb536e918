#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn round(text: &str) -> String {
    Address::parse(text).unwrap().to_string()
}

#[test]
fn reads_names_to_one_canonical_form() {
    for (typed, canonical) in [
        ("Crepes.FR", "crepes.fr"),
        ("crepes.fr.", "crepes.fr"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("_dmarc.a-b.example", "_dmarc.a-b.example"),
    ] {
        assert_eq!(Domain::parse(typed).unwrap().as_str(), canonical, "{typed}");
    }
    assert_eq!(Domain::parse("xn--bcher-kva.example").unwrap().to_unicode(), "bücher.example");
}

#[test]
fn refuses_what_is_no_name() {
    for typed in
        ["", ".", "a..b", ".a", "a..", "-a.b", "a-.b", "a b", "a@b", "1.2.3.4", "a.7", "xn--a-ecp.ru\0", "a/b", "xn--"]
    {
        assert_eq!(Domain::parse(typed), Err(AddressError::Domain), "{typed}");
    }
}

#[test]
fn holds_the_limits_of_names() {
    let label = "a".repeat(LABEL_MAX);
    assert!(Domain::parse(&label).is_ok());
    assert!(Domain::parse(&format!("{label}a")).is_err());
    let name = format!("{label}.{label}.{label}.{label}");
    assert_eq!(name.len(), DOMAIN_MAX);
    assert!(Domain::parse(&name).is_ok());
    assert!(Domain::parse(&format!("a.{}", &name[1..])).is_err());
    assert!(Domain::parse(&"é".repeat(DOMAIN_INPUT_MAX)).is_err());
}

#[test]
fn reads_and_writes_addresses() {
    for (typed, written) in [
        ("alice@Hamburger.EDU", "alice@hamburger.edu"),
        ("Alice.B+tag@crepes.fr", "Alice.B+tag@crepes.fr"),
        ("\"alice\"@crepes.fr", "alice@crepes.fr"),
        ("\"a b\"@crepes.fr", "\"a b\"@crepes.fr"),
        ("\"a\\\"b\\\\\"@crepes.fr", "\"a\\\"b\\\\\"@crepes.fr"),
        ("\"a@b\"@crepes.fr", "\"a@b\"@crepes.fr"),
        ("\"a..b\"@crepes.fr", "\"a..b\"@crepes.fr"),
        ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[ipv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]"),
    ] {
        assert_eq!(round(typed), written, "{typed}");
    }
}

#[test]
fn refuses_what_is_no_address() {
    for (typed, error) in [
        ("", AddressError::Form),
        ("alice", AddressError::Form),
        ("@crepes.fr", AddressError::Form),
        ("\"\"@crepes.fr", AddressError::Form),
        ("\"alice@crepes.fr", AddressError::Form),
        ("\"alice\"crepes.fr", AddressError::Form),
        ("a@b@crepes.fr", AddressError::Domain),
        ("a@", AddressError::Domain),
        (".a@crepes.fr", AddressError::LocalPart),
        ("a..b@crepes.fr", AddressError::LocalPart),
        ("a b@crepes.fr", AddressError::LocalPart),
        ("a\r\nb@crepes.fr", AddressError::LocalPart),
        ("\"a\0b\"@crepes.fr", AddressError::LocalPart),
        ("\"a\\\nb\"@crepes.fr", AddressError::LocalPart),
        ("a\u{85}b@crepes.fr", AddressError::LocalPart),
        ("a@[192.0.2.256]", AddressError::Literal),
        ("a@[2001:db8::1]", AddressError::Literal),
        ("a@[192.0.2.1", AddressError::Literal),
    ] {
        assert_eq!(Address::parse(typed), Err(error), "{typed:?}");
    }
}

#[test]
fn holds_the_limit_of_local_parts() {
    let local = "x".repeat(LOCAL_PART_MAX);
    assert!(Address::parse(&format!("{local}@crepes.fr")).is_ok());
    assert_eq!(Address::parse(&format!("{local}x@crepes.fr")), Err(AddressError::LocalPartTooLong));
}

#[test]
fn text_becomes_an_address_and_text_again() {
    let address = Address::try_from("Bob@HAMBURGER.edu".to_owned()).unwrap();
    assert_eq!(address.domain(), Some(&Domain::try_from("hamburger.edu".to_owned()).unwrap()));
    assert_eq!((address.local_part(), String::from(address.clone())), ("Bob", "Bob@hamburger.edu".to_owned()));
    assert_eq!(Address::parse("bob@[192.0.2.1]").unwrap().domain(), None);
    assert!(Address::try_from("bob".to_owned()).is_err() && Domain::try_from("a b".to_owned()).is_err());
}

proptest! {
    #[test]
    fn what_is_written_reads_back(local in "[ -~é用]{1,20}", name in "[a-z0-9]{1,8}(\\.[a-z]{2,5}){0,2}x") {
        let address = Address::new(&local, Host::Domain(Domain::parse(&name).unwrap()));
        prop_assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
    }

    #[test]
    fn parsing_is_total(text in "\\PC*", raw in any::<String>()) {
        for text in [text, raw] {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
            }
            if let Ok(domain) = Domain::parse(&text) {
                prop_assert_eq!(Domain::parse(domain.as_str()).unwrap(), domain);
            }
        }
    }
}
