//! How a definition names people: by role, by name, by a field of the document, or as somebody's manager.

use std::{fmt, str::FromStr};

use gatewarden_model::OperatorId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Longest name of a role, field or department, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// People, as a definition names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// `role:NAME`: everybody who has the role.
    Role(String),
    /// `operator:NAME`.
    Operator(OperatorId),
    /// `field:NAME`: whom a field of the document names.
    Field(String),
    /// `manager-of:initiator`: who manages the department of whoever submitted it.
    ManagerOfInitiator,
    /// `manager-of:approver`: who manages the department of whoever has not answered in time.
    ManagerOfApprover,
    /// `manager-of:FIELD`: who manages the department of whom a field names.
    ManagerOfField(String),
    /// `department:NAME`: who manages the department.
    Department(String),
}

/// Why a text names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names nobody: write role:NAME, operator:NAME, field:NAME, department:NAME, \
     manager-of:initiator or manager-of:FIELD"
)]
pub struct WhoError(pub String);

fn is_name(text: &str) -> bool {
    let ok = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(ok)
}

impl FromStr for Who {
    type Err = WhoError;

    fn from_str(text: &str) -> Result<Self, WhoError> {
        let wrong = || WhoError(text.chars().take(80).collect());
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        if !is_name(name) {
            return Err(wrong());
        }
        let owned = name.to_owned();
        match (kind, name) {
            ("role", _) => Ok(Self::Role(owned)),
            ("operator", _) => OperatorId::parse(name).map(Self::Operator).map_err(|_| wrong()),
            ("field", _) => Ok(Self::Field(owned)),
            ("manager-of", "initiator") => Ok(Self::ManagerOfInitiator),
            ("manager-of", "approver") => Ok(Self::ManagerOfApprover),
            ("manager-of", _) => Ok(Self::ManagerOfField(owned)),
            ("department", _) => Ok(Self::Department(owned)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Operator(id) => write!(f, "operator:{id}"),
            Self::Field(name) => write!(f, "field:{name}"),
            Self::ManagerOfInitiator => f.write_str("manager-of:initiator"),
            Self::ManagerOfApprover => f.write_str("manager-of:approver"),
            Self::ManagerOfField(name) => write!(f, "manager-of:{name}"),
            Self::Department(name) => write!(f, "department:{name}"),
        }
    }
}

impl Who {
    /// For people who read a drawing.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Role(name) => format!("any {name}"),
            Self::Operator(id) => id.to_string(),
            Self::Field(name) => format!("the {name} of the document"),
            Self::ManagerOfInitiator => "the initiator's manager".to_owned(),
            Self::ManagerOfApprover => "the approver's manager".to_owned(),
            Self::ManagerOfField(name) => format!("the {name}'s manager"),
            Self::Department(name) => format!("the manager of {name}"),
        }
    }
}

impl Serialize for Who {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_spelling_comes_back_and_others_are_refused() {
        for good in [
            "role:finance-director",
            "operator:li.wei",
            "field:requester",
            "manager-of:initiator",
            "manager-of:approver",
            "manager-of:requester",
            "department:工厂",
        ] {
            assert_eq!(good.parse::<Who>().unwrap().to_string(), good);
        }
        for bad in ["", "role", "role:", "boss:x", "operator:Li Wei", "role:a b", "li.wei"] {
            assert!(bad.parse::<Who>().is_err(), "{bad}");
        }
    }
}
