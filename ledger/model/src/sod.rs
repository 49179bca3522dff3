//! Segregation of duties as data: which two duties one person must not hold, and what was said for a
//! person who holds both.
//!
//! A duty is told in two ways: by the rights that let somebody do it (looked at when roles are given)
//! and by the parts that somebody played in a document's history (looked at in the journal). A conflict
//! needs both of its duties in one of the two ways, or it could never be found. Absent: finding them
//! (`gatewarden_engine::sod`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Action, Day, Module, OperatorId, text};

/// Most conflicts that a house may add to the default ones.
pub const SOD_CONFLICTS_MAX: usize = 64;
/// How many days the parts of a conflict anywhere in the house may be apart, where it does not say.
pub const SOD_DAYS: u32 = 90;
/// Longest reason of a mitigation, in bytes.
pub const MITIGATION_BYTES_MAX: usize = 500;
/// A mitigation holds for at most so many days: then somebody has to say again why it is bearable.
pub const MITIGATION_DAYS_MAX: i32 = 366;

/// One right: an action in a module, written `module:action`, as the scopes of clients are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    /// Where.
    pub module: Module,
    /// What.
    pub action: Action,
}

/// Why a text is not a right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a right: write module:action, as inbound:execute")]
pub struct RightError(pub String);

impl FromStr for Right {
    type Err = RightError;

    fn from_str(text: &str) -> Result<Self, RightError> {
        let wrong = || RightError(text.chars().take(80).collect());
        let (module, action) = text.split_once(':').ok_or_else(wrong)?;
        let module = Module::ALL.into_iter().find(|m| m.name() == module).ok_or_else(wrong)?;
        let action = Action::ALL.into_iter().find(|a| a.name() == action).ok_or_else(wrong)?;
        Ok(Self { module, action })
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.module.name(), self.action.name())
    }
}

impl Serialize for Right {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Right {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, str::parse)
    }
}

/// What somebody did in a document's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Ordered it, as the ERP says.
    Ordered,
    /// Asked for it here: opened the task, or reserved the posting.
    Requested,
    /// Approved the document, here or as the ERP says.
    Approved,
    /// Moved its stock at a station, whatever kind of movement it was.
    Moved,
    /// Received goods: a movement of the module inbound.
    Received,
    /// Took goods out: a movement of the module outbound.
    Issued,
    /// Told what was counted.
    Counted,
    /// Asked for a correction of a quantity, or for scrapping.
    Adjusted,
    /// Posted what was asked for by hand.
    Posted,
    /// Decided on a pass that differed from its task.
    Decided,
    /// Released goods from inspection, or asked for that.
    Released,
    /// Took a movement back, or asked for that.
    Reversed,
    /// Stated the value of goods that came in.
    Priced,
    /// Added cost to a receipt.
    Valued,
    /// Closed a period.
    ClosedPeriod,
    /// Enrolled or changed an operator, or asked for that.
    Enrolled,
    /// Approved somebody's enrolment or change.
    ApprovedEnrolment,
    /// Kept the system: operators, clients, keys, policies.
    KeptSystem,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 18] = [
        Self::Ordered,
        Self::Requested,
        Self::Approved,
        Self::Moved,
        Self::Received,
        Self::Issued,
        Self::Counted,
        Self::Adjusted,
        Self::Posted,
        Self::Decided,
        Self::Released,
        Self::Reversed,
        Self::Priced,
        Self::Valued,
        Self::ClosedPeriod,
        Self::Enrolled,
        Self::ApprovedEnrolment,
        Self::KeptSystem,
    ];

    /// The name, as in configuration and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Moved => "moved",
            Self::Received => "received",
            Self::Issued => "issued",
            Self::Counted => "counted",
            Self::Adjusted => "adjusted",
            Self::Posted => "posted",
            Self::Decided => "decided",
            Self::Released => "released",
            Self::Reversed => "reversed",
            Self::Priced => "priced",
            Self::Valued => "valued",
            Self::ClosedPeriod => "closed-period",
            Self::Enrolled => "enrolled",
            Self::ApprovedEnrolment => "approved-enrolment",
            Self::KeptSystem => "kept-system",
        }
    }
}

/// One side of a conflict: any of the rights gives it, any of the parts is it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Who holds one of these may do it.
    #[serde(default)]
    pub rights: Vec<Right>,
    /// Who played one of these did it.
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// What a conflict means for a person who would come to hold both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SodSeverity {
    /// The roles are refused.
    Refuse,
    /// The roles need a recorded mitigation that has not run out.
    Mitigate,
}

impl SodSeverity {
    /// The name, as in configuration and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Mitigate => "mitigate",
        }
    }
}

/// How near the two parts must be to each other in the history.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// In one document and those linked to it (or one person's enrolment).
    #[default]
    Document,
    /// Anywhere in the house.
    House,
}

/// Two duties that one person must not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SodConflict {
    /// Its name, a slug.
    pub id: String,
    /// What could happen, in a sentence.
    pub title: String,
    /// What it means.
    pub severity: SodSeverity,
    /// How near the parts must be.
    #[serde(default)]
    pub within: Within,
    /// Anywhere in the house: at most so many days from each other, so that who changed from one duty
    /// to the other is not told for ever.
    #[serde(default = "days_apart")]
    pub days: u32,
    /// The first duty.
    pub one: Duty,
    /// The second.
    pub other: Duty,
}

/// `SOD_DAYS`, for what does not say.
fn days_apart() -> u32 {
    SOD_DAYS
}

/// All conflicts, each id once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SodTable {
    /// In the order of their writing.
    #[serde(default)]
    pub conflicts: Vec<SodConflict>,
}

impl SodTable {
    /// One conflict.
    #[must_use]
    pub fn conflict(&self, id: &str) -> Option<&SodConflict> {
        self.conflicts.iter().find(|conflict| conflict.id == id)
    }
}

/// Why it is bearable for a while that somebody holds both sides of a conflict. Who accepted it is told
/// by the entry that it stands in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mitigation {
    /// The conflict's id.
    pub conflict: String,
    /// What makes it bearable, 1 to `MITIGATION_BYTES_MAX` bytes.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Day,
}

/// A mitigation for somebody by name: what is said where other policies would give a conflict to people who
/// hold their roles already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MitigationOf {
    /// Who.
    pub operator: OperatorId,
    /// The conflict's id.
    pub conflict: String,
    /// What makes it bearable, 1 to `MITIGATION_BYTES_MAX` bytes.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Day,
}

impl MitigationOf {
    /// What is said, without of whom.
    #[must_use]
    pub fn mitigation(&self) -> Mitigation {
        let Self { operator: _, conflict, reason, until } = self.clone();
        Mitigation { conflict, reason, until }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn a_right_has_one_spelling() {
        for module in Module::ALL {
            for action in Action::ALL {
                let right = Right { module, action };
                assert_eq!(right.to_string().parse::<Right>().unwrap(), right);
            }
        }
        for bad in ["", "inbound", "inbound:", "inbound:aprove", "Inbound:view", "inbound:view:"] {
            assert!(bad.parse::<Right>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn parts_and_severities_are_named_as_they_are_written() {
        for part in Part::ALL {
            let name = format!("\"{}\"", part.name());
            assert_eq!(serde_json::to_string(&part).unwrap(), name);
            assert_eq!(serde_json::from_str::<Part>(&name).unwrap(), part);
        }
        for severity in [SodSeverity::Refuse, SodSeverity::Mitigate] {
            let name = format!("\"{}\"", severity.name());
            assert_eq!(serde_json::to_string(&severity).unwrap(), name);
        }
    }
}
