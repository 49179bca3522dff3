//! Tag URIs and pure identity URIs (TDS sections 6 and 12), with the escapes of RFC 3986 for the
//! characters that a URN can't hold.

use super::{
    Epc, EpcError, Tail, is_set_39, is_set_82, power,
    scheme::{Kind, PREFIX_DIGITS, Scheme, TailKind, by_name},
};

impl Epc {
    /// `urn:epc:tag:…`, which keeps everything that is on the tag.
    #[must_use]
    pub fn tag_uri(&self) -> String {
        let mut out = String::with_capacity(72);
        out.push_str("urn:epc:tag:");
        out.push_str(self.scheme.name);
        out.push(':');
        if self.scheme.kind != Kind::Gid {
            out.push(char::from(b'0' + (self.filter & 7)));
            out.push('.');
        }
        self.write_fields(&mut out);
        out
    }

    /// `urn:epc:id:…`, which names the thing whatever scheme the tag has.
    #[must_use]
    pub fn pure_identity(&self) -> String {
        let mut out = String::with_capacity(64);
        out.push_str("urn:epc:id:");
        out.push_str(self.scheme.family);
        out.push(':');
        self.write_fields(&mut out);
        out
    }

    fn write_fields(&self, out: &mut String) {
        let p = usize::from(self.partition);
        let digits = match self.scheme.kind {
            Kind::Gid => 1,
            _ => PREFIX_DIGITS[p],
        };
        push_padded(out, self.prefix, digits);
        match self.scheme.kind {
            Kind::Giai => {}
            Kind::Cpi => {
                out.push('.');
                push_escaped(out, &self.component);
            }
            Kind::Gid => {
                out.push('.');
                push_padded(out, self.reference, 1);
            }
            _ => {
                out.push('.');
                push_padded(out, self.reference, self.scheme.reference_digits[p]);
            }
        }
        if self.scheme.kind == Kind::Itip {
            for number in [self.pieces.0, self.pieces.1] {
                out.push('.');
                push_padded(out, u64::from(number), 2);
            }
        }
        match &self.tail {
            Tail::None => return,
            _ => out.push('.'),
        }
        match &self.tail {
            Tail::None => {}
            Tail::Number(value) => push_padded(out, *value, 1),
            Tail::Text(text) => push_escaped(out, text),
        }
    }
}

/// Appends a number with at least so many digits; none at all for 0 digits.
pub(super) fn push_padded(out: &mut String, mut value: u64, digits: u8) {
    let mut text = [b'0'; 20];
    let mut start = text.len();
    while value > 0 {
        start -= 1;
        text[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let start = start.min(text.len() - usize::from(digits));
    text[start..].iter().for_each(|b| out.push(char::from(*b)));
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("%22"),
            '#' => out.push_str("%23"),
            '%' => out.push_str("%25"),
            '&' => out.push_str("%26"),
            '/' => out.push_str("%2F"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '?' => out.push_str("%3F"),
            _ => out.push(c),
        }
    }
}

/// Undoes the escapes. None for a broken escape.
fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

/// Parses a tag URI.
pub(super) fn parse(uri: &str) -> Result<Epc, EpcError> {
    let wrong = || EpcError::BadUri(uri.chars().take(120).collect());
    let (name, rest) =
        uri.strip_prefix("urn:epc:tag:").and_then(|r| r.split_once(':')).ok_or_else(wrong)?;
    let scheme = by_name(name)?;
    let mut fields = Fields { rest: Some(rest), uri };
    let filter = match scheme.kind {
        Kind::Gid => 0,
        _ => fields.number("filter", 7, scheme.name)? as u8,
    };
    let mut epc = Epc {
        scheme,
        filter,
        partition: 0,
        prefix: 0,
        reference: 0,
        component: String::new(),
        pieces: (0, 0),
        tail: Tail::None,
    };
    match scheme.kind {
        Kind::Gid => {
            epc.prefix = fields.number("manager", (1 << 28) - 1, scheme.name)?;
            epc.reference = fields.number("class", (1 << 24) - 1, scheme.name)?;
        }
        _ => parse_key(&mut epc, &mut fields)?,
    }
    epc.tail = parse_tail(&epc, &mut fields)?;
    match fields.rest {
        None => Ok(epc),
        Some(_) => Err(wrong()),
    }
}

fn parse_key(epc: &mut Epc, fields: &mut Fields<'_>) -> Result<(), EpcError> {
    let scheme = epc.scheme;
    let prefix = fields.next()?;
    let p = PREFIX_DIGITS.iter().position(|d| usize::from(*d) == prefix.len());
    let Some(p) = p else {
        return Err(length("company prefix", prefix, "6 to 12 digits"));
    };
    epc.partition = p as u8;
    epc.prefix = digits("company prefix", prefix)?;
    match scheme.kind {
        Kind::Giai => {}
        Kind::Cpi => parse_component(epc, fields.next()?)?,
        _ => {
            let text = fields.next()?;
            if text.len() != usize::from(scheme.reference_digits[p]) {
                return Err(length("reference", text, "the company prefix leaves another number"));
            }
            epc.reference = digits("reference", text)?;
        }
    }
    if scheme.kind == Kind::Itip {
        epc.pieces = (fields.two_digits("piece")?, fields.two_digits("total")?);
    }
    Ok(())
}

fn parse_component(epc: &mut Epc, escaped: &str) -> Result<(), EpcError> {
    let what = "component";
    let p = usize::from(epc.partition);
    if epc.scheme.name == "cpi-96" {
        let max = power(epc.scheme.reference_digits[p]) - 1;
        epc.reference = number(what, escaped, max, epc.scheme.name)?;
        epc.component = escaped.to_owned();
        return Ok(());
    }
    let max = 30 - usize::from(PREFIX_DIGITS[p]);
    epc.component = text(what, escaped, max, is_set_39)?;
    Ok(())
}

fn parse_tail(epc: &Epc, fields: &mut Fields<'_>) -> Result<Tail, EpcError> {
    let Scheme { name, kind, tail, .. } = *epc.scheme;
    let p = usize::from(epc.partition);
    let what = if kind == Kind::Giai { "asset reference" } else { "serial" };
    let widest = |bits: u8| (1u64 << bits) - 1;
    match tail {
        TailKind::Reserved => Ok(Tail::None),
        TailKind::Integer(_) if name == "cpi-var" => {
            number(what, fields.last()?, power(12) - 1, name).map(Tail::Number)
        }
        TailKind::Integer(bits) => {
            number(what, fields.last()?, widest(bits), name).map(Tail::Number)
        }
        TailKind::IntegerBy(bits) => {
            number(what, fields.last()?, widest(bits[p]), name).map(Tail::Number)
        }
        TailKind::Text(bits) => {
            text(what, fields.last()?, usize::from(bits / 7), is_set_82).map(Tail::Text)
        }
        TailKind::TextBy(_) => {
            let max = 30 - usize::from(PREFIX_DIGITS[p]);
            text(what, fields.last()?, max, is_set_82).map(Tail::Text)
        }
        TailKind::NumericText(_, max) => {
            text(what, fields.last()?, max, |b| b.is_ascii_digit()).map(Tail::Text)
        }
    }
}

/// The fields between the dots; the last one may itself hold dots.
struct Fields<'a> {
    rest: Option<&'a str>,
    uri: &'a str,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<&'a str, EpcError> {
        let rest = self.last()?;
        match rest.split_once('.') {
            Some((field, rest)) => {
                self.rest = Some(rest);
                Ok(field)
            }
            None => Ok(rest),
        }
    }

    fn last(&mut self) -> Result<&'a str, EpcError> {
        self.rest.take().ok_or_else(|| EpcError::BadUri(self.uri.chars().take(120).collect()))
    }

    fn number(
        &mut self,
        what: &'static str,
        max: u64,
        scheme: &'static str,
    ) -> Result<u64, EpcError> {
        number(what, self.next()?, max, scheme)
    }

    fn two_digits(&mut self, what: &'static str) -> Result<u8, EpcError> {
        let text = self.next()?;
        match text.len() {
            2 => Ok(digits(what, text)? as u8),
            _ => Err(length(what, text, "2 digits")),
        }
    }
}

fn length(what: &'static str, text: &str, rule: &'static str) -> EpcError {
    EpcError::Length { what, text: text.chars().take(40).collect(), rule }
}

/// Digits only, at most 19 of them; leading zeros count for nothing.
fn digits(what: &'static str, text: &str) -> Result<u64, EpcError> {
    if let Some(byte) = text.bytes().find(|b| !b.is_ascii_digit()) {
        return Err(EpcError::BadCharacter { what, byte });
    }
    Ok(text.bytes().fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0'))))
}

fn number(what: &'static str, text: &str, max: u64, scheme: &'static str) -> Result<u64, EpcError> {
    if text.is_empty() {
        return Err(EpcError::EmptyString(what));
    }
    let short = || text.chars().take(40).collect();
    let value = digits(what, text)?;
    if text.len() > 1 && text.starts_with('0') {
        return Err(EpcError::LeadingZero { what, text: short() });
    }
    match value {
        value if value > max => Err(EpcError::Overflow { what, text: short(), scheme }),
        value => Ok(value),
    }
}

fn text(
    what: &'static str,
    escaped: &str,
    max: usize,
    allowed: impl Fn(u8) -> bool,
) -> Result<String, EpcError> {
    let plain = unescape(escaped).ok_or(EpcError::BadCharacter { what, byte: b'%' })?;
    if plain.is_empty() {
        return Err(EpcError::EmptyString(what));
    }
    if let Some(byte) = plain.bytes().find(|b| !allowed(*b)) {
        return Err(EpcError::BadCharacter { what, byte });
    }
    match plain.len() {
        n if n > max => Err(EpcError::TooLong { what, max }),
        _ => Ok(plain),
    }
}
