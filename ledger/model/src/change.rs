//! What needs a second person before it is in force: who is enrolled with which roles, which machine
//! has a token, which device is known by what, and the policies themselves.
//!
//! A change is asked for by one and decided on by another; the whole of it stands in the entry of the
//! request, so that what was decided on is what is in force. Absent: deciding (the engine).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, DeviceId, Guards, Hash, Mitigation, OperatorId, RoleMatrix, SecondFactor,
    item::is_default, sod::SodTable,
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Enrol an operator, or change one: the whole new state.
    Operator {
        /// Who.
        operator: OperatorId,
        /// Full name.
        name: String,
        /// Roles, sorted.
        roles: Vec<String>,
        /// SHA-256 of each badge as normalised, sorted.
        badges: Vec<Hash>,
        /// What each badge is, such as `printed` or `em4100`; none where it was not said.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        kinds: BTreeMap<Hash, String>,
        /// The last characters of each badge's number, for whoever holds the badge in his hand; none in
        /// requests from before they were kept.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        tails: BTreeMap<Hash, String>,
        /// The PIN in force does not count any more: a new one is set with the activation code.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reset_pin: bool,
        /// What makes it bearable that the roles hold both sides of conflicts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mitigations: Vec<Mitigation>,
    },
    /// Give a machine a token.
    Client {
        /// Which.
        client: ClientId,
        /// What it may do, sorted.
        scopes: Vec<String>,
        /// SHA-256 of the token.
        token: Hash,
        /// SHA-256 of the only TLS certificate (DER) that it may come with; any where none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Hash>,
        /// The wall clock's microsecond since 1970 from which on the token is no good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
    /// Know a device by this from here on.
    Device {
        /// Which.
        device: DeviceId,
        /// What it told of itself, such as `serial` and `mac`.
        identity: BTreeMap<String, String>,
    },
    /// Other definitions of procedures: which documents there are, who signs them, which rules hold.
    Procedures {
        /// The digest of all parts.
        version: Hash,
        /// Canonical JSON by the name of the part: documents, workflows, rules, notices.
        parts: BTreeMap<String, String>,
    },
    /// Put other policies in force.
    Policies {
        /// Digest of the policy set, as decisions name it.
        version: Hash,
        /// The roles.
        roles: RoleMatrix,
        /// Policies beside the roles, in Cedar.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        cedar: String,
        /// Which duties one person must not hold together.
        #[serde(default, skip_serializing_if = "is_default")]
        sod: SodTable,
        /// The settings that decide beside them; none in requests from before they were part of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guards: Option<Box<Guards>>,
    },
    /// Let an operator prove himself by this too; he alone asks for it.
    Factor {
        /// Who.
        operator: OperatorId,
        /// By what.
        factor: SecondFactor,
    },
}

impl Change {
    /// Whom or what it is about, in words.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::Operator { operator, .. } | Self::Factor { operator, .. } => operator.to_string(),
            Self::Client { client, .. } => client.to_string(),
            Self::Device { device, .. } => device.to_string(),
            Self::Procedures { version, .. } => {
                format!("procedures {}", &version.to_string()[..12])
            }
            Self::Policies { version, .. } => format!("policies {}", &version.to_string()[..12]),
        }
    }

    /// The operator that it is about, if it is about one.
    #[must_use]
    pub fn operator(&self) -> Option<&OperatorId> {
        match self {
            Self::Operator { operator, .. } | Self::Factor { operator, .. } => Some(operator),
            _ => None,
        }
    }
}

/// How a request for a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeVerdict {
    /// The first of two approved it: it waits for the second.
    Endorsed,
    /// It is in force from here on.
    Approved,
    /// It will never be.
    Rejected,
    /// Whoever asked for it took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
}

impl ChangeVerdict {
    /// The name, as in entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Endorsed => "endorsed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}
