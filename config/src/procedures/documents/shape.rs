//! The keys of `documents.toml`.

use gatewarden_documents::{
    fields::{CHOICES_MAX, FIELDS_MAX, Level, SCOPE_MAX},
    frame::Frame,
    kinds::{
        Amend, Execution, HeadField, InspectionLevel, KINDS_MAX, LEGS_MAX, LINK_RULES_MAX,
        LineField, Outcome, OverAct, PlaceClass, QuantityRule, RECOUNTS_MAX, SOURCES_MAX,
        STATES_MAX, TOLERANCE_PERMILLE_MAX,
    },
};
use gatewarden_model::{DOCUMENT_LINES_MAX, DocumentKind, LINKS_MAX, MovementKind};

use crate::{
    items::CLASS,
    shape::{
        Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, bool_or, integer_or, optional,
        required, text_or,
    },
};

/// The names of all values of a type, as a choice.
macro_rules! choice {
    ($type:ty, $noun:literal) => {{
        const COUNT: usize = <$type>::ALL.len();
        const NAMES: [&str; COUNT] = {
            let mut names = [""; COUNT];
            let mut at = 0;
            while at < COUNT {
                names[at] = <$type>::ALL[at].name();
                at += 1;
            }
            names
        };
        Choice { code: "unknown-choice", noun: $noun, of: &NAMES }
    }};
}

pub(crate) const DOCUMENT: Choice = choice!(DocumentKind, "kind of document");
pub(crate) const MOVEMENT: Choice = choice!(MovementKind, "kind of movement");
const FRAME: Choice = choice!(Frame, "state of the frame");
const EXECUTION: Choice = choice!(Execution, "execution");
const AMEND: Choice = choice!(Amend, "state");
const OVER: Choice = choice!(OverAct, "act");
const QUANTITY: Choice = choice!(QuantityRule, "rule");
const HEAD: Choice = choice!(HeadField, "field of a head");
const LINE: Choice = choice!(LineField, "field of a line");
const LEVEL: Choice = choice!(InspectionLevel, "inspection level");
const OUTCOME: Choice = choice!(Outcome, "outcome");
const PLACE: Choice = choice!(PlaceClass, "class of places");
const ON: Choice = choice!(Level, "level");
const TYPE: Choice = Choice {
    code: "unknown-choice",
    noun: "type",
    of: &[
        "text", "integer", "quantity", "amount", "day", "bool", "choice", "operator", "item",
        "document",
    ],
};

/// The acceptance quality limits of ISO 2859-1 for percentages of nonconforming items, in per cent.
pub(super) const AQLS: [(&str, u32); 16] = [
    ("0.010", 10),
    ("0.015", 15),
    ("0.025", 25),
    ("0.040", 40),
    ("0.065", 65),
    ("0.10", 100),
    ("0.15", 150),
    ("0.25", 250),
    ("0.40", 400),
    ("0.65", 650),
    ("1.0", 1_000),
    ("1.5", 1_500),
    ("2.5", 2_500),
    ("4.0", 4_000),
    ("6.5", 6_500),
    ("10", 10_000),
];
const AQL: Choice = Choice {
    code: "unknown-choice",
    noun: "acceptance quality limit",
    of: &[
        "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25", "0.40", "0.65", "1.0",
        "1.5", "2.5", "4.0", "6.5", "10",
    ],
};

const fn choice_or(
    name: &'static str,
    choice: Choice,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, doc, shape: Shape::Choice(choice), need: Need::Default(Plain::Text(default)) }
}

const fn list(of: &'static Shape, max: usize) -> Shape {
    Shape::List { of, max }
}

pub(crate) static ROOT: Section = Section {
    doc: "The kinds of document of a house, and their typed fields.",
    unknown: UNKNOWN_KEY,
    keys: &[
        bool_or("defaults", true, "Whether the shipped kinds count, or the file's own alone."),
        optional(
            "kinds",
            Shape::Sections { of: &KIND, max: KINDS_MAX },
            "Kinds instead of the shipped ones of the same name.",
        ),
        optional(
            "fields",
            Shape::Sections { of: &FIELD, max: FIELDS_MAX },
            "Typed fields beside the shipped ones, or instead of those of the same name.",
        ),
    ],
};

static KIND: Section = Section {
    doc: "One kind of document: what it is for, who may do what with it, and what comes of it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("kind", Shape::Choice(DOCUMENT), "Which kind."),
        required("title", Shape::Text(Text::Line), "Its name for people."),
        required(
            "number",
            Shape::Text(Text::Line),
            "How it is numbered, such as \"MR-{year}{month}-{seq:4}\".",
        ),
        bool_or("numbers_given", false, "Whether any other number may be given, as by an ERP."),
        required("rights", Shape::Section(&RIGHTS), "What it takes to see, write and execute it."),
        optional("workflow", Shape::Text(Text::Slug), "Which workflow approves it."),
        required(
            "execution",
            Shape::Choice(EXECUTION),
            "What an approved one leads to: none, a task, a posting, or master data.",
        ),
        optional(
            "made_by",
            Shape::Choice(DOCUMENT),
            "The kind whose execution alone puts it in force.",
        ),
        optional(
            "closed_by",
            Shape::Choice(DOCUMENT),
            "The kind whose approval alone closes it, such as its settlement.",
        ),
        choice_or("amend", AMEND, "approved", "Until when a new version may replace it."),
        optional(
            "needs",
            list(&Shape::Choice(HEAD), HeadField::ALL.len()),
            "What its head must state.",
        ),
        optional("lines", Shape::Section(&LINES), "What its lines are like."),
        optional(
            "legs",
            Shape::Sections { of: &LEG, max: LEGS_MAX },
            "Between which places lines go, and as which movement.",
        ),
        optional(
            "links",
            Shape::Sections { of: &LINK, max: LINK_RULES_MAX },
            "What it may and must follow from.",
        ),
        optional(
            "states",
            Shape::Sections { of: &STATE, max: STATES_MAX },
            "Its own states; the first of each of the frame's is the one that is entered.",
        ),
        optional(
            "moves",
            Shape::Sections { of: &MOVE, max: STATES_MAX },
            "Its own steps between states within the same of the frame's.",
        ),
        optional("tolerance", Shape::Section(&TOLERANCE), "By how much it may differ."),
        optional("count", Shape::Section(&COUNT), "How it is counted: a count order alone."),
        optional("sampling", Shape::Section(&SAMPLING), "How it is sampled: an inspection alone."),
    ],
};

static RIGHTS: Section = Section {
    doc: "Rights as module:action, such as \"outbound:approve\".",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("view", Shape::Text(Text::Line), "To see one."),
        required("create", Shape::Text(Text::Line), "To write, submit and withdraw one."),
        required("modify", Shape::Text(Text::Line), "To write a further version, close, cancel."),
        required("approve", Shape::Text(Text::Line), "To approve, return or reject one."),
        required("execute", Shape::Text(Text::Line), "To execute one."),
    ],
};

static LINES: Section = Section {
    doc: "What the lines of a kind are like.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or("min", 0, DOCUMENT_LINES_MAX as i64, 1, "Fewest; 0: it may have none."),
        integer_or("max", 0, DOCUMENT_LINES_MAX as i64, DOCUMENT_LINES_MAX as i64, "Most."),
        choice_or("quantity", QUANTITY, "positive", "What the quantity says."),
        optional("needs", list(&Shape::Choice(LINE), LineField::ALL.len()), "What each states."),
        bool_or("apart", false, "Whether no two may say the same but for the quantity."),
    ],
};

const PLACES: Shape = list(&Shape::Choice(PLACE), PlaceClass::ALL.len());

static LEG: Section = Section {
    doc: "One way of a line.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("movement", Shape::Choice(MOVEMENT), "Which movement executes it."),
        required("from", PLACES, "From places of these classes."),
        required("to", PLACES, "To places of these classes."),
        optional(
            "way",
            Shape::Text(Text::Slug),
            "What its line says in its field \"way\" to take it.",
        ),
        optional(
            "sources",
            list(&Shape::Choice(DOCUMENT), SOURCES_MAX),
            "It brings back what documents of these kinds moved, and no more.",
        ),
    ],
};

static LINK: Section = Section {
    doc: "What a document follows from.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("to", Shape::Choice(DOCUMENT), "Documents of this kind."),
        integer_or("min", 0, LINKS_MAX as i64, 0, "How many at least."),
        integer_or("max", 0, LINKS_MAX as i64, 1, "How many at most."),
        bool_or("by_line", false, "Whether the lines name them, rather than the head."),
        bool_or("digest", false, "Whether the very version is named, by its digest."),
        bool_or("open", false, "Whether it must be approved and not closed."),
        bool_or("fulfils", false, "Whether what is executed here counts as executed there."),
    ],
};

static STATE: Section = Section {
    doc: "A state of a kind's own.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Slug), "Its name."),
        required("title", Shape::Text(Text::Line), "Its name for people."),
        required("frame", Shape::Choice(FRAME), "Which of the frame's states it is."),
    ],
};

static MOVE: Section = Section {
    doc: "A step of a kind's own.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Slug), "Its name."),
        required("title", Shape::Text(Text::Line), "Its name for people."),
        required("from", Shape::Text(Text::Slug), "From which of its states."),
        required("to", Shape::Text(Text::Slug), "To which of its states."),
        required("right", Shape::Text(Text::Line), "What it takes, as module:action."),
    ],
};

static TOLERANCE: Section = Section {
    doc: "By how much lines may differ from what was approved.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or("over_permille", 0, TOLERANCE_PERMILLE_MAX as i64, 0, "More, in per mille."),
        integer_or("under_permille", 0, 999, 0, "Less and still done, in per mille."),
        choice_or("over", OVER, "refuse", "What becomes of more: \"refuse\", or \"hold\" it."),
    ],
};

static COUNT: Section = Section {
    doc: "How a count is done.",
    unknown: UNKNOWN_KEY,
    keys: &[
        bool_or("blind", true, "Whether who counts does not see what should be there."),
        integer_or("recounts_max", 0, RECOUNTS_MAX as i64, 1, "How often others count again."),
        integer_or("tolerance_permille", 0, 1_000, 0, "What needs no recount, in per mille."),
        integer_or("tolerance_pieces", 0, i64::MAX, 0, "What needs no recount, in base units."),
        bool_or("freeze", true, "Whether nothing else moves in the counted places meanwhile."),
        text_or("workflow", Text::Slug, "count-difference", "Which workflow approves differences."),
    ],
};

static SAMPLING: Section = Section {
    doc: "How an inspection samples (ISO 2859-1, single, normal).",
    unknown: UNKNOWN_KEY,
    keys: &[
        choice_or("level", LEVEL, "II", "The inspection level."),
        choice_or("aql", AQL, "1.0", "The acceptance quality limit, in per cent."),
        optional(
            "outcomes",
            list(&Shape::Choice(OUTCOME), Outcome::ALL.len()),
            "What may be decided; all of them where none is named.",
        ),
    ],
};

static FIELD: Section = Section {
    doc: "One typed field. Rights are given for it as custom:NAME.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("name", Shape::Text(Text::Slug), "Its name."),
        required("title", Shape::Text(Text::Line), "Its name for people."),
        choice_or("on", ON, "document", "Whether it stands in the head or in each line."),
        optional(
            "kinds",
            list(&Shape::Choice(DOCUMENT), SCOPE_MAX),
            "In these kinds; else in all.",
        ),
        optional("classes", list(&Shape::Choice(CLASS), 3), "In lines of these classes of items."),
        required("type", Shape::Choice(TYPE), "What it holds."),
        optional("min", Shape::Scalar, "Smallest: a number, or an amount in quotes."),
        optional("max", Shape::Scalar, "Largest; of a text: how many bytes."),
        optional("mask", Shape::Text(Text::Line), "What a text looks like: 9 a digit, A a letter."),
        optional("choices", list(&Shape::Text(Text::Line), CHOICES_MAX), "The words of a choice."),
        optional(
            "documents",
            list(&Shape::Choice(DOCUMENT), SCOPE_MAX),
            "The kinds that a document may be of.",
        ),
        bool_or("required", false, "Whether it must stand."),
        optional("default", Shape::Text(Text::Line), "What it is where it is left out."),
    ],
};
