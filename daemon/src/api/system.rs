//! Health, devices, metrics and the description of the API.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use gatewarden_engine::RefusedDevice;
use gatewarden_model::{Action, DeviceId, DeviceState, Module, facts::refusal_words};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    Api,
    auth::Who,
    books, changes, documents, exceptions, factors, imports, keys, labels, ledger, links, notices,
    people, postings,
    problem::Problem,
    reviews,
    rights::{self, Published},
    stations, stock, tag_access, tasks,
};

/// How the daemon is. Nothing more is told to whom we don't know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; `degraded` when a device is down or refused, or the last entries could not be written.
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

/// How the daemon is; open to everybody.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = 200, body = Health)))]
pub(crate) async fn health(State(api): State<Api>) -> Json<Health> {
    let devices_up = api.app.devices.all().values().all(|s| matches!(s, DeviceState::Up { .. }));
    let recorder = &api.app.recorder;
    let recorder_up = recorder.query(|_| ()).await.is_ok() && !recorder.is_failing();
    let devices_known = recorder.refused_devices().is_empty();
    let writing = !api.app.spool.is_failing();
    let witnessed = recorder.unwitnessed().is_none();
    let well = writing && devices_up && devices_known && recorder_up && witnessed;
    let status = if well { "ok" } else { "degraded" };
    Json(Health { status, version: env!("CARGO_PKG_VERSION") })
}

/// One device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceView {
    /// Its name in the configuration.
    name: String,
    /// Its kind in the configuration.
    kind: &'static str,
    /// Its station.
    station: Option<String>,
    /// Its last state: `state` is `connecting`, `up`, `down`, `stopped`, or `refused` where it is up and
    /// not the one that was approved.
    #[schema(value_type = Object)]
    #[serde(flatten)]
    state: StateView,
    /// What it tells of itself and what it should tell, while it is refused.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<RefusedDevice>,
}

/// A device's state as it is shown.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum StateView {
    Driver(DeviceState),
    Refused { state: &'static str, reason: String },
}

impl StateView {
    /// A device that is up and refused is of no use: that is its state.
    fn new(device: &DeviceId, state: DeviceState, refused: Option<&RefusedDevice>) -> Self {
        match (&state, refused) {
            (DeviceState::Up { .. }, Some(refused)) => {
                let reason = refusal_words(device, &refused.seen, &refused.known);
                Self::Refused { state: "refused", reason }
            }
            _ => Self::Driver(state),
        }
    }
}

/// All devices with their states.
#[utoipa::path(get, path = "/devices", tag = "system",
    responses((status = 200, body = Vec<DeviceView>), (status = 401, body = Problem)))]
pub(crate) async fn list_devices(
    State(api): State<Api>,
    who: Who,
) -> Result<Json<Vec<DeviceView>>, Problem> {
    let _ = who;
    let states = api.app.devices.all();
    let refused = api.app.recorder.refused_devices();
    let config = &api.app.config;
    let station_of = |name| {
        config.stations.iter().find(|s| s.devices.contains(name)).map(|s| s.name.to_string())
    };
    let views = config.devices.iter().map(|device| DeviceView {
        name: device.name.to_string(),
        kind: device.kind.name(),
        station: station_of(&device.name),
        state: StateView::new(
            &device.name,
            states.get(&device.name).cloned().unwrap_or(DeviceState::Stopped),
            refused.get(&device.name),
        ),
        refused: refused.get(&device.name).cloned(),
    });
    Ok(Json(views.collect()))
}

/// Metrics in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, body = String), (status = 401, body = Problem)))]
pub(crate) async fn metrics(
    State(api): State<Api>,
    who: Who,
) -> Result<impl IntoResponse, Problem> {
    who.may(&api, Action::View, Module::System, "metrics").await?;
    api.app.metrics.run_upkeep();
    let text = api.app.metrics.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "system",
    responses((status = 200, body = Object), (status = 401, body = Problem)))]
pub(crate) async fn openapi(who: Who) -> Json<utoipa::openapi::OpenApi> {
    let _ = who;
    Json(rights::described())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "gatewarden",
        description = "Verified stock movements of one gateway. Send a \
        token as `Authorization: Bearer`, or sign in and keep the cookie. `x-requires` says which right \
        an operation needs: `open`, `authenticated`, or `module:action`, where `{module}` is that of the \
        document's kind, ` or ` stands between rights of which one is enough, and ` by a person` excludes \
        machines."
    ),
    modifiers(&Published),
    paths(
        health,
        list_devices,
        metrics,
        openapi,
        people::enrol_first,
        people::activate,
        people::change_pin,
        factors::mine,
        factors::offer_codes,
        factors::offer_passkey,
        factors::add,
        factors::remove_own,
        factors::remove_of,
        factors::ask_step_up,
        factors::step_up,
        changes::list,
        changes::decide,
        changes::withdraw,
        people::sign_in,
        people::sign_out,
        people::operators,
        people::add_operator,
        people::remove_operator,
        people::clients,
        people::add_client,
        people::revoke_client,
        stations::sessions,
        stations::list,
        stations::one,
        stations::sign_in,
        stations::sign_out,
        stations::close_pass,
        stations::phase,
        stations::resume,
        stations::join,
        stations::leave,
        stations::unlock,
        documents::list,
        documents::write_one,
        documents::check,
        documents::one,
        documents::impact,
        documents::settlement,
        documents::diff,
        imports::begin,
        imports::put,
        imports::end,
        documents::submit,
        documents::sign,
        documents::step,
        documents::count::sheet,
        documents::count::hand_in,
        documents::inbox,
        documents::done,
        tasks::list,
        tasks::open,
        tasks::one,
        tasks::withdraw,
        tasks::approve,
        labels::queue,
        labels::list,
        labels::show,
        labels::decide,
        exceptions::holds,
        exceptions::decide,
        exceptions::quarantine,
        exceptions::dismiss,
        reviews::open,
        reviews::list,
        reviews::one,
        reviews::decide,
        ledger::movements,
        ledger::movement,
        ledger::proof,
        ledger::stock,
        ledger::trace,
        ledger::deliveries,
        ledger::retry,
        notices::list,
        notices::retry,
        links::show,
        links::sign,
        postings::reserve,
        postings::list,
        postings::one,
        postings::post,
        postings::ask_confirmation,
        postings::void,
        tag_access::access,
        books::commission,
        books::decommission,
        books::land_cost,
        books::close,
        keys::rotate,
        stock::stock,
        stock::age,
        stock::unit,
        stock::lot,
        stock::thing,
        stock::items,
        stock::list_vouchers,
    )
)]
pub(super) struct ApiDoc;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use serde_json::Value;

    use super::*;

    #[test]
    fn only_what_a_path_has_is_described_as_part_of_it() {
        let described = serde_json::to_value(ApiDoc::openapi()).unwrap();
        let mut met = 0;
        for (path, methods) in described["paths"].as_object().unwrap() {
            let lists = methods.as_object().unwrap().values().map(|method| &method["parameters"]);
            for parameter in lists.filter_map(Value::as_array).flatten() {
                let name = parameter["name"].as_str().unwrap();
                let is_part = path.contains(&format!("{{{name}}}"));
                let place = if is_part { "path" } else { "query" };
                assert_eq!(parameter["in"], place, "{path}: {parameter}");
                met += 1;
            }
        }
        assert!(met > 10, "{met}");
    }
}
