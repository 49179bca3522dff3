//! Passes through a dock door, drawn from a seed, with the truth beside them.
//!
//! A scene is what a reader with four antennas (two outside, two inside) and two photo-eyes would
//! report while pallets, forklifts and people do what they do at doors: go through, stop, turn back,
//! follow closely, cross, reverse; while other pallets stand near or go through the next door. 30 to
//! 40 % of the single reads are lost. The same seed gives the same scene. Models, not measurements:
//! the figures stand in `radio` and `course`, each with where it comes from. Absent: LLRP; a scene is
//! what a driver would have made of the reader's reports.

mod course;
mod edgex;
mod radio;
mod scene;
mod score;

pub use edgex::{edgex, plain_dedupe};
pub use scene::{Scene, SceneOptions, scene};
pub use score::{Figures, Outcome, Verdict, score};

/// Tags of one scene at most.
pub const TAGS_MAX: usize = 400;

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Into the building.
    In,
    /// Out of the building.
    Out,
}

/// What really became of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It went through the door.
    Moved(Way),
    /// It came into the door and went back.
    TurnedBack,
    /// It was never in the door.
    Stray,
}

/// What happens in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plot {
    /// Through, at one speed.
    Straight,
    /// Through, with a stop within the door.
    Stops,
    /// Into the door and back.
    TurnsBack,
    /// Two, one behind the other.
    Tandem,
    /// One in, and soon another out.
    Crossing,
    /// A forklift brings a pallet, puts it down behind the door, and reverses out.
    PutsDown,
    /// A forklift goes through backwards, the pallet behind it.
    Reversing,
    /// Somebody goes through with nothing.
    Empty,
    /// Nothing goes through; what is read is elsewhere.
    Elsewhere,
}

/// What a portal reports, by the clock of the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// One successful read.
    Read {
        /// When, in microseconds since the scene's start.
        at_us: u64,
        /// The tag, an index of `Scene::fates`.
        tag: usize,
        /// 1 and 2 are outside (left, right), 3 and 4 inside.
        antenna: u16,
        /// Hundredths of a dBm.
        rssi_cdbm: i16,
    },
    /// A photo-eye changed.
    Beam {
        /// When, in microseconds since the scene's start.
        at_us: u64,
        /// The outer of the two.
        outer: bool,
        /// Whether something stands in it.
        broken: bool,
    },
}

impl Report {
    /// When, in microseconds since the scene's start.
    #[must_use]
    pub fn at_us(&self) -> u64 {
        match self {
            Self::Read { at_us, .. } | Self::Beam { at_us, .. } => *at_us,
        }
    }

    /// True for the antennas outside.
    #[must_use]
    pub fn is_outer(antenna: u16) -> bool {
        antenna <= 2
    }
}
