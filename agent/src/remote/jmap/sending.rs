//! Sending by JMAP (RFC 8621 §7): the letter becomes an e-mail among the drafts, is submitted, and the server files it among
//! the sent ones as it takes it. A letter is in doubt only until it is looked for: one whose e-mail was submitted before is not
//! submitted again, so that it goes once, wherever the connection broke.

use super::super::keyed::nonsense;
use super::{Jmap, words};
use crate::mirror::{Envelope, Flags, Role};
use crate::submission::{Fate, Report};
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use message::Time;
use message::flags::flag_bits;
use serde_json::{Value, json};

impl Jmap {
    /// Sends a letter that may have been sent before.
    pub async fn send(&mut self, envelope: &Envelope, content: Bytes, now: Time) -> Report {
        match self.submit(envelope, content, now).await {
            Ok(fates) => Report { fates, trouble: None },
            Err(trouble) => {
                let fate = if trouble.may_pass() { Fate::Later } else { Fate::Refused };
                let fates = envelope.recipients.iter().map(|_| fate(trouble.text.clone())).collect();
                Report { fates, trouble: Some(trouble) }
            }
        }
    }

    async fn submit(&mut self, envelope: &Envelope, content: Bytes, now: Time) -> Result<Vec<Fate>, Trouble> {
        if !self.line.can_send() {
            return Err(Trouble::new(Kind::Unavailable, "this server reads mail by JMAP, but does not send it"));
        }
        let message_id = message_id(&content);
        // RFC 8621 §7.5: it is there since the server took it. Some forget a submission as soon as it went.
        if let Some(sent) = self.mailbox_with(Role::Sent).await?
            && self.with_message_id(Some(&sent.id), &message_id).await?.is_some()
        {
            return Ok(taken(envelope, "taken before"));
        }
        let identity = self.identity(&envelope.reverse_path).await?;
        let email = match self.with_message_id(None, &message_id).await? {
            Some(email) if self.was_submitted(&email).await? => {
                return Ok(taken(envelope, "taken before"));
            }
            // It may be one that came to this account, or one kept by us before the connection broke.
            Some(email) if self.is_draft(&email).await? => email,
            _ => self.keep_draft(content, now).await?,
        };
        let told = self.create_submission(envelope, &email, &identity).await?;
        if let Some(id) = told["created"]["new"]["id"].as_str() {
            return Ok(taken(envelope, &format!("taken as {id}")));
        }
        self.refusal(envelope, &told["notCreated"]["new"])
    }

    /// The identity to write as (RFC 8621 §6): of the address, of its domain, else any.
    async fn identity(&mut self, sender: &str) -> Result<String, Trouble> {
        let told = self.line.submission("Identity/get", json!({"ids": null, "properties": ["id", "email"]})).await?;
        let identities: Vec<(&str, &str)> = told["list"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|identity| Some((identity["id"].as_str()?, identity["email"].as_str()?)))
            .collect();
        let whole_domain = sender.rsplit_once('@').map(|(_, domain)| format!("*@{domain}")).unwrap_or_default();
        let of = |wanted: &str| identities.iter().find(|(_, email)| email.eq_ignore_ascii_case(wanted));
        let found = of(sender).or_else(|| of(&whole_domain)).or(identities.first());
        let none = || Trouble::new(Kind::Unavailable, "the server lets this account write under no address");
        found.map(|(id, _)| (*id).to_owned()).ok_or_else(none)
    }

    /// Whether an e-mail was submitted and not taken back.
    async fn was_submitted(&mut self, email: &str) -> Result<bool, Trouble> {
        let filter = json!({"emailIds": [email]});
        let told = self.line.submission("EmailSubmission/query", json!({"filter": filter})).await?;
        let ids = words::strings(&told["ids"]);
        if ids.is_empty() {
            return Ok(false);
        }
        let get = json!({"ids": ids, "properties": ["id", "emailId", "undoStatus"]});
        let told = self.line.submission("EmailSubmission/get", get).await?;
        let counts =
            |submission: &Value| submission["emailId"] == json!(email) && submission["undoStatus"] != json!("canceled");
        Ok(told["list"].as_array().into_iter().flatten().any(counts))
    }

    async fn is_draft(&mut self, email: &str) -> Result<bool, Trouble> {
        let told = self.line.mail("Email/get", json!({"ids": [email], "properties": ["keywords"]})).await?;
        Ok(told["list"][0]["keywords"]["$draft"] == json!(true))
    }

    async fn keep_draft(&mut self, content: Bytes, now: Time) -> Result<String, Trouble> {
        let drafts = match self.mailbox_with(Role::Drafts).await? {
            Some(drafts) => drafts.id,
            None => self.make_mailbox("Drafts", Role::Drafts).await?,
        };
        self.import(&drafts, content, (&Flags::of(flag_bits::SEEN | flag_bits::DRAFT), now)).await
    }

    async fn create_submission(&mut self, envelope: &Envelope, email: &str, identity: &str) -> Result<Value, Trouble> {
        let recipients: Vec<Value> = envelope.recipients.iter().map(|to| json!({"email": to})).collect();
        let submission = json!({
            "identityId": identity,
            "emailId": email,
            "envelope": {"mailFrom": {"email": envelope.reverse_path}, "rcptTo": recipients},
        });
        let sent = match self.mailbox_with(Role::Sent).await? {
            Some(sent) => sent.id,
            None => self.make_mailbox("Sent", Role::Sent).await?,
        };
        let filed = json!({"mailboxIds": {sent: true}, "keywords/$draft": null});
        let set = json!({"create": {"new": submission}, "onSuccessUpdateEmail": {"#new": filed}});
        Ok(self.line.submission("EmailSubmission/set", set).await?)
    }

    /// Why nobody gets it, or some (RFC 8621 §7.5).
    fn refusal(&self, envelope: &Envelope, error: &Value) -> Result<Vec<Fate>, Trouble> {
        if error.is_null() {
            return Err(nonsense("a submission that was neither made nor refused"));
        }
        let trouble = self.line.not_set(error);
        let wrong = words::strings(&error["invalidRecipients"]);
        if wrong.is_empty() {
            return Err(trouble);
        }
        let fate = |to: &String| match wrong.iter().any(|wrong| wrong.eq_ignore_ascii_case(to)) {
            true => Fate::Refused(trouble.text.clone()),
            false => Fate::Later("not sent yet: the server refused other recipients".to_owned()),
        };
        Ok(envelope.recipients.iter().map(fate).collect())
    }
}

fn taken(envelope: &Envelope, words: &str) -> Vec<Fate> {
    envelope.recipients.iter().map(|_| Fate::Taken(words.to_owned())).collect()
}

/// The Message-ID of a letter without its brackets; empty where it has none.
fn message_id(content: &[u8]) -> String {
    let end = message::header::section_end(content, 0).unwrap_or(content.len());
    let header = content.get(..end).unwrap_or_default();
    let field = message::header::fields(header).find(|field| field.is("Message-ID"));
    let ids = field.map(|field| message::header::message_ids(field.value)).unwrap_or_default();
    ids.into_iter().next().unwrap_or_default()
}
