//! Why something can't be posted: always a stable code, the place and the way out.

use gatewarden_model::{Amount, Day, ItemId, Location};

/// Why something can't be posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Less is there than is to be taken.
    #[error(
        "stock of {what} at {location} is {there}, {needed} needed: {} short{}",
        needed - there,
        on.map(|day| format!(" on {day}")).unwrap_or_default()
    )]
    Short {
        /// The item, with ` lot L`, ` of OWNER`, ` in status …`, ` in unit …` where they count.
        what: String,
        /// The item.
        item: ItemId,
        /// The place.
        location: Location,
        /// Base units there.
        there: i64,
        /// Base units to be taken, all lines together.
        needed: i64,
        /// The day on which it would be short, where that is in the past.
        on: Option<Day>,
    },
    /// A rule is broken.
    #[error("{field}: {message}")]
    Rule {
        /// A stable code, such as `unknown-unit`, `quantity-fraction`, `lot-missing`.
        code: &'static str,
        /// The field, such as `lines[2].quantity`.
        field: String,
        /// What is wrong, and the way out.
        message: String,
    },
    /// A value that an entry states is not what the layers give.
    #[error("{field}: the value is {stated:?}, the layers give {found:?}")]
    Value {
        /// The field, such as `lines[0].value`.
        field: String,
        /// What the entry says.
        stated: Option<Amount>,
        /// What it should be.
        found: Option<Amount>,
    },
    /// Something was not supplied. A bug of the caller; it means no.
    #[error("not everything that this touches was looked up: {0}")]
    Unknown(String),
}

impl StockError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "stock-short",
            Self::Rule { code, .. } => code,
            Self::Value { .. } => "value-differs",
            Self::Unknown(_) => "stock-unknown",
        }
    }

    /// A broken rule.
    pub(crate) fn rule(
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Rule { code, field: field.into(), message: message.into() }
    }

    /// Something that was not supplied.
    pub(crate) fn unknown(what: impl std::fmt::Display) -> Self {
        Self::Unknown(what.to_string())
    }
}
