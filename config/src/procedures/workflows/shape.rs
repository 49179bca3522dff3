//! The keys of `workflows.toml`. Steps hold branches and lanes, which hold steps: the tables name each other.

use gatewarden_workflow::{
    CASES_MAX, DEPARTMENTS_MAX, STEPS_MAX, SUBSTITUTIONS_MAX, WHO_MAX, WORKFLOWS_MAX,
};

use crate::{
    procedures::documents::DOCUMENT,
    shape::{
        Choice, Key, Kind, Kinds, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, bool_or,
        integer_or, optional, required, text_or,
    },
};

/// Most members of a department, and most holidays.
const MEMBERS_MAX: usize = 4_000;
/// Most hours of a time-out: a working year.
const HOURS_MAX: i64 = 2_000;

const WHO: Shape = Shape::List { of: &Shape::Text(Text::Line), max: WHO_MAX };
const DAYS: Shape = Shape::List { of: &Shape::Text(Text::Line), max: MEMBERS_MAX };
const NAMES: Shape = Shape::List { of: &Shape::Text(Text::Slug), max: MEMBERS_MAX };
const KINDS: Shape = Shape::List { of: &Shape::Choice(DOCUMENT), max: DOCUMENT.of.len() };

const MODE: Choice = Choice {
    code: "unknown-choice",
    noun: "mode",
    of: &["any-one", "all", "all-in-order", "quorum"],
};
const ALLOW: Choice = Choice {
    code: "unknown-choice",
    noun: "act",
    of: &["transfer", "delegate", "add-signer", "take-back"],
};
const WEEKDAY: Choice = Choice {
    code: "unknown-choice",
    noun: "day of the week",
    of: &["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
};

pub(super) static ROOT: Section = Section {
    doc: "Who must sign which document, who stands in for whom, and when people work.",
    unknown: UNKNOWN_KEY,
    keys: &[
        bool_or("defaults", true, "Whether the shipped workflows hold beneath those of this file."),
        optional(
            "workflows",
            Shape::Sections { of: &WORKFLOW, max: WORKFLOWS_MAX },
            "Workflows beside the shipped ones, or instead of those of the same name.",
        ),
        optional(
            "departments",
            Shape::Sections { of: &DEPARTMENT, max: DEPARTMENTS_MAX },
            "Who manages whom.",
        ),
        optional(
            "substitutions",
            Shape::Sections { of: &SUBSTITUTION, max: SUBSTITUTIONS_MAX },
            "Who stands in for whom, and when.",
        ),
        optional("calendar", Shape::Section(&CALENDAR), "When people work; time-outs count that."),
    ],
};

static WORKFLOW: Section = Section {
    doc: "Who must sign a document, as steps from top to bottom.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Slug), "Its name, as the kinds of document say it."),
        required("title", Shape::Text(Text::Line), "What it is, in a line."),
        optional("kinds", KINDS, "The kinds of document that go through it."),
        bool_or(
            "once",
            false,
            "Whether somebody who signed this very version at one step need not sign it at another.",
        ),
        required("fallback", WHO, "Who is asked where a step's own approvers come out empty."),
        required("steps", Shape::Kinds(&STEPS), "The steps, from top to bottom."),
    ],
};

static STEPS: Kinds = Kinds {
    doc: "One step.",
    noun: "kind of step",
    common: &[
        required("name", Shape::Text(Text::Slug), "Its name, unique within the workflow."),
        required("title", Shape::Text(Text::Line), "What it is, in a line."),
    ],
    kinds: &[
        Kind { name: "approve", doc: "Somebody signs.", keys: APPROVE },
        Kind {
            name: "branch",
            doc: "The facts of the document say which way.",
            keys: &[
                required(
                    "cases",
                    Shape::Sections { of: &CASE, max: CASES_MAX },
                    "The cases; the first that holds is taken.",
                ),
                required(
                    "otherwise",
                    Shape::Kinds(&STEPS),
                    "The steps where no case holds; [] to go straight on.",
                ),
            ],
        },
        Kind {
            name: "parallel",
            doc: "All lanes at once; it goes on when each is done.",
            keys: &[required("lanes", Shape::Sections { of: &LANE, max: CASES_MAX }, "The lanes.")],
        },
        Kind {
            name: "notify",
            doc: "Somebody is told, and nothing waits for him.",
            keys: &[required("whom", WHO, "Who.")],
        },
    ],
    max: STEPS_MAX,
};

const APPROVE: &[Key] = &[
    Key {
        name: "mode",
        doc: "How they decide together: any-one, all, all-in-order, or quorum.",
        shape: Shape::Choice(MODE),
        need: Need::Default(Plain::Text("any-one")),
    },
    required("approvers", WHO, "Who is asked, such as role:NAME or manager-of:initiator."),
    optional(
        "weights",
        Shape::Free {
            key: Text::Line,
            value: &Shape::Integer { min: 1, max: 1_000 },
            max: WHO_MAX,
        },
        "Quorum: what the vote of each that is named so weighs; 1 where nothing is said.",
    ),
    integer_or("threshold", 0, 100_000, 0, "Quorum: the weight that it takes."),
    optional(
        "signs",
        Shape::List { of: &Shape::Text(Text::Line), max: WHO_MAX },
        "The fields that a signature covers; everything where the key does not stand.",
    ),
    optional(
        "distinct_from",
        Shape::List { of: &Shape::Text(Text::Slug), max: WHO_MAX },
        "Steps whose signers may not sign here.",
    ),
    optional(
        "allow",
        Shape::List { of: &Shape::Choice(ALLOW), max: ALLOW.of.len() },
        "What may be done beside deciding; everything where the key does not stand.",
    ),
    optional("transfer_to", WHO, "To whom a decision may be handed over; to anybody by default."),
    optional(
        "return_to",
        Shape::List { of: &Shape::Text(Text::Slug), max: WHO_MAX },
        "To where it may be sent back: \"initiator\" or steps before; to the initiator by default.",
    ),
    integer_or(
        "remind_after_h",
        0,
        HOURS_MAX,
        0,
        "After how many working hours to remind; 0: never.",
    ),
    integer_or(
        "escalate_after_h",
        0,
        HOURS_MAX,
        0,
        "After how many working hours the first of escalate_to may decide too, then the next; 0: never.",
    ),
    optional(
        "escalate_to",
        WHO,
        "Who may decide too when time runs out, one level after the other.",
    ),
];

static CASE: Section = Section {
    doc: "One way of a branch.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("title", Shape::Text(Text::Line), "What it is, in a line."),
        required("when", Shape::Text(Text::Condition), "When it is taken, in CEL."),
        required("steps", Shape::Kinds(&STEPS), "Its steps."),
    ],
};

static LANE: Section = Section {
    doc: "One lane of a parallel step.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("title", Shape::Text(Text::Line), "What it is, in a line."),
        required("steps", Shape::Kinds(&STEPS), "Its steps."),
    ],
};

static DEPARTMENT: Section = Section {
    doc: "Who manages whom.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Line), "Its name."),
        required("manager", Shape::Text(Text::Slug), "The operator who manages it."),
        optional("members", NAMES, "The operators who belong to it."),
    ],
};

static SUBSTITUTION: Section = Section {
    doc: "Somebody stands in for somebody who is away; what he signs is recorded as \"B for A\".",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("absent", Shape::Text(Text::Slug), "The operator who is away."),
        required("substitute", Shape::Text(Text::Slug), "The operator who stands in."),
        required("from", Shape::Text(Text::Line), "The first day, as \"2026-12-01\"."),
        required("to", Shape::Text(Text::Line), "The last day."),
        optional("kinds", KINDS, "Only for these kinds of document."),
    ],
};

static CALENDAR: Section = Section {
    doc: "When people work.",
    unknown: UNKNOWN_KEY,
    keys: &[
        text_or("utc_offset", Text::Offset, "+00:00", "How far the house is from UTC."),
        optional(
            "hours",
            Shape::List { of: &Shape::Text(Text::Line), max: 16 },
            "The working hours of a day, such as [\"08:30-12:00\", \"13:00-17:30\"].",
        ),
        optional(
            "weekdays",
            Shape::List { of: &Shape::Choice(WEEKDAY), max: 7 },
            "The days of the week that are worked; Monday to Friday by default.",
        ),
        optional("holidays", DAYS, "Days that are not worked."),
        optional("workdays", DAYS, "Days that are worked although they are weekend or holiday."),
    ],
};
