#![allow(clippy::unwrap_used)]
use super::*;

const NOW: Time = Time(1_800_000_000_000);

fn party(email: &str, parameters: &[(&str, Option<&str>)]) -> Party {
    let given = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
    Party { email: email.to_owned(), parameters: Some(given.collect()) }
}

fn checked(sender: &[(&str, Option<&str>)], recipient: &[(&str, Option<&str>)]) -> Result<Checked, EnvelopeFault> {
    let rcpt_to = vec![party("bob@hamburger.edu", recipient)];
    Checked::of(&Envelope { mail_from: party("alice@crepes.fr", sender), rcpt_to }, NOW)
}

#[test]
fn dates_are_those_of_rfc_3339() {
    assert_eq!(read_date("1970-01-01T00:00:00Z"), Some(Time(0)));
    assert_eq!(read_date("1970-01-02T01:00:00.25+01:00"), Some(Time(86_400_250)));
    assert_eq!(read_date("1970-01-01T00:00:00-00:30"), Some(Time(1_800_000)));
    for wrong in [
        "",
        "1970-01-01",
        "1970-01-01 00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00++1:00",
        "1970-01-01T00:00:00+24:00",
        "+970-01-01T00:00:00Z",
    ] {
        assert_eq!(read_date(wrong), None, "{wrong}");
    }
}

#[test]
fn a_message_is_held_for_a_month_and_no_longer() {
    let month = HOLD_MAX.as_secs();
    let held =
        |seconds: u64| checked(&[("holdFor", Some(&seconds.to_string()))], &[]).map(|checked| checked.hold_until);
    assert_eq!(held(10), Ok(Some(Time(NOW.0 + 10_000))));
    assert_eq!(held(month), Ok(Some(NOW.after(HOLD_MAX))));
    assert!(held(month + 1).is_err(), "one past it");
    let until = checked(&[("HOLDUNTIL", Some("2027-01-15T08:00:10Z"))], &[]).unwrap();
    assert_eq!(until.hold_until, Some(Time(NOW.0 + 10_000)));
    let past = checked(&[("HOLDUNTIL", Some("2001-01-15T08:00:10Z"))], &[]).unwrap();
    assert_eq!(past.hold_until, Some(NOW), "it leaves at once");
    assert!(checked(&[("HOLDUNTIL", Some("2027-01-15T08:00:10Z")), ("HOLDFOR", Some("1"))], &[]).is_err());
}

#[test]
fn parameters_of_dsn_are_read_and_others_refused() {
    let both = checked(
        &[("ret", Some("hdrs")), ("ENVID", Some("QQ314")), ("SMTPUTF8", None)],
        &[("NOTIFY", Some("success,FAILURE")), ("ORCPT", Some("rfc822;bob@hamburger.edu"))],
    )
    .unwrap();
    assert_eq!((both.ret, both.envid.as_deref()), (Some(Return::Headers), Some("QQ314")));
    let wish = Notify { success: true, failure: true, delay: false };
    let bob = Address::parse("bob@hamburger.edu").unwrap();
    assert_eq!(both.recipients, [(bob, Some(wish), Some("rfc822;bob@hamburger.edu".to_owned()))]);
    for (sender, recipient) in [
        (&[("RET", Some("ALL"))][..], &[][..]),
        (&[("X-MOOD", Some("good"))], &[]),
        (&[("HOLDFOR", Some("-1"))], &[]),
        (&[], &[("NOTIFY", Some("NEVER,DELAY"))]),
        (&[], &[("ORCPT", Some("bob"))]),
        (&[], &[("HOLDFOR", Some("1"))]),
    ] {
        assert!(matches!(checked(sender, recipient), Err(EnvelopeFault::Malformed(_))), "{sender:?} {recipient:?}");
    }
}

#[test]
fn nothing_stands_around_an_address() {
    let of = |from: &str, to: &str| {
        Checked::of(&Envelope { mail_from: party(from, &[]), rcpt_to: vec![party(to, &[])] }, NOW)
    };
    assert!(of("", "bob@hamburger.edu").is_ok() && of("a@b.example", "\"b b\"@hamburger.edu").is_ok());
    for wrong in
        [" a@b.example", "a@b.example ", "a@b.example\r\n", "\ta@b.example", "<a@b.example>", "a@b.example> SIZE=1"]
    {
        assert!(matches!(of(wrong, "bob@hamburger.edu"), Err(EnvelopeFault::Malformed(_))), "{wrong:?}");
        assert_eq!(of("a@b.example", wrong), Err(EnvelopeFault::Recipients(vec![wrong.to_owned()])), "{wrong:?}");
    }
    assert!(of(" ", "bob@hamburger.edu").is_err());
    assert!(of("a@b.example", "").is_err());
}

#[test]
fn parameters_are_as_smtp_writes_them_and_each_there_once() {
    for right in [
        &[("HOLDFOR", Some("1"))][..],
        &[("Size", Some("18446744073709551615"))],
        &[("body", Some("8bitMIME")), ("smtputf8", None)],
        &[("HOLDUNTIL", Some("2027-01-15T08:00:10.5Z"))],
    ] {
        assert!(checked(right, &[]).is_ok(), "{right:?}");
    }
    for wrong in [
        &[("HOLDFOR", Some("1")), ("holdfor", Some("2"))][..],
        &[("RET", Some("FULL")), ("Ret", Some("FULL"))],
        &[("HOLDFOR", Some("+3"))],
        &[("HOLDFOR", Some("0"))],
        &[("HOLDFOR", Some("03"))],
        &[("HOLDFOR", Some(" 3"))],
        &[("HOLDFOR", Some("1000000000"))],
        &[("HOLDFOR", None)],
        &[("HOLDUNTIL", Some("2027-01-15T09:00:10+01:00"))],
        &[("SIZE", Some("big"))],
        &[("SIZE", Some("184467440737095516150"))],
        &[("SIZE", None)],
        &[("BODY", Some("9BIT"))],
        &[("SMTPUTF8", Some("yes"))],
        &[("ENVID", Some("a\r\nb"))],
        &[("RET", None)],
    ] {
        assert!(matches!(checked(wrong, &[]), Err(EnvelopeFault::Malformed(_))), "{wrong:?}");
    }
    for wrong in [
        &[("NOTIFY", Some("SUCCESS, FAILURE"))][..],
        &[("NOTIFY", Some("NEVER")), ("notify", Some("NEVER"))],
        &[("ORCPT", Some(";bob@hamburger.edu"))],
        &[("ORCPT", Some("rfc822;"))],
        &[("ORCPT", Some("rfc 822;bob"))],
    ] {
        assert!(matches!(checked(&[], wrong), Err(EnvelopeFault::Malformed(_))), "{wrong:?}");
    }
}

#[test]
fn an_envelope_is_made_of_the_header() {
    let named = Named::of(
        b"From: Alice <alice@crepes.fr>\r\nTo: Bob <bob@hamburger.edu>, Friends: c@d.example;\r\n\
          Cc: BOB@hamburger.edu\r\nBcc: e@f.example, nobody\r\n\r\n",
    );
    let envelope = named.envelope("other@crepes.fr", |address| address.local_part() == "alice").unwrap();
    let to: Vec<&str> = envelope.rcpt_to.iter().map(|party| party.email.as_str()).collect();
    assert_eq!(envelope.mail_from.email, "alice@crepes.fr");
    assert_eq!(to, ["bob@hamburger.edu", "c@d.example", "e@f.example", "nobody"]);
    assert_eq!(Checked::of(&envelope, NOW), Err(EnvelopeFault::Recipients(vec!["nobody".to_owned()])));
    let not_own = named.envelope("other@crepes.fr", |_| false).unwrap();
    assert_eq!(not_own.mail_from.email, "other@crepes.fr");
}

#[test]
fn authors_must_be_clear() {
    let of =
        |section: &[u8]| Named::of(section).envelope("i@crepes.fr", |_| true).map(|envelope| envelope.mail_from.email);
    assert!(of(b"To: a@b.example\r\n\r\n").is_err());
    assert!(of(b"From: a@b.example, c@d.example\r\n\r\n").is_err());
    assert_eq!(of(b"From: a@b.example, c@d.example\r\nSender: c@d.example\r\n\r\n"), Ok("c@d.example".to_owned()));
    assert_eq!(Checked::of(&Envelope::default(), NOW), Err(EnvelopeFault::Nobody));
}
