//! Where a provider is asked: what the settings say, and what its metadata adds (RFC 8414). Only https, so that nobody
//! listens to tokens.

use super::{ANSWER_MAX, OAuthError, host_of};
use crate::account::Provider;
use crate::http::Client;
use serde::Deserialize;

/// Everything that is to be known of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Endpoints {
    pub name: String,
    pub issuer: Option<String>,
    pub authorize: Option<String>,
    pub token: Option<String>,
    pub device: Option<String>,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub scope: Option<String>,
}

/// RFC 8414 §2.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
}

impl Endpoints {
    pub(super) fn missing(&self, what: &'static str) -> OAuthError {
        OAuthError::Missing(self.name.clone(), what)
    }

    fn of(provider: &Provider) -> Endpoints {
        Endpoints {
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            authorize: provider.authorize.clone(),
            token: provider.token.clone(),
            device: provider.device.clone(),
            client_id: provider.client_id.clone(),
            client_secret: provider.client_secret.clone(),
            scope: provider.scope.clone(),
        }
    }
}

/// What the settings say of a provider; where they name its issuer and lack something, its metadata is asked for.
///
/// # Errors
/// There is no metadata, or it is another's.
pub async fn find(client: &Client, provider: &Provider) -> Result<Endpoints, OAuthError> {
    let mut endpoints = Endpoints::of(provider);
    if let Some(issuer) = &provider.issuer
        && (provider.authorize.is_none() || provider.token.is_none())
    {
        let metadata = metadata(client, issuer).await?;
        let fill = |given: &mut Option<String>, found: Option<String>| {
            if given.is_none() {
                *given = found;
            }
        };
        fill(&mut endpoints.authorize, metadata.authorization_endpoint);
        fill(&mut endpoints.token, metadata.token_endpoint);
        fill(&mut endpoints.device, metadata.device_authorization_endpoint);
    }
    Ok(endpoints)
}

async fn metadata(client: &Client, issuer: &str) -> Result<Metadata, OAuthError> {
    let malformed = |why| OAuthError::Malformed(host_of(issuer), why);
    let rest = issuer.strip_prefix("https://").ok_or_else(|| malformed("the issuer is no https:// address"))?;
    let rest = rest.trim_end_matches('/');
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    // RFC 8414 §3, and the place where OpenID Connect has it.
    let places = [
        format!("https://{host}/.well-known/oauth-authorization-server{path}"),
        format!("https://{host}{path}/.well-known/openid-configuration"),
    ];
    for place in places {
        let response = client.get(&place).await?;
        if !response.status.is_success() {
            continue;
        }
        let octets = response.octets(ANSWER_MAX).await?;
        let found: Metadata = serde_json::from_slice(&octets).map_err(|_| malformed("its metadata is no JSON"))?;
        // RFC 8414 §3.3: else one provider could speak for another.
        if found.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(malformed("its metadata is another's"));
        }
        return Ok(found);
    }
    Err(malformed("it tells nothing of itself: set authorize and token"))
}
