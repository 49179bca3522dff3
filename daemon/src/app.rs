//! What the running daemon is made of, as the API sees it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use gatewarden_config::Config;
use gatewarden_engine::{Command, Engine, PinCheck};
use gatewarden_identity::{
    PinError,
    badge::{self, Badge, BadgeKind},
    pin::{self, Known},
};
use gatewarden_model::{Actor, Clock, Hash, OperatorId, SessionId, StationId};
use gatewarden_store::{LedgerAddress, LedgerReader, StoreError};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    badges,
    devices::DeviceBoard,
    factors::Factors,
    labels::Labels,
    lamps::Lamps,
    recorder::{Answer, Recorder, RecorderError},
    requests::BadField,
    secrets::{self, PinChecker},
    spool::Spool,
};

/// How long the one-time enrolment code counts.
pub(crate) const ENROLMENT_MINUTES: u64 = 15;

/// What a station can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StationOrder {
    /// Close the open pass now.
    ClosePass,
}

/// Everything that a request may need; cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) config: Arc<Config>,
    pub(crate) recorder: Recorder,
    pub(crate) spool: Spool,
    pub(crate) labels: Labels,
    pub(crate) devices: DeviceBoard,
    pub(crate) lamps: Lamps,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stations: Arc<HashMap<StationId, mpsc::Sender<StationOrder>>>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) pins: PinChecker,
    pub(crate) enrolment: Enrolment,
    pub(crate) factors: Factors,
    /// Lets rejected notices be tried again; none where the gateway has no channels.
    pub(crate) notices: Option<crate::notices::NoticeDesk>,
    /// Imports of documents that are open.
    pub(crate) imports: crate::imports::Imports,
    /// To the drivers that work on tags.
    pub(crate) tag_doors: crate::tag_access::TagDoors,
    /// What looks for clones and replays at all stations.
    pub(crate) guard: crate::watch::Shared,
}

impl App {
    /// Where the ledger is.
    pub(crate) fn ledger(&self) -> Result<LedgerAddress, StoreError> {
        crate::run::ledger_address(&self.config)
    }

    /// Runs `look` on a read-only connection, off the async threads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&LedgerReader) -> Result<T, gatewarden_store::StoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let ledger = self.ledger()?;
        Ok(tokio::task::spawn_blocking(move || look(&LedgerReader::open(&ledger)?)).await??)
    }

    /// Signs an operator in at a station (or the console): finds out who it could be, checks the
    /// PIN unless it is useless, and lets the engine decide.
    pub(crate) async fn sign_in(
        &self,
        station: Option<StationId>,
        badge: Option<&str>,
        pin: Option<String>,
    ) -> anyhow::Result<(SessionId, Answer)> {
        let scan = badge.map(str::to_owned);
        let now = self.clock.now();
        let at = station.clone();
        let (badge, operator, locked) = self
            .recorder
            .query(move |engine| {
                let state = engine.state();
                // From here on it is this badge: another may be scanned while the PIN is checked,
                // and must not be signed in by it.
                let shown = scan.map(|scan| badges::badge_of(state, &scan));
                let badge = shown.or_else(|| engine.badge_seen(at.as_ref()?, &now));
                let operator =
                    badge.and_then(|b| state.operator_by_badge(&b)).map(|o| o.id.clone());
                let locked =
                    operator.as_ref().is_some_and(|o| state.lock_remaining_ms(o, &now) > 0);
                (badge, operator, locked)
            })
            .await?;
        let check = match pin {
            None => PinCheck::Absent,
            Some(_) if locked => PinCheck::Absent,
            Some(pin) => self.check_pin(operator, pin).await?,
        };
        let session = SessionId(Uuid::new_v4());
        let command = gatewarden_engine::Command::SignIn { station, badge, pin: check, session };
        Ok((session, self.recorder.command(command).await?))
    }

    /// Compares a PIN with the stored hash, which counts only while it is the one that the journal
    /// names. Somebody unknown takes the same way, so that the clock does not tell.
    pub(crate) async fn check_pin(
        &self,
        who: Option<OperatorId>,
        pin: String,
    ) -> anyhow::Result<PinCheck> {
        let stored = self.credential(who.as_ref()).await?;
        let digest = stored.as_deref().map(pin_digest);
        let check = self.pins.check(pin, stored).await;
        // Asked after the slow check, so that a PIN changed meanwhile does not count any more.
        if digest == self.named_pin(who.as_ref()).await? {
            return Ok(check);
        }
        // Either it was changed meanwhile, or the row was edited: a second look tells.
        let digest = self.credential(who.as_ref()).await?.as_deref().map(pin_digest);
        if let Some(operator) = who
            && digest != self.named_pin(Some(&operator)).await?
        {
            tracing::error!(
                "credential of {operator} does not match the journal; run `gatewarden ledger verify`"
            );
        }
        Ok(PinCheck::Wrong)
    }

    /// An operator's PIN hash as stored, a PHC string. For somebody unknown the ledger is asked as
    /// well, and whatever it says is none of his.
    async fn credential(&self, who: Option<&OperatorId>) -> anyhow::Result<Option<String>> {
        let known = who.is_some();
        let operator = who.cloned().map_or_else(|| OperatorId::parse("unknown"), Ok)?;
        let stored = self.read(move |ledger| ledger.credential(&operator)).await?;
        Ok(stored.filter(|_| known))
    }

    /// The digest of the PIN hash that the journal names for an operator.
    async fn named_pin(&self, who: Option<&OperatorId>) -> anyhow::Result<Option<Hash>> {
        let who = who.cloned();
        let named = move |engine: &Engine| engine.state().operator(who.as_ref()?)?.pin;
        Ok(self.recorder.query(named).await?)
    }

    /// Enrols the first administrator, with a PIN.
    pub(crate) async fn enrol_first(&self, first: FirstOperator) -> Result<Answer, EnrolError> {
        let badge = first.check()?;
        let FirstOperator { operator, name, pin, .. } = first;
        let phc = hash_pin(pin).await?;
        let command = Command::Enrol {
            operator: operator.clone(),
            name,
            roles: vec!["administrator".to_owned()],
            badges: vec![badge.digest()],
            pin: Some(pin_digest(&phc)),
            kinds: BTreeMap::new(),
            by: Actor::Daemon,
        };
        Ok(self.recorder.command_with(command, Some((operator, Some(phc)))).await?)
    }

    /// Sets an operator's first PIN with the one-time code of the enrolment, given by its digest.
    pub(crate) async fn activate(
        &self,
        operator: OperatorId,
        digest: Hash,
        pin: String,
    ) -> Result<Answer, EnrolError> {
        // Only whoever has the code is told that a PIN can be made from the name.
        if let Some(name) = self.named(&operator, Some(digest)).await? {
            pin::check_pin(&pin, &Known { badges: &[], names: &[operator.as_str(), &name] })?;
        }
        let phc = hash_pin(pin).await?;
        let (code, pin) = (digest, pin_digest(&phc));
        let command = Command::Activate { operator: operator.clone(), code, pin };
        Ok(self.recorder.command_with(command, Some((operator, Some(phc)))).await?)
    }

    /// Changes the PIN of a session's own operator.
    pub(crate) async fn change_pin(
        &self,
        (operator, session): (OperatorId, SessionId),
        old: String,
        new: String,
    ) -> Result<Answer, EnrolError> {
        let name = self.named(&operator, None).await?.unwrap_or_default();
        pin::check_pin(&new, &Known { badges: &[], names: &[operator.as_str(), &name] })?;
        if old == new {
            let message = "pin: it is the old one: choose another";
            return Err(BadField::new("pin", "pin-same", message.to_owned()).into());
        }
        let check = self.check_pin(Some(operator.clone()), old).await?;
        let phc = hash_pin(new).await?;
        let command = Command::ChangePin { session, check, pin: pin_digest(&phc) };
        Ok(self.recorder.command_with(command, Some((operator, Some(phc)))).await?)
    }

    /// An operator's full name; with the digest of a one-time code only where it is his.
    async fn named(
        &self,
        who: &OperatorId,
        code: Option<Hash>,
    ) -> Result<Option<String>, RecorderError> {
        let who = who.clone();
        let named = move |engine: &Engine| {
            let known = engine.state().operator(&who)?;
            let open = known.activation.as_ref();
            let has = |code| open.is_some_and(|open| secrets::same_digest(&open.code, &code));
            code.is_none_or(has).then(|| known.name.clone())
        };
        self.recorder.query(named).await
    }
}

/// The first administrator.
#[derive(Debug, Clone)]
pub(crate) struct FirstOperator {
    pub(crate) operator: OperatorId,
    pub(crate) name: String,
    pub(crate) badge: String,
    pub(crate) pin: String,
}

impl FirstOperator {
    /// Refuses a badge that can't be read and a PIN that others would try; gives the badge, a code as it
    /// stands.
    pub(crate) fn check(&self) -> Result<Badge, EnrolError> {
        let badge = badge::parse(BadgeKind::Printed, None, &self.badge)
            .map_err(|error| BadField::new("badge", "badge-invalid", error.to_string()))?;
        let names = [self.operator.as_str(), &self.name];
        pin::check_pin(&self.pin, &Known { badges: std::slice::from_ref(&badge), names: &names })?;
        Ok(badge)
    }
}

/// Why an operator was neither enrolled nor refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnrolError {
    #[error(transparent)]
    Pin(#[from] secrets::PinError),
    #[error(transparent)]
    Field(#[from] BadField),
    #[error(transparent)]
    Recorder(#[from] RecorderError),
    #[error(transparent)]
    Ledger(#[from] anyhow::Error),
}

impl From<PinError> for EnrolError {
    fn from(error: PinError) -> Self {
        Self::Pin(error.into())
    }
}

/// The hash of a new PIN, made off the async threads.
async fn hash_pin(pin: String) -> Result<String, EnrolError> {
    let hash = tokio::task::spawn_blocking(move || secrets::hash_pin(&pin)).await;
    Ok(hash.unwrap_or_else(|e| Err(secrets::PinError::Hash(e.to_string())))?)
}

/// What an enrolment's entry names a PIN hash by.
fn pin_digest(phc: &str) -> Hash {
    Hash::of(phc.as_bytes())
}

/// The one-time code with which the first administrator enrols. It lives in memory only.
#[derive(Clone, Default)]
pub(crate) struct Enrolment(Arc<Mutex<Option<(String, u64)>>>);

impl Enrolment {
    /// Makes a new code, valid until `now_us` + [`ENROLMENT_MINUTES`].
    pub(crate) fn begin(&self, now_us: u64) -> String {
        let code = secrets::new_enrolment_code();
        if let Ok(mut slot) = self.0.lock() {
            *slot = Some((code.clone(), now_us + ENROLMENT_MINUTES * 60_000_000));
        }
        code
    }

    /// True for the right code within its time, once. It has 80 bits: a wrong guess costs nothing.
    pub(crate) fn take(&self, code: &str, now_us: u64) -> bool {
        let Ok(mut slot) = self.0.lock() else { return false };
        let digest = |text: &str| Hash::of(text.trim().as_bytes());
        let right = slot.as_ref().is_some_and(|(right, until_us)| {
            secrets::same_digest(&digest(right), &digest(code)) && now_us < *until_us
        });
        if right {
            *slot = None;
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enrolment_code_counts_once_and_not_for_long() {
        let enrolment = Enrolment::default();
        assert!(!enrolment.take("", 0));
        let code = enrolment.begin(10);
        assert!(enrolment.take(&format!(" {code}\n"), 11));
        assert!(!enrolment.take(&code, 12));
        let code = enrolment.begin(10);
        assert!(!enrolment.take(&code, 10 + ENROLMENT_MINUTES * 60_000_000));
        let code = enrolment.begin(10);
        assert!(!enrolment.take("AAAA-AAAA-AAAA-AAAA", 11));
        assert!(enrolment.take(&code, 11));
    }
}
