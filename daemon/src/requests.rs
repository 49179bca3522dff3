//! Who is to be enrolled and which machine let in, as people write it, and the change that it asks
//! for. One form for the API and for the command line. Absent: asking (the engine decides).

use std::collections::BTreeMap;

use gatewarden_identity::{
    badge::{self, Badge, BadgeKind, Format},
    name,
};
use gatewarden_model::{Change, ClientId, Hash, Mitigation, OperatorId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::badges::Claims;

/// What can't be understood: the field, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub(crate) struct BadField {
    pub(crate) field: String,
    /// A stable code.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl BadField {
    pub(crate) fn new(
        field: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
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
        /// `printed`, `em4100`, `hid-prox`, `mifare-classic`, `uid-only` or `desfire`.
        kind: String,
        /// The format that the reader sends, such as `dez10` or `uid`; found out where only one fits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
    },
}

impl BadgeInput {
    /// The badge's number as given.
    pub(crate) fn number(&self) -> &str {
        match self {
            Self::Number(number) | Self::Kind { number, .. } => number,
        }
    }

    /// Whether it is said to be a card, which readers send without a prefix.
    pub(crate) fn is_card(&self) -> bool {
        matches!(self, Self::Kind { kind, .. } if kind != BadgeKind::Printed.word())
    }

    /// The badge, and what it is where that was said. A bare number is a code as it stands.
    fn read(&self) -> Result<(Badge, Option<BadgeKind>), String> {
        let (number, kind, format) = match self {
            Self::Number(number) => {
                let read = badge::parse(BadgeKind::Printed, None, number);
                return read.map(|badge| (badge, None)).map_err(|error| error.to_string());
            }
            Self::Kind { number, kind, format } => (number, kind, format),
        };
        let kind: BadgeKind = kind.parse()?;
        let format = format.as_deref().map(str::parse::<Format>).transpose()?;
        let read = badge::parse(kind, format, number);
        read.map(|badge| (badge, Some(kind))).map_err(|error| error.to_string())
    }
}

/// A change that may be asked for once nobody else has what it claims.
#[derive(Debug, Clone)]
pub(crate) struct Enrolling {
    pub(crate) change: Change,
    pub(crate) claims: Claims,
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
    /// The PIN in force counts no more: whoever asks and whoever approves are each given half of a code to set
    /// a new one.
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
    /// The change that it asks for, and what nobody else may have.
    pub(crate) fn change(&self) -> Result<Enrolling, BadField> {
        let bad = |error: gatewarden_model::name::NameError| {
            BadField::new("operator", "bad-request", error.to_string())
        };
        let operator = OperatorId::parse(&self.operator).map_err(bad)?;
        let name = full_name(&self.name)?;
        let mut read = Vec::with_capacity(self.badges.len());
        for (at, badge) in self.badges.iter().enumerate() {
            let field = || format!("badges[{at}]");
            let one = badge.read();
            read.push(one.map_err(|why| BadField::new(field(), "badge-invalid", why))?);
        }
        let (badges, kinds) = digests(&read);
        let tails = read.iter().map(|(badge, _)| (badge.digest(), badge.tail()));
        let tails = tails.filter(|(_, tail)| !tail.is_empty()).collect();
        let own: Vec<Badge> = read.into_iter().map(|(badge, _)| badge).collect();
        let claims = Claims::new(operator.clone(), name.clone(), &own);
        let change = Change::Operator {
            operator,
            name,
            roles: sorted(&self.roles),
            badges,
            kinds,
            tails,
            reset_pin: self.reset_pin,
            mitigations: self.mitigations.clone(),
        };
        Ok(Enrolling { change, claims })
    }
}

/// A full name as it is kept, if nothing in it deceives.
pub(crate) fn full_name(text: &str) -> Result<String, BadField> {
    let name = name::normalise(text);
    match name::check_full_name(&name) {
        Ok(()) => Ok(name),
        Err(error) => Err(BadField::new("name", "name-invalid", error.to_string())),
    }
}

/// The badges' digests, sorted, and what those are of which it is said.
fn digests(badges: &[(Badge, Option<BadgeKind>)]) -> (Vec<Hash>, BTreeMap<Hash, String>) {
    let mut list: Vec<Hash> = badges.iter().map(|(badge, _)| badge.digest()).collect();
    list.sort_unstable();
    list.dedup();
    let kinds = badges.iter().filter_map(|(badge, kind)| Some((badge.digest(), kind.as_ref()?)));
    (list, kinds.map(|(badge, kind)| (badge, kind.word().to_owned())).collect())
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
        let bad = |field: &str, message: &str| BadField::new(field, "bad-request", message);
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
