//! Tokens of OAuth 2 (RFC 6749) for accounts whose providers take no passwords: got through a browser ([`browser`]) or with
//! a code typed elsewhere ([`device`]), made anew before they end, kept as a secret. Owns what is said to the token endpoint
//! and what it answers; where tokens are kept is [`crate::secret`]'s.

pub mod browser;
pub mod device;
mod endpoints;

pub use endpoints::{Endpoints, find};

use crate::http::{Client, HttpError};
use crate::secret::Secret;
use crate::trouble::{Kind, Trouble};
use message::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;
use zeroize::Zeroizing;

/// Octets of what a provider answers: three tokens and some words.
pub const ANSWER_MAX: usize = 64 * 1024;
/// A token is made anew when it ends within this time: a session begun with it shall come through its login.
pub const EARLY: Duration = Duration::from_secs(120);
/// The longest life of a token that is believed; what a provider says beyond it counts as this.
const LIFE_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// The provider cannot be asked.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The provider says no (RFC 6749 §5.2, §4.1.2.1), with its code and words.
    #[error("{host} refuses: {code}{words}", words = said(.words))]
    Refused {
        /// Which provider.
        host: String,
        /// As in `invalid_grant`.
        code: String,
        /// What it adds.
        words: String,
    },
    /// What it answers is none of the protocol.
    #[error("{0} does not keep to OAuth: {1}")]
    Malformed(String, &'static str),
    /// The settings lack an endpoint for this.
    #[error("[[provider]] {0} lacks {1}")]
    Missing(String, &'static str),
    /// The person took too long, or closed the page.
    #[error("nobody came back from the browser in time")]
    Late,
    /// This machine cannot do it.
    #[error("{0}")]
    Here(String),
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(" ({words})") }
}

impl OAuthError {
    /// The provider does not know the token any more: the person has to log in again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, OAuthError::Refused { code, .. } if code == "invalid_grant")
    }
}

impl From<OAuthError> for Trouble {
    fn from(error: OAuthError) -> Trouble {
        let kind = match error {
            OAuthError::Http(error) => return error.into(),
            OAuthError::Refused { .. } => Kind::NotAllowed,
            OAuthError::Malformed(..) => Kind::Protocol,
            OAuthError::Missing(..) => Kind::Settings,
            OAuthError::Late => Kind::Cancelled,
            OAuthError::Here(_) => Kind::Unavailable,
        };
        Trouble::new(kind, error)
    }
}

/// What a provider gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// What lets in.
    pub access: Secret,
    /// What the next one is got with.
    pub refresh: Option<Secret>,
    /// When the first ends; `None`: nobody said.
    pub expires: Option<Time>,
}

/// A token as JSON has it.
struct Text(Zeroizing<String>);

impl Text {
    fn of(secret: &Secret) -> Result<Text, OAuthError> {
        let text = String::from_utf8(secret.octets().to_vec());
        text.map(|text| Text(Zeroizing::new(text))).map_err(|_| OAuthError::Here("a token is no text".to_owned()))
    }

    fn secret(&self) -> Secret {
        Secret::new(self.0.as_bytes().to_vec())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        String::deserialize(deserializer).map(|text| Text(Zeroizing::new(text)))
    }
}

/// As they are kept: one line.
#[derive(Serialize, Deserialize)]
struct Kept {
    access: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
}

impl Tokens {
    /// As one secret, to be kept.
    ///
    /// # Errors
    /// They are no text.
    pub fn to_secret(&self) -> Result<Secret, OAuthError> {
        let kept = Kept {
            access: Text::of(&self.access)?,
            refresh: self.refresh.as_ref().map(Text::of).transpose()?,
            expires: self.expires,
        };
        serde_json::to_vec(&kept).map(Secret::new).map_err(|error| OAuthError::Here(error.to_string()))
    }

    /// What was kept; `None`: it is none of ours.
    #[must_use]
    pub fn of_secret(secret: &Secret) -> Option<Tokens> {
        let kept: Kept = serde_json::from_slice(secret.octets()).ok()?;
        let refresh = kept.refresh.as_ref().map(Text::secret);
        Some(Tokens { access: kept.access.secret(), refresh, expires: kept.expires })
    }

    /// Whether the access token serves no more, or not for long.
    #[must_use]
    pub fn is_stale(&self, now: Time) -> bool {
        self.expires.is_some_and(|expires| expires <= now.after(EARLY))
    }
}

/// RFC 6749 §5.1, §5.2.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<Text>,
    token_type: Option<String>,
    expires_in: Option<u64>,
    refresh_token: Option<Text>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Asks the token endpoint; `fields` without what says which program asks.
///
/// # Errors
/// It cannot be asked, or says no.
pub(crate) async fn ask(
    client: &Client,
    endpoints: &Endpoints,
    fields: &[(&str, &str)],
    now: Time,
) -> Result<Tokens, OAuthError> {
    let url = endpoints.token.as_deref().ok_or_else(|| endpoints.missing("token"))?;
    let mut fields = fields.to_vec();
    fields.push(("client_id", &endpoints.client_id));
    // RFC 6749 §2.3.1: in the body, as all providers take it.
    fields.extend(endpoints.client_secret.as_deref().map(|secret| ("client_secret", secret)));
    let answer: TokenAnswer = post(client, url, &fields).await?;
    tokens(host_of(url), answer, now)
}

/// Posts a form and reads the JSON that comes back, whatever its status: errors come so, too.
async fn post<T: serde::de::DeserializeOwned>(
    client: &Client,
    url: &str,
    fields: &[(&str, &str)],
) -> Result<T, OAuthError> {
    let octets = Zeroizing::new(client.post_form(url, fields).await?.octets(ANSWER_MAX).await?);
    serde_json::from_slice(&octets).map_err(|_| OAuthError::Malformed(host_of(url), "the answer is no JSON of tokens"))
}

fn tokens(host: String, answer: TokenAnswer, now: Time) -> Result<Tokens, OAuthError> {
    if let Some(code) = answer.error {
        return Err(refused(host, &code, answer.error_description.as_deref()));
    }
    let (Some(access), Some(kind)) = (answer.access_token, answer.token_type) else {
        return Err(OAuthError::Malformed(host, "there is no token in the answer"));
    };
    // RFC 6749 §7.1: a token of a type that is not known is not used.
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(OAuthError::Malformed(host, "the token is of a type that mail does not know"));
    }
    let expires = answer.expires_in.map(|seconds| now.after(Duration::from_secs(seconds).min(LIFE_MAX)));
    Ok(Tokens { access: access.secret(), refresh: answer.refresh_token.as_ref().map(Text::secret), expires })
}

/// What a provider says comes to a terminal: no control characters, and not without end.
fn refused(host: String, code: &str, words: Option<&str>) -> OAuthError {
    let harmless = |text: &str| text.chars().filter(|c| !c.is_control()).take(200).collect::<String>();
    OAuthError::Refused { host, code: harmless(code), words: harmless(words.unwrap_or_default()) }
}

/// Gets a new access token (RFC 6749 §6). A provider may give a new refresh token with it; else the old one stays.
///
/// # Errors
/// It cannot be had; see [`OAuthError::is_over`].
pub async fn refresh(client: &Client, endpoints: &Endpoints, tokens: &Tokens, now: Time) -> Result<Tokens, OAuthError> {
    let host = endpoints.token.as_deref().map(host_of).unwrap_or_default();
    let over = || refused(host.clone(), "invalid_grant", Some("there is no refresh token"));
    let old = tokens.refresh.as_ref().ok_or_else(over)?;
    let text = Zeroizing::new(String::from_utf8_lossy(old.octets()).into_owned());
    let fresh = ask(client, endpoints, &[("grant_type", "refresh_token"), ("refresh_token", &text)], now).await?;
    Ok(Tokens { refresh: fresh.refresh.or_else(|| Some(old.clone())), ..fresh })
}

/// The host of a URL, for words.
fn host_of(url: &str) -> String {
    let host = url.parse::<hyper::Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    host.unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests;
