//! The printer's inside: what waits, what was printed, counters, tags and mishaps. Pure.
//!
//! Invariants: nothing comes out while something stands against it; every label that comes out is counted, voided
//! ones too; a mishap happens once.

use super::label::{Echo, Label, understand};
use super::{FORMATS_MAX, Obstacles};

/// Something that goes wrong with the next format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// The power fails after so many of its labels: what waits is forgotten, connections break.
    PowerLoss {
        /// Labels that still came out.
        labels: u32,
    },
    /// Somebody puts another printer in its place as soon as it is printed.
    Swap {
        /// The other one's serial number.
        serial: String,
    },
    /// It prints, and never says a word again until [`super::SimPrinter::mute`] is lifted.
    Silence,
    /// It prints, and from then on answers with noise until [`super::SimPrinter::mute`] is called.
    Garbage,
    /// It takes the format and prints nothing.
    Swallow,
    /// The tag reads something else than what was written.
    WrongTag,
}

/// What a format does to its connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// What `^HV` sends.
    pub(super) told: Vec<u8>,
    /// The connection breaks.
    pub(super) cut: bool,
    /// From now on it is mute.
    pub(super) mute: bool,
    /// From now on it sends noise.
    pub(super) garbage: bool,
}

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) obstacles: Obstacles,
    /// Formats that wait, and their labels still to print.
    waiting: Vec<(Vec<u8>, u32)>,
    pub(super) printed: Vec<Vec<u8>>,
    pub(super) total: usize,
    pub(super) serial: String,
    pub(super) labels: u64,
    pub(super) valid: u64,
    pub(super) void: u64,
    /// Labels until the paper is out.
    pub(super) paper_left: Option<u32>,
    /// Bad tags that come next on the roll.
    pub(super) bad_tags: u32,
    pub(super) mishap: Option<Mishap>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            obstacles: Obstacles::default(),
            waiting: Vec::new(),
            printed: Vec::new(),
            total: 0,
            serial: "SIM0001".to_owned(),
            labels: 1_000,
            valid: 500,
            void: 5,
            paper_left: None,
            bad_tags: 0,
            mishap: None,
        }
    }
}

impl Desk {
    /// A format came.
    pub(super) fn take(&mut self, format: Vec<u8>) -> Effect {
        let label = understand(&format);
        // A full buffer takes no more, and says so in its status.
        if self.waiting.len() >= FORMATS_MAX {
            return Effect::default();
        }
        self.waiting.push((format, label.copies));
        let mishap = self.mishap.take();
        match mishap {
            Some(Mishap::Swallow) => {
                self.waiting.clear();
                Effect::default()
            }
            Some(Mishap::PowerLoss { labels }) => {
                self.paper_left.get_or_insert(labels);
                self.print(false);
                (self.paper_left, self.obstacles) = (None, Obstacles::default());
                self.waiting.clear();
                Effect { cut: true, ..Effect::default() }
            }
            Some(Mishap::Swap { serial }) => {
                let told = self.print(false);
                (self.serial, self.labels) = (serial, self.labels + 4_000);
                Effect { told, ..Effect::default() }
            }
            Some(Mishap::Silence) => {
                self.print(false);
                Effect { mute: true, ..Effect::default() }
            }
            Some(Mishap::Garbage) => {
                self.print(false);
                Effect { garbage: true, ..Effect::default() }
            }
            Some(Mishap::WrongTag) => Effect { told: self.print(true), ..Effect::default() },
            None => Effect { told: self.print(false), ..Effect::default() },
        }
    }

    /// Prints what waits as far as nothing stands against it; gives what `^HV` sends.
    pub(super) fn print(&mut self, wrong: bool) -> Vec<u8> {
        let mut told = Vec::new();
        while !self.obstacles.any() && !self.waiting.is_empty() {
            let (format, left) = self.waiting[0].clone();
            let label = understand(&format);
            if left > 0 {
                if self.paper_left == Some(0) {
                    self.obstacles.paper_out = true;
                    break;
                }
                self.print_label(&label, wrong, &mut told);
                self.waiting[0].1 = left - 1;
                continue;
            }
            self.waiting.remove(0);
            self.total += 1;
            self.printed.push(format);
            let surplus = self.printed.len().saturating_sub(FORMATS_MAX);
            self.printed.drain(..surplus);
        }
        told
    }

    /// One label of a format, with the voided ones that it took.
    fn print_label(&mut self, label: &Label, wrong: bool, told: &mut Vec<u8>) {
        let Some(tag) = &label.tag else { return self.feed() };
        for _ in 0..label.tries {
            self.feed();
            if self.bad_tags > 0 {
                (self.bad_tags, self.void) = (self.bad_tags - 1, self.void + 1);
                continue;
            }
            self.valid += 1;
            for Echo { tid, bytes, header, end } in &label.echoes {
                let read = match (tid, wrong) {
                    (true, _) => tid_of(self.valid),
                    (false, true) => "E2".repeat(tag.len() / 2),
                    (false, false) => tag.clone(),
                };
                let read = read.get(..*bytes).unwrap_or(&read);
                told.extend_from_slice(format!("{header}{read}{end}").as_bytes());
            }
            return;
        }
    }

    fn feed(&mut self) {
        self.labels += 1;
        self.paper_left = self.paper_left.map(|left| left.saturating_sub(1));
    }

    /// The answer to `getvar`.
    pub(super) fn variable(&self, name: &str) -> Vec<u8> {
        let value = match name {
            "device.unique_id" => self.serial.clone(),
            "odometer.total_label_count" => self.labels.to_string(),
            "odometer.rfid.valid_resettable" => self.valid.to_string(),
            "odometer.rfid.void_resettable" => self.void.to_string(),
            _ => "?".to_owned(),
        };
        format!("\"{value}\"").into_bytes()
    }

    /// The answer to `~HQES`.
    pub(super) fn extended(&self) -> Vec<u8> {
        let Obstacles { paper_out, paused, head_open, ribbon_out } = self.obstacles;
        let bit = |is: bool, bit: u32| if is { bit } else { 0 };
        let group =
            bit(paper_out, 1) | bit(ribbon_out, 2) | bit(head_open, 4) | bit(paused, 0x1_0000);
        let flag = u8::from(group != 0);
        format!(
            "\x02\r\n  PRINTER STATUS                             \r\n   ERRORS:         {flag} 00000000 {group:08X} \r\n   \
             WARNINGS:       0 00000000 00000000 \r\n\x03\r\n"
        )
        .into_bytes()
    }

    /// The three strings of `~HS` as the ZPL II guide lays them out.
    pub(super) fn status(&self) -> Vec<u8> {
        let Obstacles { paper_out, paused, head_open, ribbon_out } = self.obstacles;
        let flag = u8::from;
        let waiting = self.waiting.len().min(999);
        let full = flag(self.waiting.len() >= FORMATS_MAX);
        let left: u32 = self.waiting.iter().map(|(_, left)| left).sum();
        let (paper, pause) = (flag(paper_out), flag(paused));
        let (head, ribbon) = (flag(head_open), flag(ribbon_out));
        format!(
            "\x02030,{paper},{pause},0812,{waiting:03},{full},0,0,000,0,0,0\x03\r\n\
             \x02000,0,{head},{ribbon},1,2,4,0,{left:08},1,000\x03\r\n\
             \x021234,0\x03\r\n"
        )
        .into_bytes()
    }
}

/// The TID of the n-th tag of the roll: class identifier, mask designer, model, serial number.
fn tid_of(n: u64) -> String {
    format!("E2801190{:016X}", 0x2000_0000_0000_0000 + n)
}
