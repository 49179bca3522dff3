//! Why something can't be planned: always a stable code, the field and the way out.

use gatewarden_model::ItemId;

use crate::bom::LEVELS_MAX;

/// Why something can't be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A rule is broken.
    #[error("{field}: {message}")]
    Rule {
        /// A stable code, such as `bom-quantity`, `eco-superseded`.
        code: &'static str,
        /// The field, such as `lines[2].quantity`.
        field: String,
        /// What is wrong, and the way out.
        message: String,
    },
    /// Something is made of itself.
    #[error("lines: a product is made of itself: {}: take one of these steps out", chain_words(.0))]
    Cycle(
        /// From the product back to it, both ends named.
        Vec<ItemId>,
    ),
    /// Something is made of too many levels.
    #[error(
        "lines: more than {LEVELS_MAX} levels, one in the other: {}: make the tree flatter",
        chain_words(.0)
    )]
    Depth(
        /// From the product down.
        Vec<ItemId>,
    ),
    /// A number leaves its range.
    #[error(
        "{0}: the number is beyond what is counted in 64 bits: check the quantities, or split them"
    )]
    Overflow(
        /// What was computed.
        String,
    ),
}

impl PlanError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rule { code, .. } => code,
            Self::Cycle(_) => "bom-cycle",
            Self::Depth(_) => "bom-too-deep",
            Self::Overflow(_) => "number-overflow",
        }
    }

    /// The mistake with its line at another place: for whoever asked of some lines of a document alone.
    #[must_use]
    pub fn with_line(self, home: impl Fn(usize) -> usize) -> Self {
        let Self::Rule { code, field, message } = self else { return self };
        let at = |rest: &str| {
            let (at, rest) = rest.split_once(']')?;
            Some(format!("lines[{}]{rest}", home(at.parse().ok()?)))
        };
        let field = field.strip_prefix("lines[").and_then(at).unwrap_or(field);
        Self::Rule { code, field, message }
    }

    pub(crate) fn rule(
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Rule { code, field: field.into(), message: message.into() }
    }

    pub(crate) fn overflow(what: impl std::fmt::Display) -> Self {
        Self::Overflow(what.to_string())
    }
}

/// `A → B → A`; of a long chain both ends.
fn chain_words(chain: &[ItemId]) -> String {
    let words: Vec<&str> = chain.iter().map(ItemId::as_str).collect();
    match words.as_slice() {
        [first @ .., last] if first.len() > 8 => {
            let left = words.len() - 8;
            format!("{} → … {left} more … → {last}", first[..7].join(" → "))
        }
        _ => words.join(" → "),
    }
}

/// Takes what went well, or keeps the mistake.
pub(crate) fn keep<T>(mistakes: &mut Vec<PlanError>, result: Result<T, PlanError>) -> Option<T> {
    result.map_err(|mistake| mistakes.push(mistake)).ok()
}
