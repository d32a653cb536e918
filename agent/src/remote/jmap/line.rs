//! Requests of JMAP over HTTP: the session, one method call at a time, blobs; and what a server says when it says no, in plain
//! words (RFC 8620 §2, §3, §6).

use super::super::keyed::nonsense;
use super::Way;
use crate::http::{Client, Response, encode, join};
use crate::trouble::{Kind, Trouble};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use serde_json::{Value, json};
use wire::smtp::client::Credential;
use zeroize::Zeroizing;

/// RFC 8620 §2
const CORE: &str = "urn:ietf:params:jmap:core";
/// RFC 8621 §1.3.1
const MAIL: &str = "urn:ietf:params:jmap:mail";
/// RFC 8621 §1.3.2
pub(super) const SUBMISSION: &str = "urn:ietf:params:jmap:submission";
/// Octets of an answer: five hundred e-mails with long headers have a tenth of it.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// Octets of a session object.
pub(super) const SESSION_MAX: usize = 1024 * 1024;
/// Octets of an error's text that are read.
const PROBLEM_MAX: usize = 16 * 1024;
/// Characters of a server's words that are passed on to a person.
const WORDS_MAX: usize = 300;
/// What a server has to allow at least to be of use; one that says less is asked so anyway.
const LEAST: usize = 1;
/// What is taken to be allowed where a server does not say.
const USUAL: usize = 100;

/// What a server allows (RFC 8620 §2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub get: usize,
    pub set: usize,
    pub upload: u64,
}

/// Why a request came to nothing.
#[derive(Debug)]
pub(super) struct Fault {
    /// The type of a method's error; empty for all others.
    name: String,
    trouble: Trouble,
}

impl Fault {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        fault.trouble
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        Fault { name: String::new(), trouble }
    }
}

impl From<crate::http::HttpError> for Fault {
    fn from(error: crate::http::HttpError) -> Fault {
        Trouble::from(error).into()
    }
}

/// A session.
pub(super) struct Line {
    client: Client,
    authorization: HeaderValue,
    account: String,
    sending_account: Option<String>,
    api: Uri,
    download: String,
    upload: String,
    events: Option<String>,
    base: Uri,
    limits: Limits,
    host: String,
}

impl Line {
    pub(super) async fn open(client: Client, way: &Way) -> Result<Line, Trouble> {
        let authorization = authorization(way)?;
        let request = get(&session_url(&way.url), &authorization)?;
        let response = client.send(request).await?;
        let (status, base) = (response.status, response.url.clone());
        let host = base.host().unwrap_or_default().to_owned();
        if status != StatusCode::OK {
            return Err(problem(response, &host).await);
        }
        let octets = response.octets(SESSION_MAX).await?;
        let session: Value = serde_json::from_slice(&octets)
            .map_err(|_| Trouble::new(Kind::Protocol, format!("what {host} has at this address is no JMAP session")))?;
        Line::of(client, authorization, (&session, base, host))
    }

    fn of(
        client: Client,
        authorization: HeaderValue,
        (session, base, host): (&Value, Uri, String),
    ) -> Result<Line, Trouble> {
        let account_of = |urn: &str| session["primaryAccounts"][urn].as_str().map(str::to_owned);
        let no_mail = || Trouble::new(Kind::Unavailable, format!("{host} has JMAP, but no mail for this account"));
        let text = |name: &str| {
            let missing = || nonsense(&format!("a session without {name}"));
            session[name].as_str().map(str::to_owned).ok_or_else(missing)
        };
        let core = &session["capabilities"][CORE];
        let most = |name: &str| {
            let told = core[name].as_u64().and_then(|most| usize::try_from(most).ok());
            told.unwrap_or(USUAL).max(LEAST)
        };
        let limits = Limits {
            get: most("maxObjectsInGet"),
            set: most("maxObjectsInSet"),
            upload: core["maxSizeUpload"].as_u64().unwrap_or(u64::MAX),
        };
        let api = join(&base, &text("apiUrl")?).ok_or_else(|| nonsense("an apiUrl that is none"))?;
        Ok(Line {
            client,
            authorization,
            account: account_of(MAIL).ok_or_else(no_mail)?,
            sending_account: account_of(SUBMISSION),
            api,
            download: text("downloadUrl")?,
            upload: text("uploadUrl")?,
            events: session["eventSourceUrl"].as_str().map(str::to_owned),
            base,
            limits,
            host,
        })
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether letters can be sent.
    pub(super) fn can_send(&self) -> bool {
        self.sending_account.is_some()
    }

    /// A method of mail.
    pub(super) async fn mail(&self, method: &str, arguments: Value) -> Result<Value, Fault> {
        self.call(method, arguments, (&[CORE, MAIL], self.account.clone())).await
    }

    /// A method of submission.
    pub(super) async fn submission(&self, method: &str, arguments: Value) -> Result<Value, Fault> {
        let none = || Trouble::new(Kind::Unavailable, format!("{} does not take letters by JMAP", self.host));
        let account = self.sending_account.clone().ok_or_else(none)?;
        self.call(method, arguments, (&[CORE, MAIL, SUBMISSION], account)).await
    }

    // RFC 8620 §3.3
    async fn call(
        &self,
        method: &str,
        mut arguments: Value,
        (using, account): (&[&str], String),
    ) -> Result<Value, Fault> {
        arguments["accountId"] = json!(account);
        let request = json!({"using": using, "methodCalls": [[method, arguments, "0"]]});
        let request = Request::post(self.api.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(Bytes::from(request.to_string()))
            .map_err(|_| nonsense("an apiUrl that is none"))?;
        let response = self.client.send(request).await?;
        if response.status != StatusCode::OK {
            return Err(problem(response, &self.host).await.into());
        }
        let octets = response.octets(ANSWER_MAX).await?;
        let told: Value = serde_json::from_slice(&octets).map_err(|_| nonsense("no JSON"))?;
        self.answer(method, told)
    }

    /// The answer to the one call; what it implies (RFC 8620 §5.3, `onSuccess…`) comes after it.
    fn answer(&self, method: &str, mut told: Value) -> Result<Value, Fault> {
        // To index what may be missing is to make it, or to panic, where it is to be changed.
        let first = told.pointer_mut("/methodResponses/0").map(Value::take).unwrap_or_default();
        let (name, arguments) = (first[0].as_str().unwrap_or_default(), &first[1]);
        if name == "error" {
            return Err(self.refused(method, arguments));
        }
        if name != method || !arguments.is_object() {
            return Err(nonsense(&format!("no answer to {method}")).into());
        }
        Ok(arguments.clone())
    }

    // RFC 8620 §3.6.2
    fn refused(&self, method: &str, error: &Value) -> Fault {
        let name = error["type"].as_str().unwrap_or_default();
        let (kind, words) = match name {
            "serverUnavailable" | "serverPartialFail" | "stateMismatch" => (Kind::TryAgain, "asks to be tried later"),
            "serverFail" => (Kind::Unavailable, "failed"),
            "forbidden" => (Kind::Unavailable, "does not allow it"),
            "accountNotFound" | "accountNotSupportedByMethod" => (Kind::Unavailable, "has no mail for this account"),
            "accountReadOnly" => (Kind::Unavailable, "lets this account be read only"),
            "requestTooLarge" | "tooManyChanges" => (Kind::Protocol, "finds the request too large"),
            "unknownMethod" => (Kind::Protocol, "does not know how"),
            _ => (Kind::Protocol, "does not understand the request"),
        };
        let text = format!("{} {words} ({method}: {}{})", self.host, tame(name), said(&error["description"]));
        Fault { name: name.to_owned(), trouble: Trouble::new(kind, text) }
    }

    /// Why one of several was not set (RFC 8620 §5.3).
    pub(super) fn not_set(&self, error: &Value) -> Trouble {
        let name = error["type"].as_str().unwrap_or_default();
        let (kind, words) = match name {
            "notFound" => (Kind::NotFound, "does not have it any more"),
            "overQuota" => (Kind::Data, "has no more room for this account"),
            "tooLarge" => (Kind::Data, "finds it too large"),
            "rateLimit" => (Kind::TryAgain, "wants it done more slowly"),
            "forbidden" => (Kind::Unavailable, "does not allow it"),
            "mailboxHasChild" => (Kind::Data, "keeps a folder that has others in it"),
            "mailboxHasEmail" => (Kind::Data, "keeps a folder that has messages in it"),
            "tooManyKeywords" | "tooManyMailboxes" => (Kind::Data, "allows no more of them on one message"),
            "forbiddenFrom" | "forbiddenMailFrom" => (Kind::Data, "does not let this account write under this address"),
            "forbiddenToSend" => (Kind::Unavailable, "does not let this account send"),
            "tooManyRecipients" => (Kind::Data, "does not send to so many at once"),
            "noRecipients" => (Kind::Data, "finds nobody to send it to"),
            "invalidRecipients" => (Kind::Data, "does not take these recipients"),
            "invalidEmail" => (Kind::Data, "does not take the message as it is"),
            _ => (Kind::Data, "does not take it"),
        };
        Trouble::new(kind, format!("{} {words} ({}{})", self.host, tame(name), said(&error["description"])))
    }

    /// Content of a blob (RFC 8620 §6.2); `None`: it is gone.
    pub(super) async fn download(&self, blob: &str) -> Result<Option<Response>, Trouble> {
        let kind = "application/octet-stream";
        let values = [("accountId", self.account.as_str()), ("blobId", blob), ("name", "message"), ("type", kind)];
        let url = self.url(&self.download, &values)?;
        let response = self.client.send(get(&url, &self.authorization)?).await?;
        match response.status {
            StatusCode::OK => Ok(Some(response)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            _ => Err(problem(response, &self.host).await),
        }
    }

    /// Keeps content at the server for a while (RFC 8620 §6.1): its blob id.
    pub(super) async fn upload(&self, content: Bytes) -> Result<String, Trouble> {
        if content.len() as u64 > self.limits.upload {
            let words = format!("{} takes no message larger than {} octets", self.host, self.limits.upload);
            return Err(Trouble::new(Kind::Data, words));
        }
        let url = self.url(&self.upload, &[("accountId", &self.account)])?;
        let request = Request::post(url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "message/rfc822")
            .body(content)
            .map_err(|_| nonsense("an uploadUrl that is none"))?;
        let response = self.client.send(request).await?;
        if !response.status.is_success() {
            return Err(problem(response, &self.host).await);
        }
        let octets = response.octets(SESSION_MAX).await?;
        let told: Value = serde_json::from_slice(&octets).map_err(|_| nonsense("no JSON after an upload"))?;
        told["blobId"].as_str().map(str::to_owned).ok_or_else(|| nonsense("an upload without a blobId"))
    }

    /// A stream of events (RFC 8620 §7.3) about mail; `None`: the server has none.
    pub(super) async fn events(&self, ping_seconds: u64) -> Result<Option<Response>, Trouble> {
        let Some(template) = &self.events else { return Ok(None) };
        let ping = ping_seconds.to_string();
        let url = self.url(template, &[("types", "Email,Mailbox"), ("closeafter", "state"), ("ping", &ping)])?;
        let mut request = get(&url, &self.authorization)?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = self.client.send(request).await?;
        Ok((response.status == StatusCode::OK).then_some(response))
    }

    /// A URL of the session with its variables filled in (RFC 6570 level 1).
    fn url(&self, template: &str, values: &[(&str, &str)]) -> Result<String, Trouble> {
        let mut url = template.to_owned();
        for (name, value) in values {
            url = url.replace(&format!("{{{name}}}"), &encode(value));
        }
        let whole = join(&self.base, &url).ok_or_else(|| nonsense("a URL that is none"))?;
        Ok(whole.to_string())
    }
}

/// RFC 8620 §2.2: without a path, at the well-known place.
fn session_url(url: &str) -> String {
    let whole = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let has_path =
        whole.split_once("://").and_then(|(_, rest)| rest.split_once('/')).is_some_and(|(_, path)| !path.is_empty());
    if has_path { whole } else { format!("{}/.well-known/jmap", whole.trim_end_matches('/')) }
}

fn authorization(way: &Way) -> Result<HeaderValue, Trouble> {
    let text = match &way.credential {
        Credential::Password(secret) => {
            let pair = Zeroizing::new([way.user.as_bytes(), b":", &secret.0].concat());
            // RFC 7617 §2
            Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*pair)))
        }
        // RFC 6750 §2.1
        Credential::Token(token) => Zeroizing::new(format!("Bearer {}", String::from_utf8_lossy(&token.0))),
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Trouble::new(Kind::Settings, "the secret holds characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn get(url: &str, authorization: &HeaderValue) -> Result<Request<Bytes>, Trouble> {
    let request = Request::get(url).header(AUTHORIZATION, authorization.clone()).header(ACCEPT, "application/json");
    request.body(Bytes::new()).map_err(|_| Trouble::new(Kind::Settings, format!("{} is no address", tame(url))))
}

/// What an answer other than 200 says (RFC 8620 §3.6.1, RFC 7807).
async fn problem(response: Response, host: &str) -> Trouble {
    let status = response.status;
    let (kind, words) = match status.as_u16() {
        401 | 403 => (Kind::NotAllowed, "does not let this account in: the name or the password is wrong"),
        404 | 410 => (Kind::Unavailable, "has no JMAP at this address"),
        408 | 425 | 429 | 500..=599 => (Kind::TryAgain, "cannot do it now"),
        413 => (Kind::Data, "finds the message too large"),
        _ => (Kind::Protocol, "does not understand the request"),
    };
    let octets = response.octets(PROBLEM_MAX).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&octets).unwrap_or_default();
    Trouble::new(kind, format!("{host} {words} ({status}{})", said(&problem["detail"])))
}

/// What a server says besides, behind a colon.
fn said(text: &Value) -> String {
    text.as_str().filter(|text| !text.is_empty()).map(|text| format!(": {}", tame(text))).unwrap_or_default()
}

/// Words of a server, harmless on a terminal.
fn tame(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wire::sasl::Secret;

    #[test]
    fn without_a_path_the_session_is_at_the_well_known_place() {
        for (given, session) in [
            ("mail.example", "https://mail.example/.well-known/jmap"),
            ("https://mail.example/", "https://mail.example/.well-known/jmap"),
            ("https://mail.example:8443", "https://mail.example:8443/.well-known/jmap"),
            ("https://mail.example/jmap/session", "https://mail.example/jmap/session"),
        ] {
            assert_eq!(session_url(given), session);
        }
    }

    #[test]
    fn a_secret_goes_into_its_field_and_into_no_log() {
        let way = |credential| Way { url: String::new(), user: "alice".to_owned(), credential, tls: None };
        let basic = authorization(&way(Credential::Password(Secret(b"wonderland".to_vec())))).unwrap();
        assert_eq!(basic, "Basic YWxpY2U6d29uZGVybGFuZA==");
        assert!(basic.is_sensitive());
        let bearer = authorization(&way(Credential::Token(Secret(b"t0ken".to_vec())))).unwrap();
        assert_eq!(bearer, "Bearer t0ken");
        assert!(authorization(&way(Credential::Token(Secret(b"a\nb".to_vec())))).is_err());
    }

    #[test]
    fn what_a_server_says_is_harmless_and_short() {
        assert_eq!(said(&json!("a\u{1b}[2Jb")), ": a[2Jb");
        assert_eq!(said(&json!("x".repeat(WORDS_MAX + 1))).len(), WORDS_MAX + 2);
        assert_eq!(said(&Value::Null), "");
    }
}
