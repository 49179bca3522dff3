//! Digital Links (GS1 Digital Link URI Syntax, uncompressed): reading and building.

use super::{
    AiCode, Element, Gs1Data, Gs1Error,
    ai::{Ai, assigned, row},
    bounded, compressed,
};

/// The canonical stem.
pub const RESOLVER: &str = "https://id.gs1.org";

/// Parses a Digital Link. Elements come in the order of the URI, the key first.
pub fn parse_link(uri: &str) -> Result<Gs1Data, Gs1Error> {
    let uri = bounded(uri)?;
    if uri.bytes().any(|b| !is_uri_byte(b)) {
        return Err(Gs1Error::Syntax("the URI holds a character that must be percent-encoded"));
    }
    let rest = ["http://", "https://", "HTTP://", "HTTPS://"]
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .ok_or(Gs1Error::Syntax("a Digital Link begins with http:// or https://"))?;
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) =
        place.split_once('/').ok_or(Gs1Error::Syntax("the URI must hold a host and a path"))?;
    if host.is_empty() || host.bytes().any(|b| b"_~@!$&'()*+,;=%".contains(&b)) {
        return Err(Gs1Error::Syntax("the URI must hold a host, such as id.gs1.org, and a path"));
    }
    let mut elements = parse_path(path)?;
    let path = elements.len();
    parse_query(query, &mut elements)?;
    check_place(&elements, path)?;
    Gs1Data::check(elements)
}

fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// The key is the last one in the path; what precedes it is the publisher's.
fn parse_path(path: &str) -> Result<Vec<Element>, Gs1Error> {
    let segments: Vec<&str> = path.split('/').collect();
    let mut at = segments.len();
    let mut pairs: Vec<(AiCode, &str)> = Vec::new();
    loop {
        let pair = at.checked_sub(2).and_then(|pair| Some((pair, assigned(segments[pair])?)));
        let Some((pair, (code, row))) = pair else { return Err(no_key(&segments)) };
        at = pair;
        pairs.push((code, segments[at + 1]));
        if let Some(qualifiers) = row.qualifiers {
            pairs.reverse();
            check_order(qualifiers, &pairs[1..])?;
            break;
        }
    }
    pairs.into_iter().map(|(ai, raw)| decode_value(ai, raw, false)).collect()
}

fn no_key(segments: &[&str]) -> Gs1Error {
    match segments.last().and_then(|last| compressed::key_of(last)) {
        Some(Element { ai, value }) => Gs1Error::Compressed(ai, value),
        None => Gs1Error::NoKey,
    }
}

/// A qualifier that the path could hold must not stand in the query.
fn check_place(elements: &[Element], path: usize) -> Result<(), Gs1Error> {
    let (own, others) = elements.split_at(path);
    let alternatives = own.first().and_then(|key| row(key.ai)?.qualifiers).unwrap_or_default();
    for alternative in alternatives.split('|') {
        let holds = |e: &Element| alternative.split(',').any(|a| e.ai.is(a));
        if !own.iter().skip(1).all(holds) {
            continue;
        }
        if let Some(misplaced) = others.iter().find(|e| holds(e)) {
            return Err(Gs1Error::MisplacedQualifier(misplaced.ai));
        }
    }
    Ok(())
}

/// Qualifiers must be a subsequence of one alternative.
fn check_order(alternatives: &str, pairs: &[(AiCode, &str)]) -> Result<(), Gs1Error> {
    let fits = |alternative: &str| {
        let mut allowed = alternative.split(',');
        pairs.iter().all(|(code, _)| allowed.any(|a| code.is(a)))
    };
    match pairs.first() {
        None => Ok(()),
        Some(_) if alternatives.split('|').any(fits) => Ok(()),
        Some((code, _)) => Err(Gs1Error::Qualifier(*code)),
    }
}

fn parse_query(query: &str, elements: &mut Vec<Element>) -> Result<(), Gs1Error> {
    for parameter in query.split('&') {
        let Some((name, raw)) = parameter.split_once('=') else { continue };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let unknown = || Gs1Error::UnknownAi(name.chars().take(8).collect());
        let (code, row) = assigned(name).ok_or_else(unknown)?;
        if elements.iter().any(|e| e.ai == code) {
            return Err(Gs1Error::Repeated(code));
        }
        if !row.attribute {
            return Err(Gs1Error::Attribute(code));
        }
        elements.push(decode_value(code, raw, true)?);
        if elements.len() > super::ELEMENTS_MAX {
            return Err(Gs1Error::TooMuch("64 elements"));
        }
    }
    Ok(())
}

/// Undoes percent escapes; in a query `+` is a space.
fn decode_value(ai: AiCode, raw: &str, query: bool) -> Result<Element, Gs1Error> {
    let broken = Gs1Error::Content { ai, problem: "has a broken percent escape" };
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(broken) };
                out.push((high * 16 + low) as u8);
            }
            b'+' if query => out.push(b' '),
            _ => out.push(byte),
        }
    }
    match String::from_utf8(out) {
        Ok(value) => Ok(Element { ai, value }),
        Err(_) => Err(broken),
    }
}

/// Builds the uncompressed Digital Link on a stem such as `RESOLVER`. None where the elements hold
/// no key, mix alternative qualifiers, or hold one that can't stand in a URI.
///
/// The first key is the path's; the other elements follow as attributes, those of predefined
/// length first, each once.
#[must_use]
pub fn build_link(elements: &[Element], stem: &str) -> Option<String> {
    let (key, qualifiers) = elements.iter().find_map(|e| Some((e, row(e.ai)?.qualifiers?)))?;
    write_link(key, &choose_qualifiers(elements, qualifiers)?, elements, stem)
}

/// Builds the Digital Link of what `parse_link` read, on another stem: the qualifiers that stood in
/// its path stay there, even where `build_link` could not choose between them and attributes.
#[must_use]
pub fn relink(data: &Gs1Data, stem: &str) -> Option<String> {
    let elements = &data.elements;
    let key = elements.first()?;
    let alternatives = row(key.ai)?.qualifiers?;
    let path = |alternative: &str| {
        let own = |e: &&Element| alternative.split(',').any(|a| e.ai.is(a));
        elements.iter().skip(1).take_while(own).collect::<Vec<_>>()
    };
    let longest = alternatives.split('|').map(path).max_by_key(Vec::len)?;
    write_link(key, &longest, elements, stem)
}

fn write_link(
    key: &Element,
    path: &[&Element],
    elements: &[Element],
    stem: &str,
) -> Option<String> {
    let mut out = String::with_capacity(80);
    out.push_str(stem.trim_end_matches('/'));
    for element in std::iter::once(key).chain(path.iter().copied()) {
        out.push('/');
        out.push_str(element.ai.as_str());
        out.push('/');
        push_encoded(&mut out, &element.value);
    }
    let mut attributes: Vec<(&Element, &Ai)> = Vec::new();
    for element in elements {
        let in_path = element.ai == key.ai || path.iter().any(|q| q.ai == element.ai);
        if !in_path && !attributes.iter().any(|(e, _)| e.ai == element.ai) {
            attributes.push((element, row(element.ai)?));
        }
    }
    attributes.sort_by_key(|(_, row)| !row.predefined);
    for (i, (element, row)) in attributes.iter().enumerate() {
        if !row.attribute {
            return None;
        }
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(element.ai.as_str());
        out.push('=');
        push_encoded(&mut out, &element.value);
    }
    Some(out)
}

/// The elements that qualify the key, in order; None where they belong to different alternatives.
fn choose_qualifiers<'a>(elements: &'a [Element], alternatives: &str) -> Option<Vec<&'a Element>> {
    let find = |code: &str| elements.iter().find(|e| e.ai.is(code));
    let present = alternatives.split(['|', ',']).filter(|code| find(code).is_some()).count();
    alternatives.split('|').find_map(|alternative| {
        let own: Vec<&Element> = alternative.split(',').filter_map(find).collect();
        (own.len() == present).then_some(own)
    })
}

fn push_encoded(out: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}
