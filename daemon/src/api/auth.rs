//! Who asks: a machine by its token, a person by the cookie of a session, or a user of the box by
//! the control socket. Nothing else is let in but `/health` and the doors to sign in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Method, header, request::Parts},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use gatewarden_engine::{Command, Reply};
use gatewarden_model::{Action, Actor, ClientId, Hash, Module, OperatorId, SessionId};

use super::{Api, problem::Problem};
use crate::secrets;

/// The cookie's name.
const COOKIE: &str = "gatewarden_session";
/// Cookies kept at most; the oldest session's goes first.
const COOKIES_MAX: usize = 1024;

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    /// Somebody on the network.
    Network,
    /// The user `uid` of this box, through the control socket.
    Local(u32),
}

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
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
            let digest = secrets::token_digest(token.ok_or_else(Problem::unauthenticated)?.trim());
            return by_token(api, digest).await;
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(cookie) = jar.get(COOKIE) else {
            // Whoever says who he is, is that; only without a word it is the box's account.
            return match parts.extensions.get::<ConnectInfo<Peer>>() {
                Some(ConnectInfo(Peer::Local(uid))) => Ok(Self::Local(*uid)),
                _ => Err(Problem::unauthenticated()),
            };
        };
        by_cookie(api, cookie.value(), is_act(&parts.method)).await
    }
}

async fn by_token(api: &Api, digest: Hash) -> Result<Who, Problem> {
    let now = api.app.clock.now();
    let found = api.app.recorder.query(move |engine| engine.client_by_token(&digest, &now)).await?;
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

async fn by_cookie(api: &Api, cookie: &str, is_act: bool) -> Result<Who, Problem> {
    let session = api.cookies.session(cookie).ok_or_else(Problem::unauthenticated)?;
    let operator = api
        .app
        .recorder
        .query(move |engine| engine.state().session(session).map(|s| s.operator.clone()))
        .await?
        .ok_or_else(Problem::unauthenticated)?;
    if is_act {
        let _ = api.app.recorder.command(Command::Activity { session }).await?;
    }
    Ok(Who::Operator(operator, session))
}

/// Which cookie stands for which session: digests only, in memory only.
#[derive(Clone, Default)]
pub(crate) struct Cookies(Arc<Mutex<HashMap<Hash, (u64, SessionId)>>>);

impl Cookies {
    /// A new cookie for a session.
    pub(crate) fn issue(&self, session: SessionId) -> Cookie<'static> {
        let value = secrets::new_token();
        if let Ok(mut map) = self.0.lock() {
            if map.len() >= COOKIES_MAX
                && let Some(oldest) = map.iter().min_by_key(|(_, (n, _))| *n).map(|(k, _)| *k)
            {
                map.remove(&oldest);
            }
            let number = map.values().map(|(n, _)| n + 1).max().unwrap_or(0);
            map.insert(secrets::token_digest(&value), (number, session));
        }
        Cookie::build((COOKIE, value)).http_only(true).same_site(SameSite::Strict).path("/").build()
    }

    /// The cookie that ends it in the browser.
    pub(crate) fn removal() -> Cookie<'static> {
        Cookie::build((COOKIE, "")).path("/").build()
    }

    fn session(&self, cookie: &str) -> Option<SessionId> {
        let map = self.0.lock().ok()?;
        map.get(&secrets::token_digest(cookie)).map(|(_, session)| *session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_is_no_act_and_doing_is() {
        assert!([Method::GET, Method::HEAD, Method::OPTIONS].iter().all(|m| !is_act(m)));
        assert!([Method::POST, Method::DELETE].iter().all(is_act));
    }
}
