//! Tag URIs and pure identity URIs (TDS sections 6 and 12), with the escapes of RFC 3986 for the
//! characters that a URN can't hold.

use super::{
    super::{
        EpcError,
        charset::{is_set_39, is_set_82},
        fields::{Fields, digits, length, number, push_escaped, push_padded, text},
        power,
    },
    Keyed, Tail,
    scheme::{Kind, PREFIX_DIGITS, Scheme, TailKind},
};

impl Keyed {
    /// `urn:epc:tag:…`, which keeps everything that is on the tag.
    pub(in crate::epc) fn tag_uri(&self) -> String {
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
    pub(in crate::epc) fn pure_identity(&self) -> String {
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

/// Parses what follows the scheme's name in a tag URI; `uri` is the whole, for messages.
pub(in crate::epc) fn parse(
    scheme: &'static Scheme,
    rest: &str,
    uri: &str,
) -> Result<Keyed, EpcError> {
    let wrong = || EpcError::BadUri(uri.chars().take(120).collect());
    let mut fields = Fields { rest: Some(rest), uri };
    let filter = match scheme.kind {
        Kind::Gid => 0,
        _ => fields.number("filter", 7, scheme.name)? as u8,
    };
    let mut epc = Keyed {
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

fn parse_key(epc: &mut Keyed, fields: &mut Fields<'_>) -> Result<(), EpcError> {
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

fn parse_component(epc: &mut Keyed, escaped: &str) -> Result<(), EpcError> {
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

fn parse_tail(epc: &Keyed, fields: &mut Fields<'_>) -> Result<Tail, EpcError> {
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
