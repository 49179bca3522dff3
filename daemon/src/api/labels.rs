//! Labels: queue them, see what became of them, decide about those that nobody knows about.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_config::DeviceKind;
use gatewarden_model::{Action, Masked, Module, Stamp, no_fields};
use gatewarden_zpl::{Decision, JobState, template::LabelData};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Who,
    mask::Eyes,
    problem::{Body, Problem},
};
use crate::labels::{Label, LabelError};

/// Labels that one answer lists.
const LISTED_MAX: u32 = 200;
/// The longest reason for a decision, in bytes.
const WHY_BYTES_MAX: usize = 500;

/// A label to print.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLabel {
    /// The printer's name.
    printer: String,
    /// The template's name.
    template: String,
    /// Its values: `item`, `name`, `lot`, `serial`, `sscc`, `expiry`, `quantity`, `unit`, `gs1`, `epc`. With an EPC the
    /// label's tag is encoded, read back and bound to the item.
    #[schema(value_type = Object)]
    #[serde(default)]
    data: LabelData,
    /// How many; 1 by default, and 1 for a tag.
    #[serde(default = "one")]
    copies: u32,
}

const fn one() -> u32 {
    1
}

/// What was decided about a label.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelDecision {
    /// `printed`, `reprint` or `void`.
    #[schema(value_type = String)]
    decision: Decision,
    /// Why.
    why: String,
}

/// A label as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LabelView {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// Its printer.
    printer: String,
    /// Its template.
    template: String,
    /// `queued`, `sending`, `issued`, `unknown` or `void`.
    #[schema(value_type = String)]
    state: JobState,
    /// Why it is unknown, or what stands in its way.
    reason: Option<String>,
    /// How many.
    copies: u32,
    /// When it was queued.
    #[schema(value_type = Object)]
    queued: Stamp,
    /// Labels that were voided by it.
    voided: Option<u64>,
    /// What came of binding its tag.
    bound: Option<String>,
    /// Decisions about it so far.
    decisions: usize,
}

no_fields!(LabelView);

fn view(label: Label) -> LabelView {
    LabelView {
        id: label.id,
        printer: label.printer.to_string(),
        template: label.template,
        state: label.state,
        reason: label.reason,
        copies: label.copies,
        queued: label.queued,
        voided: label.evidence.map(|evidence| evidence.voided),
        bound: label.bound,
        decisions: label.decisions.len(),
    }
}

impl From<LabelError> for Problem {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::Bad(message) => Self::unprocessable("label-refused", message),
            LabelError::Full => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "labels-full", error.to_string())
            }
            LabelError::Unknown => Self::not_found("label"),
            LabelError::Spool(error) => error.into(),
        }
    }
}

/// Queues a label. It is issued only when its printer confirms it.
#[utoipa::path(post, path = "/api/v1/labels", tag = "labels", request_body = NewLabel,
    responses((status = 202, body = LabelView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn queue(
    State(api): State<Api>,
    who: Who,
    Body(input): Body<NewLabel>,
) -> Result<(StatusCode, Json<Masked<LabelView>>), Problem> {
    who.may(&api, Action::Modify, Module::Inbound, "print a label").await?;
    let NewLabel { printer, template, data, copies } = input;
    let found = api.app.config.devices.iter().find(|device| device.name.as_str() == printer);
    let Some((name, DeviceKind::LabelPrinter(settings))) =
        found.map(|d| (d.name.clone(), d.kind.clone()))
    else {
        return Err(Problem::not_found("label printer"));
    };
    let by = (who.actor(), api.app.clock.now());
    let made = tokio::task::spawn_blocking(move || {
        Label::make((name, &settings), template, data, copies, by)
    });
    let label = made.await.map_err(|error| Problem::from(anyhow::Error::from(error)))??;
    api.app.labels.queue(label.clone()).await?;
    Ok((StatusCode::ACCEPTED, Eyes::of(&api, &who).await?.json(view(label))))
}

/// The newest labels.
#[utoipa::path(get, path = "/api/v1/labels", tag = "labels",
    responses((status = 200, body = Vec<LabelView>), (status = 403, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<LabelView>>>, Problem> {
    who.may(&api, Action::View, Module::Inbound, "labels").await?;
    let labels = api.app.labels.newest(LISTED_MAX).await?;
    Ok(Eyes::of(&api, &who).await?.json(labels.into_iter().map(view).collect()))
}

/// Decides about a label of which nobody knows whether it was printed.
#[utoipa::path(post, path = "/api/v1/labels/{id}/decide", tag = "labels", request_body = LabelDecision,
    responses((status = 200, body = LabelView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn decide(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
    Body(said): Body<LabelDecision>,
) -> Result<Json<Masked<LabelView>>, Problem> {
    who.may(&api, Action::Modify, Module::Inbound, "decide about a label").await?;
    let id = Uuid::parse_str(&id).map_err(|_| Problem::not_found("label"))?;
    let LabelDecision { decision, why } = said;
    if why.trim().is_empty() || why.len() > WHY_BYTES_MAX {
        return Err(Problem::bad_field(
            "why",
            format!("why: say it in 1 to {WHY_BYTES_MAX} bytes"),
        ));
    }
    let label = api.app.labels.decide(id, decision, who.actor(), why).await?;
    Ok(Eyes::of(&api, &who).await?.json(view(label)))
}
