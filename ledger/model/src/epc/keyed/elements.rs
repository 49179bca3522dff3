//! `Keyed` to GS1 elements (TDS section 7): where the check digit comes back and the indicator or
//! extension digit moves to the front.

use super::{
    super::{fields::push_padded, power},
    Keyed, Tail,
    scheme::{Kind, PREFIX_DIGITS},
};
use crate::gs1::{AiCode, Element, check_digit};

impl Keyed {
    /// The GS1 elements, the primary key first. Empty for a GID, which is no GS1 key.
    pub(in crate::epc) fn elements(&self) -> Vec<Element> {
        let serial = || self.tail_text();
        match self.scheme.kind {
            Kind::Sgtin => vec![element("01", self.moved_key(14)), element("21", serial())],
            Kind::Sscc => vec![element("00", self.moved_key(18))],
            Kind::Itip => {
                let mut key = self.moved_key(18);
                push_padded(&mut key, u64::from(self.pieces.0), 2);
                push_padded(&mut key, u64::from(self.pieces.1), 2);
                vec![element("8006", key), element("21", serial())]
            }
            Kind::Sgln => {
                let extension = serial();
                let mut out = vec![element("414", self.plain_key(""))];
                // Extension 0 means none (TDS 7.5).
                if extension != "0" {
                    out.push(element("254", extension));
                }
                out
            }
            Kind::Grai => vec![element("8003", self.plain_key("0") + &serial())],
            Kind::Gdti => vec![element("253", self.plain_key("") + &serial())],
            Kind::Sgcn => vec![element("255", self.plain_key("") + &serial())],
            Kind::Gsrn => vec![element("8018", self.plain_key(""))],
            Kind::Gsrnp => vec![element("8017", self.plain_key(""))],
            Kind::Giai => vec![element("8004", self.prefix_text() + &serial())],
            Kind::Cpi => vec![
                element("8010", self.prefix_text() + &self.component),
                element("8011", serial()),
            ],
            Kind::Gid => Vec::new(),
        }
    }

    fn prefix_text(&self) -> String {
        let mut out = String::with_capacity(30);
        push_padded(&mut out, self.prefix, PREFIX_DIGITS[usize::from(self.partition)]);
        out
    }

    /// The reference's first digit, the prefix, the rest of the reference, the check digit.
    fn moved_key(&self, capacity: usize) -> String {
        let digits = self.scheme.reference_digits[usize::from(self.partition)];
        let unit = power(digits.saturating_sub(1));
        let mut out = String::with_capacity(capacity);
        push_padded(&mut out, self.reference / unit, 1);
        push_padded(&mut out, self.prefix, PREFIX_DIGITS[usize::from(self.partition)]);
        push_padded(&mut out, self.reference % unit, digits.saturating_sub(1));
        out.push(check_digit(out.as_bytes()));
        out
    }

    /// The prefix, the reference, the check digit, with a lead that does not count.
    fn plain_key(&self, lead: &str) -> String {
        let p = usize::from(self.partition);
        let mut out = String::with_capacity(34);
        out.push_str(lead);
        push_padded(&mut out, self.prefix, PREFIX_DIGITS[p]);
        push_padded(&mut out, self.reference, self.scheme.reference_digits[p]);
        out.push(check_digit(&out.as_bytes()[lead.len()..]));
        out
    }

    fn tail_text(&self) -> String {
        match &self.tail {
            Tail::None => String::new(),
            Tail::Number(value) => {
                let mut out = String::with_capacity(20);
                push_padded(&mut out, *value, 1);
                out
            }
            Tail::Text(text) => text.clone(),
        }
    }
}

fn element(ai: &'static str, value: String) -> Element {
    Element { ai: AiCode::known(ai), value }
}
