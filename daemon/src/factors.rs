//! Second factors as the daemon knows them: one-time codes, and passkeys of the browser's page; offered
//! and asked for here, checked in `checks`.
//!
//! Invariants: a code's secret is derived from the installation's key (`key`) when it is needed and kept
//! nowhere; a key answers only a question that was asked in this very session, once, within minutes
//! (`questions`); what a use counts is recorded by the engine in the turn that grants anything. A counter
//! that goes back is alarmed. Absent: what a factor is worth and who may add one (the engine).

mod checks;
mod key;
mod questions;

use std::sync::{Arc, Mutex};

use gatewarden_config::Config;
use gatewarden_engine::{Engine, KnownFactor, State};
use gatewarden_identity::{
    Passkey, Purpose, RelyingParty, Totp, TotpError, WebauthnError,
    totp::{self, Algorithm},
    webauthn::{
        Registration, challenge, creation_options, request_options, subject, user_handle,
        verify_registration,
    },
};
use gatewarden_model::{
    Hash, OperatorId, PasskeyRecord, SecondFactor, SessionId, Stamp, StationId,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    recorder::{Recorder, RecorderError},
};
use key::IdentityKey;
use questions::Questions;

pub(crate) use checks::confirmation;
pub(crate) use questions::About;

/// What the API shares of second factors; cheap to clone.
#[derive(Clone)]
pub(crate) struct Factors(Arc<Inner>);

struct Inner {
    key: IdentityKey,
    party: Result<RelyingParty, String>,
    questions: Mutex<Questions>,
}

/// Why a factor was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactorError {
    /// The caller has none of the kind, or there was no question.
    #[error("{1}")]
    Missing(&'static str, String),
    /// The one-time code is no code, or can't be checked.
    #[error(transparent)]
    Code(#[from] TotpError),
    /// The key's answer is refused.
    #[error(transparent)]
    Key(#[from] WebauthnError),
    /// Security keys can't be used here.
    #[error("security keys can't be used: {0}")]
    Party(String),
    /// The installation's key can't be had.
    #[error("one-time codes and passkeys can't be made or checked: {0}")]
    NoKey(String),
    #[error(transparent)]
    Recorder(#[from] RecorderError),
}

/// An operator with his factors, as they stand.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) id: OperatorId,
    pub(crate) name: String,
    station: Option<StationId>,
    known: Vec<KnownFactor>,
}

/// Codes that an app may be set up for.
#[derive(Debug, Serialize)]
pub(crate) struct Offer {
    factor: Hash,
    uri: String,
    secret: String,
}

impl Factors {
    /// Those of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let key = IdentityKey::beside(&config.ledger.path);
        Self(Arc::new(Inner { key, party: party(config), questions: Mutex::default() }))
    }

    fn party(&self) -> Result<&RelyingParty, FactorError> {
        self.0.party.as_ref().map_err(|why| FactorError::Party(why.clone()))
    }

    /// The installation's own key.
    pub(crate) async fn key(&self, recorder: &Recorder) -> Result<[u8; 32], FactorError> {
        self.0.key.get(recorder).await
    }

    fn ask(&self, session: SessionId, about: About, now: &Stamp) -> [u8; 32] {
        let nonce = rand::random();
        if let Ok(mut questions) = self.0.questions.lock() {
            questions.put((session, about), nonce, now.mono_us);
        }
        nonce
    }

    fn take(&self, session: SessionId, about: About, now: &Stamp) -> Result<[u8; 32], FactorError> {
        let mut questions = self.0.questions.lock().ok();
        let found = questions.as_mut().and_then(|all| all.take(&(session, about), now.mono_us));
        let message = "nothing was asked, or the question was answered or is over: ask anew";
        found.ok_or_else(|| FactorError::Missing("no-question", message.to_owned()))
    }
}

/// The address under which browsers reach the gateway: the public one, else the first name at the port that is
/// listened on.
pub(crate) fn origin(config: &Config) -> String {
    let gateway = &config.gateway;
    let name = gateway.names.first().map_or("localhost", String::as_str);
    let public = gateway.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    public.unwrap_or_else(|| {
        let scheme = if gateway.tls.is_some() { "https" } else { "http" };
        match (scheme, gateway.listen.port()) {
            ("https", 443) | ("http", 80) => format!("{scheme}://{name}"),
            (_, port) => format!("{scheme}://{name}:{port}"),
        }
    })
}

/// Whom keys answer.
fn party(config: &Config) -> Result<RelyingParty, String> {
    let gateway = &config.gateway;
    if gateway.names.is_empty()
        && !gateway.listen.ip().is_loopback()
        && gateway.public_url.is_none()
    {
        return Err("this gateway is reached by its address only, and browsers let keys answer \
                    names: set `names` or `public_url` of [gateway]"
            .to_owned());
    }
    let origin = origin(config);
    let host = origin.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default().to_owned();
    RelyingParty::new(&host, &gateway.name, &[origin.as_str()])
        .map_err(|error| format!("{error}; set `public_url` of [gateway]"))
}

/// The factors of an operator for lists: what they are and when they were used, nothing of their keys.
pub(crate) fn told(state: &State, operator: &OperatorId) -> Value {
    let told = |known: &KnownFactor| {
        let name = match &known.factor {
            SecondFactor::Totp { .. } => None,
            SecondFactor::Passkey { name, .. } => Some(name),
        };
        json!({"id": known.factor.id(), "kind": known.factor.word(), "name": name,
            "since": known.since, "used": known.used})
    };
    Value::Array(state.factors(operator).map(told).collect())
}

/// The passkey of a record with its counter as it stands.
fn passkey(record: &PasskeyRecord, counter: u64) -> Option<Passkey> {
    let mut passkey: Passkey = serde_json::from_value(json!(record)).ok()?;
    passkey.sign_count = u32::try_from(counter).ok()?;
    Some(passkey)
}

impl Owner {
    fn passkeys(&self) -> Vec<Passkey> {
        let of = |known: &KnownFactor| match &known.factor {
            SecondFactor::Passkey { key, .. } => passkey(key, known.counter),
            SecondFactor::Totp { .. } => None,
        };
        self.known.iter().filter_map(of).collect()
    }

    fn some_passkeys(&self) -> Result<Vec<Passkey>, FactorError> {
        let own = self.passkeys();
        let message = "you have no security key here: register one, and have it approved";
        match own.is_empty() {
            true => Err(FactorError::Missing("no-passkey", message.to_owned())),
            false => Ok(own),
        }
    }
}

impl App {
    /// The operator of a session with his factors.
    pub(crate) async fn owner(&self, session: SessionId) -> Result<Owner, FactorError> {
        let look = move |engine: &Engine| {
            let state = engine.state();
            let open = state.session(session)?;
            let operator = state.operator(&open.operator)?;
            let (id, name) = (operator.id.clone(), operator.name.clone());
            let known = state.factors(&id).cloned().collect();
            Some(Owner { id, name, station: open.station.clone(), known })
        };
        let found = self.recorder.query(look).await?;
        let message = "the session is over: sign in again".to_owned();
        found.ok_or(FactorError::Missing("unknown-session", message))
    }

    /// Offers codes for an app; they count when a code was shown and somebody else approved.
    pub(crate) async fn offer_codes(&self, session: SessionId) -> Result<Offer, FactorError> {
        let owner = self.owner(session).await?;
        let key = self.factors.key(&self.recorder).await?;
        let factor = Hash(self.factors.ask(session, About::Codes, &self.clock.now()));
        let codes = Totp::new(totp::derived_secret(&key, &owner.id, &factor), Algorithm::Sha1);
        let uri = codes.uri(&self.config.gateway.name, owner.id.as_str());
        Ok(Offer { factor, uri, secret: codes.secret_text() })
    }

    /// The codes that were offered, if the app shows one of them.
    pub(crate) async fn proven_codes(
        &self,
        session: SessionId,
        factor: Hash,
        code: &str,
    ) -> Result<SecondFactor, FactorError> {
        let (owner, now) = (self.owner(session).await?, self.clock.now());
        let key = self.factors.key(&self.recorder).await?;
        let offered = Hash(self.factors.take(session, About::Codes, &now)?);
        if offered != factor {
            let message = "other codes were offered last: set the app up for those".to_owned();
            return Err(FactorError::Missing("no-question", message));
        }
        let codes = Totp::new(totp::derived_secret(&key, &owner.id, &factor), Algorithm::Sha1);
        let verdict = codes.verify(code, &now, None);
        if verdict.is_err()
            && let Ok(mut questions) = self.factors.0.questions.lock()
        {
            // A slip of the finger does not cost the offer.
            questions.put((session, About::Codes), offered.0, now.mono_us);
        }
        Ok(SecondFactor::Totp { id: factor, step: verdict? })
    }

    /// What a browser is to ask a key for that is to be registered.
    pub(crate) async fn offer_passkey(&self, session: SessionId) -> Result<Value, FactorError> {
        let owner = self.owner(session).await?;
        let party = self.factors.party()?;
        let handle = user_handle(&self.factors.key(&self.recorder).await?, &owner.id);
        let nonce = self.factors.ask(session, About::Register, &self.clock.now());
        let asked = challenge(Purpose::Register, nonce, subject(&[owner.id.as_str()]));
        let known = owner.passkeys();
        Ok(json!(creation_options(party, asked, &owner.id, &owner.name, &handle, &known)))
    }

    /// The passkey that a browser registered.
    pub(crate) async fn proven_passkey(
        &self,
        session: SessionId,
        name: String,
        registration: &Registration,
    ) -> Result<SecondFactor, FactorError> {
        let (owner, now) = (self.owner(session).await?, self.clock.now());
        let nonce = self.factors.take(session, About::Register, &now)?;
        let asked = challenge(Purpose::Register, nonce, subject(&[owner.id.as_str()]));
        let made = verify_registration(self.factors.party()?, &asked, registration)?;
        let unread = || FactorError::Party("the passkey can't be kept".to_owned());
        let key = serde_json::from_value(json!(made)).map_err(|_| unread())?;
        Ok(SecondFactor::Passkey { id: made.digest(), name: name.trim().to_owned(), key })
    }

    /// Asks a key of the session's operator: what the browser needs.
    pub(crate) async fn ask_key(
        &self,
        session: SessionId,
        about: About,
        digest: Hash,
    ) -> Result<Value, FactorError> {
        let own = self.owner(session).await?.some_passkeys()?;
        let party = self.factors.party()?;
        let nonce = self.factors.ask(session, about, &self.clock.now());
        Ok(json!(request_options(party, challenge(about.purpose(), nonce, digest), &own)))
    }
}

/// What the question about rising within a session is about.
pub(crate) fn of_session(session: SessionId) -> Hash {
    subject(&[&session.0.to_string()])
}
