//! Looks for what honest tags and readers don't do: clones, replays, clocks that jump.
//!
//! One EPC with two TIDs; one EPC posted at two doors faster than the way between them takes; a read told a
//! second time; event numbers and reader clocks that go back or skip. Invariants: only what was posted at a door counts as having been there, since strays
//! are heard at doors where nothing is; bounded, the oldest is forgotten first; pure. A TID can be
//! cloned too: no alarm is no proof. Absent: what follows from an alarm (the intake marks the tag
//! `suspect`, so it is never posted by itself); the commissioned TID (the engine holds each pass against it).

use std::collections::{BTreeMap, VecDeque};

use gatewarden_model::{DeviceId, Hash, StationId};

/// EPCs whose TID is remembered.
pub const TIDS_MAX: usize = 20_000;
/// EPCs whose last door is remembered.
pub const PLACES_MAX: usize = 20_000;
/// Reads a device whose digest is remembered.
const READS_MAX: usize = 4096;
/// Devices that are remembered.
const DEVICES_MAX: usize = 256;

/// What a guard knows beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSettings {
    /// Least time from one station to another in milliseconds, either way; pairs not told take
    /// `travel_ms`.
    pub ways_ms: BTreeMap<(StationId, StationId), u32>,
    /// See `ways_ms`.
    pub travel_ms: u32,
    /// A reader's clock may go back by so many milliseconds.
    pub clock_back_ms_max: u32,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { ways_ms: BTreeMap::new(), travel_ms: 5000, clock_back_ms_max: 1000 }
    }
}

/// What a reader told of one read, as far as a guard looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// The thing's key.
    pub key: &'a str,
    /// TID memory, if it was read.
    pub tid: Option<&'a [u8]>,
    /// Which antenna.
    pub antenna: u16,
    /// The reader's own clock at the read, microseconds since 1970.
    pub reader_us: Option<u64>,
    /// The reader's number of the event, where it counts them.
    pub event: Option<u64>,
    /// Digest of the frame.
    pub evidence: Hash,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// One EPC, two TIDs: one of the tags is a copy.
    TwoTids {
        /// The TID that came first.
        first: Vec<u8>,
        /// The other one.
        second: Vec<u8>,
    },
    /// It went through two doors in less time than the way takes.
    TooFast {
        /// The other door.
        from: StationId,
        /// Milliseconds between.
        took_ms: u64,
        /// What the way takes at least.
        least_ms: u32,
    },
    /// The very same read was told before.
    Replayed,
    /// The reader's clock went back.
    ClockBack {
        /// By how many milliseconds.
        by_ms: u64,
    },
    /// Event numbers went back.
    NumberBack {
        /// The number that was expected at least.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// Event numbers are missing: a gap in the evidence, not a reason to doubt this read.
    NumberGap {
        /// How many.
        missing: u64,
    },
}

impl Alarm {
    /// Whether the tag must not be posted by itself.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        !matches!(self, Self::NumberGap { .. })
    }
}

/// Remembers what it needs to find clones and replays.
#[derive(Debug)]
pub struct Guard {
    settings: GuardSettings,
    tids: Remembered<String, Vec<u8>>,
    places: Remembered<String, (StationId, u64)>,
    devices: BTreeMap<DeviceId, Heard>,
}

#[derive(Debug)]
struct Heard {
    clock_us: Option<u64>,
    event: Option<u64>,
    reads: Remembered<Hash, ()>,
}

impl Guard {
    /// Remembers nothing.
    #[must_use]
    pub fn new(settings: GuardSettings) -> Self {
        let (tids, places) = (Remembered::new(TIDS_MAX), Remembered::new(PLACES_MAX));
        Self { settings, tids, places, devices: BTreeMap::new() }
    }

    /// Looks at one read, in the order in which the device told them.
    pub fn read(&mut self, device: &DeviceId, told: Told<'_>) -> Vec<Alarm> {
        let mut alarms = vec![];
        self.look_at_tid(told, &mut alarms);
        if !self.devices.contains_key(device) && self.devices.len() >= DEVICES_MAX {
            self.devices.pop_first();
        }
        let heard = self.devices.entry(device.clone()).or_insert_with(Heard::new);
        heard.look(told, u64::from(self.settings.clock_back_ms_max) * 1000, &mut alarms);
        alarms
    }

    /// A tag was posted at a door, at that moment of the monotonic clock.
    pub fn posted(&mut self, key: &str, station: &StationId, at_us: u64) -> Option<Alarm> {
        let before = self.places.put(key.to_owned(), (station.clone(), at_us));
        let (from, then_us) = before.filter(|(from, _)| from != station)?;
        let (took_ms, least_ms) = (at_us.abs_diff(then_us) / 1000, self.way_ms(&from, station));
        let too_fast = took_ms < u64::from(least_ms);
        too_fast.then_some(Alarm::TooFast { from, took_ms, least_ms })
    }

    /// A device's connection began anew: its event numbers and clock may, too.
    pub fn restarted(&mut self, device: &DeviceId) {
        if let Some(heard) = self.devices.get_mut(device) {
            (heard.clock_us, heard.event) = (None, None);
        }
    }

    fn way_ms(&self, from: &StationId, to: &StationId) -> u32 {
        let ways = &self.settings.ways_ms;
        let way = ways.get(&(from.clone(), to.clone())).or(ways.get(&(to.clone(), from.clone())));
        way.copied().unwrap_or(self.settings.travel_ms)
    }

    fn look_at_tid(&mut self, told: Told<'_>, alarms: &mut Vec<Alarm>) {
        let Some(tid) = told.tid else { return };
        match self.tids.get(told.key) {
            Some(first) if first != tid => {
                let (first, second) = (first.clone(), tid.to_vec());
                alarms.push(Alarm::TwoTids { first, second });
            }
            Some(_) => {}
            None => {
                self.tids.put(told.key.to_owned(), tid.to_vec());
            }
        }
    }
}

impl Heard {
    fn new() -> Self {
        Self { clock_us: None, event: None, reads: Remembered::new(READS_MAX) }
    }

    fn look(&mut self, told: Told<'_>, back_us_max: u64, alarms: &mut Vec<Alarm>) {
        // Without the reader's clock or its numbers two honest reads can look the same.
        if told.reader_us.is_some() || told.event.is_some() {
            let number = |n: Option<u64>| n.map_or([0xFF; 8], u64::to_be_bytes);
            let (clock, event) = (number(told.reader_us), number(told.event));
            let antenna = told.antenna.to_be_bytes();
            let parts = [&clock[..], &event, &antenna, told.key.as_bytes()];
            if self.reads.put(Hash::of(&parts.concat()), ()).is_some() {
                alarms.push(Alarm::Replayed);
                return;
            }
        }
        if let Some(now) = told.reader_us {
            let last = self.clock_us.unwrap_or(now);
            if last.saturating_sub(now) > back_us_max {
                alarms.push(Alarm::ClockBack { by_ms: (last - now) / 1000 });
            }
            self.clock_us = Some(last.max(now));
        }
        if let Some(got) = told.event {
            match self.event {
                Some(last) if got < last => {
                    alarms.push(Alarm::NumberBack { expected: last, got });
                }
                Some(last) if got > last.saturating_add(1) => {
                    alarms.push(Alarm::NumberGap { missing: got - last - 1 });
                }
                _ => {}
            }
            self.event = self.event.max(Some(got));
        }
    }
}

/// A map that forgets what was put first when it is full.
#[derive(Debug)]
struct Remembered<K, V> {
    values: BTreeMap<K, V>,
    order: VecDeque<K>,
    max: usize,
}

impl<K: Ord + Clone, V> Remembered<K, V> {
    fn new(max: usize) -> Self {
        Self { values: BTreeMap::new(), order: VecDeque::new(), max }
    }

    fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.values.get(key)
    }

    /// Puts a value and answers with the one before.
    fn put(&mut self, key: K, value: V) -> Option<V> {
        let before = self.values.insert(key.clone(), value);
        if before.is_none() {
            self.order.push_back(key);
            if self.order.len() > self.max
                && let Some(oldest) = self.order.pop_front()
            {
                self.values.remove(&oldest);
            }
        }
        before
    }
}
