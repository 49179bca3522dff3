//! What is seen in a round, as each protocol tells it.

use gatewarden_uhf_serial::codec::{Protocol, chafon, crc, mercury, r200, reader18};

use super::Module;

impl Module {
    pub(super) fn frames(&mut self, seen: &[(Vec<u8>, i8)], now_ms: u64) -> Vec<Vec<u8>> {
        match self.options.protocol {
            Protocol::R200 { alternate } if seen.is_empty() => {
                vec![r200::frame(alternate, 1, r200::FAILED, &[0x15])]
            }
            Protocol::R200 { alternate } => {
                let told = seen
                    .iter()
                    .map(|(epc, rssi)| [&[rssi.cast_unsigned()], memory(epc).as_slice()].concat());
                told.map(|data| r200::frame(alternate, 2, r200::POLL, &data)).collect()
            }
            Protocol::Reader18 { .. } => answers18(seen),
            Protocol::Chafon { low_first } => {
                let told = seen.iter().map(|(epc, rssi)| {
                    let [high, low] = (i16::from(*rssi) * 10).to_be_bytes();
                    let length = u8::try_from(epc.len()).unwrap_or(u8::MAX);
                    let data = [&[0, high, low, 1, 7, length], epc.as_slice()].concat();
                    chafon::frame(low_first, 1, chafon::INVENTORY, &data)
                });
                let mut frames: Vec<_> = told.collect();
                if self.rounds == 0 || self.until_ms.is_some_and(|until| now_ms >= until) {
                    (self.rounds, self.until_ms) = (0, None);
                    frames.push(chafon::frame(low_first, 1, chafon::INVENTORY, &[chafon::OVER]));
                }
                frames
            }
            Protocol::Mercury => {
                let told = seen.iter().map(|(epc, rssi)| {
                    let memory = memory(epc);
                    let bits = u16::try_from(memory.len() * 8).unwrap_or(0).to_be_bytes();
                    let head = [
                        0x10,
                        0,
                        0x1b,
                        0,
                        0x7f,
                        1,
                        1,
                        rssi.cast_unsigned(),
                        0x11,
                        0x0d,
                        0x37,
                        0xfc,
                    ];
                    let rest = [0, 0, 0, 0xb3, 0, 0xae, 5, bits[0], bits[1]];
                    mercury::answer(mercury::READ, 0, &[&head[..], &rest[..], &memory].concat())
                });
                let mut frames: Vec<_> = told.collect();
                if now_ms >= self.alive_ms + u64::from(mercury::SEARCH_MS) {
                    self.alive_ms = now_ms;
                    frames.push(mercury::answer(mercury::READ, mercury::NO_TAGS, &[]));
                }
                frames
            }
        }
    }
}

/// PC, EPC and the CRC that a tag sends.
fn memory(epc: &[u8]) -> Vec<u8> {
    let words = u16::try_from(epc.len() / 2).unwrap_or(0).min(31);
    let mut memory = (words << 11).to_be_bytes().to_vec();
    memory.extend_from_slice(&epc[..usize::from(words) * 2]);
    memory.extend(crc::gen2(&memory).to_be_bytes());
    memory
}

/// The answers to one inventory: as many tags in a frame as fit.
fn answers18(seen: &[(Vec<u8>, i8)]) -> Vec<Vec<u8>> {
    if seen.is_empty() {
        return vec![reader18::answer(0, reader18::INVENTORY, reader18::NO_TAG, &[])];
    }
    let chunks: Vec<_> = seen.chunks(3).collect();
    let last = chunks.len() - 1;
    let answer = |(at, chunk): (usize, &&[(Vec<u8>, i8)])| {
        let mut data = vec![u8::try_from(chunk.len()).unwrap_or(0)];
        for (epc, _) in *chunk {
            data.push(u8::try_from(epc.len()).unwrap_or(0));
            data.extend_from_slice(epc);
        }
        let status = if at == last { 1 } else { reader18::MORE };
        reader18::answer(0, reader18::INVENTORY, status, &data)
    };
    chunks.iter().enumerate().map(answer).collect()
}
