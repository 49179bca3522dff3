//! The keys of `notices.toml`.

use gatewarden_notices::{
    CHANNELS_MAX, ESCALATIONS_MAX, HOLIDAYS_MAX, NOTICES_MAX, On, RECEIVERS_MAX, SAME_MAX, Severity,
};

use crate::shape::{
    Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, bool_or, integer_or, optional,
    required, text_or,
};

/// Most rules or kinds that one notice is narrowed to.
const NARROWED_MAX: usize = 64;
/// Most people with hours of their own.
const HOURS_OF_MAX: usize = 1_000;
/// Longest span of repeats, and longest time to an escalation: 30 days.
const MINUTES_MAX: i64 = 43_200;

const LINES: Shape = Shape::Text(Text::Line);
const SLUG: Shape = Shape::Text(Text::Slug);
const CHANNELS: Shape = Shape::List { of: &SLUG, max: CHANNELS_MAX };
const RECEIVERS: Shape = Shape::List { of: &LINES, max: RECEIVERS_MAX };
const WEEKDAY: Shape =
    Shape::Choice(Choice { code: "unknown-choice", noun: "day of the week", of: &WEEKDAYS });

/// The days of the week, as the file calls them.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// What a notice does in quiet hours.
pub(super) const QUIET: [&str; 3] = ["hold", "digest", "through"];

pub(super) static ROOT: Section = Section {
    doc: "Who is told what, by which channels, in which words.",
    unknown: UNKNOWN_KEY,
    keys: &[
        bool_or("defaults", true, "Whether the shipped notices stand too."),
        optional("channels", CHANNELS, "The channels of notices that name none, in order."),
        optional("hours", Shape::Section(&HOURS), "When people may be told what can wait."),
        optional(
            "hours_of",
            Shape::Sections { of: &HOURS_OF, max: HOURS_OF_MAX },
            "The hours of people who work at other times.",
        ),
        optional(
            "holidays",
            Shape::List { of: &LINES, max: HOLIDAYS_MAX },
            "Days such as \"2026-10-01\" that are quiet altogether.",
        ),
        optional(
            "notices",
            Shape::Sections { of: &NOTICE, max: NOTICES_MAX },
            "The notices; one of a shipped id replaces that.",
        ),
    ],
};

static HOURS: Section = Section {
    doc: "When people may be told what can wait; by the house's clock.",
    unknown: UNKNOWN_KEY,
    keys: &[FROM, TO, DAYS],
};

static HOURS_OF: Section = Section {
    doc: "The hours of one person.",
    unknown: UNKNOWN_KEY,
    keys: &[required("operator", SLUG, "Who."), FROM, TO, DAYS],
};

const FROM: Key = text_or("from", Text::Line, "07:30", "From this minute on, such as \"07:30\".");
const TO: Key =
    text_or("to", Text::Line, "20:00", "Until this minute; before `from`, it is the next day's.");
const DAYS: Key = optional(
    "weekdays",
    Shape::List { of: &WEEKDAY, max: 7 },
    "On these days, mon to sun; on all by default.",
);
const TO_WHOM: &str = "To whom: role:NAME, operator:NAME, field:NAME, approvers, or group:ROLE for a channel's audience.";

static NOTICE: Section = Section {
    doc: "One notice: on which occasion who is told.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("id", SLUG, "Its name."),
        required("title", LINES, "What it is about, in a line."),
        required(
            "on",
            Shape::Choice(Choice { code: "unknown-occasion", noun: "occasion", of: &On::NAMES }),
            "On which occasion.",
        ),
        optional(
            "documents",
            Shape::List { of: &SLUG, max: NARROWED_MAX },
            "Only on documents of these kinds.",
        ),
        optional(
            "movements",
            Shape::List { of: &SLUG, max: NARROWED_MAX },
            "Only on movements of these kinds.",
        ),
        optional("rules", Shape::List { of: &SLUG, max: NARROWED_MAX }, "Only on these rules."),
        required("to", RECEIVERS, TO_WHOM),
        optional("channels", CHANNELS, "By which channels: the first that takes it."),
        Key {
            name: "severity",
            doc: "How bad it is: info, notice, warning or urgent.",
            shape: Shape::Choice(Choice {
                code: "unknown-choice",
                noun: "severity",
                of: &Severity::NAMES,
            }),
            need: Need::Default(Plain::Text("notice")),
        },
        Key {
            name: "quiet",
            doc: "Outside the receiver's hours: hold, digest or through.",
            shape: Shape::Choice(Choice {
                code: "unknown-choice",
                noun: "way through quiet hours",
                of: &QUIET,
            }),
            need: Need::Default(Plain::Text("hold")),
        },
        optional(
            "same",
            Shape::List { of: &SLUG, max: SAME_MAX },
            "The facts by which a repeat is the same.",
        ),
        integer_or(
            "same_minutes",
            0,
            MINUTES_MAX,
            0,
            "For so long a repeat is counted instead of told; 0 tells each.",
        ),
        bool_or("link", false, "Whether it brings a one-time link to whoever may sign."),
        required(
            "template",
            Shape::Text(Text::Path),
            "The file with its words beside this one, or @NAME for a shipped one.",
        ),
        optional(
            "escalate",
            Shape::Sections { of: &ESCALATION, max: ESCALATIONS_MAX },
            "Who is told if nobody reacts.",
        ),
    ],
};

static ESCALATION: Section = Section {
    doc: "Who is told if nobody reacts for so long.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required(
            "after_minutes",
            Shape::Integer { min: 1, max: MINUTES_MAX },
            "After how many minutes from the occasion.",
        ),
        required("to", RECEIVERS, TO_WHOM),
    ],
};
