//! The table against the dictionary that ships with the tests.

use std::fmt::Write;

use super::{
    ai::{Check, Part, Set},
    table::TABLE,
};

const DICTIONARY: &str = include_str!("../../tests/vectors/gs1-syntax-dictionary.txt");

/// Rules of the dictionary that the table leaves out on purpose: code lists.
const LEFT_OUT: [&str; 8] = [
    "iso3166",
    "iso3166999",
    "iso3166alpha2",
    "iso4217",
    "importeridx",
    "packagetype",
    "couponcode",
    "couponposoffer",
];

#[test]
fn the_table_says_what_the_dictionary_says() {
    let rows: Vec<&str> =
        DICTIONARY.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    assert_eq!(rows.len(), TABLE.len());
    for (line, row) in rows.iter().zip(&TABLE) {
        let (columns, title) = line.split_once('#').unwrap_or((line, ""));
        let mut words: Vec<&str> = columns.split_whitespace().collect();
        let ais = words.remove(0);
        assert_eq!((row.first, row.last), ais.split_once('-').unwrap_or((ais, ais)), "{line}");
        let flags = if words[0].starts_with(['*', '?']) { words.remove(0) } else { "" };
        assert_eq!(row.flags, flags, "{line}");
        let mut parts = String::new();
        row.parts.iter().for_each(|part| write_part(&mut parts, part));
        let is_attribute = |w: &&str| w.contains('=') || w.starts_with("dlpkey");
        let format: Vec<&str> = words.iter().copied().filter(|w| !is_attribute(w)).collect();
        assert_eq!(parts.trim(), without_left_out(&format.join(" ")), "{line}");
        let found =
            |key: &str| -> Vec<&str> { words.iter().filter_map(|w| w.strip_prefix(key)).collect() };
        assert_eq!(row.needs, found("req="), "{line}");
        assert_eq!(row.excludes, found("ex=").join(","), "{line}");
        let key = found("dlpkey").first().map(|q| q.trim_start_matches('='));
        assert_eq!(row.qualifiers, key, "{line}");
        assert_eq!(row.title, title.trim().replace('²', "2").replace('³', "3"), "{line}");
    }
}

fn without_left_out(format: &str) -> String {
    let words = format.split(' ').map(|word| {
        let mut names = word.split(',');
        let mut out = names.next().unwrap_or_default().to_owned();
        names.filter(|n| !LEFT_OUT.contains(n)).for_each(|n| {
            out.push(',');
            out.push_str(n);
        });
        out
    });
    words.collect::<Vec<_>>().join(" ")
}

fn write_part(out: &mut String, part: &Part) {
    let set = match part.set {
        Set::Digits => 'N',
        Set::Set82 => 'X',
        Set::Set39 => 'Y',
        Set::Base64Url => 'Z',
    };
    let dots = if part.min == part.max && !(part.max == 1 && part.min == 0) { "" } else { ".." };
    let (open, close) = if part.optional { ("[", "]") } else { ("", "") };
    write!(out, " {open}{set}{dots}{}{close}", part.max).expect("a string takes all");
    for check in part.checks {
        write!(out, ",{}", name(*check)).expect("a string takes all");
    }
}

fn name(check: Check) -> &'static str {
    match check {
        Check::Csum => "csum",
        Check::CsumAlpha => "csumalpha",
        Check::Gcp1 => "gcppos1",
        Check::Gcp2 => "gcppos2",
        Check::HasNonDigit => "hasnondigit",
        Check::Hh => "hh",
        Check::Hhmi => "hhmi",
        Check::Hyphen => "hyphen",
        Check::Iban => "iban",
        Check::Latitude => "latitude",
        Check::Longitude => "longitude",
        Check::Media => "mediatype",
        Check::Mi => "mi",
        Check::NoZeroPrefix => "nozeroprefix",
        Check::NonZero => "nonzero",
        Check::PercentEncoded => "pcenc",
        Check::PieceOfTotal => "pieceoftotal",
        Check::Sequence => "posinseqslash",
        Check::Sex => "iso5218",
        Check::Ss => "ss",
        Check::Winding => "winding",
        Check::YesNo => "yesno",
        Check::Yymmd0 => "yymmd0",
        Check::Yymmdd => "yymmdd",
        Check::Yyyymmdd => "yyyymmdd",
        Check::Zero => "zero",
    }
}
