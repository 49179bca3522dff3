//! The host name of the `++` schemes' Digital Link (TDS 2.3 section 14.5.16): one bit for the
//! encoding, a length of six bits, then URN Code 40 or 7-bit units, in which some values stand for
//! frequent beginnings and endings.
//!
//! Code 40 has capital letters only; host names are written small here (RFC 3986 6.2.2.1).

use super::{
    super::{EpcError, bits::BitWriter},
    source::Source,
    text,
};

/// Units that stand for more than one character (table A).
#[rustfmt::skip]
const SHORT: [(u8, &str); 13] = [
    (0x1E, "qr."), (0x1F, "www."), (0x20, "id."), (0x5B, ".com"), (0x5C, ".org"), (0x5D, ".net"),
    (0x5E, ".int"), (0x60, ".edu"), (0x7B, ".gov"), (0x7C, ".mil"), (0x7D, ".biz"), (0x7E, ".eco"),
    (0x7F, ".med"),
];
/// Endings by a unit 0 and a unit with their place (table B1).
const PAGE_0: &str = "\
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh \
    bi bj bm bn bo bq br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co \
    cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et eu fi fj fk \
    fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn \
    hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp \
    kr kw ky kz la lb lc li";
/// The same behind a unit 1 (table B2).
const PAGE_1: &str = "\
    lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu \
    mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk \
    pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl \
    sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv \
    tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";
/// The same behind a unit 2 (table B3).
const PAGE_2: &str = "\
    com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk \
    co.in com.in co.il co.jp co.za co.kr com.es com.lk co.th co.tt com.tt \
    com.tr biz.tr com.ua co.uk co.zm com.zm com.cn org.cn net.cn gov.cn";
/// The same behind a unit 3 (table B4).
const PAGE_3: &str = "\
    tech";
/// Endings by their first unit.
const PAGES: [&str; 4] = [PAGE_0, PAGE_1, PAGE_2, PAGE_3];

/// Reads a host name.
pub(super) fn read(source: &mut Source<'_>) -> Result<String, EpcError> {
    let seven_bits = source.take(1)? == 1;
    let length = source.take(6)? as usize;
    let mut out = String::with_capacity(length + 8);
    if seven_bits {
        source.need(length * 7)?;
        let mut left = length;
        while left > 0 {
            left -= read_unit(source, left, &mut out)?;
        }
    } else {
        source.need(text::code40_bits(length))?;
        text::read_code40(source, length, &mut out)?;
        out.make_ascii_lowercase();
    }
    check(&out)?;
    Ok(out)
}

/// One unit or two; how many it took.
fn read_unit(source: &mut Source<'_>, left: usize, out: &mut String) -> Result<usize, EpcError> {
    let bad = |byte| Err(EpcError::BadCharacter { what: "host name", byte });
    let unit = source.take(7)? as u8;
    if let Some(page) = PAGES.get(usize::from(unit)) {
        if left < 2 {
            return bad(unit);
        }
        let place = source.take(7)? as usize;
        let Some(ending) = page.split(' ').nth(place) else { return bad(place as u8) };
        out.push('.');
        out.push_str(ending);
        return Ok(2);
    }
    match SHORT.iter().find(|(value, _)| *value == unit) {
        Some((_, text)) => out.push_str(text),
        None => out.push(char::from(unit)),
    }
    Ok(1)
}

/// Letters, digits, hyphens and dots; a colon before a port.
fn check(host: &str) -> Result<(), EpcError> {
    if host.is_empty() {
        return Err(EpcError::EmptyString("host name"));
    }
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-.:".contains(b);
    match host.bytes().find(|b| !allowed(b)) {
        Some(byte) => Err(EpcError::BadCharacter { what: "host name", byte }),
        None => Ok(()),
    }
}

/// Writes a host name in 7-bit units, the longest abbreviation first.
pub(super) fn write(out: &mut BitWriter, host: &str) -> Result<(), EpcError> {
    check(host)?;
    let mut units = Vec::new();
    let mut rest = host;
    while let Some(first) = rest.bytes().next() {
        let taken = ending(rest).or_else(|| abbreviation(rest));
        let (codes, length) = taken.unwrap_or_else(|| (vec![first], 1));
        units.extend(codes);
        rest = rest.get(length..).unwrap_or_default();
    }
    if units.len() >= 64 {
        return Err(EpcError::TooLong { what: "host name", max: 63 });
    }
    out.put(1, 1);
    out.put(units.len() as u64, 6);
    units.iter().for_each(|unit| out.put(u64::from(*unit), 7));
    Ok(())
}

/// An ending of two units that is all the rest.
fn ending(rest: &str) -> Option<(Vec<u8>, usize)> {
    let name = rest.strip_prefix('.')?;
    PAGES.iter().enumerate().find_map(|(page, entries)| {
        let place = entries.split(' ').position(|e| e == name)?;
        Some((vec![page as u8, place as u8], rest.len()))
    })
}

/// What one unit stands for.
fn abbreviation(rest: &str) -> Option<(Vec<u8>, usize)> {
    SHORT.iter().find(|(_, t)| rest.starts_with(t)).map(|(unit, t)| (vec![*unit], t.len()))
}
