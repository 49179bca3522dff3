//! Rules on the content of one element: lengths, character sets, check digits, dates.
//!
//! What is absent: whether a company prefix was ever given out.

use super::{
    AiCode, Gs1Error,
    ai::{Ai, Check, Part, Set},
    coupon, lists,
};
use crate::epc::charset;

/// The GS1 check digit (modulo 10, weights 3 and 1 from the right) of digits without it.
pub(crate) fn check_digit(digits: &[u8]) -> char {
    let (mut sum, mut weight) = (0u32, 3u32);
    for digit in digits.iter().rev() {
        sum += u32::from(digit.wrapping_sub(b'0') & 15) * weight;
        weight ^= 2;
    }
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// True for digits that end in their check digit.
pub(crate) fn has_check_digit(text: &str) -> bool {
    match text.as_bytes().split_last() {
        Some((last, body)) => {
            text.bytes().all(|b| b.is_ascii_digit()) && check_digit(body) == char::from(*last)
        }
        None => false,
    }
}

/// Checks a value against the rules of its identifier, which must be assigned.
pub(crate) fn check_element(ai: AiCode, value: &str) -> Result<(), Gs1Error> {
    match super::ai::row(ai) {
        Some(row) => check_value(ai, row, value),
        None => Err(Gs1Error::UnknownAi(ai.to_string())),
    }
}

/// Checks the value of an element against its row.
pub(super) fn check_value(ai: AiCode, row: &Ai, value: &str) -> Result<(), Gs1Error> {
    let wrong = |problem| Gs1Error::Length { ai, length: value.chars().count(), problem };
    if value.is_empty() {
        return Err(wrong("empty"));
    }
    if let Some(character) = value.chars().find(|c| !c.is_ascii()) {
        return Err(Gs1Error::Character { ai, character });
    }
    let mut rest = value;
    for part in row.parts {
        if rest.is_empty() && part.optional {
            continue;
        }
        let (own, next) = rest.split_at(part.max.min(rest.len()));
        check_set(ai, part, own)?;
        if part.set == Set::Base64Url && !is_padded(own) {
            return Err(Gs1Error::Content { ai, problem: "has a wrong padding" });
        }
        if own.len() < part.min {
            return Err(wrong("too short"));
        }
        rest = next;
    }
    if !rest.is_empty() {
        return Err(wrong("too long"));
    }
    let mut rest = value;
    for part in row.parts {
        let (own, next) = rest.split_at(part.max.min(rest.len()));
        if !own.is_empty() {
            part.checks.iter().try_for_each(|check| check_content(ai, *check, own))?;
        }
        rest = next;
    }
    Ok(())
}

fn check_set(ai: AiCode, part: &Part, text: &str) -> Result<(), Gs1Error> {
    let class = match part.set {
        Set::Digits => charset::DIGITS,
        Set::Set82 => charset::SET_82,
        Set::Set39 => charset::SET_39,
        Set::Base64Url => charset::BASE64,
    };
    match text.bytes().find(|b| !charset::is_of(*b, class)) {
        Some(byte) => Err(Gs1Error::Character { ai, character: char::from(byte) }),
        None => Ok(()),
    }
}

/// The pads of a base64url value end it, as the dictionary's reference procedure counts them.
fn is_padded(text: &str) -> bool {
    let pads = text.len() - text.trim_end_matches('=').len();
    let body = &text[..text.len() - pads];
    !body.contains('=') && pads <= 2 && (pads == 0 || text.len().is_multiple_of(3))
}

/// `text` is ASCII of the part's set and length.
fn check_content(ai: AiCode, check: Check, text: &str) -> Result<(), Gs1Error> {
    let ok =
        |good: bool, problem| if good { Ok(()) } else { Err(Gs1Error::Content { ai, problem }) };
    let date = |good: bool| {
        if good { Ok(()) } else { Err(Gs1Error::Date { ai, value: text.to_owned() }) }
    };
    let csum = |good: bool| if good { Ok(()) } else { Err(Gs1Error::CheckDigit { ai }) };
    let value = number(text);
    match check {
        Check::Csum => csum(has_check_digit(text)),
        Check::CsumAlpha => csum(has_check_characters(text)),
        Check::CouponCode => ok(coupon::is_coupon(text), "is no coupon code"),
        Check::CouponOffer => ok(coupon::is_offer(text), "is no coupon of an offer file"),
        Check::Gcp1 => ok(begins_with_prefix(text), "must begin with a company prefix of digits"),
        Check::Gcp2 => ok(begins_with_prefix(&text[1..]), "must hold a company prefix of digits"),
        Check::HasNonDigit => ok(!all_digits(text), "must hold a character that is no digit"),
        Check::Hyphen => ok(text == "-", "may only end in a hyphen, for a negative value"),
        Check::Iban => ok(is_iban(text), "is no valid IBAN"),
        Check::ImporterIndex => ok(is_importer_index(text), "has no importer index"),
        Check::Iso3166 => ok(lists::is_country(value), "names no country"),
        Check::Iso3166Letters => ok(lists::is_country_letters(text), "names no country"),
        Check::Iso3166Or999 => ok(value == 999 || lists::is_country(value), "names no country"),
        Check::Iso4217 => ok(lists::is_currency(value), "names no currency"),
        Check::Latitude => ok(value <= 1_800_000_000, "is beyond 180 degrees of latitude range"),
        Check::Longitude => ok(value <= 3_600_000_000, "is beyond 360 degrees of longitude range"),
        Check::Media => ok((1..=10).contains(&value) || value >= 80, "is no AIDC media type"),
        Check::NoZeroPrefix => ok(!text.starts_with('0'), "must not begin with 0"),
        Check::NonZero => ok(value != 0, "must not be zero"),
        Check::PackageType => ok(lists::is_package(text), "names no package type"),
        Check::PercentEncoded => ok(is_percent_encoded(text), "has a broken percent escape"),
        Check::PieceOfTotal => ok(is_piece_of_total(text), "must hold piece and total, 01 to 99"),
        Check::Sequence => ok(is_sequence(text), "must be written as 1/2"),
        Check::Sex => ok([0, 1, 2, 9].contains(&value), "must be 0, 1, 2 or 9"),
        Check::Winding => ok([0, 1, 9].contains(&value), "must have the winding 0, 1 or 9"),
        Check::YesNo => ok(value <= 1, "must be 0 or 1"),
        Check::Zero => ok(value == 0, "must begin with 0"),
        Check::Hh => date(value < 24),
        Check::Mi | Check::Ss => date(value < 60),
        Check::Hhmi => date(value / 100 < 24 && value % 100 < 60),
        Check::Yymmd0 => date(is_date(2000 + value / 10_000, value % 10_000, true)),
        Check::Yymmdd => date(is_yymmdd(text)),
        Check::Yyyymmdd => date(is_date(value / 10_000, value % 10_000, false)),
    }
}

fn number(text: &str) -> u64 {
    let digit = |b: u8| u64::from(b.wrapping_sub(b'0') & 15);
    text.bytes().fold(0u64, |n, b| n.wrapping_mul(10).wrapping_add(digit(b)))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A company prefix has at least 4 digits.
fn begins_with_prefix(text: &str) -> bool {
    text.get(..4).is_some_and(all_digits)
}

/// A day of a month; day 0, where it is allowed, means the end of the month.
fn is_date(year: u64, month_day: u64, day_zero: bool) -> bool {
    let (month, day) = (month_day / 100, month_day % 100);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    day <= last && (day > 0 || day_zero)
}

/// Six digits that are a day.
pub(super) fn is_yymmdd(text: &str) -> bool {
    let value = number(text);
    is_date(2000 + value / 10_000, value % 10_000, false)
}

fn is_importer_index(text: &str) -> bool {
    matches!(text.as_bytes(), [b] if b.is_ascii_alphanumeric() || b"-_".contains(b))
}

fn is_piece_of_total(text: &str) -> bool {
    let (piece, total) = (number(&text[..2]), number(&text[2..]));
    piece >= 1 && piece <= total
}

fn is_sequence(text: &str) -> bool {
    matches!(text.as_bytes(), [a @ b'1'..=b'9', b'/', b @ b'1'..=b'9'] if a <= b)
}

fn is_percent_encoded(text: &str) -> bool {
    let hex = |s: Option<&str>| s.is_some_and(|s| s.bytes().all(|b| b.is_ascii_hexdigit()));
    text.match_indices('%').all(|(i, _)| hex(text.get(i + 1..i + 3)))
}

/// ISO 13616: the first four characters go to the end, letters count 10 to 35, modulo 97 is 1.
fn is_iban(text: &str) -> bool {
    if text.len() < 11
        || !text.get(..2).is_some_and(lists::is_country_letters)
        || !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        return false;
    }
    let (head, tail) = text.as_bytes().split_at(4);
    let rest = tail.iter().chain(head).fold(0u32, |n, b| match b {
        b'0'..=b'9' => (n * 10 + u32::from(b - b'0')) % 97,
        _ => (n * 100 + u32::from(b.wrapping_sub(b'A')) + 10) % 97,
    });
    rest == 1
}

/// The check character pair of a GMN (GS1 General Specifications 7.9.5): weights are the primes
/// from the right, modulo 1021, written in two of 32 characters.
fn has_check_characters(text: &str) -> bool {
    const PRIMES: [u32; 23] =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];
    const SET_82: &[u8] =
        b"!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    const SET_32: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let Some(split) = text.len().checked_sub(2) else { return false };
    let (body, pair) = text.as_bytes().split_at(split);
    let place = |b: &u8| SET_82.iter().position(|c| c == b).unwrap_or(0) as u32;
    let sum = body.iter().rev().zip(PRIMES).map(|(b, w)| place(b) * w).sum::<u32>() % 1021;
    pair == [SET_32[(sum >> 5) as usize], SET_32[(sum & 31) as usize]]
}

#[cfg(test)]
mod tests {
    use crate::gs1::parse_bracketed;

    #[test]
    fn contents_are_checked() {
        for (good, bad, code) in [
            // The General Specifications' own example of check characters.
            ("(8013)1987654Ad4X4bL5ttr2310c2K", "(8013)1987654Ad4X4bL5ttr2310c2L", "check-digit"),
            ("(00)106141412345678908", "(00)106141412345678907", "check-digit"),
            ("(17)240229", "(17)230229", "bad-date"),
            ("(17)230200", "(7006)230200", "bad-date"),
            ("(17)231231", "(17)231301", "bad-date"),
            ("(7003)2301012359", "(7003)2301012400", "bad-date"),
            ("(7250)19000228", "(7250)19000229", "bad-date"),
            ("(8008)23010112", "(8008)2301011260", "bad-date"),
            ("(8007)GB82WEST12345698765432", "(8007)GB82WEST12345698765433", "content"),
            ("(8006)040063813339310102", "(8006)040063813339310201", "content"),
            ("(8011)10", "(8011)010", "content"),
            ("(7258)1/2", "(7258)3/2", "content"),
            ("(4300)A%20B", "(4300)A%2", "content"),
            ("(8004)1234A", "(8004)12A34", "content"),
            ("(8010)1234-A/#", "(8010)1234a", "bad-character"),
            ("(10)A", "(10)A B", "bad-character"),
            ("(8030)aZ0-_=", "(8030)a+", "bad-character"),
            ("(8030)aZ0-_=", "(8030)a=Z", "content"),
            ("(8011)10", "(8011)0", "content"),
            ("(421)276ABC", "(421)277ABC", "content"),
            ("(7030)999A", "(7030)998A", "content"),
            ("(3910)978100", "(3910)000100", "content"),
            ("(4307)DE", "(4307)XX", "content"),
            ("(7041)PLP", "(7041)QQQQ", "content"),
            ("(7040)1AB-", "(7040)1AB!", "content"),
            ("(8110)106141416543213150110120", "(8110)706141416543213150110120", "content"),
            ("(8112)001234561234560123456", "(8112)201234561234560123456", "content"),
        ] {
            assert!(parse_bracketed(good).is_ok(), "{good}: {:?}", parse_bracketed(good));
            let error = parse_bracketed(bad).expect_err(bad);
            assert_eq!(error.code(), code, "{bad}: {error}");
        }
    }
}
