//! The shape of the configuration as data: which keys there are, what each may hold, what it means
//! and what it is when absent.
//!
//! This is the one source of truth: the walk over a file (`walk`) and the JSON Schema (`schema`)
//! are both made from these tables, so they cannot disagree. Sections declare their tables beside
//! their types. What is absent: rules that join several keys (`cross`, and each section's `check`).

/// A table with known keys.
pub(crate) struct Section {
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) unknown: Unknown,
}

/// What a key that is not known is called, and the code of that mistake.
#[derive(Clone, Copy)]
pub(crate) struct Unknown {
    pub(crate) code: &'static str,
    pub(crate) noun: &'static str,
}

/// The usual case.
pub(crate) const UNKNOWN_KEY: Unknown = Unknown { code: "unknown-key", noun: "key" };

/// One key of a table.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
}

/// Whether a key must stand, and what holds where it does not.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    Required,
    Optional,
    Default(Plain),
}

/// A default value.
#[derive(Clone, Copy)]
pub(crate) enum Plain {
    Text(&'static str),
    Integer(i64),
    Bool(bool),
}

/// What a key may hold.
pub(crate) enum Shape {
    Text(Text),
    Integer {
        min: i64,
        max: i64,
    },
    Number {
        min: f32,
        max: f32,
    },
    Bool,
    /// True or false, a whole number, or a line of text.
    Scalar,
    Choice(Choice),
    Secret,
    List {
        of: &'static Shape,
        max: usize,
    },
    Map {
        key: Text,
        value: Text,
        max: usize,
    },
    /// A table of values by names that the file chooses.
    Free {
        key: Text,
        value: &'static Shape,
        max: usize,
    },
    Section(&'static Section),
    Sections {
        of: &'static Section,
        max: usize,
    },
    Kinds(&'static Kinds),
    Named {
        of: &'static Section,
        max: usize,
    },
}

/// A closed set of words.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) code: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) of: &'static [&'static str],
}

/// An array of tables told apart by their key `kind`.
pub(crate) struct Kinds {
    pub(crate) doc: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) common: &'static [Key],
    pub(crate) kinds: &'static [Kind],
    pub(crate) max: usize,
}

/// One of them.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
}

/// The rules for texts (checked in `text`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// The name of a device, station, lane, role or of the gateway.
    Slug,
    /// An item's code.
    Code,
    /// One line of printable text, 1 to 128 characters.
    Line,
    /// Up to 16 characters of any kind, control characters too.
    Affix,
    /// `host:port`, with the port that is usual there.
    Address(u16),
    /// `ip:port` to listen on.
    Socket,
    /// An `http` or `https` URL without user and password.
    Url,
    /// A path; a relative one is taken from the folder of the configuration file.
    Path,
    /// An absolute path below `/dev` or elsewhere.
    DevicePath,
    /// 8, 12, 13 or 14 digits with a right check digit.
    Gtin,
    /// `12` or `1/3`, more than zero.
    Ratio,
    /// `5000` or `5000.01`, 0 or more.
    Amount,
    /// The name of a warehouse: the first part of a location in the building.
    Warehouse,
    /// ISO 4217: three capital letters.
    Currency,
    /// A MAC address of six or eight bytes.
    Mac,
    /// `+08:00`, at most 14 hours.
    Offset,
    /// A location of ours.
    Location,
    /// A location in the building.
    Place,
    /// `@supplier/NAME`.
    Supplier,
    /// A field that rights are given for, such as `price` or `custom:colour`.
    Field,
    /// A mail address.
    Mail,
    /// An MQTT topic to publish to.
    Topic,
    /// A JSON pointer (RFC 6901) to something in a document.
    Pointer,
    /// A condition: 1 to 4,096 bytes on several lines.
    Condition,
    /// `06:30`, up to `24:00`.
    Clock,
}

/// A key that must stand.
pub(crate) const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, shape, need: Need::Required }
}

/// A key that may be left out.
pub(crate) const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, shape, need: Need::Optional }
}

/// A text with a default.
pub(crate) const fn text_or(
    name: &'static str,
    rule: Text,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, doc, shape: Shape::Text(rule), need: Need::Default(Plain::Text(default)) }
}

/// An integer with a default.
pub(crate) const fn integer_or(
    name: &'static str,
    min: i64,
    max: i64,
    default: i64,
    doc: &'static str,
) -> Key {
    let shape = Shape::Integer { min, max };
    Key { name, doc, shape, need: Need::Default(Plain::Integer(default)) }
}

/// A yes or no with a default.
pub(crate) const fn bool_or(name: &'static str, default: bool, doc: &'static str) -> Key {
    Key { name, doc, shape: Shape::Bool, need: Need::Default(Plain::Bool(default)) }
}
