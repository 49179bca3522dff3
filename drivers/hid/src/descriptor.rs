//! A report descriptor (USB HID 1.11, 6.2.2) to the layouts of the reports that carry scans. Pure.
//!
//! The fields are found by usage (HID Point of Sale Usage Tables 1.02, section 3), wherever they lie and
//! however many bits they have: 0x8C/0xFB–0xFD symbology identifier, 0x8C/0xFE decoded data, 0x8C/0xFF
//! continued, 0x01/0x3B byte count.
//! Invariants: offsets are in bits from the report's first byte, its id included; every count is bounded;
//! no input panics. Absent: output and feature reports, units, designators and strings.

use std::collections::BTreeMap;

use crate::codec::{Part, ReportError, is_aim};

/// The longest descriptor that is read, in bytes (hidraw's own bound).
pub const DESCRIPTOR_BYTES_MAX: usize = 4_096;
/// The longest report that is read, in bytes.
pub const REPORT_BYTES_MAX: usize = 1_024;
/// Most scan reports of one device.
const LAYOUTS_MAX: usize = 16;
/// Most nested `Push` items.
const STACK_MAX: usize = 16;
/// Most usages named before one main item.
const USAGES_MAX: usize = 256;

const SYMBOLOGY_1: u32 = 0x008c_00fb;
const SYMBOLOGY_3: u32 = 0x008c_00fd;
const DECODED_DATA: u32 = 0x008c_00fe;
const CONTINUED: u32 = 0x008c_00ff;
const BYTE_COUNT: u32 = 0x0001_003b;

/// Why a descriptor is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// Longer than any.
    #[error("the descriptor has more than {DESCRIPTOR_BYTES_MAX} bytes")]
    Long,
    /// It ends within an item.
    #[error("the descriptor ends within the item at byte {at}")]
    Cut {
        /// Where the item begins.
        at: usize,
    },
    /// A report, stack or list beyond its bound.
    #[error("the item at byte {at} goes beyond what a scanner needs")]
    Bound {
        /// Where the item begins.
        at: usize,
    },
    /// A `Pop` without its `Push`.
    #[error("the item at byte {at} takes back what was never put away")]
    Pop {
        /// Where the item begins.
        at: usize,
    },
    /// Report id 0 is not allowed (6.2.2.7).
    #[error("the item at byte {at} names report id 0")]
    ReportId {
        /// Where the item begins.
        at: usize,
    },
    /// A field of a scan in a form in which part of it would be lost.
    #[error("the item at byte {at} spreads what a scan says in a way that can't be read whole")]
    Scattered {
        /// Where the item begins.
        at: usize,
    },
    /// No report carries decoded data in bytes.
    #[error("no input report carries decoded data (usage 8C/FE) in whole bytes")]
    NoData,
}

/// A field of at most 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its first bit, counted from the report's first byte.
    pub bit: usize,
    /// How many bits it has.
    pub bits: usize,
}

/// Where the parts of a scan lie in one report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The report's id; `None` where the device numbers none.
    pub id: Option<u8>,
    /// All its bits, its id included.
    pub bits: usize,
    /// The symbology identifier's characters, in order.
    pub aim: [Option<Field>; 3],
    /// First bit and count of the data's bytes.
    pub data: Option<(usize, usize)>,
    /// How many bytes of data are meant.
    pub length: Option<Field>,
    /// More reports of the scan follow where this is not 0; some makers fill a byte with such bits.
    pub more: Option<Field>,
}

/// Reads a descriptor: the layouts of all reports that carry scans, at least one.
pub fn parse_descriptor(bytes: &[u8]) -> Result<Vec<Layout>, DescriptorError> {
    if bytes.len() > DESCRIPTOR_BYTES_MAX {
        return Err(DescriptorError::Long);
    }
    let mut reading = Reading::default();
    let mut at = 0;
    while at < bytes.len() {
        at = reading.item(bytes, at)?;
    }
    let all = reading.reports.into_values();
    let layouts: Vec<Layout> = all.filter(|layout| layout.data.is_some()).collect();
    if layouts.is_empty() { Err(DescriptorError::NoData) } else { Ok(layouts) }
}

/// The global items.
#[derive(Debug, Clone, Default)]
struct Globals {
    page: u32,
    size: usize,
    count: usize,
    id: Option<u8>,
}

#[derive(Debug, Default)]
struct Reading {
    globals: Globals,
    stack: Vec<Globals>,
    usages: Vec<u32>,
    minimum: Option<u32>,
    reports: BTreeMap<Option<u8>, Layout>,
}

impl Reading {
    /// Takes the item at a place and tells where the next one begins.
    fn item(&mut self, bytes: &[u8], at: usize) -> Result<usize, DescriptorError> {
        let cut = DescriptorError::Cut { at };
        let prefix = bytes[at];
        if prefix == 0xfe {
            let size = usize::from(*bytes.get(at + 1).ok_or(cut)?);
            let end = at + 3 + size;
            return if end <= bytes.len() { Ok(end) } else { Err(cut) };
        }
        let size = [0, 1, 2, 4][usize::from(prefix & 3)];
        let end = at + 1 + size;
        let payload = bytes.get(at + 1..end).ok_or(cut)?;
        let value = payload.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        match prefix & 0xfc {
            0x80 => self.input(value, at)?,
            0x90 | 0xa0 | 0xb0 | 0xc0 => self.forget(),
            0x04 => self.globals.page = value & 0xffff,
            0x74 => self.globals.size = value as usize,
            0x94 => self.globals.count = value as usize,
            0x84 => match u8::try_from(value) {
                Ok(id) if id != 0 => self.globals.id = Some(id),
                _ => return Err(DescriptorError::ReportId { at }),
            },
            0xa4 if self.stack.len() >= STACK_MAX => return Err(DescriptorError::Bound { at }),
            0xa4 => self.stack.push(self.globals.clone()),
            0xb4 => self.globals = self.stack.pop().ok_or(DescriptorError::Pop { at })?,
            0x08 => {
                let usage = self.full(value, size);
                self.usage(usage, at)?;
            }
            0x18 => self.minimum = Some(self.full(value, size)),
            0x28 => self.usage_range(value, size, at)?,
            _ => {}
        }
        Ok(end)
    }

    /// A usage of four bytes brings its page along.
    fn full(&self, value: u32, size: usize) -> u32 {
        if size == 4 { value } else { self.globals.page << 16 | value }
    }

    fn usage(&mut self, usage: u32, at: usize) -> Result<(), DescriptorError> {
        if self.usages.len() >= USAGES_MAX {
            return Err(DescriptorError::Bound { at });
        }
        self.usages.push(usage);
        Ok(())
    }

    fn usage_range(&mut self, value: u32, size: usize, at: usize) -> Result<(), DescriptorError> {
        let Some(minimum) = self.minimum.take() else { return Ok(()) };
        let maximum = self.full(value, size);
        // Ranges of keys and buttons may be long; nothing in them is a scanner's.
        let last = maximum.min(minimum.saturating_add(255));
        (minimum..=last).try_for_each(|usage| self.usage(usage, at))
    }

    fn forget(&mut self) {
        self.usages.clear();
        self.minimum = None;
    }

    fn input(&mut self, flags: u32, at: usize) -> Result<(), DescriptorError> {
        let bound = DescriptorError::Bound { at };
        let Globals { size, count, id, .. } = self.globals;
        if self.reports.len() >= LAYOUTS_MAX && !self.reports.contains_key(&id) {
            return Err(bound);
        }
        let bits =
            size.checked_mul(count).filter(|bits| *bits <= REPORT_BYTES_MAX * 8).ok_or(bound)?;
        let begins = if id.is_some() { 8 } else { 0 };
        let fresh = || Layout { id, bits: begins, ..Layout::default() };
        let layout = self.reports.entry(id).or_insert_with(fresh);
        let from = layout.bits;
        layout.bits += bits;
        if layout.bits > REPORT_BYTES_MAX * 8 {
            return Err(bound);
        }
        // Bit 0: constant, that is padding.
        if flags & 1 == 0 && size > 0 {
            for nth in 0..count {
                let Some(usage) = self.usages.get(nth).or(self.usages.last()) else { break };
                let field = Field { bit: from + nth * size, bits: size };
                if !layout.place(*usage, field) {
                    return Err(DescriptorError::Scattered { at });
                }
            }
        }
        self.forget();
        Ok(())
    }
}

impl Layout {
    /// False for a field that can't be read: data in two runs or in other units than bytes, a count
    /// or a mark of continuation too wide. Read without it a part would pass as the whole.
    fn place(&mut self, usage: u32, field: Field) -> bool {
        match usage {
            DECODED_DATA if field.bits == 8 => match &mut self.data {
                None => self.data = Some((field.bit, 1)),
                Some((first, count)) if *first + *count * 8 == field.bit => *count += 1,
                Some(_) => return false,
            },
            // One field of 24 bits may hold all three characters.
            SYMBOLOGY_1 if field.bits == 24 => {
                self.aim = [0, 8, 16].map(|skip| Some(Field { bit: field.bit + skip, bits: 8 }));
            }
            SYMBOLOGY_1..=SYMBOLOGY_3 if field.bits == 8 => {
                self.aim[(usage - SYMBOLOGY_1) as usize].get_or_insert(field);
            }
            DECODED_DATA => return false,
            BYTE_COUNT if field.bits <= 32 => {
                self.length.get_or_insert(field);
            }
            CONTINUED if field.bits <= 32 => match &mut self.more {
                None => self.more = Some(field),
                Some(more) if more.bit + more.bits == field.bit && more.bits + field.bits <= 32 => {
                    more.bits += field.bits;
                }
                Some(_) => return false,
            },
            BYTE_COUNT | CONTINUED => return false,
            _ => {}
        }
        true
    }

    /// Reads one report; `None` where it is another one.
    pub fn read(&self, report: &[u8]) -> Result<Option<Part>, ReportError> {
        if self.id.is_some() && report.first().copied() != self.id {
            return Ok(None);
        }
        let (first, count) = self.data.unwrap_or_default();
        if report.len() < self.bits.div_ceil(8) {
            return Err(ReportError::Short { bytes: report.len(), wanted: self.bits.div_ceil(8) });
        }
        let mut data = Vec::with_capacity(count);
        for nth in 0..count {
            data.push(bits(report, Field { bit: first + nth * 8, bits: 8 }).to_le_bytes()[0]);
        }
        match self.length.map(|field| bits(report, field)) {
            Some(length) if length as usize > count => {
                return Err(ReportError::Count { length, room: count });
            }
            Some(length) => data.truncate(length as usize),
            // Without a count the data ends with the last byte that is not 0.
            None => data.truncate(data.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1)),
        }
        let more = self.more.is_some_and(|field| bits(report, field) != 0);
        Ok(Some(Part { aim: self.aim(report), data, more }))
    }

    fn aim(&self, report: &[u8]) -> Option<String> {
        let [Some(first), Some(second), Some(third)] = self.aim else { return None };
        let text = [first, second, third].map(|field| bits(report, field).to_le_bytes()[0]);
        is_aim(&text).then(|| text.iter().copied().map(char::from).collect())
    }
}

/// The value of a field, least significant bit first (6.2.2.5); bits beyond the report are 0.
fn bits(report: &[u8], field: Field) -> u32 {
    (0..field.bits.min(32)).fold(0, |value, nth| {
        let at = field.bit + nth;
        let bit = report.get(at / 8).map_or(0, |byte| u32::from(byte >> (at % 8) & 1));
        value | bit << nth
    })
}

#[cfg(test)]
#[path = "descriptor/tests.rs"]
pub(crate) mod tests;
