//! The keys of `rules.toml`.

use gatewarden_rules::{
    definition::{ACTIONS_MAX, PARAMS_MAX, QUIET_H_MAX, RULES_MAX},
    history::{WAYS_MAX, WORKING_DAYS_MAX},
    set::{ENTRIES, OPERATIONS},
    table::{TABLE_COLUMNS_MAX, TABLE_ROWS_MAX},
};

use crate::{
    items::CLASS,
    procedures::documents::{DOCUMENT, MOVEMENT},
    shape::{
        Choice, Kind, Kinds, Section, Shape, Text, UNKNOWN_KEY, bool_or, integer_or, optional,
        required, text_or,
    },
};

/// Most words of one list.
const LISTED_MAX: usize = 256;
/// Most facts of a key.
const KEY_FACTS_MAX: usize = 8;

const fn listed(of: &'static Shape) -> Shape {
    Shape::List { of, max: LISTED_MAX }
}

const fn choice(noun: &'static str, of: &'static [&'static str]) -> Choice {
    Choice { code: "unknown-choice", noun, of }
}

pub(super) static ROOT: Section = Section {
    doc: "What the house watches: before an operation, after an entry, on a schedule, on a level.",
    unknown: UNKNOWN_KEY,
    keys: &[
        bool_or("defaults", true, "Whether the shipped rules count, or the file's own alone."),
        optional("history", Shape::Section(&HISTORY), "What rules remember, and for how long."),
        optional(
            "rules",
            Shape::Sections { of: &RULE, max: RULES_MAX },
            "Rules beside the shipped ones, or instead of those of the same id.",
        ),
    ],
};

static HISTORY: Section = Section {
    doc: "What rules remember, and for how long.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or("turn_h", 1, 720, 24, "In how many hours ins and outs of an item are counted."),
        integer_or(
            "accuracy_samples",
            4,
            63,
            20,
            "Over how many passes and counts an operator's accuracy is told.",
        ),
        integer_or("price_h", 1, 8_784, 168, "For how many hours a change of a price counts."),
        integer_or(
            "travel_s",
            0,
            86_400,
            20,
            "How many seconds a tag needs from one station to another.",
        ),
        optional(
            "ways",
            Shape::Sections { of: &WAY, max: WAYS_MAX },
            "How many seconds it needs between two stations, where that is known.",
        ),
        optional("near", Shape::Section(&NEAR), "What a small issue just under the limit is."),
        optional(
            "working",
            Shape::Section(&WORKING),
            "When people work, where no calendar says it.",
        ),
    ],
};

static WAY: Section = Section {
    doc: "How long it takes from one station to another, either way.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("from", Shape::Text(Text::Slug), "One station."),
        required("to", Shape::Text(Text::Slug), "The other."),
        required("s", Shape::Integer { min: 0, max: 86_400 }, "Seconds."),
    ],
};

static NEAR: Section = Section {
    doc: "What a small issue just under the limit is.",
    unknown: UNKNOWN_KEY,
    keys: &[
        text_or("amount", Text::Amount, "5000", "The limit of an issue's value."),
        optional(
            "quantity",
            Shape::Integer { min: 1, max: i64::MAX },
            "The limit of an issue's base units.",
        ),
        integer_or("under_permille", 1, 1_000, 300, "How far under it is still just under it."),
        integer_or("span_h", 1, 720, 24, "Within how many hours they are looked at together."),
    ],
};

static WORKING: Section = Section {
    doc: "When people work, where no calendar says it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "days",
            Shape::List { of: &Shape::Integer { min: 1, max: 7 }, max: WORKING_DAYS_MAX },
            "Days of the week, 1 for Monday.",
        ),
        text_or("from", Text::Clock, "06:00", "From then on."),
        text_or("until", Text::Clock, "22:00", "Up to then."),
    ],
};

static RULE: Section = Section {
    doc: "One rule. A shipped one of that id is replaced; without \"when\" only what is said is changed.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("id", Shape::Text(Text::Slug), "Its name; that of a shipped one replaces it."),
        bool_or("off", false, "Takes a shipped rule out."),
        optional("title", Shape::Text(Text::Line), "What it finds, in a sentence."),
        optional(
            "when",
            Shape::Choice(choice("trigger", &["before", "after", "schedule", "level"])),
            "Before an operation, after an entry, on a schedule, when a level is crossed.",
        ),
        optional(
            "on",
            listed(&Shape::Choice(EVENTS)),
            "Before which operations, or after which entries; all where it is left out.",
        ),
        optional("cron", Shape::Text(Text::Line), "When it is due: \"0 6 * * *\" is daily at six."),
        optional(
            "over",
            Shape::Choice(choice("range", &["house", "items", "places", "operators"])),
            "What it goes through, one after the other; the house as a whole where it is left out.",
        ),
        optional("scope", Shape::Section(&SCOPE), "What it is about; everything where left out."),
        optional(
            "params",
            Shape::Free { key: Text::Slug, value: &Shape::Scalar, max: PARAMS_MAX },
            "Its numbers and words by name: param.NAME in the condition.",
        ),
        optional(
            "amounts",
            Shape::Free { key: Text::Slug, value: &Shape::Text(Text::Amount), max: PARAMS_MAX },
            "Parameters that are amounts: \"5000.01\".",
        ),
        optional("if", Shape::Text(Text::Condition), "The condition, in CEL."),
        optional("table", Shape::Section(&TABLE), "A decision table instead of a condition."),
        optional("then", Shape::Kinds(&ACTIONS), "What follows where the condition holds."),
        optional(
            "key",
            Shape::List { of: &Shape::Text(Text::Line), max: KEY_FACTS_MAX },
            "The facts that tell its firings apart.",
        ),
        optional(
            "quiet_h",
            Shape::Integer { min: 0, max: QUIET_H_MAX as i64 },
            "How many hours the same is not said again; what decides is never held back.",
        ),
    ],
};

/// All words that may stand in `on`.
const EVENTS: Choice = {
    const COUNT: usize = OPERATIONS.len() + ENTRIES.len();
    const WORDS: [&str; COUNT] = {
        let mut words = [""; COUNT];
        let mut at = 0;
        while at < COUNT {
            words[at] =
                if at < OPERATIONS.len() { OPERATIONS[at] } else { ENTRIES[at - OPERATIONS.len()] };
            at += 1;
        }
        words
    };
    Choice { code: "unknown-event", noun: "event", of: &WORDS }
};

static SCOPE: Section = Section {
    doc: "What a rule is about: everything named must fit.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("movement_kinds", listed(&Shape::Choice(MOVEMENT)), "Only these movements."),
        optional("document_kinds", listed(&Shape::Choice(DOCUMENT)), "Only on these documents."),
        optional("classes", listed(&Shape::Choice(CLASS)), "Only with an item of these classes."),
        optional("items", listed(&Shape::Text(Text::Code)), "Only with one of these items."),
        optional("warehouses", listed(&Shape::Text(Text::Warehouse)), "Only in these warehouses."),
    ],
};

static TABLE: Section = Section {
    doc: "A decision table: the first row that holds decides.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "columns",
            Shape::List { of: &Shape::Text(Text::Line), max: TABLE_COLUMNS_MAX },
            "Facts, one a column.",
        ),
        optional("rows", Shape::Sections { of: &ROW, max: TABLE_ROWS_MAX }, "The rows in order."),
        optional(
            "otherwise",
            Shape::Kinds(&ACTIONS),
            "What follows where no row holds; nothing from an empty list. It must stand.",
        ),
    ],
};

static ROW: Section = Section {
    doc: "One row.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "cells",
            Shape::List { of: &Shape::Text(Text::Condition), max: TABLE_COLUMNS_MAX },
            "One a column: \"-\" for anything, \"> 5\", \"in [...]\", or a value.",
        ),
        optional("if", Shape::Text(Text::Condition), "The condition, without columns."),
        optional("then", Shape::Kinds(&ACTIONS), "What follows."),
    ],
};

const TO: Shape = Shape::List { of: &Shape::Text(Text::Line), max: 32 };
const TO_DOC: &str =
    "Who: role:NAME, operator:NAME, department:NAME, manager-of:initiator, field:NAME.";

static ACTIONS: Kinds = Kinds {
    doc: "What follows.",
    noun: "action",
    common: &[],
    max: ACTIONS_MAX,
    kinds: &[
        Kind {
            name: "refuse",
            doc: "The operation is refused.",
            keys: &[required("reason", Shape::Text(Text::Line), "Why, in a sentence.")],
        },
        Kind {
            name: "approver",
            doc: "One more has to sign.",
            keys: &[required("approver", Shape::Text(Text::Line), TO_DOC)],
        },
        Kind {
            name: "step-up",
            doc: "The session must be authenticated this strongly.",
            keys: &[required("level", Shape::Integer { min: 2, max: 4 }, "2 PIN, 3 code, 4 key.")],
        },
        Kind { name: "second-person", doc: "A second person has to stand beside.", keys: &[] },
        Kind { name: "flag", doc: "It is marked for people to look at.", keys: &[] },
        Kind {
            name: "todo",
            doc: "Somebody has something to do.",
            keys: &[
                required("to", TO, TO_DOC),
                optional("title", Shape::Text(Text::Line), "What; the rule's title by itself."),
                optional("due_h", Shape::Integer { min: 1, max: 8_784 }, "Within how many hours."),
            ],
        },
        Kind {
            name: "draft",
            doc: "A document is drafted with one line.",
            keys: &[
                required("document", Shape::Choice(DOCUMENT), "Of which kind."),
                text_or("item", Text::Line, "item.code", "The fact that says of what."),
                text_or("quantity", Text::Line, "stock.suggested", "The fact that says how much."),
            ],
        },
        Kind {
            name: "notify",
            doc: "Somebody is told.",
            keys: &[
                required("to", TO, TO_DOC),
                text_or("template", Text::Slug, "rule-fired", "By which template."),
            ],
        },
    ],
};
