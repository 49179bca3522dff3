//! The memory of a module, and its answer to each request. Pure: bytes in, bytes out, the time is an argument.
//!
//! Invariants: an unknown function is refused with exception 1, an address that the module lacks with 2, a value or
//! count out of range with 3 (application protocol 1.1b3); nothing is written by a refused request; every request feeds
//! a running watchdog, one that is not fed in time sets all outputs to their safe values. Functions 1 to 6, 15, 16, 43/14.

use super::quirks::{DogKind, Identity, Quirks};

/// The most bits and registers one request may read, and coils and registers it may write (1.1b3, 6.1 to 6.12).
const READ_BITS_MAX: u16 = 2000;
const READ_WORDS_MAX: u16 = 125;
const WRITE_BITS_MAX: u16 = 1968;
const WRITE_WORDS_MAX: u16 = 123;

const ILLEGAL_FUNCTION: u8 = 1;
const ILLEGAL_ADDRESS: u8 = 2;
const ILLEGAL_VALUE: u8 = 3;

/// WAGO's watchdog: the time in 100 ms, the state, the stop, the alternative start.
const DOG_TIME: u16 = 0x1000;
const DOG_STATE: u16 = 0x1006;
const DOG_STOP: u16 = 0x1008;
const DOG_ALTERNATIVE: u16 = 0x100A;

type Answer = Result<Vec<u8>, u8>;

#[derive(Debug, Default)]
struct Dog {
    /// After how long it trips; 0 never.
    time_us: u64,
    running: bool,
    fed_us: u64,
    tripped: bool,
    /// The register that chooses the alternative watchdog.
    alternative: bool,
}

#[derive(Debug)]
pub(super) struct Image {
    quirks: Quirks,
    identity: Option<Identity>,
    pub(super) coils: Vec<bool>,
    safe: Vec<bool>,
    inputs: Vec<bool>,
    counts: Vec<u32>,
    dog: Dog,
}

impl Image {
    pub(super) fn new(
        quirks: Quirks,
        identity: Option<Identity>,
        safe: &[u16],
        watchdog_us: u64,
    ) -> Self {
        let (coils, inputs) = (quirks.coils.count.into(), quirks.inputs.count.into());
        let safe: Vec<bool> = (0..quirks.coils.count).map(|n| safe.contains(&n)).collect();
        Self {
            dog: Dog { time_us: watchdog_us, ..Dog::default() },
            coils: vec![false; coils],
            inputs: vec![false; inputs],
            counts: vec![0; inputs],
            quirks,
            identity,
            safe,
        }
    }

    /// The power came back: counters from 0, outputs at their safe values, the watchdog as it was set by hand.
    pub(super) fn restart(&mut self) {
        self.counts.fill(0);
        self.coils.clone_from(&self.safe);
        self.dog.running = false;
        self.dog.tripped = false;
        if self.quirks.dog == DogKind::Registers {
            self.dog = Dog::default();
        }
    }

    pub(super) fn set_input(&mut self, input: u16, on: bool) -> bool {
        let index = usize::from(input);
        let (Some(level), Some(count)) = (self.inputs.get_mut(index), self.counts.get_mut(index))
        else {
            return false;
        };
        if on && !*level {
            *count = count.wrapping_add(1);
        }
        *level = on;
        true
    }

    pub(super) fn count(&mut self, input: u16) -> Option<&mut u32> {
        self.counts.get_mut(usize::from(input))
    }

    pub(super) fn tripped(&self) -> bool {
        self.dog.tripped
    }

    /// Lets the watchdog trip where it is due.
    pub(super) fn tick(&mut self, now_us: u64) {
        let dog = &mut self.dog;
        let late = now_us.saturating_sub(dog.fed_us) > dog.time_us;
        if dog.running && dog.time_us > 0 && late && self.quirks.dog != DogKind::None {
            dog.running = false;
            dog.tripped = true;
            self.coils.clone_from(&self.safe);
        }
    }

    /// The answer to a request: function code and data, without header, unit and check sum.
    pub(super) fn answer(&mut self, pdu: &[u8], now_us: u64) -> Vec<u8> {
        self.tick(now_us);
        let function = pdu.first().copied().unwrap_or(0);
        let answer = self.dispatch(function, pdu.get(1..).unwrap_or_default());
        self.dog.fed_us = now_us;
        match self.quirks.dog {
            DogKind::Fixed { .. } => self.dog.running = true,
            DogKind::Registers => self.dog.running = self.dog.alternative,
            DogKind::None => {}
        }
        answer.unwrap_or_else(|exception| vec![function | 0x80, exception])
    }

    fn dispatch(&mut self, function: u8, data: &[u8]) -> Answer {
        match (function, data) {
            (1 | 2, [a, b, c, d]) => self.read_bits(function, word(*a, *b), word(*c, *d)),
            (3 | 4, [a, b, c, d]) => self.read_words(function, word(*a, *b), word(*c, *d)),
            (5, [a, b, c, 0]) if *c == 0 || *c == 0xFF => {
                self.write_coils(word(*a, *b), &[*c == 0xFF])?;
                Ok(echo(5, data))
            }
            (6, [a, b, c, d]) => {
                self.write_words(word(*a, *b), &[word(*c, *d)])?;
                Ok(echo(6, data))
            }
            (15, [a, b, c, d, bytes, bits @ ..]) => {
                let count = word(*c, *d);
                let fits = (1..=WRITE_BITS_MAX).contains(&count)
                    && usize::from(*bytes) == bits.len()
                    && bits.len() == usize::from(count).div_ceil(8);
                let level = |n: usize| bits.get(n / 8).is_some_and(|byte| byte >> (n % 8) & 1 == 1);
                let levels: Vec<bool> = (0..usize::from(count)).map(level).collect();
                if !fits {
                    return Err(ILLEGAL_VALUE);
                }
                self.write_coils(word(*a, *b), &levels)?;
                Ok(echo(15, &data[..4]))
            }
            (16, [a, b, c, d, bytes, words @ ..]) => {
                let count = word(*c, *d);
                let fits = (1..=WRITE_WORDS_MAX).contains(&count)
                    && usize::from(*bytes) == words.len()
                    && words.len() == usize::from(count) * 2;
                if !fits {
                    return Err(ILLEGAL_VALUE);
                }
                let values: Vec<u16> = words.chunks_exact(2).map(|w| word(w[0], w[1])).collect();
                self.write_words(word(*a, *b), &values)?;
                Ok(echo(16, &data[..4]))
            }
            (43, [14, code, object]) => self.identify(*code, *object),
            (1..=6 | 15 | 16, _) => Err(ILLEGAL_VALUE),
            _ => Err(ILLEGAL_FUNCTION),
        }
    }

    fn read_bits(&self, function: u8, start: u16, count: u16) -> Answer {
        if !(1..=READ_BITS_MAX).contains(&count) {
            return Err(ILLEGAL_VALUE);
        }
        let mut bytes = vec![0u8; usize::from(count).div_ceil(8)];
        for n in 0..count {
            let address = start.checked_add(n).ok_or(ILLEGAL_ADDRESS)?;
            let on = self.bit(function, address).ok_or(ILLEGAL_ADDRESS)?;
            bytes[usize::from(n / 8)] |= u8::from(on) << (n % 8);
        }
        let length = u8::try_from(bytes.len()).map_err(|_| ILLEGAL_VALUE)?;
        Ok([vec![function, length], bytes].concat())
    }

    fn bit(&self, function: u8, address: u16) -> Option<bool> {
        let (quirks, shift) = (&self.quirks, self.quirks.read_back);
        let input = || self.inputs.get(quirks.inputs.index(address)?).copied();
        if let DogKind::Fixed { flag: Some(flag) } = quirks.dog
            && function == 1
            && address == flag
        {
            return Some(self.dog.tripped);
        }
        // A WAGO answers functions 1 and 2 alike: inputs from 0, outputs from 0x0200.
        if function == 2 || (shift > 0 && address < shift) {
            return input();
        }
        self.coils.get(quirks.coils.index(address.checked_sub(shift)?)?).copied()
    }

    fn read_words(&self, function: u8, start: u16, count: u16) -> Answer {
        if !(1..=READ_WORDS_MAX).contains(&count) {
            return Err(ILLEGAL_VALUE);
        }
        let mut answer = vec![function, u8::try_from(count * 2).map_err(|_| ILLEGAL_VALUE)?];
        for n in 0..count {
            let address = start.checked_add(n).ok_or(ILLEGAL_ADDRESS)?;
            let value = self.register(function, address).ok_or(ILLEGAL_ADDRESS)?;
            answer.extend(value.to_be_bytes());
        }
        Ok(answer)
    }

    fn register(&self, function: u8, address: u16) -> Option<u16> {
        let quirks = &self.quirks;
        if let Some(at) = quirks.counters.filter(|at| at.function == function)
            && let Some(n) = address.checked_sub(at.base)
            && let Some(count) = self.counts.get(usize::from(n / 2))
        {
            let low = (n % 2 == 0) != at.high_first;
            let half = if low { count & 0xFFFF } else { count >> 16 };
            return u16::try_from(half).ok();
        }
        if let Some(model) = quirks.model.as_ref().filter(|model| model.function == function)
            && let Some(n) = address.checked_sub(model.base)
            && let Some(value) = model.words.get(usize::from(n))
        {
            return Some(*value);
        }
        if quirks.dog == DogKind::Registers && function == 3 {
            let dog = &self.dog;
            return match address {
                DOG_TIME => u16::try_from(dog.time_us / 100_000).ok(),
                DOG_STATE if dog.tripped => Some(2),
                DOG_STATE => Some(dog.running.into()),
                DOG_STOP => Some(0),
                DOG_ALTERNATIVE => Some(dog.alternative.into()),
                _ => None,
            };
        }
        None
    }

    fn write_coils(&mut self, start: u16, levels: &[bool]) -> Result<(), u8> {
        if let DogKind::Fixed { flag: Some(flag) } = self.quirks.dog
            && start == flag
        {
            return match levels {
                [true] => {
                    self.dog.tripped = false;
                    Ok(())
                }
                [false] => Err(ILLEGAL_VALUE),
                _ => Err(ILLEGAL_ADDRESS),
            };
        }
        let from = self.quirks.coils.index(start).ok_or(ILLEGAL_ADDRESS)?;
        let coils = self.coils.get_mut(from..from + levels.len()).ok_or(ILLEGAL_ADDRESS)?;
        coils.copy_from_slice(levels);
        Ok(())
    }

    fn write_words(&mut self, start: u16, values: &[u16]) -> Result<(), u8> {
        let (DogKind::Registers, [value]) = (self.quirks.dog, values) else {
            return Err(ILLEGAL_ADDRESS);
        };
        let dog = &mut self.dog;
        match (start, *value) {
            // The time cannot be changed while it runs.
            (DOG_TIME, _) if dog.running => Err(ILLEGAL_VALUE),
            (DOG_TIME, units) => {
                dog.time_us = u64::from(units) * 100_000;
                Ok(())
            }
            (DOG_STOP, 0xAA55 | 0x55AA) => {
                dog.running = false;
                dog.tripped = false;
                dog.alternative = false;
                Ok(())
            }
            (DOG_ALTERNATIVE, choice @ (0 | 1)) => {
                dog.alternative = choice == 1;
                Ok(())
            }
            (DOG_STOP | DOG_ALTERNATIVE, _) => Err(ILLEGAL_VALUE),
            _ => Err(ILLEGAL_ADDRESS),
        }
    }

    /// 1.1b3, 6.21: basic, regular and extended by stream, or one object.
    fn identify(&self, code: u8, object: u8) -> Answer {
        let Some(who) = &self.identity else { return Err(ILLEGAL_FUNCTION) };
        let objects = [(0, &who.vendor), (1, &who.product), (2, &who.firmware)];
        let told: Vec<_> = match code {
            // A stream that begins beyond the last object begins at the first.
            1..=3 => objects.into_iter().filter(|(id, _)| *id >= object || object > 2).collect(),
            4 if object > 2 => return Err(ILLEGAL_ADDRESS),
            4 => objects.into_iter().filter(|(id, _)| *id == object).collect(),
            _ => return Err(ILLEGAL_VALUE),
        };
        let count = u8::try_from(told.len()).map_err(|_| ILLEGAL_VALUE)?;
        let mut answer = vec![43, 14, code, 0x81, 0, 0, count];
        for (id, text) in told {
            let text = &text.as_bytes()[..text.len().min(64)];
            answer.extend([id, u8::try_from(text.len()).map_err(|_| ILLEGAL_VALUE)?]);
            answer.extend(text);
        }
        Ok(answer)
    }
}

fn word(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}

fn echo(function: u8, data: &[u8]) -> Vec<u8> {
    [&[function], data].concat()
}
