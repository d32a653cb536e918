//! The second factor, as its owner switches it on and off.

use super::Table;
use super::body::Body;
use super::problem::{DEFECT, Problem, ProblemDetails};
use crate::caller::Owner;
use crate::{Connection, Web};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Pixels of the picture at least: readable by a phone from an arm's length.
const PICTURE_PX: u32 = 220;

pub(super) fn routes(table: Table) -> Table {
    table
        .post("/api/account/second-factor", begin)
        .put("/api/account/second-factor", confirm)
        .post("/api/account/second-factor/off", switch_off)
        .post("/api/account/second-factor/recovery-codes", renew)
}

/// The account's own password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Once {
    pub password: String,
}

/// What an authenticator app is to be told.
#[derive(Serialize, ToSchema)]
pub(super) struct Secret {
    /// Base32, for typing.
    secret: String,
    /// `otpauth://…`
    uri: String,
    /// The same as a picture: SVG.
    qr: String,
}

/// A code of the app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: String,
}

/// Codes for the day the phone is lost.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Shown this once; each is good once.
    recovery_codes: Vec<String>,
}

/// Draw a secret. Nothing is asked for before a code was shown.
#[utoipa::path(post, path = "/api/account/second-factor", tag = "account", request_body = Once, responses(
    (status = 200, body = Secret), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails), (status = 429, body = ProblemDetails)))]
pub(super) async fn begin(
    State(web): State<Web>,
    connection: Connection,
    Owner(caller): Owner,
    Body(form): Body<Once>,
) -> Result<Json<Secret>, Problem> {
    let (now, entrance) = (web.now(), web.office().entrance());
    let account = entrance.confirm(now, connection.client.ip(), caller.account, form.password).await?;
    let enrolment = entrance.begin_second_factor(now, &account, &web.office().hostname()).await?;
    let qr = picture(&enrolment.uri).ok_or_else(|| Problem::new(DEFECT, "the picture could not be drawn"))?;
    Ok(Json(Secret { secret: enrolment.secret, uri: enrolment.uri, qr }))
}

/// Switch it on with a first code.
#[utoipa::path(put, path = "/api/account/second-factor", tag = "account", request_body = Code, responses(
    (status = 200, body = RecoveryCodes), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails),
    (status = 429, body = ProblemDetails)))]
pub(super) async fn confirm(
    State(web): State<Web>,
    Owner(caller): Owner,
    Body(form): Body<Code>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let entrance = web.office().entrance();
    let recovery_codes = entrance.confirm_second_factor(web.now(), caller.account, &form.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Switch it off.
#[utoipa::path(post, path = "/api/account/second-factor/off", tag = "account", request_body = Once, responses(
    (status = 204), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 422, body = ProblemDetails), (status = 429, body = ProblemDetails)))]
pub(super) async fn switch_off(
    State(web): State<Web>,
    connection: Connection,
    Owner(caller): Owner,
    Body(form): Body<Once>,
) -> Result<StatusCode, Problem> {
    let (now, entrance) = (web.now(), web.office().entrance());
    entrance.confirm(now, connection.client.ip(), caller.account, form.password).await?;
    entrance.end_second_factor(now, caller.account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// New recovery codes; the old ones are void.
#[utoipa::path(post, path = "/api/account/second-factor/recovery-codes", tag = "account", request_body = Once, responses(
    (status = 200, body = RecoveryCodes), (status = 401, body = ProblemDetails), (status = 403, body = ProblemDetails),
    (status = 404, body = ProblemDetails), (status = 409, body = ProblemDetails), (status = 422, body = ProblemDetails),
    (status = 429, body = ProblemDetails)))]
pub(super) async fn renew(
    State(web): State<Web>,
    connection: Connection,
    Owner(caller): Owner,
    Body(form): Body<Once>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let (now, entrance) = (web.now(), web.office().entrance());
    entrance.confirm(now, connection.client.ip(), caller.account, form.password).await?;
    let recovery_codes = entrance.renew_recovery_codes(now, caller.account).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Black on white whatever the theme: that is what cameras expect.
fn picture(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (dark, light) = (svg::Color("#000000"), svg::Color("#ffffff"));
    Some(code.render().min_dimensions(PICTURE_PX, PICTURE_PX).dark_color(dark).light_color(light).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_drawn() {
        let svg = picture("otpauth://totp/x:bob?secret=GEZDGNBVGY3TQOJQ").unwrap_or_default();
        assert!(svg.contains("<svg") && svg.contains("#000000") && !svg.contains("<script"), "{svg}");
    }
}
