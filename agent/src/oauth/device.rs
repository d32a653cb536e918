//! The way with a code: the person types it at the provider on any machine that has a browser (RFC 8628). For terminals
//! far from one.

use super::{Endpoints, OAuthError, Tokens, ask, host_of, post, refused};
use crate::http::Client;
use message::Time;
use net::clock::Clock;
use serde::Deserialize;
use std::time::Duration;

/// How often the provider is asked, if it does not say (RFC 8628 §3.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// Not more often than this, whatever it says.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// By how much longer is waited when it says that this is too often (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest wait between two questions, whatever it says: somebody sits and looks.
const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// The longest a code is tried.
const LIFE_MAX: Duration = Duration::from_secs(30 * 60);

/// RFC 8628 §3.2, or an error.
#[derive(Deserialize)]
struct DeviceAnswer {
    device_code: Option<String>,
    user_code: Option<String>,
    // As one large provider calls it.
    #[serde(alias = "verification_url")]
    verification_uri: Option<String>,
    expires_in: Option<u64>,
    interval: Option<u64>,
    error: Option<String>,
    error_description: Option<String>,
}

/// A login under way: the person is told the code and where to type it.
pub struct Login {
    /// What is to be typed; harmless on a terminal.
    pub code: String,
    /// Where.
    pub url: String,
    device_code: String,
    interval: Duration,
    life: Duration,
    endpoints: Endpoints,
}

impl Login {
    /// Asks for a code.
    ///
    /// # Errors
    /// The provider has no such way, or says no.
    pub async fn begin(client: &Client, endpoints: Endpoints) -> Result<Login, OAuthError> {
        let url = endpoints.device.clone().ok_or_else(|| endpoints.missing("device"))?;
        let host = host_of(&url);
        let mut fields = vec![("client_id", &*endpoints.client_id)];
        fields.extend(endpoints.scope.as_deref().map(|scope| ("scope", scope)));
        let answer: DeviceAnswer = post(client, &url, &fields).await?;
        if let Some(code) = answer.error {
            return Err(refused(host, &code, answer.error_description.as_deref()));
        }
        let sound = |text: &String| !text.is_empty() && text.len() < 200 && !text.chars().any(char::is_control);
        let (Some(device_code), Some(code), Some(at)) =
            (answer.device_code, answer.user_code.filter(sound), answer.verification_uri.filter(sound))
        else {
            return Err(OAuthError::Malformed(host, "there is no code in the answer"));
        };
        if !at.starts_with("https://") {
            return Err(OAuthError::Malformed(host, "its page is no https:// address"));
        }
        let seconds = |given: Option<u64>, usual, max: Duration| given.map_or(usual, Duration::from_secs).min(max);
        Ok(Login {
            code,
            url: at,
            device_code,
            interval: seconds(answer.interval, INTERVAL, INTERVAL_MAX).max(INTERVAL_MIN),
            life: seconds(answer.expires_in, LIFE_MAX, LIFE_MAX),
            endpoints,
        })
    }

    /// Asks again and again until the person has typed the code.
    ///
    /// # Errors
    /// The person or the provider says no, or the code is over.
    pub async fn finish(mut self, client: &Client, clock: &Clock) -> Result<Tokens, OAuthError> {
        let over = clock.now().after(self.life);
        loop {
            let next = clock.now().after(self.interval);
            if next > over {
                return Err(OAuthError::Late);
            }
            clock.sleep_until(next).await;
            if let Some(tokens) = self.ask(client, clock.now()).await? {
                return Ok(tokens);
            }
        }
    }

    /// Asks once; `None`: the person has not typed the code.
    pub(super) async fn ask(&mut self, client: &Client, now: Time) -> Result<Option<Tokens>, OAuthError> {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let fields = [("grant_type", grant), ("device_code", &*self.device_code)];
        match ask(client, &self.endpoints, &fields, now).await {
            Ok(tokens) => Ok(Some(tokens)),
            Err(error) => {
                self.interval = wait_on(self.interval, error)?;
                Ok(None)
            }
        }
    }
}

/// How long to wait after this answer; an error that ends it comes back (RFC 8628 §3.5).
pub(super) fn wait_on(interval: Duration, error: OAuthError) -> Result<Duration, OAuthError> {
    match &error {
        OAuthError::Refused { code, .. } if code == "authorization_pending" => Ok(interval),
        OAuthError::Refused { code, .. } if code == "slow_down" => Ok((interval + SLOWER).min(INTERVAL_MAX)),
        // A connection that breaks is tried again, and not sooner.
        OAuthError::Http(lost) if lost.is_temporary() => Ok((interval * 2).clamp(INTERVAL, INTERVAL_MAX)),
        _ => Err(error),
    }
}
