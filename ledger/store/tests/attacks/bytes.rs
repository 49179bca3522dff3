//! Bytes that could be read in two ways, put into the journal with everything signed anew by the own
//! key: no spelling but the canonical one is an entry.

use gatewarden_store::rebuild;
use rusqlite::Connection;

use Words::{Differs, Unreadable};

use crate::{bytes_of, common::key, make_tree, replace, told, victim};

/// What is said of bytes.
enum Words {
    /// They mean an entry, and are not as it is written.
    Differs(usize),
    /// They mean none.
    Unreadable(&'static str),
}

/// What it is called, what it makes of an entry's bytes, and what is said of them.
type Forgery = (&'static str, fn(&str) -> String, Words);

const QUANTITY: &str = "\"quantity\":24";

fn quantity(bytes: &str, spelt: &str) -> String {
    bytes.replace(QUANTITY, &format!("\"quantity\":{spelt}"))
}

const FORGERIES: [Forgery; 24] = [
    ("a space after the end", |b| format!("{b} "), Differs(945)),
    ("a line end after it", |b| format!("{b}\n"), Differs(945)),
    (
        "a second entry after it",
        |b| format!("{b}{b}"),
        Unreadable("trailing characters at line 1 column 946"),
    ),
    (
        "a zero byte after it",
        |b| format!("{b}\0"),
        Unreadable("trailing characters at line 1 column 946"),
    ),
    ("a space before it", |b| format!(" {b}"), Differs(0)),
    (
        "a byte order mark",
        |b| format!("\u{feff}{b}"),
        Unreadable("expected value at line 1 column 1"),
    ),
    ("a space between", |b| b.replace(QUANTITY, "\"quantity\": 24"), Differs(660)),
    (
        "a key twice, alike",
        |b| b.replacen('{', "{\"v\":1,", 1),
        Unreadable("duplicate field `v` at line 1 column 948"),
    ),
    (
        "a key twice, the first another",
        |b| b.replacen('{', "{\"seq\":59,", 1),
        Unreadable("duplicate field `seq` at line 1 column 944"),
    ),
    (
        "a key twice, further in",
        |b| quantity(b, "24,\"quantity\":42"),
        Unreadable("duplicate field `quantity` at line 1 column 943"),
    ),
    (
        "a key twice, the second escaped",
        |b| quantity(b, "24,\"quan\\u0074ity\":42"),
        Unreadable("duplicate field `quantity` at line 1 column 948"),
    ),
    (
        "keys in another order",
        |b| {
            let rest = b.strip_suffix(",\"v\":1}").unwrap().strip_prefix('{').unwrap();
            format!("{{\"v\":1,{rest}}}")
        },
        Differs(2),
    ),
    (
        "an unknown key",
        |b| quantity(b, "24,\"quantitx\":42"),
        Unreadable(
            "unknown field `quantitx`, expected one of `line`, `item`, `lot`, `quantity`, `unit`, `from`, `to`, `things`, `stated`, `owner`, `from_status`, `to_status`, `from_unit`, `to_unit`, `expires`, `value` at line 1 column 943",
        ),
    ),
    (
        "a float",
        |b| quantity(b, "24.0"),
        Unreadable("invalid type: floating point `24.0`, expected i64 at line 1 column 931"),
    ),
    (
        "an exponent",
        |b| quantity(b, "24e0"),
        Unreadable("invalid type: floating point `24.0`, expected i64 at line 1 column 931"),
    ),
    ("a zero before it", |b| quantity(b, "024"), Unreadable("invalid number at line 1 column 662")),
    ("a plus sign", |b| quantity(b, "+24"), Unreadable("expected value at line 1 column 661")),
    (
        "minus nothing",
        |b| b.replace("\"line\":10", "\"line\":-0"),
        Unreadable("invalid type: floating point `-0.0`, expected u32 at line 1 column 929"),
    ),
    (
        "more than 64 bits",
        |b| quantity(b, "18446744073709551640"),
        Unreadable(
            "invalid type: floating point `1.8446744073709552e+19`, expected i64 at line 1 column 947",
        ),
    ),
    (
        "a number as text",
        |b| quantity(b, "\"24\""),
        Unreadable("invalid type: string \"24\", expected i64 at line 1 column 931"),
    ),
    ("an escape that need not be", |b| b.replace("buyer", "\\u0062uyer"), Differs(164)),
    (
        "half a pair of escapes",
        |b| b.replace("buyer", "\\ud800uyer"),
        Unreadable("unexpected end of hex escape at line 1 column 171"),
    ),
    (
        "what stands by itself spelt out",
        |b| b.replace(",\"line\":10", ",\"from_status\":\"available\",\"line\":10"),
        Differs(640),
    ),
    ("nothing spelt out", |b| b.replace(",\"line\":10", ",\"line\":10,\"lot\":null"), Differs(650)),
];

#[test]
fn bytes_that_parse_two_ways() {
    for (name, edit, words) in FORGERIES {
        let (_folder, path, kept) = victim();
        let database = Connection::open(&path).unwrap();
        let before = bytes_of(&database, 60);
        let after = edit(&before);
        assert_ne!(before, after, "{name} changes nothing");
        replace(&database, 60, &after);
        make_tree(&database, 60, Some(&key()));
        drop(database);
        let (verified, rebuilt) = match words {
            Differs(at) => (
                format!("are not in canonical form: they differ from it at byte {at}"),
                format!("not the canonical form: it differs at byte {at}"),
            ),
            Unreadable(why) => (
                format!("can't be read as an entry (not a value of this kind: {why})"),
                format!("not a value of this kind: {why}"),
            ),
        };
        let verified = format!(
            "entry 60: its bytes {verified}; movement_index still says: movement \
             01970000-0000-7000-8000-00000000003c"
        );
        assert_eq!(told(&path, None)[0], verified, "{name}");
        assert_eq!(told(&path, Some(&kept))[0], verified, "{name}");
        let error = rebuild(&path, None).unwrap_err().to_string();
        assert_eq!(error, format!("entry 60: {rebuilt}"), "{name}");
    }
}
