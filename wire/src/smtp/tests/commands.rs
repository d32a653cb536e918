//! Reading commands, and writing them.

use super::*;
use message::{Address, Host};
use proptest::prelude::*;

fn sender(line: &str) -> Sender {
    match Command::parse(line.as_bytes()) {
        Ok(Command::Mail(sender)) => sender,
        other => panic!("{line}: {other:?}"),
    }
}

fn recipient(line: &str) -> Recipient {
    match Command::parse(line.as_bytes()) {
        Ok(Command::Rcpt(recipient)) => recipient,
        other => panic!("{line}: {other:?}"),
    }
}

fn refusal(line: &str) -> String {
    Command::parse(line.as_bytes()).unwrap_err().reply().to_string()
}

#[test]
fn paths_are_read_generously() {
    let alice = ReversePath::Address(Address::parse("alice@crepes.fr").unwrap());
    for path in [
        "FROM:<alice@crepes.fr>",
        "FROM: <alice@crepes.fr>",
        "from:alice@crepes.fr",
        "From : alice@crepes.fr  ",
        "FROM:<@one.example,@two.example:alice@crepes.fr>",
        "FROM:   <alice@crepes.fr>   ",
    ] {
        assert_eq!(sender(&format!("mail {path}")).reverse_path, alice, "{path}");
    }
    assert_eq!(sender("MAIL FROM:<>").reverse_path, ReversePath::Null);
    assert_eq!(sender("MAIL FROM:<alice>").reverse_path, ReversePath::Bare("alice".into()));
    assert_eq!(recipient("RCPT TO:<Postmaster>").forward_path, ForwardPath::Bare("Postmaster".into()));
}

/// Known ways round a relay policy reach the desk as what they are: one local part, one host.
#[test]
fn tricks_with_at_signs_and_percents() {
    let parts = |line: &str| match recipient(line).forward_path {
        ForwardPath::Address(address) => (address.local_part().to_owned(), address.host().to_string()),
        ForwardPath::Bare(local_part) => (local_part, String::new()),
    };
    let of = |local_part: &str, host: &str| (local_part.to_owned(), host.to_owned());
    assert_eq!(parts("RCPT TO:<bob%crepes.fr@hamburger.edu>"), of("bob%crepes.fr", "hamburger.edu"));
    assert_eq!(parts("RCPT TO:<crepes.fr!bob@hamburger.edu>"), of("crepes.fr!bob", "hamburger.edu"));
    assert_eq!(parts("RCPT TO:<\"bob@crepes.fr\"@hamburger.edu>"), of("bob@crepes.fr", "hamburger.edu"));
    assert_eq!(parts("RCPT TO:<\"bob@crepes.fr\">"), of("bob@crepes.fr", ""));
    assert_eq!(parts("RCPT TO:<@hamburger.edu:bob@crepes.fr>"), of("bob", "crepes.fr"));
    for line in ["RCPT TO:<bob@crepes.fr@hamburger.edu>", "RCPT TO:<@bob>", "RCPT TO:<bob@>", "RCPT TO:<bob@[1.2.3]>"] {
        assert!(refusal(line).starts_with("501 5.1.3 "), "{line}");
    }
}

#[test]
fn what_is_no_path() {
    for path in ["", "<", "<a@b.example", "<a@b.example>x", "<<a@b.example>>", "<@one.example>", "<@:a@b.example>"] {
        assert!(refusal(&format!("RCPT TO:{path}")).starts_with("501 5.1.3 "), "{path}");
        assert!(refusal(&format!("MAIL FROM:{path}")).starts_with("501 5.1.7 "), "{path}");
    }
    assert!(refusal("MAIL alice@crepes.fr").starts_with("501 5.5.2 "));
    assert!(refusal("RCPT FROM:<a@b.example>").starts_with("501 5.5.2 "));
}

#[test]
fn parameters_are_read_and_checked() {
    let all = sender("MAIL FROM:<a@b.example> size=100 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B1 AUTH=<>");
    assert_eq!((all.size, all.body, all.smtputf8), (Some(100), Body::EightBitMime, true));
    assert_eq!((all.ret, all.envid.as_deref(), all.auth.as_deref()), (Some(Return::Headers), Some("QQ+1"), Some("")));
    assert_eq!(sender("MAIL FROM:<a@b.example> AUTH=e+3Dmc2@b.example").auth.as_deref(), Some("e=mc2@b.example"));
    let to = recipient("RCPT TO:<a@b.example> NOTIFY=success,DELAY ORCPT=rfc822;Bob+20B@b.example");
    assert_eq!(to.notify, Some(Notify { success: true, failure: false, delay: true }));
    assert_eq!(to.orcpt.as_deref(), Some("rfc822;Bob B@b.example"));
    assert_eq!(recipient("RCPT TO:<a@b.example> NOTIFY=NEVER").notify, Some(Notify::default()));
    for bad in
        ["SIZE", "SIZE=", "SIZE=-1", "SIZE=1 SIZE=1", "SMTPUTF8=1", "RET=ALL", "ENVID=a=b", "ENVID=+0D+0A", "=x", "-"]
    {
        assert!(refusal(&format!("MAIL FROM:<a@b.example> {bad}")).starts_with("501 5.5.4 "), "{bad}");
    }
    for bad in
        ["NOTIFY", "NOTIFY=NEVER,DELAY", "NOTIFY=DELAY,", "ORCPT=a@b", "ORCPT=;a", "ORCPT=rfc822;+0A", "ORCPT=rfc822;"]
    {
        assert!(refusal(&format!("RCPT TO:<a@b.example> {bad}")).starts_with("501 5.5.4 "), "{bad}");
    }
}

fn local_part() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}",
        "[a-z]{1,5}\\.[a-z]{1,5}",
        "[ -~]{1,20}",
        "[a-z\u{e0}-\u{ff}]{1,9}"
    ]
}

fn address() -> impl Strategy<Value = Address> {
    let host = "[a-z]{1,10}(\\.[a-z]{1,10}){0,2}".prop_map(|name| Host::Domain(message::Domain::parse(&name).unwrap()));
    let literal = any::<std::net::IpAddr>().prop_map(Host::Literal);
    (local_part(), prop_oneof![4 => host, 1 => literal]).prop_map(|(local_part, host)| Address::new(&local_part, host))
}

fn mail() -> impl Strategy<Value = Command> {
    let path = prop_oneof![
        Just(ReversePath::Null),
        address().prop_map(ReversePath::Address),
        local_part().prop_map(ReversePath::Bare),
    ];
    let body = prop::sample::select(vec![Body::SevenBit, Body::EightBitMime, Body::BinaryMime]);
    let ret = prop::option::of(prop::sample::select(vec![Return::Full, Return::Headers]));
    let text = || prop::option::of("[ -~]{1,30}");
    (path, prop::option::of(any::<u64>()), body, any::<bool>(), ret, text(), text()).prop_map(
        |(reverse_path, size, body, smtputf8, ret, envid, auth)| {
            Command::Mail(Sender { reverse_path, size, body, smtputf8, ret, envid, auth, manner: Manner::Mail })
        },
    )
}

fn rcpt() -> impl Strategy<Value = Command> {
    let path = prop_oneof![address().prop_map(ForwardPath::Address), local_part().prop_map(ForwardPath::Bare)];
    let notify = prop::option::of(any::<[bool; 3]>())
        .prop_map(|flags| flags.map(|[success, failure, delay]| Notify { success, failure, delay }));
    let orcpt = prop_oneof![
        Just(None),
        "[ -~]{1,30}".prop_map(|text| Some(format!("rfc822;{text}"))),
        "[^\\p{Cc}]{1,30}".prop_map(|text| Some(format!("utf-8;{text}"))),
    ];
    (path, notify, orcpt)
        .prop_map(|(forward_path, notify, orcpt)| Command::Rcpt(Recipient { forward_path, notify, orcpt }))
}

fn other() -> impl Strategy<Value = Command> {
    let verb = prop::sample::select(vec![Verb::Helo, Verb::Ehlo, Verb::Lhlo]);
    let lookup = || ("[!-~]{1,20}( [!-~]{1,20})?", any::<bool>());
    prop_oneof![
        (verb, "[!-~]{1,50}").prop_map(|(verb, name)| Command::Greet(Greeting { verb, name })),
        (any::<u64>(), any::<bool>()).prop_map(|(size, last)| Command::Bdat { size, last }),
        prop::option::of("[!-~]{1,9}").prop_map(Command::Help),
        lookup().prop_map(|(text, smtputf8)| Command::Vrfy(Lookup { text, smtputf8 })),
        lookup().prop_map(|(text, smtputf8)| Command::Expn(Lookup { text, smtputf8 })),
        ("[A-Z0-9_-]{1,20}", prop::option::of(prop::collection::vec(any::<u8>(), 0..50)))
            .prop_map(|(mechanism, initial)| Command::Auth { mechanism, initial }),
        prop::sample::select(vec![
            Command::Data,
            Command::Rset,
            Command::Noop,
            Command::Quit,
            Command::StartTls,
            Command::Turn,
            Command::Atrn(Ok(Vec::new())),
            Command::Etrn(Ok(Node::Queue("uucp".to_owned()))),
        ]),
    ]
}

proptest! {
    #[test]
    fn parse_undoes_display(command in prop_oneof![mail(), rcpt(), other()]) {
        prop_assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
    }

    #[test]
    fn any_line_is_read_or_refused(line in prop::collection::vec(any::<u8>(), 0..100)) {
        if let Err(error) = Command::parse(&line) {
            prop_assert!(matches!(error.reply().code, 500..=504));
        }
    }

    #[test]
    fn any_path_is_read_or_refused(text in "[<>@:,\"\\\\a. \\[\\]=]{0,20}") {
        let _ = Command::parse(format!("MAIL FROM:{text}").as_bytes());
        let _ = Command::parse(format!("RCPT TO:{text}").as_bytes());
    }
}
