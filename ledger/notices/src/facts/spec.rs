//! Which facts each occasion has: the one table that templates are checked against.

use super::{
    FactKind::{Number, Rows, Text},
    FactSpec,
};
use crate::On;

const fn always(name: &'static str) -> FactSpec {
    FactSpec { name, kind: Text, always: true }
}

const fn perhaps(name: &'static str) -> FactSpec {
    FactSpec { name, kind: Text, always: false }
}

const fn number(name: &'static str) -> FactSpec {
    FactSpec { name, kind: Number, always: true }
}

const fn rows(name: &'static str, of: &'static [FactSpec]) -> FactSpec {
    FactSpec { name, kind: Rows(of), always: true }
}

/// What every notice may say: where and when it happened, to whom it goes, how often the same happened.
const COMMON: &[FactSpec] = &[
    always("gateway"),
    number("entry"),
    always("day"),
    always("time"),
    always("receiver"),
    always("severity"),
    always("title"),
    number("further"),
    number("step"),
    perhaps("link"),
];

const LINE: &[FactSpec] = &[
    number("line"),
    always("item"),
    perhaps("name"),
    number("quantity"),
    perhaps("unit"),
    perhaps("lot"),
    perhaps("from"),
    perhaps("to"),
    perhaps("amount"),
];

const DOCUMENT: &[FactSpec] = &[
    always("kind"),
    always("kind_id"),
    always("number"),
    number("version"),
    perhaps("about"),
    perhaps("partner"),
    perhaps("date"),
    perhaps("due"),
    perhaps("requester"),
    perhaps("station"),
    perhaps("amount"),
    perhaps("note"),
    rows("lines", LINE),
    number("more"),
    always("outcome"),
    perhaps("author"),
    perhaps("by"),
    perhaps("node"),
    perhaps("comment"),
];

const TASK: &[FactSpec] = &[
    always("kind"),
    always("kind_id"),
    always("number"),
    always("movement"),
    always("station"),
    perhaps("requester"),
    perhaps("ordered_by"),
    perhaps("approved_by"),
    rows("lines", LINE),
    number("more"),
];

const MOVED: &[FactSpec] = &[
    always("kind"),
    always("kind_id"),
    always("number"),
    always("movement"),
    always("movement_id"),
    always("operator"),
    perhaps("second"),
    perhaps("received_by"),
    perhaps("approved_by"),
    perhaps("station"),
    perhaps("amount"),
    rows("lines", LINE),
    number("more"),
];

const COUNT: &[FactSpec] = &[
    always("kind"),
    always("kind_id"),
    always("number"),
    always("operator"),
    perhaps("station"),
    perhaps("amount"),
    rows(
        "counts",
        &[
            always("item"),
            perhaps("name"),
            perhaps("unit"),
            always("place"),
            perhaps("lot"),
            number("book"),
            number("counted"),
            number("difference"),
        ],
    ),
    number("more"),
];

const RULE: &[FactSpec] = &[
    always("rule"),
    perhaps("rule_title"),
    always("subject"),
    perhaps("message"),
    perhaps("kind"),
    perhaps("kind_id"),
    perhaps("number"),
    rows("facts", &[always("name"), always("value")]),
    number("more"),
];

const TODO: &[FactSpec] = &[
    always("todo"),
    always("rule"),
    always("subject"),
    perhaps("kind"),
    perhaps("kind_id"),
    perhaps("number"),
    perhaps("due"),
    rows("facts", &[always("name"), always("value")]),
    number("more"),
];

const HELD: &[FactSpec] = &[
    always("station"),
    always("operator"),
    number("missing"),
    number("extra"),
    number("unknown"),
    number("wrong_item"),
];

const QUARANTINED: &[FactSpec] = &[always("station"), always("reason"), number("things")];

const DENIED: &[FactSpec] = &[
    always("operator"),
    always("action"),
    always("module"),
    always("reason"),
    perhaps("station"),
    perhaps("number"),
];

const DELIVERY: &[FactSpec] = &[always("lane"), always("movement_id"), always("reason")];
const DEVICE: &[FactSpec] = &[always("device"), always("seen")];
const LOCKED: &[FactSpec] = &[always("operator"), perhaps("station"), number("failures")];
const CHANGE: &[FactSpec] =
    &[always("change"), always("change_id"), always("operator"), perhaps("reason")];
const GAP: &[FactSpec] = &[perhaps("device"), number("seconds"), always("reason")];
const CHANNEL: &[FactSpec] = &[always("channel"), always("reason"), number("waiting")];

/// The facts of an occasion.
#[must_use]
pub fn specs(on: On) -> Vec<FactSpec> {
    let own = match on {
        On::ApprovalWaiting | On::Approved | On::Rejected | On::Returned | On::Copied => DOCUMENT,
        On::TaskOpened => TASK,
        On::Moved => MOVED,
        On::CountDifference => COUNT,
        On::RuleFired => RULE,
        On::TodoOpened => TODO,
        On::Held => HELD,
        On::Quarantined => QUARANTINED,
        On::Denied => DENIED,
        On::DeliveryRejected => DELIVERY,
        On::DeviceRefused => DEVICE,
        On::LockedOut => LOCKED,
        On::ChangeRequested => CHANGE,
        On::Gap => GAP,
        On::ChannelBroken => CHANNEL,
    };
    [COMMON, own].concat()
}
