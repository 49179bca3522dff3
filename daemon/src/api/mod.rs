//! The HTTP API: on the configured address, and on the control socket for the box's own account.
//!
//! Every handler asks the policies first (`Who::may`) or sends a command that the engine decides on;
//! no handler touches the ledger's file but through a read-only view. Bodies, the time of a request
//! and the number of connections at once are bounded.

mod auth;
mod books;
mod bounded;
mod changes;
mod exceptions;
mod gate;
mod keys;
mod ledger;
mod mask;
mod page;
mod people;
mod postings;
mod problem;
mod reviews;
mod stations;
mod stock;
mod system;
mod tasks;

use std::{os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{DefaultBodyLimit, connect_info::Connected},
    http::{HeaderName, HeaderValue, StatusCode},
    routing::{delete, get, post},
    serve::IncomingStream,
};
use gatewarden_config::Config;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer,
};

pub(crate) use auth::Peer;

use crate::app::App;
pub(crate) use bounded::Bounded;

/// Longest request body, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;
/// A request that takes longer is given up.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) cookies: auth::Cookies,
    pub(crate) gate: gate::Gate,
}

/// The control socket beside the ledger.
pub(crate) fn control_socket(config: &Config) -> PathBuf {
    config.gateway.state_dir.join("control.sock")
}

/// Both listeners, bound before the daemon says that it is ready.
pub(crate) struct Listeners {
    tcp: TcpListener,
    control: UnixListener,
}

impl Listeners {
    /// Binds the address and the control socket (mode 0600).
    pub(crate) async fn bind(config: &Config) -> anyhow::Result<Self> {
        let listen = config.gateway.listen;
        let tcp = TcpListener::bind(listen)
            .await
            .with_context(|| format!("failed to listen on {listen}; is another daemon running?"))?;
        let path = control_socket(config);
        // The ledger's lock is held by now, so a socket that lies here is a dead one.
        let _ = std::fs::remove_file(&path);
        let control = UnixListener::bind(&path)
            .with_context(|| format!("failed to listen on {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { tcp, control })
    }

    /// Serves until `stop`.
    pub(crate) async fn serve(self, app: App, stop: CancellationToken) {
        let router =
            router(Api { app, cookies: auth::Cookies::default(), gate: gate::Gate::default() });
        let service = router.into_make_service_with_connect_info::<Peer>();
        let network = axum::serve(Bounded::new(self.tcp), service.clone())
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let control =
            axum::serve(self.control, service).with_graceful_shutdown(stop.cancelled_owned());
        let (network, control) = tokio::join!(network.into_future(), control.into_future());
        for error in [network.err(), control.err()].into_iter().flatten() {
            tracing::error!(%error, "the API ended");
        }
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(_: IncomingStream<'_, Bounded>) -> Self {
        Self::Network
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        stream.io().peer_cred().map_or(Self::Network, |peer| Self::Local(peer.uid()))
    }
}

fn router(api: Api) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    routes()
        .fallback(|| async { problem::Problem::not_found("path; /openapi.json lists them all") })
        .method_not_allowed_fallback(|| async {
            let message = "this path knows other methods; see /openapi.json";
            problem::Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad-method", message)
        })
        .with_state(api)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn(problem::refuse_long_bodies))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        .layer(header("cache-control", "no-store"))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("x-frame-options", "DENY"))
        .layer(header("referrer-policy", "no-referrer"))
        .layer(CatchPanicLayer::new())
}

fn routes() -> Router<Api> {
    Router::new()
        .route("/health", get(system::health))
        .route("/openapi.json", get(system::openapi))
        .route("/metrics", get(system::metrics))
        .route("/devices", get(system::list_devices))
        .route("/enrol", post(people::enrol_first))
        .route("/activate", post(people::activate))
        .route("/session", post(people::sign_in).delete(people::sign_out))
        .route("/session/pin", post(people::change_pin))
        .route("/changes", get(changes::list))
        .route("/changes/{change}", delete(changes::withdraw))
        .route("/changes/{change}/decision", post(changes::decide))
        .route("/operators", get(people::operators).post(people::add_operator))
        .route("/operators/{operator}", delete(people::remove_operator))
        .route("/clients", get(people::clients).post(people::add_client))
        .route("/clients/{client}", delete(people::revoke_client))
        .route("/sessions", get(stations::sessions))
        .route("/stations", get(stations::list))
        .route("/stations/{station}", get(stations::one))
        .route("/stations/{station}/page", get(page::station))
        .route("/stations/{station}/session", post(stations::sign_in).delete(stations::sign_out))
        .route("/stations/{station}/close-pass", post(stations::close_pass))
        .route("/tasks", get(tasks::list).post(tasks::open))
        .route("/tasks/{task}", get(tasks::one).delete(tasks::withdraw))
        .route("/tasks/{task}/approve", post(tasks::approve))
        .route("/holds", get(exceptions::holds))
        .route("/holds/{pass}/decision", post(exceptions::decide))
        .route("/quarantine", get(exceptions::quarantine))
        .route("/quarantine/{pass}/dismiss", post(exceptions::dismiss))
        .route("/reviews", get(reviews::list).post(reviews::open))
        .route("/reviews/{review}", get(reviews::one))
        .route("/reviews/{review}/decisions", post(reviews::decide))
        .route("/movements", get(ledger::movements))
        .route("/movements/{movement}", get(ledger::movement))
        .route("/movements/{movement}/proof", get(ledger::proof))
        .route("/stock", get(ledger::stock))
        .route("/trace/{kind}/{*key}", get(ledger::trace))
        .route("/api/v1/postings", get(postings::list).post(postings::reserve))
        .route("/api/v1/postings/{id}", get(postings::one))
        .route("/api/v1/postings/{id}/post", post(postings::post))
        .route("/api/v1/postings/{id}/void", post(postings::void))
        .route("/api/v1/tags", post(books::commission).delete(books::decommission))
        .route("/api/v1/landed-costs", post(books::land_cost))
        .route("/api/v1/periods/close", post(books::close))
        .route("/api/v1/ledger/key", post(keys::rotate))
        .route("/api/v1/stock", get(stock::stock))
        .route("/api/v1/stock/ageing", get(stock::age))
        .route("/api/v1/units/{sscc}", get(stock::unit))
        .route("/api/v1/lots/{item}/{lot}", get(stock::lot))
        .route("/api/v1/things/{key}", get(stock::thing))
        .route("/api/v1/items", get(stock::items))
        .route("/api/v1/vouchers", get(stock::list_vouchers))
        .route("/deliveries", get(ledger::deliveries))
        .route("/deliveries/{lane}/{movement}/retry", post(ledger::retry))
}
