//! How the value of each application identifier is encoded (TDS 2.3 sections 14.5.2 to 14.5.15 and
//! TDT table F): the table and reading by it. What is absent: identifiers that the table does not
//! know yet (03, 3954, 3955, 717, 8014, 8040 to 8043).

use super::{super::EpcError, source::Source, text};
use crate::gs1::AiCode;

/// One component of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// So many digits of 4 bits each (14.5.4).
    Bcd(usize),
    /// A number of so many digits, in as few bits as the largest of them needs (14.5.2).
    Number(usize),
    /// An encoding indicator, a length of so many bits, at most so many characters (14.5.6).
    Text(usize, usize),
    /// A length of so many bits, at most so many digits as a number (14.5.13).
    Digits(usize, usize),
    /// Digits up to a terminator, or a delimiter and a text; at most so many in all (14.5.5).
    Delimited(usize),
    /// YYMMDD (14.5.8).
    Date,
    /// `YYMMDDhhmm` (14.5.9).
    DateTime,
    /// One date or two (14.5.10).
    Dates,
    /// YYMMDD with as much of `hhmmss` as is known (14.5.11).
    Precise,
    /// Two letters (14.5.12).
    Country,
    /// 0 or 1 (14.5.7).
    Flag,
    /// A minus sign or nothing (14.5.14).
    Minus,
    /// `1/2` (14.5.15).
    Sequence,
}

use Code::{
    Bcd, Country, Date, DateTime, Dates, Delimited, Digits, Flag, Minus, Number, Precise, Sequence,
    Text,
};

type Row = (&'static str, &'static str, &'static [Code]);

/// Identifiers and ranges of them, in lexical order. 31nn to 36nn stand in `codes`.
#[rustfmt::skip]
static ROWS: [Row; 103] = [
    ("00", "00", &[Bcd(18)]), ("01", "02", &[Bcd(14)]), ("10", "10", &[Text(5, 20)]),
    ("11", "13", &[Date]), ("15", "17", &[Date]), ("20", "20", &[Number(2)]),
    ("21", "22", &[Text(5, 20)]), ("235", "235", &[Text(5, 28)]), ("240", "241", &[Text(5, 30)]),
    ("242", "242", &[Digits(3, 6)]), ("243", "243", &[Text(5, 20)]), ("250", "251", &[Text(5, 30)]),
    ("253", "253", &[Bcd(13), Text(5, 17)]), ("254", "254", &[Text(5, 20)]),
    ("255", "255", &[Bcd(13), Digits(4, 12)]), ("30", "30", &[Digits(4, 8)]),
    ("37", "37", &[Digits(4, 8)]), ("3900", "3909", &[Digits(4, 15)]),
    ("3910", "3919", &[Number(3), Digits(4, 15)]), ("3920", "3929", &[Digits(4, 15)]),
    ("3930", "3939", &[Number(3), Digits(4, 15)]), ("3940", "3943", &[Number(4)]),
    ("3950", "3953", &[Number(6)]), ("400", "401", &[Text(5, 30)]), ("402", "402", &[Number(17)]),
    ("403", "403", &[Text(5, 30)]), ("410", "417", &[Bcd(13)]), ("420", "420", &[Text(5, 20)]),
    ("421", "421", &[Number(3), Text(4, 9)]), ("422", "422", &[Number(3)]),
    ("423", "423", &[Digits(4, 15)]), ("424", "424", &[Number(3)]),
    ("425", "425", &[Digits(4, 15)]), ("426", "426", &[Number(3)]), ("427", "427", &[Text(2, 3)]),
    ("4300", "4301", &[Text(6, 35)]), ("4302", "4306", &[Text(7, 70)]),
    ("4307", "4307", &[Country]), ("4308", "4308", &[Text(5, 30)]), ("4309", "4309", &[Number(20)]),
    ("4310", "4311", &[Text(6, 35)]), ("4312", "4316", &[Text(7, 70)]),
    ("4317", "4317", &[Country]), ("4318", "4318", &[Text(5, 20)]),
    ("4319", "4319", &[Text(5, 30)]), ("4320", "4320", &[Text(6, 35)]), ("4321", "4323", &[Flag]),
    ("4324", "4325", &[DateTime]), ("4326", "4326", &[Date]), ("4330", "4333", &[Number(6), Minus]),
    ("7001", "7001", &[Number(13)]), ("7002", "7002", &[Text(5, 30)]),
    ("7003", "7003", &[DateTime]), ("7004", "7004", &[Digits(3, 4)]),
    ("7005", "7005", &[Text(4, 12)]), ("7006", "7006", &[Date]), ("7007", "7007", &[Dates]),
    ("7008", "7008", &[Text(2, 3)]), ("7009", "7009", &[Text(4, 10)]),
    ("7010", "7010", &[Text(2, 2)]), ("7011", "7011", &[Precise]), ("7020", "7022", &[Text(5, 20)]),
    ("7023", "7023", &[Delimited(30)]), ("7030", "7039", &[Number(3), Text(5, 27)]),
    ("7040", "7041", &[Text(3, 4)]), ("710", "716", &[Text(5, 20)]),
    ("7230", "7239", &[Text(5, 30)]), ("7240", "7240", &[Text(5, 20)]), ("7241", "7241", &[Bcd(2)]),
    ("7242", "7242", &[Text(5, 25)]), ("7250", "7250", &[Number(8)]),
    ("7251", "7251", &[Number(12)]), ("7252", "7252", &[Number(1)]),
    ("7253", "7254", &[Text(6, 40)]), ("7255", "7255", &[Text(4, 10)]),
    ("7256", "7256", &[Text(7, 90)]), ("7257", "7257", &[Text(7, 70)]),
    ("7258", "7258", &[Sequence]), ("7259", "7259", &[Text(6, 40)]),
    ("8001", "8001", &[Number(14)]), ("8002", "8002", &[Text(5, 20)]),
    ("8003", "8003", &[Bcd(14), Text(5, 16)]), ("8004", "8004", &[Delimited(30)]),
    ("8005", "8005", &[Number(6)]), ("8006", "8006", &[Bcd(18)]), ("8007", "8007", &[Text(5, 24)]),
    ("8008", "8008", &[Precise]), ("8009", "8009", &[Text(6, 50)]),
    ("8010", "8010", &[Delimited(30)]), ("8011", "8011", &[Digits(4, 12)]),
    ("8012", "8012", &[Text(5, 20)]), ("8013", "8013", &[Text(5, 25)]),
    ("8017", "8018", &[Bcd(18)]), ("8019", "8019", &[Digits(4, 10)]),
    ("8020", "8020", &[Text(5, 25)]), ("8026", "8026", &[Bcd(18)]),
    ("8030", "8030", &[Text(7, 90)]), ("8110", "8110", &[Text(7, 70)]),
    ("8111", "8111", &[Number(4)]), ("8112", "8112", &[Text(7, 70)]),
    ("8200", "8200", &[Text(7, 70)]), ("90", "90", &[Text(5, 30)]), ("91", "99", &[Text(7, 90)]),
];

/// The components of an identifier's value.
pub(super) fn codes(ai: AiCode) -> Option<&'static [Code]> {
    let text = ai.as_str();
    if text.len() == 4 && matches!(text.as_bytes()[..2], [b'3', b'1'..=b'6']) {
        return Some(&[Number(6)]);
    }
    let packed = ai.packed();
    let after = FIRST.partition_point(|first| *first <= packed);
    let (first, last, codes) = ROWS[after.checked_sub(1)?];
    (first.len() == text.len() && packed <= AiCode::known(last).packed()).then_some(codes)
}

/// The first code of each row.
static FIRST: [u32; ROWS.len()] = firsts();

const fn firsts() -> [u32; ROWS.len()] {
    let mut out = [0; ROWS.len()];
    let mut i = 0;
    while i < out.len() {
        out[i] = AiCode::known(ROWS[i].0).packed();
        i += 1;
    }
    out
}

/// The value of an identifier. None for one that the table does not know.
pub(super) fn read(ai: AiCode, source: &mut Source<'_>) -> Result<Option<String>, EpcError> {
    let Some(codes) = codes(ai) else { return Ok(None) };
    let mut out = String::with_capacity(32);
    for code in codes {
        read_one(*code, source, &mut out)?;
    }
    Ok(Some(out))
}

fn read_one(code: Code, source: &mut Source<'_>, out: &mut String) -> Result<(), EpcError> {
    match code {
        Bcd(digits) => bcd(source, digits, out),
        Number(digits) => text::read_number(source, digits, out),
        Text(width, max) => text::read(source, width, max, out),
        Digits(width, max) => {
            let digits = source.take(width)? as usize;
            if digits > max {
                return Err(EpcError::TooLong { what: "number", max });
            }
            text::read_number(source, digits, out)
        }
        Delimited(max) => delimited(source, max, out),
        Date => push(out, &date(source)?),
        DateTime => {
            push(out, &date(source)?)?;
            time(source, 2, out)
        }
        Dates => {
            let two = source.take(1)? == 1;
            push(out, &date(source)?)?;
            if two { push(out, &date(source)?) } else { Ok(()) }
        }
        Precise => {
            let parts = [1, 2, 3, 0][source.take(2)? as usize];
            push(out, &date(source)?)?;
            time(source, parts, out)
        }
        Country => {
            source.need(12)?;
            text::read_base64(source, 2, out)
        }
        Flag => push(out, if source.take(1)? == 1 { "1" } else { "0" }),
        Minus => push(out, if source.take(1)? == 1 { "-" } else { "" }),
        Sequence => {
            bcd(source, 1, out)?;
            out.push('/');
            bcd(source, 1, out)
        }
    }
}

fn push(out: &mut String, text: &str) -> Result<(), EpcError> {
    out.push_str(text);
    Ok(())
}

fn bcd(source: &mut Source<'_>, digits: usize, out: &mut String) -> Result<(), EpcError> {
    source.need(digits * 4)?;
    let mut left = digits;
    while left > 0 {
        let step = left.min(16);
        let word = source.take(step * 4)?;
        for place in (0..step).rev() {
            match (word >> (4 * place) & 15) as u8 {
                digit @ 0..=9 => out.push(char::from(b'0' + digit)),
                nibble => return Err(EpcError::BadNibble(nibble)),
            }
        }
        left -= step;
    }
    Ok(())
}

/// Digits up to F, or up to E and a text behind it.
fn delimited(source: &mut Source<'_>, max: usize, out: &mut String) -> Result<(), EpcError> {
    loop {
        match source.take(4)? as u8 {
            digit @ 0..=9 => out.push(char::from(b'0' + digit)),
            0xE => {
                text::read(source, 5, max, out)?;
                break;
            }
            0xF => break,
            nibble => return Err(EpcError::BadNibble(nibble)),
        }
        if out.len() > max {
            break;
        }
    }
    match out.len() {
        n if n > max => Err(EpcError::TooLong { what: "element", max }),
        _ => Ok(()),
    }
}

/// YYMMDD in 16 bits. Whether there is such a day is checked with the identifier.
pub(super) fn date(source: &mut Source<'_>) -> Result<String, EpcError> {
    source.need(16)?;
    let (year, month, day) = (source.take(7)?, source.take(4)?, source.take(5)?);
    let value = format!("{year:02}{month:02}{day:02}");
    match value.len() {
        6 => Ok(value),
        _ => Err(EpcError::BadDate { ai: AiCode::known("11"), value }),
    }
}

/// So many of hours, minutes and seconds.
fn time(source: &mut Source<'_>, parts: usize, out: &mut String) -> Result<(), EpcError> {
    for width in [5, 6, 6].iter().take(parts) {
        let value = source.take(*width)?;
        super::super::fields::push_padded(out, value, 2);
    }
    Ok(())
}
