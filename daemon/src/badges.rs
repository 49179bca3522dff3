//! Badges at the daemon's doors: what a scan stands for, and who may be enrolled under which number.
//!
//! A scan names no format, so it may mean several badges (`gatewarden_identity::badge`). It counts only
//! where exactly one operator is among them; anything else is nobody's badge, told apart by its text so
//! that each stranger has his own failures. Enrolment refuses a number that some reader could take for
//! somebody else's; where two such requests wait at once, their scans count for nobody until one changes.
//! Absent: keeping numbers (the journal has digests), deciding who signs in (the engine).

use std::collections::BTreeMap;

use gatewarden_config::DeviceKind;
use gatewarden_engine::State;
use gatewarden_identity::{
    badge::{self, Badge, BadgeKind},
    name,
};
use gatewarden_model::{Change, Hash, OperatorId, ScanRead};
use serde_json::{Value, json};

use crate::requests::BadField;

/// The badge that a scan stands for: that of the only operator among its readings, else one that is
/// nobody's.
pub(crate) fn badge_of(state: &State, scan: &str) -> Hash {
    let readings: Vec<Hash> = badge::candidates(scan).iter().map(Badge::digest).collect();
    let owner = |badge: &Hash| Some((*badge, &state.operator_by_badge(badge)?.id));
    let mut hits = readings.iter().filter_map(owner);
    match (hits.next(), readings.first()) {
        (Some((badge, who)), _) if hits.all(|(_, other)| other == who) => badge,
        (None, Some(text)) => *text,
        _ => Hash::of(format!("gatewarden badge of nobody 1\n{scan}").as_bytes()),
    }
}

/// Whether a scan is a card's number rather than goods: it bears no mark of a symbology, as barcodes
/// may, can be read as a card's number, and exactly one operator has that card.
pub(crate) fn is_card(state: &State, scan: &ScanRead) -> bool {
    let badge = badge_of(state, &scan.text);
    may_be_card(scan)
        && state.operator_by_badge(&badge).is_some_and(|who| {
            who.kinds.get(&badge).is_some_and(|kind| kind != PRINTED)
                && badge::candidates(&scan.text).iter().any(|one| is_number(one, &badge))
        })
}

/// Whether a scan has the form of a card's number; most goods have not, and need no further look.
pub(crate) fn may_be_card(scan: &ScanRead) -> bool {
    scan.aim.is_none() && badge::candidates(&scan.text).iter().any(is_card_number)
}

/// Whether anybody may have typed a scan: it came from what is a keyboard to the machine, whatever it says of
/// itself. Such a scan is nobody's badge.
pub(crate) fn may_be_typed(kind: &DeviceKind) -> bool {
    kind.is_typed()
}

/// The kind of badges that are codes on paper.
const PRINTED: &str = "printed";

fn is_number(one: &Badge, badge: &Hash) -> bool {
    is_card_number(one) && one.digest() == *badge
}

fn is_card_number(badge: &Badge) -> bool {
    let canonical = badge.canonical();
    canonical.starts_with("card24:") || canonical.starts_with("uid:")
}

/// What an enrolment must not come near to: numbers and names of others.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    /// Whose enrolment it is.
    pub(crate) operator: OperatorId,
    /// The full name.
    pub(crate) name: String,
    /// Each badge with all that some reader could take it for, in the order in which they were given.
    pub(crate) badges: Vec<Vec<Hash>>,
}

impl Claims {
    /// What is claimed by badges and a name.
    pub(crate) fn new(operator: OperatorId, name: String, badges: &[Badge]) -> Self {
        let all = |own: &Badge| {
            let rivals = own.rivals();
            std::iter::once(own).chain(&rivals).map(Badge::digest).collect()
        };
        Self { operator, name, badges: badges.iter().map(all).collect() }
    }

    /// Refuses a name that looks like somebody else's, and a badge that could be taken for one; those of
    /// enrolments that wait for a second person count too.
    pub(crate) fn check(&self, state: &State) -> Result<(), BadField> {
        let waiting = state.changes().filter_map(|open| match &open.change {
            Change::Operator { operator, name, badges, .. } => Some((operator, name, badges)),
            _ => None,
        });
        let enrolled = state.operators().map(|known| (&known.id, &known.name, &known.badges));
        let others: Vec<_> =
            enrolled.chain(waiting).filter(|(id, ..)| **id != self.operator).collect();
        let names = others.iter().map(|(_, name, _)| name.as_str());
        name::check_distinct(&self.name, names)
            .map_err(|error| BadField::new("name", "name-taken", error.to_string()))?;
        let taken = |all: &&Vec<Hash>| {
            others.iter().any(|(.., badges)| badges.iter().any(|badge| all.contains(badge)))
        };
        match self.badges.iter().position(|all| taken(&all)) {
            None => Ok(()),
            Some(at) => {
                let message = "a badge that belongs to somebody else has this number, or some reader \
                               sends one that could be either: give out another badge";
                Err(BadField::new(format!("badges[{at}]"), "badge-taken", message))
            }
        }
    }
}

/// What lists show of badges: what each is, whether a copy can be made, and the last characters of its
/// number, where they are known; never more of it.
pub(crate) fn told(
    badges: &[Hash],
    kinds: &BTreeMap<Hash, String>,
    tails: &BTreeMap<Hash, String>,
) -> Vec<Value> {
    let told = |badge: &Hash| {
        let kind = kinds.get(badge);
        json!({"kind": kind, "cloneable": is_cloneable(kind.map(String::as_str)),
            "tail": tails.get(badge)})
    };
    badges.iter().map(told).collect()
}

/// Whether whoever held a badge of this kind may have made another that reads the same; so it is taken
/// of those of which nobody said what they are.
fn is_cloneable(kind: Option<&str>) -> bool {
    let kind = kind.and_then(|kind| kind.parse::<BadgeKind>().ok());
    kind.is_none_or(BadgeKind::is_cloneable)
}

#[cfg(test)]
mod tests {
    use gatewarden_config::{HidScanner, WedgeLayout, WedgeScanner, WedgeTerminator, WedgeWhich};

    use super::*;

    #[test]
    fn what_a_wedge_types_is_nobodys_badge() {
        let wedge = DeviceKind::WedgeScanner(WedgeScanner {
            which: WedgeWhich::Path("/dev/input/event3".into()),
            layout: WedgeLayout::Us,
            terminator: WedgeTerminator::Enter,
            pause_ms: 500,
        });
        assert!(may_be_typed(&wedge));
        let hid = DeviceKind::HidScanner(HidScanner {
            vendor: 1,
            product: 1,
            serial: None,
            port: None,
            enter_pos_mode: false,
        });
        assert!(!may_be_typed(&hid));
    }
}
