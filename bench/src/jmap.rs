//! The reader by JMAP: one connection of HTTP/1.1, kept, one request at a time. What is answered is read to its end and
//! understood only where a figure needs it.

use crate::line::Connection;
use crate::peers::PASSWORD;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A connection, and the account it is about.
pub struct Jmap {
    connection: Connection,
    head: String,
    path: String,
    /// The account's id.
    pub account: String,
}

/// What a server said to one request.
pub struct Said {
    /// From the request to the last octet of the response.
    pub time: Duration,
    /// The response.
    pub body: Vec<u8>,
}

impl Jmap {
    /// Connects, and reads the session object.
    pub async fn login(address: SocketAddr, user: &str) -> Result<Jmap> {
        let connection = Connection::open(address).await?;
        let secret = base64(format!("{user}:{PASSWORD}").as_bytes());
        let head = format!("Host: {address}\r\nAuthorization: Basic {secret}\r\n");
        let mut jmap = Jmap { connection, head, path: String::new(), account: String::new() };
        let session = jmap.session().await?;
        let text = |pointer: &str| session.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        jmap.account = text("/primaryAccounts/urn:ietf:params:jmap:mail").context("no account for mail")?;
        let url = text("/apiUrl").context("no apiUrl")?;
        jmap.path = match url.split_once("://").and_then(|(_, rest)| rest.split_once('/')) {
            Some((_, path)) => format!("/{path}"),
            None => url,
        };
        Ok(jmap)
    }

    async fn session(&mut self) -> Result<Value> {
        for path in ["/jmap/session", "/jmap/"] {
            let (status, said) = self.request(&format!("GET {path}"), b"").await?;
            if status == 200 {
                return Ok(serde_json::from_slice(&said.body)?);
            }
        }
        anyhow::bail!("the server shows no session object")
    }

    /// Calls methods.
    pub async fn call(&mut self, calls: &Value) -> Result<Said> {
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let body = serde_json::to_vec(&json!({ "using": using, "methodCalls": calls }))?;
        let (status, said) = self.request(&format!("POST {}", self.path), &body).await?;
        let shown = || String::from_utf8_lossy(&said.body).chars().take(300).collect::<String>();
        ensure!(status == 200, "the server answers {status}: {}", shown());
        ensure!(!said.body.starts_with(b"{\"methodResponses\":[[\"error\""), "the server answers {}", shown());
        Ok(said)
    }

    /// The same, its responses understood.
    pub async fn ask(&mut self, calls: &Value) -> Result<Value> {
        Ok(serde_json::from_slice(&self.call(calls).await?.body)?)
    }

    async fn request(&mut self, start: &str, body: &[u8]) -> Result<(u16, Said)> {
        let mut octets = format!(
            "{start} HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.head,
            body.len()
        )
        .into_bytes();
        octets.extend_from_slice(body);
        let began = Instant::now();
        self.connection.write(&octets).await?;
        let (status, body) = self.response().await?;
        Ok((status, Said { time: began.elapsed(), body }))
    }

    async fn response(&mut self) -> Result<(u16, Vec<u8>)> {
        let start = String::from_utf8_lossy(self.connection.line().await?).into_owned();
        let status = start.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
        let (mut octets, mut chunked) = (0, false);
        loop {
            let line = String::from_utf8_lossy(self.connection.line().await?).to_ascii_lowercase();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => octets = value.parse()?,
                Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = Vec::new();
        if !chunked {
            self.connection.octets(octets, &mut body).await?;
            return Ok((status, body));
        }
        loop {
            let size = u64::from_str_radix(String::from_utf8_lossy(self.connection.line().await?).trim(), 16)?;
            self.connection.octets(size, &mut body).await?;
            self.connection.line().await?;
            if size == 0 {
                return Ok((status, body));
            }
        }
    }
}

/// RFC 4648 §4.
fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let bits = three.iter().enumerate().fold(0_u32, |bits, (at, octet)| bits | u32::from(*octet) << (16 - 8 * at));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_pads() {
        for (octets, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(super::base64(octets.as_bytes()), text);
        }
    }
}
