//! Who is to be enrolled and which machine let in, as people write it, and the change that it asks
//! for. One form for the API and for the command line. Absent: asking (the engine decides).

use std::collections::BTreeMap;

use gatewarden_model::{Change, ClientId, Hash, Mitigation, OperatorId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::secrets;

/// What can't be understood: the field, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub(crate) struct BadField {
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

/// A badge: its number, or that with what it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BadgeInput {
    /// The number as printed or scanned.
    Number(String),
    /// The number, and what the badge is.
    Kind {
        /// The number as printed or scanned.
        number: String,
        /// Such as `printed`, `em4100`, `mifare-classic`.
        kind: String,
    },
}

impl BadgeInput {
    /// The badge's number as given.
    pub(crate) fn number(&self) -> &str {
        match self {
            Self::Number(number) | Self::Kind { number, .. } => number,
        }
    }
}

/// An operator to be enrolled or changed; the whole new state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct OperatorInput {
    /// The operator's short name.
    pub(crate) operator: String,
    /// Full name.
    pub(crate) name: String,
    /// Roles of the matrix.
    pub(crate) roles: Vec<String>,
    /// The badges.
    pub(crate) badges: Vec<BadgeInput>,
    /// The PIN in force counts no more: whoever approves is given a code to set a new one.
    #[serde(default)]
    pub(crate) reset_pin: bool,
    /// What makes it bearable that the roles hold both sides of a conflict.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(crate) mitigations: Vec<Mitigation>,
    /// Why, for whoever decides.
    #[serde(default)]
    pub(crate) reason: String,
}

impl OperatorInput {
    /// The change that it asks for.
    pub(crate) fn change(&self) -> Result<Change, BadField> {
        let bad = |error: gatewarden_model::name::NameError| BadField {
            field: "operator",
            message: error.to_string(),
        };
        let operator = OperatorId::parse(&self.operator).map_err(bad)?;
        let (badges, kinds) = digests(&self.badges);
        let (name, reset_pin) = (self.name.clone(), self.reset_pin);
        Ok(Change::Operator {
            operator,
            name,
            roles: sorted(&self.roles),
            badges,
            kinds,
            reset_pin,
            mitigations: self.mitigations.clone(),
        })
    }
}

/// The badges' digests, sorted, and what those are of which it is said.
fn digests(badges: &[BadgeInput]) -> (Vec<Hash>, BTreeMap<Hash, String>) {
    let digest = |badge: &BadgeInput| secrets::badge_digest(badge.number());
    let mut list: Vec<Hash> = badges.iter().map(digest).collect();
    list.sort_unstable();
    list.dedup();
    let kinds = badges.iter().filter_map(|badge| match badge {
        BadgeInput::Kind { kind, .. } => Some((digest(badge), kind.clone())),
        BadgeInput::Number(_) => None,
    });
    (list, kinds.collect())
}

/// A machine to be given a token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClientInput {
    /// Its name.
    pub(crate) client: String,
    /// What it may do, each `module:action`.
    pub(crate) scopes: Vec<String>,
    /// SHA-256 (64 hex digits) of the only TLS certificate that it may come with.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    /// From when on the token is no good, RFC 3339 such as `2027-01-01T00:00:00Z`; never if absent.
    #[serde(default)]
    pub(crate) until: Option<String>,
    /// Why, for whoever decides.
    #[serde(default)]
    pub(crate) reason: String,
}

impl ClientInput {
    /// The change that it asks for, with a token of this digest.
    pub(crate) fn change(&self, token: Hash) -> Result<Change, BadField> {
        let bad = |field, message: &str| BadField { field, message: message.to_owned() };
        let client = ClientId::parse(&self.client).map_err(|e| bad("client", &e.to_string()))?;
        let digest = |text: &String| {
            let parsed = Hash::parse_hex(text);
            parsed.ok_or_else(|| bad("certificate", "expected 64 hex digits of a SHA-256"))
        };
        let certificate = self.certificate.as_ref().map(digest).transpose()?;
        let time = |text: &String| {
            let parsed = text.parse::<Timestamp>();
            parsed.map_err(|_| bad("until", "expected a time such as 2027-01-01T00:00:00Z"))
        };
        let until = self.until.as_ref().map(time).transpose()?;
        let (scopes, until_us) = (sorted(&self.scopes), until.map(Timestamp::as_microsecond));
        Ok(Change::Client { client, scopes, token, certificate, until_us })
    }
}

fn sorted(list: &[String]) -> Vec<String> {
    let mut list = list.to_vec();
    list.sort_unstable();
    list.dedup();
    list
}
