//! The columns of a CSV: their names, and which of them a header has.
//!
//! Invariants: every part of a document has a column, and every column is one part. Absent: what stands
//! in them (`cells`).

use std::collections::BTreeSet;

use gatewarden_model::{
    CustomName, DocumentContent, DocumentKind, DocumentLine, DocumentLink, StockStatus,
};

use super::{
    COLUMNS_MAX, Settings, cells,
    mistake::{Wrong, shown, wrong},
};

/// What stands once in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Head {
    Kind,
    Number,
    Version,
    Title,
    Partner,
    Date,
    Due,
    Requester,
    Station,
    Note,
}

/// What stands in each of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OfLine {
    Line,
    Item,
    Quantity,
    From,
    To,
    Lot,
    Owner,
    FromStatus,
    ToStatus,
    Amount,
    Due,
}

impl Head {
    /// The part of a key in JSON; kind and number stand within `document` there.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let (head, _) = HEADS.iter().find(|(_, name)| *name == key)?;
        (!matches!(head, Self::Kind | Self::Number)).then_some(*head)
    }
}

impl OfLine {
    /// The part of a key in JSON, such as `from_status`.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        let spelt = |name: &str| {
            let name = name.strip_prefix(LINE).unwrap_or(name).bytes();
            name.map(|byte| if byte == b'-' { b'_' } else { byte }).eq(key.bytes())
        };
        OF_LINES.iter().find(|(_, name)| spelt(name)).map(|(part, _)| *part)
    }
}

/// One column; `line` where it belongs to a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Head(Head),
    OfLine(OfLine),
    Custom { line: bool, name: CustomName },
    Link { line: bool, kind: DocumentKind },
    Links { line: bool },
}

/// What no document can be read without; the last two, what no line can.
pub(super) const NEEDED: [Column; 4] = [
    Column::Head(Head::Number),
    Column::Head(Head::Kind),
    Column::OfLine(OfLine::Item),
    Column::OfLine(OfLine::Quantity),
];
pub(super) const HEADS: [(Head, &str); 10] = [
    (Head::Kind, "kind"),
    (Head::Number, "number"),
    (Head::Version, "version"),
    (Head::Title, "title"),
    (Head::Partner, "partner"),
    (Head::Date, "date"),
    (Head::Due, "due"),
    (Head::Requester, "requester"),
    (Head::Station, "station"),
    (Head::Note, "note"),
];
pub(super) const OF_LINES: [(OfLine, &str); 11] = [
    (OfLine::Line, "line"),
    (OfLine::Item, "item"),
    (OfLine::Quantity, "quantity"),
    (OfLine::From, "from"),
    (OfLine::To, "to"),
    (OfLine::Lot, "lot"),
    (OfLine::Owner, "owner"),
    (OfLine::FromStatus, "from-status"),
    (OfLine::ToStatus, "to-status"),
    (OfLine::Amount, "amount"),
    (OfLine::Due, "line.due"),
];
/// What master data is usually called.
const ALIASES: [(&str, &str); 3] = [("code", "number"), ("name", "title"), ("line-number", "line")];
const LINE: &str = "line.";
const CUSTOM: &str = "custom.";
const LINK: &str = "link.";
const LINKS: &str = "links";

impl Column {
    /// Whether it belongs to a line.
    pub(super) fn is_of_line(&self) -> bool {
        match self {
            Self::Head(_) => false,
            Self::OfLine(_) => true,
            Self::Custom { line, .. } | Self::Link { line, .. } | Self::Links { line } => *line,
        }
    }

    /// Its name in a header.
    pub(super) fn name(&self) -> String {
        let of = |line: &bool| if *line { LINE } else { "" };
        match self {
            Self::Head(head) => named(&HEADS, *head).to_owned(),
            Self::OfLine(of_line) => named(&OF_LINES, *of_line).to_owned(),
            Self::Custom { line, name } => format!("{}{CUSTOM}{name}", of(line)),
            Self::Link { line, kind } => format!("{}{LINK}{}", of(line), kind.name()),
            Self::Links { line } => format!("{}{LINKS}", of(line)),
        }
    }

    /// The column of a part, such as `partner` or `lines[0].quantity`.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let name = match path.strip_prefix("lines[") {
            Some(rest) => format!("{LINE}{}", rest.split_once("].")?.1),
            None => path.strip_prefix("document.").unwrap_or(path).to_owned(),
        };
        let part = name.split_once('[').map_or(name.as_str(), |(part, _)| part);
        Self::of_name(part, &Settings::default()).ok()
    }

    /// The column of a name in a file.
    pub(super) fn of_name(name: &str, settings: &Settings) -> Result<Self, Wrong> {
        let name = name.trim();
        let name = settings.names.get(name).map_or(name, |ours| ours.trim());
        let plain = name.to_lowercase().replace(['_', ' '], "-");
        let plain = ALIASES.iter().find(|(alias, _)| *alias == plain).map_or(&*plain, |(_, n)| n);
        if let Some((head, _)) = HEADS.iter().find(|(_, known)| *known == plain) {
            return Ok(Self::Head(*head));
        }
        let short = plain.strip_prefix(LINE).unwrap_or(plain);
        let of_line = |known: &str| known == plain || (known == short && short != "due");
        if let Some((column, _)) = OF_LINES.iter().find(|(_, known)| of_line(known)) {
            return Ok(Self::OfLine(*column));
        }
        let line = short.len() < plain.len();
        if short == LINKS {
            return Ok(Self::Links { line });
        }
        if let Some(kind) = short.strip_prefix(LINK) {
            return Ok(Self::Link { line, kind: cells::kind(kind)? });
        }
        let own = if line { name.get(LINE.len()..).unwrap_or(name) } else { name };
        if let Some(field) = own.strip_prefix(CUSTOM) {
            return Ok(Self::Custom { line, name: cells::custom_name(field)? });
        }
        match CustomName::parse(own).ok().filter(|name| settings.fields.contains(name)) {
            Some(name) => Ok(Self::Custom { line, name }),
            None => Err(unknown(name, plain, settings)),
        }
    }
}

fn named<T: PartialEq>(table: &[(T, &'static str)], of: T) -> &'static str {
    table.iter().find(|(one, _)| *one == of).map_or("", |(_, name)| name)
}

fn unknown(name: &str, plain: &str, settings: &Settings) -> Wrong {
    let known = HEADS.iter().map(|(_, n)| *n).chain(OF_LINES.iter().map(|(_, n)| *n));
    let known = known.chain(settings.fields.iter().map(CustomName::as_str));
    let near = known.map(|word| (distance(plain, word), word)).min();
    let meant = near.filter(|(far, word)| *far <= 2 && *far < word.len());
    let way_out = match meant {
        Some((_, word)) => format!("did you mean {word}? A field of the house is custom.NAME"),
        None => "take it out, or name it custom.NAME if it is a field of the house".to_owned(),
    };
    wrong("column-unknown", format!("there is no column {}", shown(name)), way_out)
}

/// How many letters must be changed, added or taken away (Levenshtein); words of a header are short.
fn distance(a: &str, b: &str) -> usize {
    const WORD_BYTES_MAX: usize = 64;
    if a.len() > WORD_BYTES_MAX || b.len() > WORD_BYTES_MAX {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

/// The columns that some documents need, so that an export has a header before its first row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(BTreeSet<Column>);

impl Columns {
    /// Those that every document has, and none more yet.
    #[must_use]
    pub fn new() -> Self {
        let needed = [Head::Kind, Head::Number, Head::Version].map(Column::Head);
        Self(needed.into_iter().collect())
    }

    /// Adds those that a document needs.
    pub fn observe(&mut self, content: &DocumentContent) {
        each_column(content, |column| {
            self.0.insert(column);
        });
    }

    /// Whether a document has nothing beside these columns.
    #[must_use]
    pub fn hold(&self, content: &DocumentContent) -> bool {
        let mut all = true;
        each_column(content, |column| all &= self.0.contains(&column));
        all
    }

    /// Whether a header of so many can be read again.
    pub(super) fn fit(&self) -> bool {
        self.0.len() <= COLUMNS_MAX
    }

    /// In the order of a file: the document's, then its lines'.
    pub(super) fn ordered(&self) -> Vec<Column> {
        let mut columns: Vec<_> = self.0.iter().cloned().collect();
        columns.sort_by_key(Column::is_of_line);
        columns
    }
}

/// Whether links stand in the order in which columns of their kinds are read.
pub(super) fn by_kind(links: &[DocumentLink]) -> bool {
    links.is_sorted_by_key(|link| link.document.kind)
}

fn each_column(content: &DocumentContent, mut with: impl FnMut(Column)) {
    let heads = [
        (Head::Kind, true),
        (Head::Number, true),
        (Head::Version, true),
        (Head::Title, !content.title.is_empty()),
        (Head::Partner, content.partner.is_some()),
        (Head::Date, content.date.is_some()),
        (Head::Due, content.due.is_some()),
        (Head::Requester, content.requester.is_some()),
        (Head::Station, content.station.is_some()),
        (Head::Note, !content.note.is_empty()),
    ];
    heads.into_iter().filter(|(_, is)| *is).for_each(|(head, _)| with(Column::Head(head)));
    content.custom.keys().for_each(|name| with(Column::Custom { line: false, name: name.clone() }));
    each_link(false, &content.links, &mut with);
    for line in &content.lines {
        each_of_line(line, &mut with);
    }
}

fn each_of_line(line: &DocumentLine, with: &mut impl FnMut(Column)) {
    let columns = [
        (OfLine::Line, true),
        (OfLine::Item, true),
        (OfLine::Quantity, true),
        (OfLine::From, line.from.is_some()),
        (OfLine::To, line.to.is_some()),
        (OfLine::Lot, line.lot.is_some()),
        (OfLine::Owner, line.owner.is_some()),
        (OfLine::FromStatus, line.from_status != StockStatus::default()),
        (OfLine::ToStatus, line.to_status != StockStatus::default()),
        (OfLine::Amount, line.amount.is_some()),
        (OfLine::Due, line.due.is_some()),
    ];
    columns.into_iter().filter(|(_, is)| *is).for_each(|(column, _)| with(Column::OfLine(column)));
    line.custom.keys().for_each(|name| with(Column::Custom { line: true, name: name.clone() }));
    each_link(true, &line.links, with);
}

fn each_link(line: bool, links: &[DocumentLink], with: &mut impl FnMut(Column)) {
    if !by_kind(links) {
        return with(Column::Links { line });
    }
    links.iter().for_each(|link| with(Column::Link { line, kind: link.document.kind }));
}
