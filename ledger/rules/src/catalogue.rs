//! The facts that every gateway knows: name, type, meaning with unit.
//!
//! Who fills them: the engine from the document, the session and its state; `history` and `facts_of` from the
//! journal. What is not known in a place is absent there. A name never changes its meaning: workflows and rules
//! of houses rest on it.

use std::sync::LazyLock;

use crate::schema::FactType::{self, Bool, Integer, Records, Text, Texts};

/// Name, type, meaning.
pub(crate) const FACTS: &[(&str, FactType, &str)] = &[
    (
        "operation.name",
        Text,
        "What is about to be, or was: submit, approve, execute, post, count, change, close.",
    ),
    ("operation.module", Text, "In which module of the rights, such as outbound."),
    ("document.kind", Text, "The document's kind, such as requisition."),
    ("document.number", Text, "Its number."),
    ("document.version", Integer, "Its version, from 1."),
    ("document.title", Text, "What it is about."),
    ("document.partner", Text, "The supplier, customer or subcontractor, by code."),
    ("document.date", Text, "The day that it bears, as 2026-11-29."),
    ("document.due", Text, "The day by which it is to be done."),
    ("document.requester", Text, "Who needs it, by operator name."),
    ("document.station", Text, "Where it is done."),
    ("document.amount", Integer, "What all lines are to cost together, in ten-thousandths."),
    ("document.state", Text, "Where it stands, such as approved."),
    ("document.author", Text, "Who wrote it, by operator name."),
    ("document.department", Text, "The department of whoever needs it."),
    (
        "document.orders",
        Integer,
        "How many purchase orders, sales orders or work orders it follows from.",
    ),
    ("document.known", Bool, "Whether there is such a document here."),
    (
        "document.excess",
        Integer,
        "By how many per mille it exceeds what the bill of material allows.",
    ),
    ("document.lot_accepted", Bool, "Whether the sample of an inspection accepts its lot."),
    ("document.nonconforming", Integer, "Base units that the sample found bad."),
    ("document.rejected", Integer, "Base units that an inspection rejects."),
    ("document.rework", Integer, "Base units that it has made right."),
    ("document.concession", Integer, "Base units that it takes although they are not right."),
    ("document.concession_permille", Integer, "The same, in per mille of the lot."),
    ("lines", Records, "The lines of the document or movement."),
    ("lines[].line", Integer, "The line's number."),
    ("lines[].item", Text, "The item's code."),
    ("lines[].class", Text, "The item's class: A, B or C."),
    ("lines[].quantity", Integer, "How much, in base units."),
    ("lines[].amount", Integer, "What the line costs or is worth, in ten-thousandths."),
    ("lines[].from", Text, "From where."),
    ("lines[].to", Text, "To where."),
    ("lines[].lot", Text, "The lot."),
    ("lines[].owner", Text, "Whose it is, where not the house's."),
    ("lines[].from_status", Text, "In which status it is taken, such as available."),
    ("lines[].to_status", Text, "In which status it arrives."),
    ("lines[].due", Text, "The day by which it is needed."),
    ("lines[].on_hand", Integer, "Base units of the item in the building, before it."),
    ("lines[].approved", Integer, "Base units that were approved."),
    ("lines[].open", Integer, "Base units that are still to come."),
    ("lines[].standard", Integer, "Base units that the bill of material allows."),
    ("movement.kind", Text, "The movement's kind, such as issue."),
    ("movement.amount", Integer, "What all lines are worth together, in ten-thousandths."),
    ("movement.quantity", Integer, "Base units of all lines together."),
    ("movement.items", Texts, "The codes of the items that it moves."),
    ("movement.classes", Texts, "Their classes."),
    ("movement.warehouses", Texts, "The warehouses that it touches."),
    ("movement.back_dated", Bool, "Whether it counts for a day before others that are there."),
    ("movement.reverses", Bool, "Whether it takes another back."),
    ("movement.seen", Bool, "Whether a device saw it, rather than somebody told it."),
    (
        "movement.trust",
        Text,
        "The lowest grade of its sightings: barcode, epc-only, tid-matches, authenticated.",
    ),
    (
        "movement.difference",
        Integer,
        "Base units that a count found too many or too few, all together.",
    ),
    ("item.code", Text, "The item that is asked about."),
    ("item.class", Text, "Its class: A, B or C."),
    ("item.tracking", Text, "none, lot or serial."),
    ("item.unit", Text, "Its base unit."),
    ("item.valued", Bool, "Whether it has a value."),
    ("item.lead_time_days", Integer, "Days from order to receipt."),
    ("stock.on_hand", Integer, "Base units in the building."),
    ("stock.available", Integer, "Base units that may be used."),
    ("stock.safety", Integer, "Base units that should always be there."),
    ("stock.planned", Integer, "Base units that work orders will make."),
    ("stock.requested", Integer, "Base units on purchase requests that are no order yet."),
    ("stock.ordered", Integer, "Base units on purchase orders that have not come."),
    ("stock.reserved", Integer, "Base units promised to customers and postings."),
    ("stock.production", Integer, "Base units that work orders still need."),
    ("stock.subcontract", Integer, "Base units that subcontractors still need."),
    (
        "stock.projected",
        Integer,
        "On hand + planned + requested + ordered - reserved - production - subcontract.",
    ),
    ("stock.reorder", Integer, "Base units that are ordered at once, at least."),
    (
        "stock.shortage",
        Integer,
        "Base units missing to the safety level, by the projected quantity; 0 for none.",
    ),
    (
        "stock.suggested",
        Integer,
        "Base units to order: the greater of reorder quantity and shortage, 0 above the level.",
    ),
    ("stock.value", Integer, "What is in the building is worth, in ten-thousandths."),
    ("stock.idle_days", Integer, "Days since the last movement that is no count and no transfer."),
    ("stock.age_days", Integer, "Age of the oldest layer, in days."),
    ("stock.place", Text, "The place that is asked about."),
    (
        "history.in_count",
        Integer,
        "Times the item came into the building within the span, this one included.",
    ),
    ("history.out_count", Integer, "Times it went out within the span, this one included."),
    (
        "history.in_out_count",
        Integer,
        "Times it went in or out within the span, this one included.",
    ),
    (
        "history.accuracy",
        Integer,
        "Per mille of the operator's last counts and passes that showed no difference.",
    ),
    ("history.accuracy_before", Integer, "The same of as many before those."),
    ("history.accuracy_trend", Integer, "The first less the second: below zero it gets worse."),
    ("history.accuracy_samples", Integer, "How many of each were looked at."),
    (
        "history.near_limit_count",
        Integer,
        "Small issues just under the limit within the span, this one included.",
    ),
    ("history.near_limit_amount", Integer, "What they are worth together, in ten-thousandths."),
    ("history.near_limit_quantity", Integer, "Base units of them together."),
    ("history.split_key", Text, "What they have in common: operator, requester or item."),
    (
        "history.two_places",
        Bool,
        "Whether a tag was seen at another station sooner than it can get there.",
    ),
    ("history.two_places_tag", Text, "Which tag."),
    ("history.two_places_other", Text, "At which other station."),
    ("history.two_places_s", Integer, "How many seconds apart."),
    ("history.quarantined", Integer, "Passes in quarantine."),
    ("history.quarantine_age_h", Integer, "Hours since the oldest of them."),
    ("history.quarantine_pass", Text, "Which that is."),
    (
        "history.price_changed_h",
        Integer,
        "Hours since the price of an item of the document changed.",
    ),
    ("history.price_delta", Integer, "By how many per mille it changed, down or up."),
    ("history.price_by", Text, "Who changed it."),
    (
        "history.overflow",
        Bool,
        "Whether more happened than is remembered; what could be wrong for it is not told.",
    ),
    ("session.operator", Text, "Who does it, by operator name."),
    ("session.roles", Texts, "Their roles."),
    (
        "session.auth_level",
        Integer,
        "1 badge, 2 badge and PIN, 3 with a one-time code, 4 with a security key.",
    ),
    ("session.station", Text, "Where."),
    ("session.second", Bool, "Whether a second person stands beside who may do it too."),
    ("session.department", Text, "Their department."),
    ("session.substitute", Bool, "Whether somebody else's duty is done."),
    ("time.day", Text, "The day, as 2026-11-29, at the place of the gateway."),
    ("time.hour", Integer, "The hour, 0 to 23."),
    ("time.minute_of_day", Integer, "Minutes since midnight, 0 to 1439."),
    ("time.weekday", Integer, "1 for Monday to 7 for Sunday."),
    ("time.working", Bool, "Whether it is within the working hours of a working day."),
];

static SORTED: LazyLock<Vec<(&'static str, usize)>> = LazyLock::new(|| {
    let mut sorted: Vec<_> = (0..).zip(FACTS).map(|(place, (name, ..))| (*name, place)).collect();
    sorted.sort_unstable();
    sorted
});

/// The names with their places, sorted.
pub(crate) fn sorted() -> &'static [(&'static str, usize)] {
    &SORTED
}

/// The place of a fact of any name.
pub(crate) fn find(name: &str) -> Option<usize> {
    let at = SORTED.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    Some(SORTED[at].1)
}

/// The place of a fact in the catalogue. Asked while compiling, so that a name that is none is no program.
pub(crate) const fn at(name: &str) -> usize {
    let mut place = 0;
    while place < FACTS.len() {
        if same(FACTS[place].0.as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("no such fact")
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
