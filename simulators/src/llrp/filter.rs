//! C1G2Filters: which tags take part in an inventory, by masks on their EPC memory.
//! Absent: masks on other banks, truncation, state-aware actions (all refused).

use std::sync::Arc;

use gatewarden_llrp::codec::{Cursor, Param, StatusCode};

use super::plan::Refusal;
use super::report;

pub(super) const FILTER: u16 = 331;
const MASK: u16 = 332;
const UNAWARE_ACTION: u16 = 334;
const BANK_EPC: u8 = 1;
/// The most filters, told in the capabilities.
pub(super) const FILTERS_MAX: usize = 4;
/// Of LLRP 1.0.1, 15.2.1.2.1.1.2: what happens to tags that match, and to those that do not.
const ACTIONS: [(Option<bool>, Option<bool>); 6] = [
    (Some(true), Some(false)),
    (Some(true), None),
    (None, Some(false)),
    (Some(false), None),
    (Some(false), Some(true)),
    (None, Some(true)),
];

/// The filters of one inventory, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filters(Arc<[Filter]>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    /// In bits; 20h is the first of the EPC.
    pointer: usize,
    bits: usize,
    mask: Vec<u8>,
    matching: Option<bool>,
    others: Option<bool>,
}

impl Filters {
    /// The filters among `params`; whatever else is there is not looked at.
    pub(super) fn parse<'a>(params: impl Iterator<Item = &'a Param>) -> Result<Self, Refusal> {
        let filters = params.filter(|param| param.kind == FILTER).map(parse);
        let filters = filters.collect::<Result<Vec<_>, _>>()?;
        if filters.len() > FILTERS_MAX {
            return Err(refuse("there are more filters than MaxNumSelectFiltersPerQuery"));
        }
        Ok(Self(filters.into()))
    }

    /// Whether a tag takes part.
    pub(super) fn select(&self, epc: &[u8]) -> bool {
        let Some(first) = self.0.first() else { return true };
        // Before the first filter all are selected, unless that one only adds.
        let adds = [(Some(true), None), (None, Some(true))];
        let start = !adds.contains(&(first.matching, first.others));
        let memory = memory(epc);
        self.0.iter().fold(start, |selected, filter| {
            let action = if filter.meets(&memory) { filter.matching } else { filter.others };
            action.unwrap_or(selected)
        })
    }
}

impl Filter {
    fn meets(&self, memory: &[u8]) -> bool {
        (0..self.bits).all(|at| bit(memory, self.pointer + at) == bit(&self.mask, at))
    }
}

/// The EPC bank: CRC, PC, EPC.
fn memory(epc: &[u8]) -> Vec<u8> {
    let head = [report::crc_of(epc).to_be_bytes(), report::pc_of(epc).to_be_bytes()];
    head.concat().into_iter().chain(epc.iter().copied()).collect()
}

/// `None` beyond the end, which no mask matches.
fn bit(bytes: &[u8], at: usize) -> Option<bool> {
    bytes.get(at / 8).map(|byte| byte >> (7 - at % 8) & 1 == 1)
}

fn refuse(what: &str) -> Refusal {
    Refusal::error(StatusCode::FIELD_ERROR, what)
}

fn parse(filter: &Param) -> Result<Filter, Refusal> {
    let child = |kind| filter.params.iter().find(|param| param.kind == kind);
    let missing =
        || Refusal::error(StatusCode::MISSING_PARAMETER, "C1G2TagInventoryMask is missing");
    let mask = child(MASK).ok_or_else(missing)?;
    let mut cursor = Cursor::new("C1G2TagInventoryMask", &mask.fields);
    let mut read = || -> Result<_, gatewarden_llrp::codec::CodecError> {
        let (bank, pointer, bits): (u8, u16, u16) = (cursor.get()?, cursor.get()?, cursor.get()?);
        Ok((bank >> 6, usize::from(pointer), usize::from(bits)))
    };
    let (bank, pointer, bits) =
        read().map_err(|error| Refusal::error(StatusCode::PARAMETER_ERROR, &error.to_string()))?;
    if bank != BANK_EPC {
        return Err(refuse("MB of C1G2TagInventoryMask must be 1, the EPC"));
    }
    if filter.params.iter().any(|param| ![MASK, UNAWARE_ACTION].contains(&param.kind)) {
        return Err(refuse("filters are state unaware here"));
    }
    let action =
        child(UNAWARE_ACTION).and_then(|param| param.fields.first()).map_or(0, |action| *action);
    let action = ACTIONS.get(usize::from(action));
    let (matching, others) = *action.ok_or_else(|| refuse("Action of a filter must be 0 to 5"))?;
    let mask = mask.fields.get(5..5 + bits.div_ceil(8)).unwrap_or_default().to_vec();
    Ok(Filter { pointer, bits, mask, matching, others })
}

#[cfg(test)]
mod tests {
    use gatewarden_llrp::codec::Param;

    use super::{FILTER, Filters, MASK, UNAWARE_ACTION};

    fn filter(bank: u8, pointer: u16, bits: u16, mask: &[u8], action: u8) -> Param {
        let fields = [&[bank << 6], &pointer.to_be_bytes()[..], &bits.to_be_bytes(), mask].concat();
        let param = |kind, fields| Param { kind, fields, params: Vec::new() };
        let params = vec![param(MASK, fields), param(UNAWARE_ACTION, vec![action])];
        Param { kind: FILTER, fields: vec![0], params }
    }

    fn selected(filters: &[Param]) -> Vec<u8> {
        let Ok(filters) = Filters::parse(filters.iter()) else { panic!("refused") };
        (0..8).filter(|n| filters.select(&[0x30, 0x74 | n << 4, *n, *n])).collect()
    }

    #[test]
    fn a_mask_selects_by_bits_of_the_epc() {
        assert_eq!(selected(&[]), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(selected(&[filter(1, 0x30, 8, &[3], 0)]), [3]);
        // The upper five bits of a byte.
        assert_eq!(selected(&[filter(1, 0x33, 5, &[3 << 3], 0)]), [3]);
        assert_eq!(selected(&[filter(1, 0x36, 2, &[0b1100_0000], 4)]), [0, 1, 2, 4, 5, 6]);
        // PC: two words of EPC.
        assert_eq!(selected(&[filter(1, 0x10, 5, &[2 << 3], 0)]).len(), 8);
        // Beyond the tag's end nothing matches.
        assert_eq!(selected(&[filter(1, 0x40, 1, &[0], 0)]), [0u8; 0]);
        let two = [filter(1, 0x30, 8, &[3], 1), filter(1, 0x30, 8, &[5], 1)];
        assert_eq!(selected(&two), [3, 5]);
        assert_eq!(selected(&[filter(1, 0x30, 8, &[3], 3)]), [0, 1, 2, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_not_done_is_refused() {
        for filter in [filter(2, 0, 8, &[0xE2], 0), filter(1, 0x20, 8, &[3], 6)] {
            assert!(Filters::parse([&filter].into_iter()).is_err());
        }
    }
}
