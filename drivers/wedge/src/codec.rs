//! Bytes of an event node to events (`struct input_event` of linux/input.h). Pure: no time, no I/O.
//!
//! An event is the kernel's time (two machine words), a type and a code of 16 bits and a value of 32 bits, in
//! the machine's byte order. Invariants: at most one unfinished event is held; no bytes panic.
//! Absent: what an event means (`session`).

/// Bytes of one event on this machine.
pub const EVENT_BYTES: usize = 2 * size_of::<usize>() + 8;

/// Events that separate others.
pub const EV_SYN: u16 = 0;
/// Keys pressed and released.
pub const EV_KEY: u16 = 1;
/// Code of `EV_SYN`: what came since the last one belongs together.
pub const SYN_REPORT: u16 = 0;
/// Code of `EV_SYN`: events were lost, all up to the next report are to be ignored.
pub const SYN_DROPPED: u16 = 3;

/// One event, without the kernel's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Such as `EV_KEY`.
    pub kind: u16,
    /// Which key.
    pub code: u16,
    /// 0 released, 1 pressed, 2 held.
    pub value: i32,
}

impl Event {
    /// A key pressed or released.
    #[must_use]
    pub fn key(code: u16, pressed: bool) -> Self {
        Self { kind: EV_KEY, code, value: i32::from(pressed) }
    }

    /// A separator.
    #[must_use]
    pub fn syn(code: u16) -> Self {
        Self { kind: EV_SYN, code, value: 0 }
    }

    /// The event as the kernel writes it, at time 0.
    #[must_use]
    pub fn encode(self) -> [u8; EVENT_BYTES] {
        let mut bytes = [0; EVENT_BYTES];
        bytes[EVENT_BYTES - 8..][..8].copy_from_slice(&self.short());
        bytes
    }

    /// Type, code and value alone.
    #[must_use]
    pub fn short(self) -> [u8; 8] {
        let (kind, code, value) =
            (self.kind.to_ne_bytes(), self.code.to_ne_bytes(), self.value.to_ne_bytes());
        [kind[0], kind[1], code[0], code[1], value[0], value[1], value[2], value[3]]
    }
}

/// Cuts bytes into events.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    held: Vec<u8>,
}

impl Reading {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Event)) {
        for byte in bytes {
            self.held.push(*byte);
            if self.held.len() < EVENT_BYTES {
                continue;
            }
            if let [k0, k1, c0, c1, v0, v1, v2, v3] = self.held[EVENT_BYTES - 8..] {
                take(Event {
                    kind: u16::from_ne_bytes([k0, k1]),
                    code: u16::from_ne_bytes([c0, c1]),
                    value: i32::from_ne_bytes([v0, v1, v2, v3]),
                });
            }
            self.held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn events_come_back_however_they_are_cut(
            events in prop::collection::vec((0u16..5, any::<u16>(), any::<i32>()), 0..20),
            cut in 1usize..60,
        ) {
            let events: Vec<Event> =
                events.into_iter().map(|(kind, code, value)| Event { kind, code, value }).collect();
            let bytes: Vec<u8> = events.iter().flat_map(|event| event.encode()).collect();
            let (mut reading, mut seen) = (Reading::default(), Vec::new());
            for piece in bytes.chunks(cut) {
                reading.push(piece, |event| seen.push(event));
            }
            prop_assert_eq!(seen, events);
        }
    }
}
