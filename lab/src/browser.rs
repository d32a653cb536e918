//! Somebody who reads mail by JMAP (RFC 8620, RFC 8621): one connection of HTTP/1.1 over TLS, and the few requests it
//! takes. Believes any certificate, as [`crate::agent`] does.

use crate::agent::Agent;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::net::SocketAddr;
use wire::dialogue::Account;

/// Messages of the inbox that are looked at.
const MESSAGES_MAX: u32 = 100;

/// A client of JMAP that logged in.
pub(crate) struct Browser {
    agent: Agent,
    server: SocketAddr,
    authorization: String,
    session: Value,
    account: String,
}

impl Browser {
    /// Connects, and asks for the session object (RFC 8620 §2).
    pub(crate) async fn log_in(server: SocketAddr, account: &Account) -> Result<Browser> {
        let mut agent = Agent::connect(server).await?;
        agent.secure().await?;
        let secret = BASE64_STANDARD.encode(format!("{}:{}", account.address, account.password));
        let authorization = format!("Basic {secret}");
        let (session, account) = (Value::Null, String::new());
        let mut browser = Browser { agent, server, authorization, session, account };
        browser.session = serde_json::from_slice(&browser.get("/jmap/session").await?)?;
        let accounts = browser.session.get("primaryAccounts").context("no primary accounts")?;
        let account = accounts.get("urn:ietf:params:jmap:mail").and_then(Value::as_str);
        browser.account = account.context("no account for mail")?.to_owned();
        Ok(browser)
    }

    /// The blobs of the messages in the inbox, oldest first: one request, each method reading what the one before found
    /// (RFC 8620 §3.7).
    pub(crate) async fn inbox(&mut self) -> Result<Vec<String>> {
        let account = self.account.clone();
        let found = |call: &str, name: &str| json!({ "resultOf": call, "name": name, "path": "/ids" });
        let body = json!({
            "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
            "methodCalls": [["Mailbox/query", { "accountId": account, "filter": { "role": "inbox" } }, "inbox"]],
        });
        let answer = self.post(&body).await?;
        let inbox =
            answer.pointer("/methodResponses/0/1/ids/0").and_then(Value::as_str).context("no inbox")?.to_owned();
        let sort = json!([{ "property": "receivedAt", "isAscending": true }]);
        let query =
            json!({ "accountId": account, "filter": { "inMailbox": inbox }, "sort": sort, "limit": MESSAGES_MAX });
        let get = json!({ "accountId": account, "#ids": found("found", "Email/query"), "properties": ["blobId"] });
        let body = json!({
            "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
            "methodCalls": [["Email/query", query, "found"], ["Email/get", get, "got"]],
        });
        let answer = self.post(&body).await?;
        let list = answer.pointer("/methodResponses/1/1/list").and_then(Value::as_array).context("no messages")?;
        let blob = |email: &Value| email.get("blobId").and_then(Value::as_str).map(str::to_owned);
        list.iter().map(|email| blob(email).context("a message without blobId")).collect()
    }

    /// The octets of a blob (RFC 8620 §6.2).
    pub(crate) async fn download(&mut self, blob: &str) -> Result<Vec<u8>> {
        let template = self.session.get("downloadUrl").and_then(Value::as_str).context("no downloadUrl")?;
        let url = template
            .replace("{accountId}", &self.account)
            .replace("{blobId}", blob)
            .replace("{name}", "message.eml")
            .replace("{type}", "message%2Frfc822");
        self.get(&path_of(&url)?).await
    }

    async fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        self.request(&format!("GET {path}"), b"").await
    }

    async fn post(&mut self, body: &Value) -> Result<Value> {
        let url = self.session.get("apiUrl").and_then(Value::as_str).context("no apiUrl")?.to_owned();
        let body = serde_json::to_vec(body)?;
        Ok(serde_json::from_slice(&self.request(&format!("POST {}", path_of(&url)?), &body).await?)?)
    }

    /// One request (RFC 9112 §3) and the content of its response.
    async fn request(&mut self, start: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut octets = format!(
            "{start} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.server,
            self.authorization,
            body.len()
        )
        .into_bytes();
        octets.extend_from_slice(body);
        let (status, content) = self.agent.http(&octets).await?;
        ensure!(status == 200, "{start} is answered {status}: {}", String::from_utf8_lossy(&content));
        Ok(content)
    }
}

/// What stands behind the host in a URL; a relative one is it already.
fn path_of(url: &str) -> Result<String> {
    let Some((_, rest)) = url.split_once("://") else { return Ok(url.to_owned()) };
    let (_, path) = rest.split_once('/').with_context(|| format!("no path in {url}"))?;
    Ok(format!("/{path}"))
}
