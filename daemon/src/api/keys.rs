//! The change of the ledger's signing key.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    problem::{Body, Problem},
};
use crate::recorder::Rotation;

/// Why the key is changed, and what becomes of the old one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateKey {
    /// Why; it is recorded.
    reason: String,
    /// The systemd credential that holds the next key, where the configuration keeps keys so.
    #[serde(default)]
    credential: Option<String>,
    /// Keep nothing of the old key: a backup from before can then be read, but not continued.
    #[serde(default)]
    forget_old: bool,
}

/// What a rotation did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyRotated {
    /// The key that was given up, a C2SP verifier key.
    old: String,
    /// The key in force.
    new: String,
    /// The sequence of the entry that says so.
    recorded: u64,
    /// The file that keeps the old key.
    kept: Option<String>,
}

/// Signs what comes from now on with another key. For administrators and the box's own account.
#[utoipa::path(post, path = "/api/v1/ledger/key", tag = "ledger", request_body = RotateKey,
    responses((status = 201, body = KeyRotated), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn rotate(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<RotateKey>,
) -> Result<(StatusCode, Json<KeyRotated>), Problem> {
    let RotateKey { reason, credential, forget_old: forget } = input;
    let rotation = Rotation { reason, by: who.actor(), credential, forget };
    let done = api.app.recorder.rotate(rotation).await??;
    let kept = done.kept.map(|path| path.display().to_string());
    let told = KeyRotated { old: done.old, new: done.new, recorded: done.seq, kept };
    Ok((StatusCode::CREATED, Json(told)))
}
