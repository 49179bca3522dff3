//! The table is made from the dictionary that ships with the tests: the rows below are what the
//! dictionary says, and `table.rs` must hold exactly them. After a new release put the file in its
//! place and run the test with `GATEWARDEN_RENEW_TABLE=1`, which writes the rows anew.

use std::fmt::Write;

const DICTIONARY: &str = include_str!("../../tests/vectors/gs1-syntax-dictionary.txt");
const TABLE: &str = include_str!("table.rs");
/// The variable that asks for new rows.
const RENEW: &str = "GATEWARDEN_RENEW_TABLE";
/// What stands before and behind the rows.
const FENCES: (&str, &str) = ("] = [\n", "];\n");

/// The names of the dictionary's rules in the table.
const CHECKS: [(&str, &str); 34] = [
    ("couponcode", "CouponCode"),
    ("couponposoffer", "CouponOffer"),
    ("csum", "Csum"),
    ("csumalpha", "CsumAlpha"),
    ("gcppos1", "Gcp1"),
    ("gcppos2", "Gcp2"),
    ("hasnondigit", "HasNonDigit"),
    ("hh", "Hh"),
    ("hhmi", "Hhmi"),
    ("hyphen", "Hyphen"),
    ("iban", "Iban"),
    ("importeridx", "ImporterIndex"),
    ("iso3166", "Iso3166"),
    ("iso3166999", "Iso3166Or999"),
    ("iso3166alpha2", "Iso3166Letters"),
    ("iso4217", "Iso4217"),
    ("iso5218", "Sex"),
    ("latitude", "Latitude"),
    ("longitude", "Longitude"),
    ("mediatype", "Media"),
    ("mi", "Mi"),
    ("nonzero", "NonZero"),
    ("nozeroprefix", "NoZeroPrefix"),
    ("packagetype", "PackageType"),
    ("pcenc", "PercentEncoded"),
    ("pieceoftotal", "PieceOfTotal"),
    ("posinseqslash", "Sequence"),
    ("ss", "Ss"),
    ("winding", "Winding"),
    ("yesno", "YesNo"),
    ("yymmd0", "Yymmd0"),
    ("yymmdd", "Yymmdd"),
    ("yyyymmdd", "Yyyymmdd"),
    ("zero", "Zero"),
];

#[test]
fn the_table_says_what_the_dictionary_says() {
    let (head, rest) = TABLE.split_once(FENCES.0).expect("the table begins");
    let rows = rows();
    if std::env::var_os(RENEW).is_some() {
        let (head, _) = head.rsplit_once(' ').expect("a number of rows");
        let text = format!("{head} {}{}{rows}{}", rows.lines().count(), FENCES.0, FENCES.1);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gs1/table.rs");
        std::fs::write(path, text).expect("the table can be written");
    } else {
        assert_eq!(rest.strip_suffix(FENCES.1), Some(rows.as_str()));
    }
}

fn rows() -> String {
    let mut out = String::new();
    for line in DICTIONARY.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        writeln!(out, "    {}", row(line)).expect("a string takes all");
    }
    out
}

fn row(line: &str) -> String {
    let (columns, title) = line.split_once('#').unwrap_or((line, ""));
    let mut words: Vec<&str> = columns.split_whitespace().collect();
    let codes = words.remove(0);
    let (first, last) = codes.split_once('-').unwrap_or((codes, codes));
    let flags = if words[0].starts_with(['*', '?']) { words.remove(0) } else { "" };
    let is_attribute = |w: &&&str| w.contains('=') || w.starts_with("dlpkey");
    let parts: Vec<String> = words.iter().filter(|w| !is_attribute(w)).map(|w| part(w)).collect();
    let found =
        |key: &str| -> Vec<&str> { words.iter().filter_map(|w| w.strip_prefix(key)).collect() };
    let needs: Vec<String> = found("req=").iter().map(|n| format!("{n:?}")).collect();
    let qualifiers = match found("dlpkey").first() {
        None => "None".to_owned(),
        Some(q) => format!("Some({:?})", q.trim_start_matches('=')),
    };
    let title = title.trim().replace('²', "2").replace('³', "3");
    format!(
        "ai({first:?}, {last:?}, {flags:?}, &[{}], &[{}], {:?}, {qualifiers}, {title:?}),",
        parts.join(", "),
        needs.join(", "),
        found("ex=").join(",")
    )
}

/// A component such as `[N..12],csum`.
fn part(word: &str) -> String {
    let mut names = word.split(',');
    let format = names.next().unwrap_or_default();
    let bare = format.trim_matches(['[', ']']);
    let (set, length) = bare.split_at(1);
    let max = length.trim_start_matches('.');
    let min = if length.starts_with('.') { "1" } else { max };
    let mut out = format!("{}({min}, {max})", set.to_lowercase());
    let checks: Vec<&str> = names.map(check).collect();
    if !checks.is_empty() {
        write!(out, ".with(&[{}])", checks.join(", ")).expect("a string takes all");
    }
    if format.starts_with('[') {
        out.push_str(".opt()");
    }
    out
}

fn check(name: &str) -> &'static str {
    let known = CHECKS.iter().find(|(n, _)| *n == name);
    known.unwrap_or_else(|| panic!("the dictionary has a new rule {name}")).1
}
