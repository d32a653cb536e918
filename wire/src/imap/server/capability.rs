//! CAPABILITY, ENABLE, ID, NAMESPACE (RFC 9051 §6.1.1, §6.3.1, §6.3.10; RFC 2971): what this server can do, told as it is
//! here and now.

use super::reply::Reply;
use super::sync::Expunges;
use super::{Server, State, text};
use crate::imap::mailbox::Charset;

/// What can be done once logged in. Each is in RFCS.tsv.
const AFTER_LOGIN: &[&str] = &[
    "ACL",
    "RIGHTS=kxte",
    "BINARY",
    "CATENATE",
    "CHILDREN",
    "CONDSTORE",
    "CONTEXT=SEARCH",
    "CREATE-SPECIAL-USE",
    "ENABLE",
    "ESEARCH",
    "ESORT",
    "IDLE",
    "INPROGRESS",
    "LIST-EXTENDED",
    "LIST-METADATA",
    "LIST-MYRIGHTS",
    "LIST-STATUS",
    "METADATA",
    "METADATA-SERVER",
    "MOVE",
    "MULTIAPPEND",
    "MULTISEARCH",
    "NAMESPACE",
    "NOTIFY",
    "OBJECTID",
    "PARTIAL",
    "PREVIEW",
    "QRESYNC",
    "QUOTA",
    "QUOTA=RES-STORAGE",
    "REPLACE",
    "SAVEDATE",
    "SEARCHRES",
    "SORT",
    "SORT=DISPLAY",
    "SPECIAL-USE",
    "STATUS=SIZE",
    "THREAD=ORDEREDSUBJECT",
    "THREAD=REFERENCES",
    "UIDONLY",
    "UIDPLUS",
    "UNAUTHENTICATE",
    "UNSELECT",
    "UTF8=ACCEPT",
    "WITHIN",
];

impl Server {
    /// RFC 9051 §7.1: the greeting tells the capabilities, which saves a round trip.
    pub(super) fn greeting(&self) -> String {
        let text = if self.profile.greeting.is_empty() { "IMAP ready" } else { &self.profile.greeting };
        format!("* OK [CAPABILITY {}] {} {text}\r\n", self.capabilities(), self.profile.hostname)
    }

    /// RFC 9051 §6.1.1: what holds in this state.
    pub(super) fn capabilities(&self) -> String {
        let mut words: Vec<String> = ["IMAP4rev1", "IMAP4rev2", "ID", "LITERAL+"].map(String::from).to_vec();
        match self.state {
            State::Stranger | State::Logout => self.before_login(&mut words),
            State::Home | State::Open(_) => self.after_login(&mut words),
        }
        words.join(" ")
    }

    fn before_login(&self, words: &mut Vec<String>) {
        words.push("SASL-IR".to_owned());
        if self.tls_refusal().is_none() {
            words.push("STARTTLS".to_owned());
        }
        if self.login_allowed() {
            words.extend(self.mechanisms().iter().map(|mechanism| format!("AUTH={}", mechanism.name())));
        } else {
            words.push("LOGINDISABLED".to_owned());
        }
    }

    fn after_login(&self, words: &mut Vec<String>) {
        let there = AFTER_LOGIN.iter().filter(|word| !self.compressed || **word != "UNAUTHENTICATE");
        words.extend(there.map(|word| (*word).to_owned()));
        words.push(format!("APPENDLIMIT={}", self.profile.limits.message_size));
        if self.profile.compression && !self.compressed {
            words.push("COMPRESS=DEFLATE".to_owned());
        }
        if self.profile.jmap.is_some() {
            words.push("JMAPACCESS".to_owned());
        }
    }

    pub(super) fn capability(&mut self, tag: String) {
        let line = format!("* CAPABILITY {}\r\n", self.capabilities());
        self.send(line);
        self.finish(tag, Reply::ok("what can be done here"), Expunges::Told);
    }

    /// RFC 5161 §3.1: what is not known is passed over; what changes nothing now is not told.
    pub(super) fn enable(&mut self, tag: String, asked: &[String]) {
        let mut enabled = String::new();
        let mut condstore = self.enabled.condstore;
        for word in asked {
            let set: &mut [&mut bool] = match word.as_str() {
                "IMAP4REV2" => &mut [&mut self.enabled.rev2, &mut self.enabled.utf8],
                "UTF8=ACCEPT" => &mut [&mut self.enabled.utf8],
                "CONDSTORE" => &mut [&mut condstore],
                // RFC 7162 §3.2.3: QRESYNC brings CONDSTORE.
                "QRESYNC" => &mut [&mut self.enabled.qresync, &mut condstore],
                "UIDONLY" => &mut [&mut self.enabled.uid_only],
                _ => continue,
            };
            if set.iter_mut().any(|switch| !std::mem::replace(*switch, true)) {
                enabled.push(' ');
                enabled.push_str(if word == "IMAP4REV2" { "IMAP4rev2" } else { word });
            }
            set.iter_mut().for_each(|switch| **switch = true);
        }
        self.send(format!("* ENABLED{enabled}\r\n"));
        self.wants_modseqs(condstore);
        self.finish(tag, Reply::ok("so it is"), Expunges::Told);
    }

    /// RFC 2971 §3.1.
    pub(super) fn id(&mut self, tag: String) {
        let mut line = b"* ID ".to_vec();
        match &self.profile.implementation {
            None => line.extend_from_slice(b"NIL"),
            Some(name) => {
                line.extend_from_slice(b"(\"name\" ");
                text::string(&mut line, name.as_bytes(), Charset::Ascii);
                line.push(b')');
            }
        }
        line.extend_from_slice(b"\r\n");
        self.send(line);
        self.finish(tag, Reply::ok("pleased to meet you"), Expunges::Told);
    }

    /// RFC 2342 §5: one's own mailboxes, those of others, and shared ones.
    pub(super) fn namespace(&mut self, tag: String) {
        self.send("* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\"))\r\n");
        self.finish(tag, Reply::ok("where mailboxes lie"), Expunges::Told);
    }

    /// RFC 9698 §4.
    pub(super) fn jmap_access(&mut self, tag: String) {
        let Some(url) = self.profile.jmap.clone() else {
            return self.refuse(&tag, &Reply::bad("unknown command"));
        };
        let mut line = b"* JMAPACCESS ".to_vec();
        text::string(&mut line, url.as_bytes(), Charset::Ascii);
        line.extend_from_slice(b"\r\n");
        self.send(line);
        self.finish(tag, Reply::ok("where JMAP is"), Expunges::Told);
    }
}
