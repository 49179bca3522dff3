//! Keys pressed and released turned into scans and gaps. Pure: the time is an argument.
//!
//! Invariants: a scan comes only with its terminator; a key that the layout does not have, a lost event or a pause
//! makes what came a gap, and what follows up to the next terminator is its rest; what is held is bounded by
//! [`TEXT_BYTES_MAX`]; keys that are held down repeat nothing. Absent: the keyboard (`device`).

mod keys;

use std::collections::VecDeque;

use gatewarden_model::{Hash, ScanRead, Stamp};

use crate::{
    Settings, Terminator,
    codec::{EV_KEY, EV_SYN, Event, SYN_DROPPED, SYN_REPORT},
};
use keys::{Keys, Typed};

/// The longest scan, in bytes of its text.
pub const TEXT_BYTES_MAX: usize = 8_192;
/// How long after a half scan its rest may still come, in microseconds.
pub const RESYNC_US: u64 = 500_000;

/// So many bytes of what is dropped have a digest: what is shorter may be a PIN, which its digest would give away.
const DIGEST_BYTES_MIN: usize = 16;
/// Events of one scan of which the digest is made at once; more are chained.
const RAW_BYTES_MAX: usize = 4_096;

/// What the session makes of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A whole scan.
    Scan {
        /// When its terminator was pressed.
        at: Stamp,
        /// What it says.
        scan: ScanRead,
        /// Digest of its key events from the first character on: type, code and value of each.
        raw: Hash,
    },
    /// Keys that are no scan.
    Gap {
        /// When the first of them was pressed.
        from: Stamp,
        /// When it was clear that they are no scan.
        to: Stamp,
        /// Why, with length and digest of what was typed, never its characters.
        reason: String,
    },
}

/// A scan being typed.
#[derive(Debug)]
struct Begun {
    from: Stamp,
    last: Stamp,
    text: String,
    raw: Vec<u8>,
    /// Why it can't be a scan any more.
    spoilt: Option<String>,
}

/// The state of one opened keyboard.
#[derive(Debug)]
pub struct Session {
    keys: Keys,
    terminator: Terminator,
    pause_us: u64,
    begun: Option<Begun>,
    /// The rest of a scan that was given up may come until this moment of the monotonic clock.
    rest_until_us: Option<u64>,
    /// Events were lost: all up to the next report are of no use.
    is_blind: bool,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a keyboard that was just opened.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            keys: Keys::new(settings.layout),
            terminator: settings.terminator,
            pause_us: settings.pause_ms.max(1).saturating_mul(1_000),
            begun: None,
            rest_until_us: None,
            is_blind: false,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one event; drain `poll_output` afterwards.
    pub fn handle_event(&mut self, now: Stamp, event: Event) {
        self.handle_timeout(now);
        match (event.kind, event.code) {
            (EV_SYN, SYN_DROPPED) => self.lose(now),
            (EV_SYN, SYN_REPORT) => self.is_blind = false,
            (EV_KEY, _) if !self.is_blind => self.key(now, event),
            _ => {}
        }
    }

    /// The moment of the monotonic clock, in microseconds, at which `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.last.mono_us.saturating_add(self.pause_us))
    }

    /// Gives up a scan that pauses.
    pub fn handle_timeout(&mut self, now: Stamp) {
        if self.poll_timeout().is_some_and(|due| now.mono_us >= due) {
            let last_us = self.begun.as_ref().map_or(0, |begun| begun.last.mono_us);
            self.give_up(now, "half a scan: the keys paused before its end");
            let until = last_us.saturating_add(self.pause_us).saturating_add(RESYNC_US);
            self.rest_until_us = Some(until);
        }
    }

    /// The keyboard is gone.
    pub fn handle_end(&mut self, now: Stamp) {
        self.give_up(now, "half a scan: the scanner was unplugged before its end");
    }

    /// The next scan or gap, in the order of the keys.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Events are missing: nothing that is under way can be relied on, nor which keys are held.
    fn lose(&mut self, now: Stamp) {
        self.is_blind = true;
        self.keys.release_all();
        match &mut self.begun {
            Some(begun) => begun.last = now,
            None => self.begin(now),
        }
        self.spoil("events were lost (SYN_DROPPED)".to_owned());
    }

    fn key(&mut self, now: Stamp, event: Event) {
        let typed = self.keys.handle(event);
        if typed == Typed::Nothing && self.begun.is_none() {
            return;
        }
        let is_end = match &typed {
            Typed::Enter => self.terminator != Terminator::Tab,
            Typed::Text('\t') => self.terminator != Terminator::Enter,
            Typed::Text('\r') => self.terminator != Terminator::Tab,
            _ => false,
        };
        if self.begun.is_none() {
            if is_end {
                return self.keys.release_all();
            }
            self.begin(now);
        }
        if let Some(begun) = &mut self.begun {
            begun.last = now;
            begun.record(event);
        }
        match typed {
            _ if is_end => self.finish(now),
            Typed::Nothing => {}
            Typed::Enter => self.type_in('\n'),
            Typed::Text(own) => self.type_in(own),
            Typed::Unknown(why) => self.spoil(why),
        }
    }

    fn begin(&mut self, now: Stamp) {
        let is_rest = self.rest_until_us.take().is_some_and(|until| now.mono_us < until);
        let spoilt = is_rest.then(|| "the rest of half a scan".to_owned());
        let (text, raw) = (String::new(), Vec::new());
        self.begun = Some(Begun { from: now, last: now, text, raw, spoilt });
    }

    fn type_in(&mut self, own: char) {
        if let Some(begun) = &mut self.begun {
            if begun.text.len() + own.len_utf8() <= TEXT_BYTES_MAX {
                begun.text.push(own);
            } else {
                self.spoil(format!("a scan of more than {TEXT_BYTES_MAX} bytes"));
            }
        }
    }

    /// The first reason stays.
    fn spoil(&mut self, why: String) {
        if let Some(begun) = &mut self.begun {
            begun.spoilt.get_or_insert(why);
        }
    }

    fn finish(&mut self, now: Stamp) {
        if self.keys.has_dead() {
            self.spoil("a dead key without a letter".to_owned());
        }
        self.keys.release_all();
        let Some(begun) = self.begun.take() else { return };
        if let Some(why) = &begun.spoilt {
            return self.gap(&begun, now, why);
        }
        let (aim, text) = split_aim(&begun.text);
        if text.is_empty() {
            return self.gap(&begun, now, "a scan with nothing behind its AIM identifier");
        }
        let scan = ScanRead { text: text.to_owned(), aim: aim.map(str::to_owned) };
        self.outputs.push_back(Output::Scan { at: now, scan, raw: Hash::of(&begun.raw) });
    }

    fn give_up(&mut self, now: Stamp, why: &str) {
        self.keys.release_all();
        if let Some(begun) = self.begun.take() {
            let why = begun.spoilt.as_deref().unwrap_or(why);
            self.gap(&begun, now, why);
        }
    }

    fn gap(&mut self, begun: &Begun, to: Stamp, why: &str) {
        let bytes = begun.text.as_bytes();
        let mut reason = format!("{why}: {} bytes typed", bytes.len());
        if bytes.len() >= DIGEST_BYTES_MIN {
            reason = format!("{reason}, digest {}", Hash::of(bytes));
        }
        self.outputs.push_back(Output::Gap { from: begun.from, to, reason });
    }
}

impl Begun {
    /// Keeps an event for the digest; a long scan's digest is one of digests.
    fn record(&mut self, event: Event) {
        if self.raw.len() >= RAW_BYTES_MAX {
            self.raw = Hash::of(&self.raw).0.to_vec();
        }
        self.raw.extend_from_slice(&event.short());
    }
}

/// Splits off an AIM identifier (ISO/IEC 15424): `]`, a letter, a modifier.
fn split_aim(text: &str) -> (Option<&str>, &str) {
    match text.as_bytes() {
        [b']', letter, modifier, ..]
            if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() =>
        {
            let (aim, rest) = text.split_at(3);
            (Some(aim), rest)
        }
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests;
