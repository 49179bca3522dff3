//! What becomes of the ROSpecs that are on a reader: ours is adopted where it does what is wanted, and all else
//! goes or stays as configured. Nothing is deleted that is adopted, so no read is lost over a restart.

use super::Session;
use crate::{
    codec::{Message, RoSpec, Typed},
    plan,
    settings::{Foreign, Start},
};

/// ROSpecs that are looked at one by one, at most; with more all are deleted.
const ROSPECS_MAX: usize = 64;
/// Begins the ids of our ROSpecs, so that those of an earlier start are known.
pub const ROSPEC_MARK: u16 = 0x6757;
const DISABLED: u8 = 0;
const ACTIVE: u8 = 2;
const ALL: u32 = 0;

/// The id of a ROSpec of ours.
#[must_use]
pub fn rospec_id(number: u16) -> u32 {
    (u32::from(ROSPEC_MARK) << 16) | u32::from(number)
}

impl Session {
    /// The ROSpecs of GET_ROSPECS_RESPONSE; `None` where there are too many or one can't be read.
    pub(super) fn listed(&self, message: &Message) -> Option<Vec<RoSpec>> {
        let found = message.params.iter().filter(|param| param.kind == RoSpec::KIND);
        let found: Option<Vec<RoSpec>> =
            found.take(ROSPECS_MAX + 1).map(|param| RoSpec::from_param(param).ok()).collect();
        found.filter(|found| found.len() <= ROSPECS_MAX)
    }

    /// Decides about each ROSpec; `None` where it is not known which there are.
    pub(super) fn reconcile(&mut self, found: Option<Vec<RoSpec>>) {
        let keep = self.settings.foreign == Foreign::Keep;
        let Some(found) = found else {
            let doomed = if keep { self.rospec } else { ALL };
            return self.doomed.push_back(doomed);
        };
        let ours =
            |spec: &RoSpec| spec.id >> 16 == u32::from(ROSPEC_MARK) || spec.id == self.rospec;
        // With the TID by an AccessSpec there is more to compare than the ROSpec: it is made anew.
        let by_access = self.settings.tid && self.identity.extensions != Some("Impinj");
        let fits = |spec: &&RoSpec| {
            let runs = match self.settings.start {
                Start::Input(_) => spec.state != DISABLED,
                _ => spec.state == ACTIVE,
            };
            !by_access && ours(spec) && runs && plan::is_same(spec, &self.wanted)
        };
        let adopted = found.iter().find(fits).map(|spec| spec.id);
        let told: Vec<_> = found.iter().map(|spec| (spec.id, spec.state, ours(spec))).collect();
        if let Some(id) = adopted {
            self.adopted = true;
            self.rospec = id;
            self.note(format!("ROSpec {id} is ours and reads already: adopted"));
        }
        for (id, state, ours) in &told {
            self.identity.add_rospec(*id, *state, *ours);
        }
        let foreign = |told: &&(u32, u8, bool)| !told.2;
        for (id, ..) in told.iter().filter(foreign) {
            let fate = if keep { "stays, as foreign = \"keep\" has it" } else { "is deleted" };
            self.note(format!("ROSpec {id} is not ours and {fate}"));
        }
        if adopted.is_none() && !keep && !told.is_empty() {
            return self.doomed.push_back(ALL);
        }
        let goes = told.iter().filter(|(id, _, ours)| Some(*id) != adopted && (*ours || !keep));
        self.doomed.extend(goes.map(|(id, ..)| *id));
    }
}
