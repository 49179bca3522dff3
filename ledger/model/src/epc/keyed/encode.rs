//! `Keyed` to bytes. Total: one that exists fits its scheme.

use super::{
    super::bits::BitWriter,
    Keyed, Tail,
    scheme::{Kind, PREFIX_BITS, TailKind},
};

/// The binary form, filled with zeros to whole words.
pub(in crate::epc) fn encode(epc: &Keyed) -> Vec<u8> {
    let scheme = epc.scheme;
    let mut out = BitWriter::default();
    out.put(u64::from(scheme.header), 8);
    if scheme.kind == Kind::Gid {
        out.put(epc.prefix, 28);
        out.put(epc.reference, 24);
    } else {
        let p = usize::from(epc.partition);
        out.put(u64::from(epc.filter), 3);
        out.put(u64::from(epc.partition), 3);
        out.put(epc.prefix, usize::from(PREFIX_BITS[p]));
        out.put(epc.reference, usize::from(scheme.reference_bits[p]));
    }
    if scheme.name == "cpi-var" {
        epc.component.bytes().for_each(|b| out.put(u64::from(b & 0x3F), 6));
        out.put(0, 6);
    }
    if scheme.kind == Kind::Itip {
        out.put(u64::from(epc.pieces.0), 7);
        out.put(u64::from(epc.pieces.1), 7);
    }
    put_tail(epc, &mut out);
    let fill = scheme.bits.saturating_sub(out.position());
    (0..fill).for_each(|_| out.put(0, 1));
    out.into_words()
}

fn put_tail(epc: &Keyed, out: &mut BitWriter) {
    match (&epc.tail, epc.scheme.tail) {
        (Tail::Number(value), TailKind::Integer(width)) => out.put(*value, usize::from(width)),
        (Tail::Number(value), TailKind::IntegerBy(widths)) => {
            out.put(*value, usize::from(widths[usize::from(epc.partition)]));
        }
        (Tail::Text(digits), TailKind::NumericText(width, _)) => {
            let value = digits.bytes().fold(1, |n, b| n * 10 + u64::from(b - b'0'));
            out.put(value, usize::from(width));
        }
        (Tail::Text(text), _) => text.bytes().for_each(|b| out.put(u64::from(b), 7)),
        (Tail::None, _) | (Tail::Number(_), _) => {}
    }
}
