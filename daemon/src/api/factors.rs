//! One's own session: who one is in it, one's second factors, and rising to a higher level.
//!
//! Factors are shown what they are and when they were used, never by their keys. A wrong code or answer
//! counts like a wrong PIN. Absent: checking (`crate::factors`), approving what is added (`changes`).

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_engine::{Command, Factor, FactorCheck, FactorUse, PinCheck, Reply};
use gatewarden_identity::{
    WebauthnError,
    webauthn::{Assertion, Registration},
};
use gatewarden_model::{Change, Hash, OperatorId, SecondFactor, SessionId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    changes::{self, Asked},
    gate,
    problem::{Body, Problem},
};
use crate::factors::{self, About, FactorError};

/// What a browser asks a security key.
pub(super) type Question = Json<Value>;

/// The same, as an answer.
pub(super) fn question(options: Value) -> Question {
    Json(options)
}

impl From<FactorError> for Problem {
    fn from(error: FactorError) -> Self {
        let message = error.to_string();
        match error {
            FactorError::Missing("unknown-session", _) => Self::unauthenticated(),
            FactorError::Missing(code, _) => Self::unprocessable(code, message),
            FactorError::Code(_) => Self::unprocessable("code-wrong", message).at("code"),
            FactorError::Key(WebauthnError::Cloned { .. }) => {
                Self::new(StatusCode::FORBIDDEN, "key-copied", message)
            }
            FactorError::Key(_) => Self::unprocessable("key-refused", message),
            FactorError::Party(_) => Self::unprocessable("no-passkeys", message),
            FactorError::NoKey(_) => {
                tracing::error!("{message}");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-identity-key", message)
            }
            FactorError::Recorder(error) => error.into(),
        }
    }
}

/// The caller's own session; nobody else has one.
pub(super) fn own(who: &Who) -> Result<(OperatorId, SessionId), Problem> {
    match who {
        Who::Operator(operator, session) => Ok((operator.clone(), *session)),
        _ => Err(Problem::bad_request("only a person has a session and factors")),
    }
}

/// The caller's own session, and his second factors.
#[utoipa::path(get, path = "/session", tag = "people",
    responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub(crate) async fn mine(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    let (operator, session) = own(&who)?;
    let told = api.app.recorder.query(move |engine| {
        let state = engine.state();
        let open = state.session(session)?;
        let name = &state.operator(&operator)?.name;
        Some(json!({"session": open, "operator": operator, "name": name,
            "factors": factors::told(state, &operator)}))
    });
    told.await?.map(Json).ok_or_else(Problem::unauthenticated)
}

/// Offers one-time codes for an app: the secret is shown this once, and counts for minutes.
#[utoipa::path(post, path = "/session/factors/totp", tag = "people",
    responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub(crate) async fn offer_codes(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    let (_, session) = own(&who)?;
    Ok(Json(json!(api.app.offer_codes(session).await?)))
}

/// What a browser asks a new key for: the argument of `navigator.credentials.create`.
#[utoipa::path(post, path = "/session/factors/passkey", tag = "people",
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub(crate) async fn offer_passkey(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Value>, Problem> {
    let (_, session) = own(&who)?;
    Ok(Json(api.app.offer_passkey(session).await?))
}

/// A factor with the proof that the caller has it.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum FactorInput {
    /// One-time codes.
    Totp {
        /// The offer's id.
        #[schema(value_type = String)]
        factor: Hash,
        /// What the app shows now.
        code: String,
    },
    /// A security key or phone.
    Passkey {
        /// What its owner calls it.
        name: String,
        /// What the browser answered.
        #[schema(value_type = Object)]
        registration: Box<Registration>,
    },
}

/// Asks for a second factor of one's own: somebody else approves.
#[utoipa::path(post, path = "/session/factors", tag = "people", request_body = FactorInput,
    responses((status = 202, body = Asked), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn add(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<FactorInput>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let (operator, session) = own(&who)?;
    let factor: SecondFactor = match input {
        FactorInput::Totp { factor, code } => api.app.proven_codes(session, factor, &code).await?,
        FactorInput::Passkey { name, registration } => {
            api.app.proven_passkey(session, name, &registration).await?
        }
    };
    changes::ask(&api, &who, Change::Factor { operator, factor }, String::new()).await
}

/// Takes away a factor of one's own.
#[utoipa::path(delete, path = "/session/factors/{factor}", tag = "people",
    params(("factor" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn remove_own(
    State(api): State<Api>,
    who: Who,
    Path(factor): Path<String>,
) -> Result<StatusCode, Problem> {
    let (operator, _) = own(&who)?;
    remove(&api, &who, (operator, &factor), "given up by its owner").await
}

/// Takes away a factor of somebody else, such as of a lost phone; his sessions end.
#[utoipa::path(delete, path = "/operators/{operator}/factors/{factor}", tag = "people",
    params(("operator" = String, Path), ("factor" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn remove_of(
    State(api): State<Api>,
    who: Who,
    Path((operator, factor)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let operator = operator.parse().map_err(|_| Problem::not_found("operator"))?;
    remove(&api, &who, (operator, &factor), "taken away").await
}

async fn remove(
    api: &Api,
    who: &Who,
    (operator, factor): (OperatorId, &str),
    reason: &str,
) -> Result<StatusCode, Problem> {
    // What is no digest is nobody's factor; who may not ask is told that first.
    let factor = Hash::parse_hex(factor).unwrap_or(Hash([0; 32]));
    let (reason, by) = (reason.to_owned(), who.actor());
    let command = Command::RemoveFactor { operator, factor, reason, by };
    let _ = api.app.recorder.command(command).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// What a browser asks the caller's keys for, so that his session rises: the argument of
/// `navigator.credentials.get`.
#[utoipa::path(post, path = "/session/step-up/options", tag = "people",
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
pub(crate) async fn ask_step_up(State(api): State<Api>, who: Who) -> Result<Json<Value>, Problem> {
    let (_, session) = own(&who)?;
    let asked = api.app.ask_key(session, About::StepUp, factors::of_session(session));
    Ok(Json(asked.await?))
}

/// A proof: a code, or a key's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// What the app shows now.
    #[serde(default)]
    code: Option<String>,
    /// What the browser answered.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    assertion: Option<Box<Assertion>>,
}

/// Raises the level of the caller's session for some minutes: to 3 by a code, to 4 by a key.
#[utoipa::path(post, path = "/session/step-up", tag = "people", request_body = Proof,
    responses((status = 200, body = Object), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn step_up(
    State(api): State<Api>,
    who: Who,
    Body(proof): Body<Proof>,
) -> Result<Json<Value>, Problem> {
    let (operator, session) = own(&who)?;
    let _place = gate::admit_own(&api, session).await?;
    let now = api.app.clock.now();
    let locked = move |engine: &gatewarden_engine::Engine| {
        engine.state().lock_remaining_ms(&operator, &now) > 0
    };
    // Who is locked out is not looked at, as with PINs.
    let locked = api.app.recorder.query(locked).await?;
    let checked = match proof {
        Proof { code: Some(_), assertion: None } if locked => Checked::useless(Factor::Totp),
        Proof { code: None, assertion: Some(_) } if locked => Checked::useless(Factor::SecurityKey),
        Proof { code: Some(code), assertion: None } => by_code(&api, session, &code).await?,
        Proof { code: None, assertion: Some(answer) } => by_key(&api, session, &answer).await?,
        _ => return Err(Problem::bad_request("send either a code or an assertion")),
    };
    let Checked { proof, used, why } = checked;
    match api.app.recorder.command(Command::StepUp { session, proof, used }).await? {
        Ok(Reply::Session(open)) => Ok(Json(json!(open))),
        Ok(other) => Err(Problem::bad_request(format!("unexpected answer {other:?}"))),
        Err(mut refusal) => {
            if let Some(why) = why.filter(|_| refusal.code == "sign-in-refused") {
                refusal.message = why;
            }
            Err(refusal.into())
        }
    }
}

/// What the check of a proof said, and why it failed.
struct Checked {
    proof: FactorCheck,
    used: Option<FactorUse>,
    why: Option<String>,
}

impl Checked {
    fn useless(factor: Factor) -> Self {
        let proof = FactorCheck { factor, check: PinCheck::Absent };
        Self { proof, used: None, why: None }
    }

    fn of(factor: Factor, verdict: Result<FactorUse, String>) -> Self {
        let check = if verdict.is_ok() { PinCheck::Right } else { PinCheck::Wrong };
        let proof = FactorCheck { factor, check };
        Self { proof, used: verdict.as_ref().ok().copied(), why: verdict.err() }
    }
}

async fn by_code(api: &Api, session: SessionId, code: &str) -> Result<Checked, Problem> {
    let verdict = api.app.check_code(session, code).await?;
    Ok(Checked::of(Factor::Totp, verdict.map_err(|error| error.to_string())))
}

async fn by_key(api: &Api, session: SessionId, answer: &Assertion) -> Result<Checked, Problem> {
    let about = (About::StepUp, factors::of_session(session));
    let verdict = match api.app.check_answer(session, about, answer).await {
        Ok((used, _)) => Ok(used),
        // A copied key is alarmed already, and no guess.
        Err(FactorError::Key(error)) if !matches!(error, WebauthnError::Cloned { .. }) => {
            Err(error.to_string())
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Checked::of(Factor::SecurityKey, verdict))
}
