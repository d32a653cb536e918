//! How accounts are shown. Nothing secret is among it.

use super::kind_of_secret;
use crate::table::{Table, words};
use crate::view::{Look, View};
use agent::account::{Account, Incoming, Outgoing, Security, Server, Settings};
use serde_json::{Value, json};

pub(super) fn list(settings: &Settings, look: Look) -> View {
    let mut table = Table::new(&[words("NAME"), words("ADDRESS"), words("READS"), words("SENDS"), words("DEFAULT")]);
    let chosen = settings.default_account().map(|account| account.name.clone());
    for account in &settings.accounts {
        let default = if chosen.as_ref() == Some(&account.name) { "yes" } else { "" };
        let sends = account.outgoing.as_ref().map_or("nowhere".to_owned(), outgoing);
        table.row([
            (&account.name).into(),
            (&account.address).into(),
            incoming(&account.incoming).into(),
            sends.into(),
            default.into(),
        ]);
    }
    let rows: Vec<Value> = settings.accounts.iter().map(json_of).collect();
    let note = "no account yet: `pillarbox mail account add you@example.org` sets one up";
    View::table(&table, json!({ "accounts": rows }), look).or_note(note)
}

pub(super) fn one(account: &Account, look: Look) -> View {
    let mut facts = vec![("name", account.name.clone()), ("address", account.address.to_string())];
    let mut add = |name: &'static str, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    add("display name", account.display_name.clone());
    let aliases: Vec<String> = account.aliases.iter().map(ToString::to_string).collect();
    add("aliases", Some(aliases.join(", ")).filter(|aliases| !aliases.is_empty()));
    add("reads", Some(incoming(&account.incoming)));
    add("sends", Some(account.outgoing.as_ref().map_or("nowhere".to_owned(), outgoing)));
    add("logs in as", account.secret.as_ref().map(|_| account.incoming_user()));
    add("secret", Some(kind_of_secret(account.secret.as_ref())));
    let folders = &account.folders;
    add("sent", folders.sent.clone());
    add("drafts", folders.drafts.clone());
    add("trash", folders.trash.clone());
    add("archive", folders.archive.clone());
    add("junk", folders.junk.clone());
    add("default", Some(if account.default { "yes" } else { "no" }.to_owned()));
    View::facts(&facts, json_of(account), look)
}

fn server(kind: &str, server: &Server) -> String {
    let security = security(server.security);
    let pinned = if server.trust.is_some() { ", own certificate" } else { "" };
    format!("{kind} {}:{} {security}{pinned}", server.host, server.port)
}

fn security(security: Security) -> &'static str {
    match security {
        Security::Tls => "tls",
        Security::StartTls => "starttls",
        Security::Plain => "plain",
    }
}

pub(super) fn incoming(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Imap(imap) => server("imap", imap),
        Incoming::Pop3 { server: pop3, keep: true } => server("pop3", pop3) + ", mail stays there",
        Incoming::Pop3 { server: pop3, keep: false } => server("pop3", pop3) + ", mail is removed there",
        Incoming::Jmap { url, .. } => format!("jmap {url}"),
        Incoming::Maildir(path) => format!("maildir {}", path.display()),
        Incoming::Mbox(path) => format!("mbox {}", path.display()),
        Incoming::Local(_) => "the server on this machine".to_owned(),
    }
}

pub(super) fn outgoing(outgoing: &Outgoing) -> String {
    match outgoing {
        Outgoing::Smtp(smtp) => server("smtp", smtp),
        Outgoing::Jmap => "jmap".to_owned(),
        Outgoing::Local(_) => "the server on this machine".to_owned(),
    }
}

pub(super) fn json_of(account: &Account) -> Value {
    let server = |server: &Server| {
        json!({ "host": server.host, "port": server.port, "security": server.security, "user": server.user,
            "trust": server.trust })
    };
    let place = |kind: &str, more: Value| {
        let mut place = json!({ "kind": kind });
        if let (Some(place), Value::Object(more)) = (place.as_object_mut(), more) {
            place.extend(more);
        }
        place
    };
    let reads = match &account.incoming {
        Incoming::Imap(imap) => server(imap),
        Incoming::Pop3 { server: pop3, keep } => {
            let mut json = server(pop3);
            if let Some(json) = json.as_object_mut() {
                json.insert("keep".to_owned(), json!(keep));
            }
            json
        }
        Incoming::Jmap { url, user, trust } => json!({ "url": url, "user": user, "trust": trust }),
        Incoming::Maildir(path) | Incoming::Mbox(path) => json!({ "path": path }),
        Incoming::Local(local) => json!({ "user": local.user, "path": local.path }),
    };
    let sends = account.outgoing.as_ref().map(|outgoing| {
        let more = if let Outgoing::Smtp(smtp) = outgoing { server(smtp) } else { json!({}) };
        place(outgoing.kind(), more)
    });
    json!({
        "name": account.name,
        "address": account.address,
        "display_name": account.display_name,
        "aliases": account.aliases,
        "incoming": place(account.incoming.kind(), reads),
        "outgoing": sends,
        "secret": kind_of_secret(account.secret.as_ref()),
        "default": account.default,
    })
}
