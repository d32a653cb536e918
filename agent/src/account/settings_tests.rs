//! Reading, writing and changing settings.

use super::*;
use proptest::prelude::*;

const TWO: &str = r#"
# mine
[[account]]
name = "home"
address = "alice@hamburger.edu"
display_name = "Alice"
aliases = ["a@hamburger.edu"]
incoming = { kind = "imap", host = "imap.hamburger.edu" }
outgoing = { kind = "smtp", host = "mail.hamburger.edu", security = "starttls", user = "alice" }
secret = { kind = "command", command = "pass show mail" }
signature = """
Alice
Hamburger University"""
sent = "Sent Mail"

[[account]]
name = "work"
address = "alice@crepes.fr"
default = true
incoming = { kind = "pop3", host = "192.0.2.1", security = "plain", keep = false }
"#;

fn two() -> Settings {
    Settings::parse(TWO, "accounts.toml").unwrap()
}

fn wrong(text: &str) -> String {
    Settings::parse(text, "f").unwrap_err().to_string()
}

/// An account with this inside.
fn account_with(inside: &str) -> String {
    format!("[[account]]\nname = \"a\"\naddress = \"a@b.fr\"\n{inside}")
}

#[test]
fn accounts_are_read_with_their_defaults() {
    let settings = two();
    let home = settings.find("home").unwrap();
    let Incoming::Imap(imap) = &home.incoming else { panic!("it is IMAP") };
    assert_eq!((imap.port, imap.security, imap.trust.as_ref()), (993, Security::Tls, None));
    assert_eq!((home.incoming_user(), home.outgoing_user()), ("alice@hamburger.edu".to_owned(), "alice".to_owned()));
    assert_eq!(home.secret, Some(SecretSource::Command("pass show mail".to_owned())));
    assert_eq!(home.signature.as_deref(), Some("Alice\nHamburger University"));
    assert_eq!(home.folders.sent.as_deref(), Some("Sent Mail"));
    let Some(Outgoing::Smtp(smtp)) = &home.outgoing else { panic!("it is SMTP") };
    assert_eq!((smtp.port, smtp.security), (587, Security::StartTls));
    let work = settings.default_account().unwrap();
    let Incoming::Pop3 { server, keep: false } = &work.incoming else { panic!("it is POP3") };
    assert_eq!((work.name.as_str(), server.port), ("work", 110));
}

#[test]
fn every_kind_is_read() {
    for (inside, kind, port) in [
        (r#"kind = "imap", host = "h.fr", security = "starttls""#, "imap", Some(143)),
        (r#"kind = "pop3", host = "::1""#, "pop3", Some(995)),
        (r#"kind = "imap", host = "localhost", port = 5143, security = "plain""#, "imap", Some(5143)),
        (r#"kind = "jmap", url = "https://h.fr/jmap""#, "jmap", None),
        (r#"kind = "jmap", url = "http://[::1]:8080/", trust = "ca.pem""#, "jmap", None),
        (r#"kind = "maildir", path = "/mail/a/Maildir""#, "maildir", None),
        (r#"kind = "mbox", path = "/var/mail/a""#, "mbox", None),
        (r#"kind = "local""#, "local", None),
        (r#"kind = "local", user = "b", path = "/etc/pillarbox.toml""#, "local", None),
    ] {
        let settings = Settings::parse(&account_with(&format!("incoming = {{ {inside} }}")), "f").unwrap();
        let incoming = &settings.accounts[0].incoming;
        assert_eq!(incoming.kind(), kind, "{inside}");
        if let Incoming::Imap(server) | Incoming::Pop3 { server, .. } = incoming {
            assert_eq!(Some(server.port), port, "{inside}");
        }
    }
}

#[test]
fn mistakes_are_told_with_their_place_and_the_nearest_name() {
    let text = account_with("incoming = { kind = \"imap\", hots = \"h.fr\" }");
    let error = wrong(&text);
    assert!(error.starts_with("f:4:") && error.ends_with("did you mean `host`?"), "{error}");
    let error = wrong("\n\n[[acount]]\n");
    assert!(error.starts_with("f:3:3:") && error.ends_with("did you mean `account`?"), "{error}");
    let error = wrong(&account_with("incoming = { kind = \"imapp\", host = \"h.fr\" }"));
    assert!(error.starts_with("f:4:") && error.contains("did you mean `imap`?"), "{error}");
    assert!(wrong("[[account]\n").starts_with("f:1:"));
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (inside, told) in [
        ("incoming = { kind = \"imap\" }", "missing field `host`"),
        ("incoming = { kind = \"imap\", host = \"h.fr:993\" }", "is no host"),
        ("incoming = { kind = \"imap\", host = \"h.fr\", port = 0 }", "port 0"),
        ("incoming = { kind = \"imap\", host = \"h.fr\", keep = true }", "`keep` does not belong"),
        ("incoming = { kind = \"maildir\" }", "missing field `path`"),
        ("incoming = { kind = \"maildir\", path = \"~/Mail\" }", "without the ~"),
        ("incoming = { kind = \"jmap\" }", "missing field `url`"),
        ("incoming = { kind = \"jmap\", url = \"http://h.fr/\" }", "https://"),
        ("incoming = { kind = \"jmap\", url = \"http://localhost.h.fr/\" }", "https://"),
        ("incoming = { kind = \"smtp\", host = \"h.fr\" }", "not read by SMTP"),
        ("incoming = { kind = \"local\", host = \"h.fr\" }", "`host` does not belong"),
        ("incoming = { kind = \"local\" }\noutgoing = { kind = \"imap\", host = \"h.fr\" }", "mail is sent by"),
        ("incoming = { kind = \"local\" }\noutgoing = { kind = \"jmap\" }", "only where it comes in"),
        ("incoming = { kind = \"local\" }\nsecret = { kind = \"keyring\", path = \"x\" }", "stands nothing only"),
        ("incoming = { kind = \"local\" }\nsecret = { kind = \"command\" }", "missing field `command`"),
        ("incoming = { kind = \"local\" }\nsecret = { kind = \"oauth\", provider = \"x\" }", "no [[provider]] named x"),
        ("", "missing field `incoming`"),
    ] {
        let error = wrong(&account_with(inside));
        assert!(error.contains(told) && error.starts_with("f:"), "{inside}: {error}");
    }
}

#[test]
fn names_are_different_and_one_is_the_default() {
    let local = "incoming = { kind = \"local\" }\n";
    let again = format!("{}{}", account_with(local), account_with(local));
    assert_eq!(wrong(&again), "f:5:1: there is an account named a already");
    let defaults = account_with(&format!("default = true\n{local}"));
    let both = format!("{defaults}{}", defaults.replace("\"a\"", "\"b\""));
    assert_eq!(wrong(&both), "f:6:1: b cannot be the default, another account is");
    for (name, fits) in
        [("a", true), ("a.b@c-d_e+f", true), ("", false), (".a", false), ("-a", false), ("a/b", false), ("é", false)]
    {
        assert_eq!(is_name(name), fits, "{name}");
    }
    assert!(is_name(&"x".repeat(NAME_MAX)) && !is_name(&"x".repeat(NAME_MAX + 1)));
}

#[test]
fn accounts_are_found_by_name_address_or_alias() {
    let settings = two();
    assert_eq!(settings.find("alice@crepes.fr").unwrap().name, "work");
    assert_eq!(settings.find("A@Hamburger.edu").unwrap().name, "home");
    let unknown = settings.find("hom").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no account hom; did you mean home?");
    assert_eq!(settings.find("bob@crepes.fr").unwrap_err().to_string(), "there is no account bob@crepes.fr");
    assert_eq!(settings.of_address(&"a@hamburger.edu".parse().unwrap()).unwrap().name, "home");
}

#[test]
fn accounts_are_added_removed_and_chosen() {
    let mut settings = two();
    let mut third = settings.accounts[0].clone();
    assert_eq!(settings.add(third.clone()), Err(Change::Taken("home".to_owned())));
    third.name = "third/".to_owned();
    assert_eq!(settings.add(third.clone()), Err(Change::Name("third/".to_owned())));
    third.name = "third".to_owned();
    settings.add(Account { default: true, ..third }).unwrap();
    assert_eq!(settings.default_account().unwrap().name, "third");
    settings.set_default("work").unwrap();
    assert_eq!(settings.accounts.iter().filter(|account| account.default).count(), 1);
    assert_eq!(settings.remove("work").unwrap().name, "work");
    assert_eq!(settings.default_account().unwrap().name, "home");
    assert!(settings.accounts[0].default && settings.remove("work").is_err());
    let mut none = Settings::default();
    none.add(Account { default: false, ..settings.accounts[0].clone() }).unwrap();
    assert!(none.accounts[0].default, "the first is the default");
}

#[test]
fn the_file_is_written_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::of(|_| Some(folder.path().into())).unwrap();
    assert_eq!(Settings::load(&folders), Ok(Settings::default()));
    two().save(&folders).unwrap();
    assert_eq!(Settings::load(&folders), Ok(two()));
    disk::write(&folders.accounts(), b"\xff").unwrap();
    assert!(Settings::load(&folders).unwrap_err().to_string().ends_with("accounts.toml: is not UTF-8"));
}

#[test]
fn a_file_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::of(|_| Some(folder.path().into())).unwrap();
    let fill = |size: u64| disk::write(&folders.accounts(), &vec![b'\n'; usize::try_from(size).unwrap()]).unwrap();
    fill(FILE_MAX);
    assert!(Settings::load(&folders).is_ok());
    fill(FILE_MAX + 1);
    assert!(Settings::load(&folders).is_err());
}

#[test]
fn comments_stay_where_an_account_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::of(|_| Some(folder.path().into())).unwrap();
    disk::write(&folders.accounts(), TWO.as_bytes()).unwrap();
    let mut settings = Settings::load(&folders).unwrap();
    let third = Account { name: "third".to_owned(), default: false, ..settings.accounts[0].clone() };
    settings.append(third.clone(), &folders).unwrap();
    assert!(String::from_utf8(disk::read(&folders.accounts(), FILE_MAX).unwrap()).unwrap().contains("# mine"));
    assert_eq!(Settings::load(&folders), Ok(settings.clone()));
    // Another default is a change elsewhere in the file.
    settings.append(Account { name: "fourth".to_owned(), default: true, ..third.clone() }, &folders).unwrap();
    assert_eq!(Settings::load(&folders), Ok(settings.clone()));
    assert_eq!(settings.append(third, &folders).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

fn text() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{0,12}|[ -~\n\t\"'\\\\]{0,12}"
}

fn server() -> impl Strategy<Value = Server> {
    let security = prop_oneof![Just(Security::Tls), Just(Security::StartTls), Just(Security::Plain)];
    let trust = proptest::option::of(Just(PathBuf::from("/etc/ca \"x\".pem")));
    ("[a-z]{1,9}\\.fr", 1..u16::MAX, security, proptest::option::of(text()), trust)
        .prop_map(|(host, port, security, user, trust)| Server { host, port, security, user, trust })
}

fn incoming() -> impl Strategy<Value = Incoming> {
    let user = proptest::option::of(text());
    prop_oneof![
        server().prop_map(Incoming::Imap),
        (server(), any::<bool>()).prop_map(|(server, keep)| Incoming::Pop3 { server, keep }),
        user.prop_map(|user| Incoming::Jmap { url: "https://h.fr/".to_owned(), user, trust: None }),
        text().prop_map(|path| Incoming::Maildir(format!("/{path}").into())),
        text().prop_map(|user| Incoming::Local(Local { user: Some(user), path: None })),
    ]
}

fn secret() -> impl Strategy<Value = Option<SecretSource>> {
    proptest::option::of(prop_oneof![
        Just(SecretSource::Keyring),
        proptest::option::of(text()).prop_map(|path| SecretSource::File(path.map(|path| format!("/{path}").into()))),
        text().prop_map(SecretSource::Command),
        Just(SecretSource::OAuth { provider: "p".to_owned(), keep: Keep::Keyring }),
    ])
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        (display_name, signature, junk) in (proptest::option::of(text()), proptest::option::of(text()), proptest::option::of(text())),
        incoming in incoming(), outgoing in proptest::option::of(server()), secret in secret(),
        (scope, signs_always) in (proptest::option::of(text()), any::<bool>()),
    ) {
        let account = Account {
            name: "a".to_owned(),
            address: "\"odd \\\" one\"@b.fr".parse().unwrap(),
            display_name,
            aliases: vec!["c@d.fr".parse().unwrap()],
            incoming,
            outgoing: outgoing.map(Outgoing::Smtp),
            secret,
            signature,
            sealing: SealHabits { signs_always, encrypts_when_possible: !signs_always },
            folders: FolderNames { junk, ..FolderNames::default() },
            default: true,
        };
        let provider = Provider {
            name: "p".to_owned(), issuer: None, authorize: Some("https://p/".to_owned()), token: None, device: None,
            client_id: "x".to_owned(), client_secret: None, scope,
        };
        let settings = Settings { accounts: vec![account], providers: vec![provider] };
        prop_assert_eq!(Settings::parse(&settings.print(), "f"), Ok(settings));
    }
}
