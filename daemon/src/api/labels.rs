//! Labels: queue them, see what became of them, and decide about those of which nobody knows.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use gatewarden_config::{DeviceKind, LabelPrinter};
use gatewarden_engine::Command;
use gatewarden_model::{
    Action, DeviceId, DeviceState, LabelId, LabelState, LabelVerdict, Masked, Module,
};
use gatewarden_zpl::template::LabelData;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Who,
    mask::{Eyes, act},
    problem::{Body, Problem},
};
use crate::labels::{self, LabelError, LabelView, Made, Wanted};

/// Labels that are over that one answer lists, beside all that are not.
const LISTED_MAX: u32 = 200;
/// What may be asked here, as a denial would tell it.
const LOOK: &str = "labels";

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
    /// The number of the document that it is for.
    #[serde(default)]
    document: Option<String>,
    /// How many; 1 by default, and 1 for a tag.
    #[serde(default = "one")]
    copies: u32,
}

const fn one() -> u32 {
    1
}

/// What is decided about a label.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelDecision {
    /// `printed` (it is there and good), `reprint` or `void`.
    #[schema(value_type = String)]
    decision: LabelVerdict,
    /// Why, for the journal.
    reason: String,
}

impl From<LabelError> for Problem {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::Bad(message) => Self::unprocessable("label-refused", message),
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
    let made = match made(&api, input).await {
        Ok(made) => made,
        Err(problem) => {
            // What is wrong with it is told only to those who may print.
            who.may(&api, Action::Modify, Module::Inbound, "print a label").await?;
            return Err(problem);
        }
    };
    let id = made.label.id;
    let (shared, asker) = (api.clone(), who.clone());
    // It goes on to its end, whether or not somebody still waits for the answer: nothing stays half kept.
    let queued = tokio::spawn(async move { keep_and_queue(&shared, &asker, made).await });
    queued.await.map_err(|error| Problem::from(anyhow::Error::from(error)))??;
    let view = shown(&api, id).await?;
    Ok((StatusCode::ACCEPTED, Eyes::of(&api, &who).await?.json(view)))
}

async fn keep_and_queue(api: &Api, who: &Who, made: Made) -> Result<(), Problem> {
    let (id, labels) = (made.label.id, &api.app.labels);
    labels.keep(&made).await?;
    let command = Command::QueueLabel { label: made.label, by: who.actor() };
    if let Err(problem) = act(api, who, command).await {
        labels.forget(id).await;
        return Err(problem);
    }
    labels.ring();
    Ok(())
}

async fn made(api: &Api, input: NewLabel) -> Result<Made, Problem> {
    let NewLabel { printer, template, data, document, copies } = input;
    let (name, settings) = printer_of(api, &printer)?;
    let wanted = Wanted { template, data, document, copies };
    Ok(api.app.labels.make(name, settings, wanted).await??)
}

fn printer_of(api: &Api, name: &str) -> Result<(DeviceId, LabelPrinter), Problem> {
    let found = api.app.config.devices.iter().find(|device| device.name.as_str() == name);
    match found.map(|device| (&device.name, &device.kind)) {
        Some((name, DeviceKind::LabelPrinter(settings))) => Ok((name.clone(), settings.clone())),
        _ => Err(Problem::not_found("label printer")),
    }
}

/// What is open, else what the journal says.
async fn shown(api: &Api, id: LabelId) -> Result<LabelView, Problem> {
    if let Some(open) = api.app.labels.find(id).await? {
        return Ok(explained(api, api.app.labels.show(&open)));
    }
    let told = api.app.read(move |ledger| labels::of_journal(ledger, id)).await?;
    told.ok_or_else(|| Problem::not_found("label"))
}

/// What stands in the way of a label that waits: its printer as it is now, else what it said last.
fn explained(api: &Api, mut view: LabelView) -> LabelView {
    let Ok(printer) = DeviceId::parse(&view.printer) else { return view };
    if view.state != LabelState::Queued {
        return view;
    }
    if api.app.recorder.is_refused(&printer) {
        view.reason =
            Some("its printer is not the approved one: see gatewarden change list".into());
    } else if let Some(DeviceState::Down { reason, .. }) = api.app.devices.all().remove(&printer) {
        view.reason = Some(reason);
    }
    view
}

fn label_id(text: &str) -> Result<LabelId, Problem> {
    text.parse().map_err(|_| Problem::bad_request("a label's id is a UUID"))
}

/// The labels that are not over, and the newest of the others.
#[utoipa::path(get, path = "/api/v1/labels", tag = "labels",
    responses((status = 200, body = Vec<LabelView>), (status = 403, body = Problem)))]
pub(crate) async fn list(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Masked<Vec<LabelView>>>, Problem> {
    who.may(&api, Action::View, Module::Inbound, LOOK).await?;
    let labels = api.app.labels.list(LISTED_MAX).await?;
    let labels: Vec<LabelView> = labels.into_iter().map(|view| explained(&api, view)).collect();
    Ok(Eyes::of(&api, &who).await?.json(labels))
}

/// One label.
#[utoipa::path(get, path = "/api/v1/labels/{id}", tag = "labels",
    responses((status = 200, body = LabelView), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
) -> Result<Json<Masked<LabelView>>, Problem> {
    who.may(&api, Action::View, Module::Inbound, LOOK).await?;
    let view = shown(&api, label_id(&id)?).await?;
    Ok(Eyes::of(&api, &who).await?.json(view))
}

/// Decides about a label of which nobody knows whether it was printed, or voids one that was not yet sent.
#[utoipa::path(post, path = "/api/v1/labels/{id}/decide", tag = "labels", request_body = LabelDecision,
    responses((status = 200, body = LabelView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn decide(
    State(api): State<Api>,
    who: Who,
    Path(id): Path<String>,
    Body(said): Body<LabelDecision>,
) -> Result<Json<Masked<LabelView>>, Problem> {
    let LabelDecision { decision: verdict, reason } = said;
    let label = label_id(&id)?;
    let before = api.app.labels.find(label).await?;
    let command = Command::DecideLabel { label, verdict, reason, by: who.actor() };
    let reply = act(&api, &who, command).await?;
    let view = match before {
        Some(before) => api.app.labels.decided(&before, verdict, &reply).await,
        None => shown(&api, label).await?,
    };
    Ok(Eyes::of(&api, &who).await?.json(view))
}
