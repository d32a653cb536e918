#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn dates_begin_and_end_an_absence() {
    let away = |from, to| Vacation { is_enabled: true, from_date: from, to_date: to, ..Vacation::default() };
    assert!(away(None, None).is_active(Time(5)) && !Vacation::default().is_active(Time(5)));
    assert!(away(Some(Time(5)), None).is_active(Time(5)) && !away(Some(Time(6)), None).is_active(Time(5)));
    assert!(away(None, Some(Time(6))).is_active(Time(5)) && !away(None, Some(Time(5))).is_active(Time(5)));
}

#[test]
fn machines_are_not_answered() {
    for field in [
        "List-Id: <food.example>",
        "list-unsubscribe: <mailto:a@b.example>",
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: (a comment) auto-replied; x=y",
        "Precedence: List",
        "X-Auto-Response-Suppress: DR, OOF",
        "Content-Type: multipart/report; report-type=delivery-status",
    ] {
        assert_eq!(Question::of(format!("To: a@b.example\r\n{field}\r\n\r\n").as_bytes()), None, "{field}");
    }
    let person = b"Auto-Submitted: no\r\nPrecedence: first-class\r\nTo: a@b.example\r\nCc: c@d.example\r\n\
        Subject: =?utf-8?Q?cr=C3=AApes?=\r\nMessage-ID: <1@b.example>\r\n\r\n";
    let question = Question::of(person).unwrap();
    assert_eq!((question.named.len(), question.subject.as_str()), (2, "crêpes"));
    assert_eq!(question.message_id.as_deref(), Some("1@b.example"));
    for name in
        ["MAILER-DAEMON", "owner-food", "food-request", "no-reply", "food-bounces+alice=crepes.fr", "postmaster"]
    {
        assert!(is_a_machine(&Address::parse(&format!("{name}@b.example")).unwrap()), "{name}");
    }
    for name in ["alice", "request", "owner", "norbert"] {
        assert!(!is_a_machine(&Address::parse(&format!("{name}@b.example")).unwrap()), "{name}");
    }
}

#[test]
fn so_many_addressees_are_looked_up_and_no_more() {
    let to = |count: usize| (0..count).map(|n| format!("a{n}@b.example")).collect::<Vec<_>>().join(",\r\n ");
    let named = |count| Question::of(format!("To: {}\r\n\r\n", to(count)).as_bytes()).unwrap().named.len();
    assert_eq!((named(NAMED_MAX), named(NAMED_MAX + 1)), (NAMED_MAX, NAMED_MAX));
}

#[test]
fn senders_have_keys_of_one_length() {
    let key = |name: &str| key_of(AccountId(1), &Address::parse(name).unwrap());
    assert_eq!(key("Alice@crepes.fr"), key("alice@CREPES.fr"));
    assert_ne!(key("alice@crepes.fr"), key("bob@crepes.fr"));
    assert_ne!(key("alice@crepes.fr"), key_of(AccountId(2), &Address::parse("alice@crepes.fr").unwrap()));
    assert_eq!(key("alice@crepes.fr").len(), 40);
}
