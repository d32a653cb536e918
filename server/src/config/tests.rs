#![allow(clippy::unwrap_used)]
use super::*;

/// The complaints about a file called `p.toml`.
fn complaints(text: &str) -> Vec<String> {
    let error = Config::parse(text, "p.toml").unwrap_err();
    error.problems.iter().map(ToString::to_string).collect()
}

fn parse(text: &str) -> Config {
    Config::parse(text, "p.toml").unwrap()
}

#[test]
fn five_lines_are_a_configuration() {
    let config = parse(
        r#"hostname = "mx.hamburger.edu"
domains = ["hamburger.edu"]
admin = "alice@hamburger.edu"
user = "pillarbox"
"#,
    );
    assert_eq!(config.hostname.as_str(), "mx.hamburger.edu");
    assert_eq!(config.data_dir, Path::new("/var/lib/pillarbox"));
    assert_eq!(config.domains.first().unwrap().origin, "p.toml:2");
    let ports: Vec<String> = config.listen.iter().map(|l| format!("{} {}", l.kind, l.address)).collect();
    assert_eq!(
        ports,
        [
            "smtp [::]:25",
            "submission [::]:587",
            "submissions [::]:465",
            "pop3 [::]:110",
            "pop3s [::]:995",
            "imap [::]:143",
            "imaps [::]:993",
            "http [::]:80",
            "https [::]:443"
        ]
    );
    let policy = config.policy();
    assert_eq!((policy.message_size, policy.recipients, policy.login_guesses_per_minute), (50 << 20, 1000, 20));
    assert!(!policy.apop && policy.relay_networks.is_empty());
    assert_eq!(policy.admin.unwrap().to_string(), "alice@hamburger.edu");
}

#[test]
fn without_a_file_the_server_can_be_tried_by_anyone_and_reached_by_nobody_else() {
    let config = Config::without_file().unwrap();
    assert_eq!(config.data_dir, Path::new("pillarbox-data"));
    assert!(config.listen.iter().all(|listen| listen.address.ip().is_loopback() && listen.address.port() > 1024));
    assert!(config.listen.len() == 9 && config.tls.is_none() && config.file.is_none());
}

/// Every key of the contract, each with a value that is not the default.
const FULL: &str = r#"
hostname = "mx.hamburger.edu"
data_dir = "data"
domains = ["hamburger.edu", "crepes.fr"]
admin = "alice@hamburger.edu"
security_contact = "security@hamburger.edu"
user = "pillarbox"
greeting = "at your service"
[listen]
smtp = ["127.0.0.1:0", "[::1]:2525"]
submission = ["127.0.0.1:0"]
submissions = ["127.0.0.1:1465"]
lmtp = ["127.0.0.1:2424"]
pop3 = []
pop3s = ["127.0.0.1:1995"]
imap = ["127.0.0.1:1143"]
imaps = ["127.0.0.1:1993"]
http = ["127.0.0.1:1080"]
https = ["127.0.0.1:1443"]
metrics = ["127.0.0.1:9110"]
[tls]
certificate = "tls/chain.pem"
key = "/etc/key.pem"
[trust]
relay_networks = ["127.0.0.0/8", "::1"]
plaintext_login_networks = ["10.0.0.0/8"]
local_users = ["www-data"]
relay_domains = ["backed.example"]
apop = true
[limits]
message_size = "1 MiB"
disk_reserve = "64 MiB"
recipients = 3
connections = 4
connections_per_address = 2
connections_per_minute = 30
login_guesses_per_minute = 5
[dns]
servers = ["127.0.0.1:5353", "::1"]
[outbound]
port = 2526
retry_first = "1m"
retry_max = "2h"
delay_notice = "3h"
expire = "4d"
smarthost = "[::1]:587"
smarthost_user = "alice"
smarthost_password_file = "secret"
smarthost_ca = "ca.pem"
connections = 7
connections_per_destination = 3
rate_per_minute = 60
early_retry = "6m"
ipv6 = false
loopback_targets = true
[logs]
format = "json"
level = "debug"
[[route]]
domain = "crepes.fr"
host = "127.0.0.1:2526"
protocol = "lmtp"
login = "bob@crepes.fr"
retry_first = "2m"
retry_max = "20m"
delay_notice = "1h"
expire = "1d"
connections = 2
rate_per_minute = 6
[smtp]
send_commands = true
"#;

#[test]
fn every_key_is_read() {
    let config = Config::parse(FULL, "/etc/pillarbox/p.toml").unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/pillarbox/data"), "relative to the file");
    let tls = config.tls.clone().unwrap();
    assert_eq!((tls.certificate, tls.key), ("/etc/pillarbox/tls/chain.pem".into(), "/etc/key.pem".into()));
    assert_eq!(config.listen.len(), 11);
    assert!(config.trust.apop && config.trust.relay_networks.len() == 2);
    assert_eq!(config.policy().local_users, ["www-data"]);
    let limits = Limits {
        message_size: 1 << 20,
        disk_reserve: 64 << 20,
        recipients: 3,
        connections: 4,
        connections_per_address: 2,
        connections_per_minute: 30,
        login_guesses_per_minute: 5,
    };
    assert_eq!(config.limits, limits);
    assert_eq!(config.dns_servers, ["127.0.0.1:5353".parse().unwrap(), "[::1]:53".parse().unwrap()]);
    assert_eq!(config.outbound.expire, Duration::from_secs(4 * 24 * 3600));
    assert_eq!(config.outbound.smarthost.clone().unwrap().to_string(), "[::1]:587");
    assert_eq!(config.outbound.smarthost_password_file.as_deref(), Some(Path::new("/etc/pillarbox/secret")));
    assert_eq!(config.routes.first().unwrap().host.to_string(), "127.0.0.1:2526");
    let outbound = config.policy().outbound;
    assert_eq!((outbound.connections, outbound.connections_per_destination, outbound.lmtp_routes), (7, 3, vec![0]));
    let [(domain, terms)] = outbound.route_terms.as_slice() else { panic!("one route has its own terms") };
    assert_eq!((domain.as_str(), terms.connections, terms.rate_per_minute), ("crepes.fr", 2, Some(6)));
    let times = [terms.schedule.retry_first, terms.schedule.retry_max, terms.schedule.delay_notice];
    assert_eq!(times.map(|time| time.as_secs()), [120, 1200, 3600]);
    assert_eq!((terms.schedule.expire.as_secs(), terms.schedule.early_retry.as_secs()), (86_400, 360));
    assert_eq!(outbound.rate_per_minute, Some(60));
    assert_eq!(config.policy().relay_domains, [Domain::parse("backed.example").unwrap()]);
    let [(domain, login)] = outbound.collectors.as_slice() else { panic!("one route has a login") };
    assert_eq!((domain.as_str(), login.to_string().as_str()), ("crepes.fr", "bob@crepes.fr"));
    assert!(config.policy().send_commands);
    assert_eq!((outbound.rules.ipv6, outbound.rules.loopback_targets, outbound.rules.port), (false, true, 2526));
    assert_eq!(outbound.schedule.retry_first, Duration::from_secs(60));
    assert_eq!((config.logs.format, config.logs.level.as_str()), (LogFormat::Json, "debug"));
    for key in KEYS.iter().filter(|key| !keys::LISTENERS_TO_COME.contains(&key.name)) {
        let located = config.values.get(&key.path());
        assert!(matches!(located.unwrap().origin, Origin::File(_)), "{} is not in the test", key.path());
    }
}

#[test]
fn the_password_of_the_smarthost_comes_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.toml");
    let text = "hostname = \"mx.hamburger.edu\"\n[outbound]\nsmarthost = \"mx.crepes.fr:587\"\nsmarthost_user = \"bob\"\n\
                smarthost_password_file = \"secret\"\n";
    std::fs::write(&file, text).unwrap();
    let error = Config::load(Some(&file)).unwrap_err().to_string();
    assert!(error.contains(":5:") && error.contains("cannot read"), "{error}");
    std::fs::write(folder.path().join("secret"), "tanstaaf\nnot this\n").unwrap();
    let login = Config::load(Some(&file)).unwrap().policy().outbound.smarthost_login.unwrap();
    assert_eq!((login.user.as_str(), login.credential.password().unwrap().0.as_slice()), ("bob", &b"tanstaaf"[..]));
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    let config = Config::parse(FULL, "/etc/pillarbox/p.toml").unwrap();
    for defaults in [false, true] {
        let again = Config::parse(&config.show(defaults), "/etc/pillarbox/p.toml").unwrap();
        assert_eq!(again.policy().message_size, config.policy().message_size);
        assert_eq!((&again.outbound, &again.routes, &again.tls), (&config.outbound, &config.routes, &config.tls));
        assert_eq!(again.listen.len(), config.listen.len());
    }
}

#[test]
fn showing_tells_the_origin_of_every_value() {
    let config = parse("hostname = \"mx.hamburger.edu\"\n[limits]\nrecipients = 7\n");
    let expected = "hostname = \"mx.hamburger.edu\"  # p.toml:1\n\n[limits]\nrecipients = 7  # p.toml:3\n";
    assert_eq!(config.show(false), expected);
    let all = config.show(true);
    for key in KEYS {
        assert!(all.contains(&format!("# {}\n", key.about)), "{} is not explained", key.path());
    }
    assert!(all.contains("message_size = \"50 MiB\"  # default\n"), "{all}");
    assert!(all.contains("smtp = [\"[::]:25\"]  # default\n"));
    let json = config.to_json();
    assert_eq!(json["keys"]["limits.recipients"], serde_json::json!({ "value": 7, "origin": "p.toml:3" }));
    assert_eq!(json["keys"]["domains"], serde_json::json!({ "value": [], "origin": "default" }));
}

#[test]
fn unknown_names_are_refused_with_place_and_nearest_name() {
    assert_eq!(complaints("hostnam = \"a\"\n"), ["p.toml:1:1: unknown key `hostnam`; did you mean `hostname`?"]);
    assert_eq!(
        complaints("hostname = \"a.b\"\n[limits]\n  mesage_size = \"1 MiB\"\n"),
        ["p.toml:3:3: unknown key `mesage_size` in [limits]; did you mean `message_size`?"]
    );
    assert_eq!(
        complaints("hostname = \"a.b\"\n[lisen]\n"),
        ["p.toml:2:2: unknown table [lisen]; did you mean `listen`?"]
    );
    assert_eq!(complaints("hostname = \"a.b\"\nbananarama = 1\n"), ["p.toml:2:1: unknown key `bananarama`"]);
}

#[test]
fn all_mistakes_are_told_at_once_in_order() {
    let text = r#"hostname = "mx.hamburger.edu"
admin = "nobody"
domains = ["crepes.fr", "crepes.fr", 7]
[listen]
smtp = ["25"]
managesieve = ["[::]:4190"]
pop3 = ["127.0.0.1:25"]
lmtp = ["127.0.0.1:25"]
[tls]
key = "k.pem"
[trust]
relay_networks = ["10.0.0.0/33"]
apop = "yes"
[limits]
message_size = "50"
recipients = 0
[outbound]
expire = "5 days"
port = 70000
[logs]
format = "xml"
[[route]]
domain = "crepes.fr"
hots = "x"
"#;
    let expected = [
        "p.toml:2:9: \"nobody\": an address has the form local-part@domain",
        "p.toml:3:25: \"crepes.fr\" is listed twice",
        "p.toml:3:38: `domains` must be a list of strings, not a number",
        "p.toml:5:9: \"25\": write \"address:port\", as in \"[::]:25\" or \"127.0.0.1:2525\"",
        "p.toml:6:1: `managesieve` is not in this version",
        "p.toml:7:9: 127.0.0.1:25 is taken by `lmtp` already",
        "p.toml:10:7: [tls] has a `key` but no `certificate`",
        "p.toml:12:19: \"10.0.0.0/33\": a network is an address, or an address and a prefix length, as in 192.0.2.0/24",
        "p.toml:13:8: `trust.apop` must be true or false, not a string",
        "p.toml:15:16: a size is a number and a unit: B, KiB, MiB, GiB, kB, MB or GB, as in \"50 MiB\"",
        "p.toml:16:14: `limits.recipients` cannot be 0",
        "p.toml:18:10: a time is a number and a unit: s, m, h or d, as in \"30m\"",
        "p.toml:19:8: `outbound.port` cannot be 70000",
        "p.toml:21:10: \"xml\": `format` is human or json",
        "p.toml:22:1: this route has no `host`",
        "p.toml:24:1: unknown key `hots` in [[route]]; did you mean `host`?",
    ];
    assert_eq!(complaints(text), expected);
}

#[test]
fn what_would_send_without_end_or_without_login_is_told() {
    let text = r#"
hostname = "a.b"
[outbound]
retry_first = "0s"
retry_max = "0 h"
delay_notice = "0s"
expire = "0s"
smarthost = "mail.crepes.fr:587"
smarthost_user = "alice"
[[route]]
domain = "crepes.fr"
host = "mx1.crepes.fr:25"
[[route]]
domain = "CREPES.fr"
host = "mx2.crepes.fr:25"
"#;
    let expected = [
        "p.toml:4:15: `outbound.retry_first` cannot be 0",
        "p.toml:5:13: `outbound.retry_max` cannot be 0",
        "p.toml:9:18: [outbound] has a `smarthost_user` but no `smarthost_password_file`",
        "p.toml:14:10: \"crepes.fr\" has a route already",
    ];
    assert_eq!(complaints(text), expected);
    let least = parse("hostname = \"a.b\"\n[outbound]\nretry_first = \"1s\"\n");
    assert_eq!(least.outbound.retry_first, Duration::from_secs(1));
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let told = complaints("hostname = \"a.b\"\ndomains = [\"x\"\n[limits]\n");
    assert_eq!(told.len(), 1);
    assert!(told.first().unwrap().starts_with("p.toml:"), "{told:?}");
}

#[test]
fn who_is_told_of_holes_is_an_address_or_a_page() {
    let text = |contact: &str| format!("hostname = \"a.b\"\nsecurity_contact = \"{contact}\"\n");
    assert_eq!(parse(&text("https://a.b/holes")).security_contact.unwrap().uri(), "https://a.b/holes");
    assert_eq!(parse(&text("")).security_contact, None);
    let told = complaints(&text("http://a.b/holes"));
    assert!(told.len() == 1 && told.iter().all(|told| told.contains("a contact is an address")), "{told:?}");
}

#[test]
fn a_greeting_is_one_line_of_limited_length() {
    let text = |greeting: &str| format!("hostname = \"a.b\"\ngreeting = \"{greeting}\"\n");
    assert_eq!(parse(&text(&"x".repeat(GREETING_MAX))).greeting.unwrap().len(), GREETING_MAX);
    for wrong in ["x".repeat(GREETING_MAX + 1), "two\\nlines".into(), "\u{e9}t\u{e9}".into()] {
        assert_eq!(
            complaints(&text(&wrong)),
            ["p.toml:2:12: `greeting` must be printable ASCII, at most 200 characters"]
        );
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let error = Config::load(Some(Path::new("/nonexistent/p.toml"))).unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/p.toml: cannot read the configuration: "), "{error}");
}

#[test]
fn listeners_have_their_names() {
    for kind in ListenerKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert_eq!("managesieve".parse::<ListenerKind>(), Err(NotAListener));
}

#[test]
fn the_document_lists_every_key() {
    let document = include_str!("../../../docs/configuration.md");
    let reference = document.split_once("\n## ").map(|(_, rest)| format!("\n## {rest}")).unwrap();
    assert_eq!(reference, super::reference(), "write docs/configuration.md anew from config::reference()");
}
