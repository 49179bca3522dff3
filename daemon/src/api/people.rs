//! Operators and machines: asked for, listed, taken out; and the doors at which a person sets a PIN.
//! Whom a change adds needs a second person's yes (`changes`); whom it takes out does not.

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::StatusCode,
};
use axum_extra::extract::CookieJar;
use gatewarden_engine::{Command, Engine};
use gatewarden_model::{Action, ClientId, Module, OperatorId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api, Peer,
    auth::{Resting, Who},
    changes::{self, Asked},
    gate,
    problem::{Body, Problem},
    stations::Credentials,
};
use crate::{
    app::{self, EnrolError},
    requests::{self, BadField, ClientInput, Enrolling, OperatorInput},
    secrets,
    views::people,
};

impl From<BadField> for Problem {
    fn from(error: BadField) -> Self {
        match error.code {
            "bad-request" => Self::bad_field(&error.field, error.message),
            code => Self::unprocessable(code, error.message).at(error.field),
        }
    }
}

impl From<EnrolError> for Problem {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Pin(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "pin", error.to_string())
            }
            EnrolError::Field(error) => error.into(),
            EnrolError::Recorder(error) => error.into(),
            EnrolError::Ledger(error) => error.into(),
        }
    }
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
pub(crate) struct FirstOperator {
    /// The one-time code that the first start printed.
    code: String,
    /// The operator's short name.
    operator: String,
    /// Full name.
    name: String,
    /// The badge's number.
    badge: String,
    /// 4 to 12 digits.
    pin: String,
}

/// Enrols the first administrator with the one-time code.
#[utoipa::path(post, path = "/enrol", tag = "people", request_body = FirstOperator,
    responses((status = 201), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn enrol_first(
    State(api): State<Api>,
    Body(first): Body<FirstOperator>,
) -> Result<StatusCode, Problem> {
    let FirstOperator { code, operator, name, badge, pin } = first;
    let operator = parse_operator(&operator)?;
    let first = app::FirstOperator { operator, name: requests::full_name(&name)?, badge, pin };
    // Looked at before the code is used up: a bad PIN or badge must not cost it.
    first.check()?;
    let prefix = &api.app.config.operators.badge_prefix;
    if !secrets::is_badge(&first.badge, prefix) {
        let message =
            format!("badge: does not begin with {prefix}: a scanner would take it for goods");
        return Err(BadField::new("badge", "badge-invalid", message).into());
    }
    // The code is for the first alone, and never for changing somebody who is enrolled already.
    let nobody = api.app.recorder.query(|e| e.state().operators().next().is_none()).await?;
    if !api.app.enrolment.take(&code, api.app.clock.now().mono_us) || !nobody {
        let message = "this is not the one-time code, its time is over, or somebody is enrolled \
                       already; while nobody is, a restart prints another";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "enrolment-code", message));
    }
    let _ = api.app.enrol_first(first).await??;
    Ok(StatusCode::CREATED)
}

/// A first PIN.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Activation {
    /// The operator's short name.
    operator: String,
    /// Both halves of the one-time code, in any order: whoever asked for the enrolment was given one, whoever
    /// approved it the other (or, where two approved it, each of them).
    code: String,
    /// 4 to 12 digits, known to nobody else.
    pin: String,
}

/// Sets an operator's own PIN with both halves of the one-time code of an enrolment.
#[utoipa::path(post, path = "/activate", tag = "people", request_body = Activation,
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn activate(
    State(api): State<Api>,
    Body(input): Body<Activation>,
) -> Result<StatusCode, Problem> {
    let operator = parse_operator(&input.operator)?;
    let (digest, known) = api.app.typed_code(&operator, &input.code).await?;
    if !known {
        gate::admit_stranger(&api)?;
    }
    let _ = api.app.activate(operator, digest, input.pin).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Another PIN.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPin {
    /// The PIN so far.
    old: String,
    /// 4 to 12 digits.
    new: String,
}

/// Changes the caller's own PIN. A wrong old one ends the session.
#[utoipa::path(post, path = "/session/pin", tag = "people", request_body = NewPin,
    responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn change_pin(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<NewPin>,
) -> Result<StatusCode, Problem> {
    let Who::Operator(operator, session) = who else {
        return Err(Problem::bad_request("only a person has a PIN"));
    };
    let _ = api.app.change_pin((operator, session), input.old, input.new).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs in at the console, bound to no station. Sets the cookie.
#[utoipa::path(post, path = "/session", tag = "people", request_body = Credentials,
    responses((status = 201, body = Object), (status = 401, body = Problem)))]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    jar: CookieJar,
    Body(credentials): Body<Credentials>,
) -> Result<gate::SignedIn, Problem> {
    if credentials.badge.is_none() {
        return Err(Problem::bad_request("the badge is missing"));
    }
    gate::sign_in(&api, None, credentials, jar, peer).await
}

/// Ends the caller's own session, also one that is idle or locked.
#[utoipa::path(delete, path = "/session", tag = "people",
    responses((status = 204), (status = 401, body = Problem)))]
pub(crate) async fn sign_out(
    State(api): State<Api>,
    Resting(who): Resting,
    jar: CookieJar,
) -> Result<(StatusCode, CookieJar), Problem> {
    let Who::Operator(_, session) = who else {
        return Err(Problem::bad_request("only a person has a session to end"));
    };
    let command = Command::SignOut { session, reason: "operator".to_owned() };
    let _ = api.app.recorder.command(command).await??;
    Ok((StatusCode::NO_CONTENT, jar.add(api.cookies.removal())))
}

/// All operators: roles, since when, PIN or waiting activation, lock, second factors, and the badges with
/// kind, whether a copy can be made, and the last characters of their numbers; never more of these, nor
/// PINs.
#[utoipa::path(get, path = "/operators", tag = "people",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn operators(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "operators").await?;
    let now = api.app.clock.now();
    Ok(Json(api.app.recorder.query(move |e| people::operators(e.state(), &now)).await?))
}

/// Asks for an operator to be enrolled or changed: somebody else approves.
#[utoipa::path(post, path = "/operators", tag = "people", request_body = OperatorInput,
    responses((status = 202, body = Asked), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn add_operator(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<OperatorInput>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let Enrolling { change, claims } = input.change()?;
    // Only who may ask is told which badges and names are taken.
    let operator = change.operator().cloned();
    let known = move |engine: &Engine| engine.state().operator(operator.as_ref()?).map(|_| ());
    let is_known = api.app.recorder.query(known).await?.is_some();
    let action = if is_known { Action::Modify } else { Action::Create };
    who.may(&api, action, Module::System, "operators").await?;
    api.app.recorder.query(move |engine| claims.check(engine.state())).await??;
    changes::ask(&api, &who, change, input.reason).await
}

/// Removes an operator: sessions end at once, history stays.
#[utoipa::path(delete, path = "/operators/{operator}", tag = "people",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn remove_operator(
    State(api): State<Api>,
    who: Who,
    Path(operator): Path<String>,
) -> Result<StatusCode, Problem> {
    let operator = parse_operator(&operator)?;
    let command = Command::Remove { operator: operator.clone(), by: who.actor() };
    let _ = api.app.recorder.command_with(command, Some((operator, None))).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// All machines: scopes, since when, until when, last use; never tokens.
#[utoipa::path(get, path = "/clients", tag = "people",
    responses((status = 200, body = Vec<Object>), (status = 403, body = Problem)))]
pub(crate) async fn clients(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    who.may(&api, Action::View, Module::System, "clients").await?;
    let now = api.app.clock.now();
    Ok(Json(api.app.recorder.query(move |e| people::clients(e.state(), &now)).await?))
}

/// Asks for a token for a machine. The token is shown this once, and good when somebody else approved.
#[utoipa::path(post, path = "/clients", tag = "people", request_body = ClientInput,
    responses((status = 202, body = Object), (status = 403, body = Problem)))]
pub(crate) async fn add_client(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<ClientInput>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let token = secrets::new_token();
    let change = input.change(secrets::token_digest(&token))?;
    let (status, Json(asked)) = changes::ask(&api, &who, change, input.reason).await?;
    Ok((status, Json(json!({"change": asked.change, "token": token}))))
}

/// Revokes a machine's token.
#[utoipa::path(delete, path = "/clients/{client}", tag = "people",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn revoke_client(
    State(api): State<Api>,
    who: Who,
    Path(client): Path<String>,
) -> Result<StatusCode, Problem> {
    let command = Command::RevokeClient { client: parse_client(&client)?, by: who.actor() };
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}

fn parse_operator(text: &str) -> Result<OperatorId, Problem> {
    OperatorId::parse(text).map_err(|error| Problem::bad_request(error.to_string()))
}

fn parse_client(text: &str) -> Result<ClientId, Problem> {
    ClientId::parse(text).map_err(|error| Problem::bad_request(error.to_string()))
}
