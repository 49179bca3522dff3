//! Decides what went through a portal, and which way: from single reads and photo-eyes to sightings.
//!
//! [`Portal`] opens a pass by a beam, an input, a button or a first near tag, keeps a track of each
//! tag, closes when the door is quiet, and lets `judge` say of each tag: it went through (posted, with
//! direction and confidence), it was elsewhere (a stray), or somebody has to look (a doubt). [`Guard`]
//! looks for clones and replays. Invariants: pure (time and ids are arguments), integers only, the same
//! input gives the same passes; everything is bounded; what does not fit is counted, never dropped in
//! silence; an empty pass is told. Absent on purpose: sessions' rights, tasks and stock
//! (`gatewarden-engine`), identifiers (`gatewarden-model`), keeping anything.

mod beams;
mod group;
mod guard;
mod judge;
mod portal;
mod profile;
mod seen;
mod settings;
mod shape;
mod smooth;
mod stray;
mod track;

pub use beams::{TRANSITS_MAX, Transit};
pub use guard::{Alarm, Guard, GuardSettings, PLACES_MAX, TIDS_MAX, Told};
pub use judge::Settled;
pub use portal::Portal;
pub use seen::{TagSeen, Taken};
pub use settings::{Input, PortalSettings, Zone};
