//! Who asks: a machine by its token, a person by the cookie of a session, or a user of the box by
//! the control socket. Nothing else is let in but `/health` and the doors to sign in.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath},
    http::{HeaderMap, Method, header, request::Parts},
};
use axum_extra::extract::cookie::{Cookie, SameSite};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Action, Actor, ClientId, Hash, Module, OperatorId, SessionId};

use super::{Api, problem::Problem, query};
use crate::secrets;

/// The cookie's name.
const COOKIE: &str = "gatewarden_session";
/// Its name where the daemon speaks TLS: a browser takes it only over TLS, from this very host
/// (RFC 6265bis, 4.1.3.2), so that no other page can put its own there.
const SECURE_COOKIE: &str = "__Host-gatewarden_session";
/// Cookies kept at most; the oldest session's goes first.
const COOKIES_MAX: usize = 1024;

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    /// Somebody on the network.
    Network {
        /// From where; an IPv4 address as such, also where it came in IPv6's clothes.
        address: IpAddr,
        /// SHA-256 of the certificate that it showed, in DER; the handshake has proven that it holds the
        /// key, and that an authority of `client_ca` signed it.
        certificate: Option<Hash>,
    },
    /// The user `uid` of this box, through the control socket.
    Local(u32),
}

impl Peer {
    /// The certificate that was shown.
    pub(crate) fn certificate(self) -> Option<Hash> {
        match self {
            Self::Network { certificate, .. } => certificate,
            Self::Local(_) => None,
        }
    }
}

/// Stands in a request once its caller is known: what is wrong with it may be told in full.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A machine.
    Client(ClientId),
    /// A person.
    Operator(OperatorId, SessionId),
    /// A user of the box.
    Local(u32),
}

impl Who {
    /// As an entry names them.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Client(id) => Actor::Client { id: id.clone() },
            Self::Operator(id, session) => {
                Actor::Operator { id: id.clone(), session: Some(*session) }
            }
            Self::Local(uid) => Actor::Local { uid: *uid },
        }
    }

    /// Asks the policies; a no is recorded. Whoever holds the box's own account may look, since the
    /// files are his anyway.
    pub(crate) async fn may(
        &self,
        api: &Api,
        action: Action,
        module: Module,
        what: &str,
    ) -> Result<(), Problem> {
        if matches!((self, action), (Self::Local(_), Action::View)) {
            return Ok(());
        }
        let command = Command::Ask { by: self.actor(), action, module, what: what.to_owned() };
        match api.app.recorder.command(command).await? {
            Ok(Reply::Allowed(decision)) if decision.allowed => Ok(()),
            Ok(_) => Err(Problem::new(
                axum::http::StatusCode::FORBIDDEN,
                "denied",
                "the policies gave no clear answer, so it is denied",
            )),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

impl FromRequestParts<Api> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let who = who(parts, api).await?;
        parts.extensions.insert(Known);
        query::check(parts)?;
        Ok(who)
    }
}

/// A caller who may be nobody, and why: for doors that are open to everybody and show more to some. Its
/// query has no other words than any other door's.
pub(crate) struct Somebody(pub(crate) Result<Who, Problem>);

impl FromRequestParts<Api> for Somebody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        query::check(parts)?;
        let who = who(parts, api).await;
        if who.is_ok() {
            parts.extensions.insert(Known);
        }
        Ok(Self(who))
    }
}

/// A caller whose session may rest: for what leads out of that, and for nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Resting(pub(crate) Who);

impl FromRequestParts<Api> for Resting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        parts.extensions.insert(MayRest);
        Who::from_request_parts(parts, api).await.map(Self)
    }
}

/// Stands in a request that a session may make which rests.
#[derive(Debug, Clone, Copy)]
struct MayRest;

async fn who(parts: &Parts, api: &Api) -> Result<Who, Problem> {
    let mut tokens = parts.headers.get_all(header::AUTHORIZATION).iter();
    if let Some(value) = tokens.next() {
        let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let token = token.filter(|_| tokens.next().is_none());
        let digest = secrets::token_digest(token.ok_or_else(Problem::unauthenticated)?.trim());
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        let certificate = peer.and_then(|ConnectInfo(peer)| peer.certificate());
        return by_token(api, digest, certificate).await;
    }
    match api.cookies.shown(&parts.headers) {
        Some(Ok(cookie)) => by_cookie(api, &cookie, parts).await,
        // Two of one name: somebody else's page may have put one there.
        Some(Err(())) => Err(Problem::unauthenticated()),
        // Whoever says who he is, is that; only without a word it is the box's account.
        None => match parts.extensions.get::<ConnectInfo<Peer>>() {
            Some(ConnectInfo(Peer::Local(uid))) => Ok(Who::Local(*uid)),
            _ => Err(Problem::unauthenticated()),
        },
    }
}

async fn by_token(api: &Api, digest: Hash, certificate: Option<Hash>) -> Result<Who, Problem> {
    let now = api.app.clock.now();
    let found = api
        .app
        .recorder
        .query(move |engine| engine.client_by_token(&digest, certificate.as_ref(), &now));
    let found = found.await?;
    let (client, noted) = found.ok_or_else(Problem::unauthenticated)?;
    if !noted {
        let command = Command::ClientUsed { client: client.clone() };
        let _ = api.app.recorder.command(command).await?;
    }
    Ok(Who::Client(client))
}

/// Whether a request is something that a person did. A page that looks by itself every second must
/// not keep the session of somebody who has walked away.
fn is_act(method: &Method) -> bool {
    !method.is_safe()
}

async fn by_cookie(api: &Api, cookie: &str, parts: &Parts) -> Result<Who, Problem> {
    let session = api.cookies.session(cookie).ok_or_else(Problem::unauthenticated)?;
    let (operator, phase) = api
        .app
        .recorder
        .query(move |engine| engine.state().session(session).map(|s| (s.operator.clone(), s.phase)))
        .await?
        .ok_or_else(Problem::unauthenticated)?;
    if parts.extensions.get::<MayRest>().is_some() {
        return Ok(Who::Operator(operator, session));
    }
    if is_act(&parts.method) {
        // Whether the session is live is decided where it is recorded, in one turn.
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let what = format!("{} {route}", parts.method);
        match api.app.recorder.command(Command::Activity { session, what }).await? {
            Err(refusal) if refusal.code == "unknown-session" => {
                return Err(Problem::unauthenticated());
            }
            answer => drop(answer?),
        }
    } else if !phase.authorises() {
        // Looking leaves no trace: what asks by itself every second must not fill the journal.
        return Err(Problem::resting(phase));
    }
    Ok(Who::Operator(operator, session))
}

/// Which cookie stands for which session: digests only, in memory only. A cookie is made here and at
/// no other time than a sign-in, so one that somebody brings along never comes to stand for anything.
#[derive(Clone, Default)]
pub(crate) struct Cookies {
    sessions: Arc<Mutex<HashMap<Hash, (u64, SessionId)>>>,
    /// The daemon speaks TLS itself.
    secure: bool,
}

impl Cookies {
    /// Cookies of a daemon that speaks TLS itself, or does not.
    pub(crate) fn new(secure: bool) -> Self {
        Self { secure, ..Self::default() }
    }

    fn name(&self) -> &'static str {
        if self.secure { SECURE_COOKIE } else { COOKIE }
    }

    fn cookie(&self, value: String) -> Cookie<'static> {
        let cookie = Cookie::build((self.name(), value)).http_only(true).secure(self.secure);
        cookie.same_site(SameSite::Strict).path("/").build()
    }

    /// A new cookie for a session.
    pub(crate) fn issue(&self, session: SessionId) -> Cookie<'static> {
        let value = secrets::new_token();
        if let Ok(mut map) = self.sessions.lock() {
            if map.len() >= COOKIES_MAX
                && let Some(oldest) = map.iter().min_by_key(|(_, (n, _))| *n).map(|(k, _)| *k)
            {
                map.remove(&oldest);
            }
            let number = map.values().map(|(n, _)| n + 1).max().unwrap_or(0);
            map.insert(secrets::token_digest(&value), (number, session));
        }
        self.cookie(value)
    }

    /// The cookie that ends it in the browser.
    pub(crate) fn removal(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        cookie
    }

    /// The cookie that a request shows; an error where it shows several.
    fn shown(&self, headers: &HeaderMap) -> Option<Result<String, ()>> {
        let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
        let mut values =
            pairs.filter(|(name, _)| name.trim() == self.name()).map(|(_, value)| value.trim());
        let first = values.next()?;
        Some(if values.next().is_some() { Err(()) } else { Ok(first.to_owned()) })
    }

    fn session(&self, cookie: &str) -> Option<SessionId> {
        let map = self.sessions.lock().ok()?;
        map.get(&secrets::token_digest(cookie)).map(|(_, session)| *session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_counts_and_two_do_not() {
        let shown = |cookies: &Cookies, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, line.parse().expect("a header"));
            }
            cookies.shown(&headers)
        };
        let plain = Cookies::default();
        let one = Some(Ok("x".to_owned()));
        assert_eq!(shown(&plain, &["a=b; gatewarden_session=x; c=d"]), one);
        assert_eq!(shown(&plain, &["gatewarden_session=x; gatewarden_session=y"]), Some(Err(())));
        assert_eq!(shown(&plain, &["gatewarden_session=x", "gatewarden_session=x"]), Some(Err(())));
        assert_eq!(shown(&plain, &["a=b", "xgatewarden_session=x"]), None);
        let secure = Cookies::new(true);
        assert_eq!(shown(&secure, &["gatewarden_session=x"]), None);
        assert_eq!(shown(&secure, &["__Host-gatewarden_session=x"]), one);
        let issued = secure.issue(SessionId(uuid::Uuid::nil())).to_string();
        for part in
            ["__Host-gatewarden_session=gwt_", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"]
        {
            assert!(issued.contains(part), "{issued}");
        }
        assert!(!issued.contains("Domain"), "{issued}");
    }

    #[test]
    fn looking_is_no_act_and_doing_is() {
        assert!([Method::GET, Method::HEAD, Method::OPTIONS].iter().all(|m| !is_act(m)));
        assert!([Method::POST, Method::DELETE].iter().all(is_act));
    }
}
