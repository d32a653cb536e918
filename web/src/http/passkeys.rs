//! Passkeys, as browsers speak of them: the JSON of WebAuthn Level 3 §5.1 (`toJSON`, `parseCreationOptionsFromJSON`,
//! `parseRequestOptionsFromJSON`), octets in base64url. What is behind it is `office::login`'s.

use super::Table;
use super::body::{Body, Named};
use super::problem::{CONFLICT, INVALID, Problem, ProblemDetails};
use super::second_factor::Once;
use crate::caller::{self, Owner};
use crate::{Connection, Web};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use office::login::{Making, NewPasskey, Party, PasskeyView, Showing, ShownPasskey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Milliseconds that a person may take; the challenge is good as long.
const TIMEOUT_MS: u32 = 300_000;

pub(super) fn routes(table: Table) -> Table {
    table
        .get("/api/account/passkeys", list)
        .post("/api/account/passkeys", add)
        .post("/api/account/passkeys/begin", begin)
        .put("/api/account/passkeys/{id}", rename)
        .delete("/api/account/passkeys/{id}", remove)
}

/// Those there are.
#[derive(Serialize, ToSchema)]
pub(super) struct Passkeys {
    passkeys: Vec<OnePasskey>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(super) struct OnePasskey {
    id: i64,
    name: String,
    created: u64,
    last_used: Option<u64>,
}

/// For `navigator.credentials.create`.
#[derive(Serialize, ToSchema)]
pub(super) struct CreationOptions {
    /// PublicKeyCredentialCreationOptionsJSON.
    #[schema(value_type = Object)]
    options: Value,
}

/// For `navigator.credentials.get`.
#[derive(Serialize, ToSchema)]
pub(super) struct RequestOptions {
    /// PublicKeyCredentialRequestOptionsJSON.
    #[schema(value_type = Object)]
    options: Value,
}

/// A new passkey, from the browser.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    name: String,
    credential: RegistrationCredential,
}

/// RegistrationResponseJSON; what else is in it is passed over.
#[derive(Deserialize, ToSchema)]
pub(super) struct RegistrationCredential {
    response: AttestationResponse,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
}

/// A passkey that is shown, from the browser.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assertion {
    credential: AssertionCredential,
}

/// AuthenticationResponseJSON; what else is in it is passed over.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssertionCredential {
    raw_id: String,
    response: AssertionResponse,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// A passkey that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct PasskeyMade {
    id: i64,
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    name: String,
}

/// The site that a request was made to, where passkeys can be: a name of ours. With anybody's name, somebody could have
/// keys made for a site of theirs.
pub(super) async fn party(web: &Web, parts: &Parts, connection: &Connection) -> Result<Party, Problem> {
    let (host, origin) = caller::host_of(parts).zip(caller::origin_of(parts, connection)).unwrap_or_default();
    let id = without_port(&host).to_owned();
    let local = connection.client.ip().to_canonical().is_loopback();
    if id == "localhost" && local || connection.secure && web.office().is_own_name(&id).await {
        return Ok(Party { id, origin });
    }
    let hostname = web.office().hostname();
    Err(Problem::new(CONFLICT, format!("passkeys can be used at https://{hostname} only, not at {host}")))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    }
}

fn coded(octets: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

fn decoded(field: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let read = BASE64_URL_SAFE_NO_PAD.decode(text);
    read.map_err(|_| Problem::new(INVALID, format!("{field} is not base64url without padding")))
}

fn descriptors(ids: &[Vec<u8>]) -> Vec<Value> {
    ids.iter().map(|id| json!({ "type": "public-key", "id": coded(id) })).collect()
}

impl CreationOptions {
    fn of(making: &Making, party: &Party, name: &str) -> CreationOptions {
        let algorithms: Vec<Value> =
            making.algorithms.iter().map(|number| json!({ "type": "public-key", "alg": number })).collect();
        CreationOptions {
            options: json!({
                "rp": { "id": party.id, "name": party.id },
                "user": { "id": coded(&making.user), "name": name, "displayName": name },
                "challenge": coded(&making.challenge),
                "pubKeyCredParams": algorithms,
                "timeout": TIMEOUT_MS,
                "excludeCredentials": descriptors(&making.exclude),
                "authenticatorSelection": { "residentKey": "preferred", "userVerification": "required" },
                "attestation": "none",
            }),
        }
    }
}

impl RequestOptions {
    pub(super) fn of(showing: Showing, party: &Party) -> RequestOptions {
        RequestOptions {
            options: json!({
                "challenge": coded(&showing.challenge),
                "timeout": TIMEOUT_MS,
                "rpId": party.id,
                "allowCredentials": descriptors(&showing.allow),
                "userVerification": "required",
            }),
        }
    }
}

impl Assertion {
    pub(super) fn read(&self) -> Result<ShownPasskey, Problem> {
        let AssertionCredential { raw_id, response } = &self.credential;
        let user = response.user_handle.as_deref().filter(|user| !user.is_empty());
        Ok(ShownPasskey {
            credential: decoded("rawId", raw_id)?,
            client_data: decoded("clientDataJSON", &response.client_data)?,
            authenticator_data: decoded("authenticatorData", &response.authenticator_data)?,
            signature: decoded("signature", &response.signature)?,
            user: user.map(|user| decoded("userHandle", user)).transpose()?,
        })
    }
}

fn shown(view: PasskeyView) -> OnePasskey {
    OnePasskey { id: view.id, name: view.name, created: view.created.0, last_used: view.last_used.map(|time| time.0) }
}

/// My passkeys, the oldest first.
#[utoipa::path(get, path = "/api/account/passkeys", tag = "account", responses((status = 200, body = Passkeys), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails)))]
pub(super) async fn list(State(web): State<Web>, Owner(caller): Owner) -> Result<Json<Passkeys>, Problem> {
    let views = web.office().entrance().passkeys(caller.account).await?;
    Ok(Json(Passkeys { passkeys: views.into_iter().map(shown).collect() }))
}

/// What the browser needs to make a passkey.
#[utoipa::path(post, path = "/api/account/passkeys/begin", tag = "account", request_body = Once, responses(
    (status = 200, body = CreationOptions), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails), (status = 429, body = ProblemDetails)))]
pub(super) async fn begin(
    State(web): State<Web>,
    connection: Connection,
    parts: Parts,
    Owner(caller): Owner,
    Body(form): Body<Once>,
) -> Result<Json<CreationOptions>, Problem> {
    let party = party(&web, &parts, &connection).await?;
    let (now, entrance) = (web.now(), web.office().entrance());
    entrance.confirm(now, connection.client.ip(), caller.account, form.password).await?;
    let making = entrance.begin_passkey(now, caller.account).await?;
    Ok(Json(CreationOptions::of(&making, &party, &caller.address.to_string())))
}

/// Keep a new passkey.
#[utoipa::path(post, path = "/api/account/passkeys", tag = "account", request_body = Registration, responses(
    (status = 201, body = PasskeyMade), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(super) async fn add(
    State(web): State<Web>,
    connection: Connection,
    parts: Parts,
    Owner(caller): Owner,
    Body(form): Body<Registration>,
) -> Result<(StatusCode, Json<PasskeyMade>), Problem> {
    let party = party(&web, &parts, &connection).await?;
    let response = &form.credential.response;
    let new = NewPasskey {
        name: form.name,
        client_data: decoded("clientDataJSON", &response.client_data)?,
        attestation: decoded("attestationObject", &response.attestation_object)?,
    };
    let id = web.office().entrance().add_passkey(web.now(), caller.account, &new, &party).await?;
    Ok((StatusCode::CREATED, Json(PasskeyMade { id })))
}

/// Give a passkey another name.
#[utoipa::path(put, path = "/api/account/passkeys/{id}", tag = "account", request_body = Name, params(("id" = i64, Path, description = "its number")), responses(
    (status = 204), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails)))]
pub(super) async fn rename(
    State(web): State<Web>,
    Owner(caller): Owner,
    Named(id): Named<i64>,
    Body(form): Body<Name>,
) -> Result<StatusCode, Problem> {
    web.office().entrance().rename_passkey(web.now(), caller.account, id, &form.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a passkey.
#[utoipa::path(delete, path = "/api/account/passkeys/{id}", tag = "account", params(("id" = i64, Path, description = "its number")), responses(
    (status = 204), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails), (status = 404, body = ProblemDetails)))]
pub(super) async fn remove(
    State(web): State<Web>,
    Owner(caller): Owner,
    Named(id): Named<i64>,
) -> Result<StatusCode, Problem> {
    web.office().entrance().remove_passkey(web.now(), caller.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
