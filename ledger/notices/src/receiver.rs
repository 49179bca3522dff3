//! To whom something is told, by name: roles, people, whoever an occasion concerns, the audience of a channel.
//!
//! Absent: who that is at a given moment (the engine knows).

use std::{fmt, str::FromStr};

use gatewarden_model::OperatorId;
use serde::{Deserialize, Serialize};

/// To whom something is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Receiver {
    /// `role:NAME`: everybody who holds it.
    Role(String),
    /// `operator:NAME`.
    Operator(OperatorId),
    /// `field:NAME`: somebody whom the occasion names.
    Field(String),
    /// `approvers`: whose signature is awaited.
    Approvers,
    /// `named`: whom the occasion itself says to tell, as a rule does.
    Named,
    /// `manager-of:NAME`: who stands above somebody whom the occasion names; `initiator` is the author.
    ManagerOf(String),
    /// `group:ROLE`: the audience of a channel that has no receivers of its own, such as a robot's group.
    /// It may see what this role may.
    Group(String),
}

/// Why a text names no receiver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no receiver: use role:NAME, operator:NAME, field:NAME, manager-of:NAME, group:ROLE, approvers or named"
)]
pub struct ReceiverError(pub String);

impl FromStr for Receiver {
    type Err = ReceiverError;

    fn from_str(text: &str) -> Result<Self, ReceiverError> {
        let wrong = || ReceiverError(text.chars().take(80).collect());
        match text {
            "approvers" => return Ok(Self::Approvers),
            "named" => return Ok(Self::Named),
            _ => {}
        }
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let name: OperatorId = name.parse().map_err(|_| wrong())?;
        Ok(match kind {
            "operator" => Self::Operator(name),
            "role" => Self::Role(name.to_string()),
            "field" => Self::Field(name.to_string()),
            "manager-of" => Self::ManagerOf(name.to_string()),
            "group" => Self::Group(name.to_string()),
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Field(name) => write!(f, "field:{name}"),
            Self::ManagerOf(name) => write!(f, "manager-of:{name}"),
            Self::Approvers => f.write_str("approvers"),
            Self::Named => f.write_str("named"),
            Self::Group(name) => write!(f, "group:{name}"),
        }
    }
}

impl Serialize for Receiver {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Receiver {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
