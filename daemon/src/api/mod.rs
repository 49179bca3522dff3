//! The HTTP API: on the configured address, and on the control socket for the box's own account.
//!
//! Every handler asks the policies first (`Who::may`) or sends a command that the engine decides on;
//! no handler touches the ledger's file but through a read-only view. Bodies, the time of a request
//! and the number of connections at once are bounded (`bounded`), what another site's page sends is
//! turned away (`origin`), and which right an operation needs is published (`rights`).

mod auth;
mod books;
mod bounded;
mod changes;
mod documents;
mod exceptions;
mod factors;
mod gate;
mod imports;
mod json;
mod keys;
mod labels;
mod ledger;
mod links;
mod mask;
mod notices;
mod origin;
mod page;
mod people;
mod postings;
mod problem;
mod query;
mod reviews;
mod rights;
mod spray;
mod stations;
mod stock;
mod system;
mod tag_access;
mod tasks;
mod tls;

use std::{
    net::Ipv4Addr, os::unix::fs::PermissionsExt as _, path::PathBuf, sync::Arc, time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{DefaultBodyLimit, connect_info::Connected},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware,
    routing::{delete, get, post},
    serve::IncomingStream,
};
use gatewarden_config::Config;
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer, timeout::TimeoutLayer,
};

pub(crate) use auth::Peer;
pub(crate) use documents::{Told, past_of};

use crate::app::App;
pub(crate) use bounded::Bounded;
use tls::Secured;

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
    /// The names under which the gateway may be asked, beside addresses.
    pub(crate) names: Arc<[String]>,
}

/// The control socket beside the ledger.
pub(crate) fn control_socket(config: &Config) -> PathBuf {
    config.gateway.state_dir.join("control.sock")
}

/// Both listeners, bound before the daemon says that it is ready.
pub(crate) struct Listeners {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    control: UnixListener,
}

impl Listeners {
    /// Binds the address and the control socket (mode 0600).
    pub(crate) async fn bind(config: &Config) -> anyhow::Result<Self> {
        let listen = config.gateway.listen;
        let tls = config.gateway.tls.as_ref().map(tls::acceptor).transpose()?;
        if tls.is_none() && !listen.ip().is_loopback() {
            tracing::warn!(
                %listen,
                "the API is open to the network without TLS: PINs, cookies and tokens can be read on \
                 the way; set [gateway.tls], or listen on this machine only behind a TLS proxy"
            );
        }
        let tcp = TcpListener::bind(listen)
            .await
            .with_context(|| format!("failed to listen on {listen}; is another daemon running?"))?;
        let path = control_socket(config);
        // The ledger's lock is held by now, so a socket that lies here is a dead one.
        let _ = std::fs::remove_file(&path);
        let control = UnixListener::bind(&path)
            .with_context(|| format!("failed to listen on {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { tcp, tls, control })
    }

    /// Serves until `stop`.
    pub(crate) async fn serve(self, app: App, stop: CancellationToken) {
        let Self { tcp, tls, control } = self;
        let names = app.config.gateway.names.as_slice().into();
        let cookies = auth::Cookies::new(tls.is_some());
        let router =
            router(Api { app, cookies, gate: gate::Gate::default(), names }, tls.is_some());
        let service = router.into_make_service_with_connect_info::<Peer>();
        let local = axum::serve(control, service.clone())
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let network = async {
            let bounded = Bounded::new(tcp);
            let stopped = stop.clone().cancelled_owned();
            match tls {
                None => axum::serve(bounded, service).with_graceful_shutdown(stopped).await,
                Some(tls) => {
                    let secured = Secured::new(bounded, tls)?;
                    axum::serve(secured, service).with_graceful_shutdown(stopped).await
                }
            }
        };
        let (network, local) = tokio::join!(network, local.into_future());
        for error in [network.err(), local.err()].into_iter().flatten() {
            tracing::error!(%error, "the API ended");
        }
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self::Network { address: stream.remote_addr().ip().to_canonical(), certificate: None }
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        // Without a name it is nobody on the network, who has no right at all.
        let unknown = Self::Network { address: Ipv4Addr::UNSPECIFIED.into(), certificate: None };
        stream.io().peer_cred().map_or(unknown, |peer| Self::Local(peer.uid()))
    }
}

fn router(api: Api, secure: bool) -> Router {
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    let guard = middleware::from_fn_with_state(api.clone(), origin::guard);
    let router = routes()
        .fallback(|| async { problem::Problem::not_found("path; /openapi.json lists them all") })
        .method_not_allowed_fallback(|| async {
            let message = "this path knows other methods; see /openapi.json";
            problem::Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad-method", message)
        })
        .with_state(api)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(problem::refuse_long_bodies))
        .layer(guard)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        .layer(header("cache-control", "no-store"))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("x-frame-options", "DENY"))
        .layer(header("referrer-policy", "no-referrer"))
        .layer(CatchPanicLayer::new());
    // RFC 6797: over TLS alone, and only where the daemon itself speaks it.
    let strict = header("strict-transport-security", "max-age=31536000");
    if secure { router.layer(strict) } else { router }
}

fn routes() -> Router<Api> {
    Router::new()
        .route("/health", get(system::health))
        .route("/openapi.json", get(system::openapi))
        .route("/metrics", get(system::metrics))
        .route("/devices", get(system::list_devices))
        .route("/enrol", post(people::enrol_first))
        .route("/activate", post(people::activate))
        .route("/session", post(people::sign_in).get(factors::mine).delete(people::sign_out))
        .route("/session/factors", post(factors::add))
        .route("/session/factors/totp", post(factors::offer_codes))
        .route("/session/factors/passkey", post(factors::offer_passkey))
        .route("/session/factors/{factor}", delete(factors::remove_own))
        .route("/session/step-up", post(factors::step_up))
        .route("/session/step-up/options", post(factors::ask_step_up))
        .route("/operators/{operator}/factors/{factor}", delete(factors::remove_of))
        .route("/session/pin", post(people::change_pin))
        .route("/changes", get(changes::list))
        .route("/changes/{change}", delete(changes::withdraw))
        .route("/changes/{change}/decision", post(changes::decide))
        .route("/session/resume", post(stations::resume))
        .route("/session/second", post(stations::join).delete(stations::leave))
        .route("/operators/{operator}/unlock", post(stations::unlock))
        .route("/operators", get(people::operators).post(people::add_operator))
        .route("/operators/{operator}", delete(people::remove_operator))
        .route("/clients", get(people::clients).post(people::add_client))
        .route("/clients/{client}", delete(people::revoke_client))
        .route("/sessions", get(stations::sessions))
        .route("/stations", get(stations::list))
        .route("/stations/{station}", get(stations::one))
        .route("/stations/{station}/page", get(page::station))
        .route("/stations/{station}/phase", get(stations::phase))
        .route("/stations/{station}/session", post(stations::sign_in).delete(stations::sign_out))
        .route("/stations/{station}/close-pass", post(stations::close_pass))
        .route("/api/v1/labels", get(labels::list).post(labels::queue))
        .route("/api/v1/labels/{id}", get(labels::show))
        .route("/api/v1/labels/{id}/decide", post(labels::decide))
        .route("/api/v1/documents", get(documents::list).post(documents::write_one))
        .route("/api/v1/documents/check", post(documents::check))
        .route("/api/v1/documents/{kind}/{number}", get(documents::one))
        .route("/api/v1/documents/{kind}/{number}/impact", get(documents::impact))
        .route("/api/v1/documents/{kind}/{number}/settlement", get(documents::settlement))
        .route("/api/v1/documents/{kind}/{number}/diff", get(documents::diff))
        .route("/api/v1/imports", post(imports::begin))
        .route("/api/v1/imports/{import}/documents", post(imports::put))
        .route("/api/v1/imports/{import}/end", post(imports::end))
        .route("/api/v1/documents/{kind}/{number}/submit", post(documents::submit))
        .route("/api/v1/documents/{kind}/{number}/act", post(documents::sign))
        .route("/api/v1/documents/{kind}/{number}/step", post(documents::step))
        .route(
            "/api/v1/documents/{kind}/{number}/count",
            get(documents::count::sheet).post(documents::count::hand_in),
        )
        .route("/api/v1/inbox", get(documents::inbox))
        .route("/api/v1/todos/{entry}/done", post(documents::done))
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
        .route("/api/v1/postings/{id}/confirmation", post(postings::ask_confirmation))
        .route("/api/v1/postings/{id}/void", post(postings::void))
        .route("/api/v1/stations/{station}/tags/{epc}/access", post(tag_access::access))
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
        .route("/inbox", get(notices::inbox))
        .route("/approve/{token}", get(notices::approve))
        .route("/api/v1/links/{token}", get(links::show).post(links::sign))
        .route("/api/v1/notices", get(notices::list))
        .route("/api/v1/notices/{id}/retry", post(notices::retry))
        .route("/deliveries", get(ledger::deliveries))
        .route("/deliveries/{lane}/{movement}/retry", post(ledger::retry))
}
