//! Who receives what is handed out: whoever asked for it shows his badge at the counter.
//!
//! Invariants: a task that names a requester moves only while his badge was read at that very station within
//! `BADGE_SEEN_MS_MAX` before the pass closed, and was the last one read there; that he was there is an entry
//! of its own, before the movement's. A badge is no proof of who holds it: the storekeeper's session is what
//! authorises, this tells who stood before him. Absent: handing out without anybody (`passes`).

use gatewarden_model::{Body, Hash, OperatorId, Pass, Stamp, StationId, Task};

use crate::{
    sessions::scans::BADGE_SEEN_MS_MAX,
    state::State,
    turn::{Fault, Turn},
};

impl Turn<'_> {
    /// Records a badge that a task at the station waits for, or that takes the place of such a one: whoever
    /// steps up after the requester is who stands there.
    pub(crate) fn tell_receiver(&mut self, station: &StationId, badge: Hash, who: &OperatorId) {
        let waits = |task: &Task| task.requester.as_ref() == Some(who);
        let last = self.state.receiver(station);
        let replaces = last.is_some_and(|(last, at)| last != who && is_fresh(at, &self.now));
        if !replaces && !self.state.tasks_at(station).any(|open| waits(&open.task)) {
            return;
        }
        // The same badge again within its time says nothing new.
        if last.is_some_and(|(last, at)| last == who && is_fresh(at, &self.now)) {
            return;
        }
        let (station, operator) = (station.clone(), who.clone());
        self.record(Body::ReceiverSeen { station, operator, badge });
    }
}

/// Whether whoever a task names stood at the counter when a pass closed.
pub(crate) fn check_receiver(state: &State, task: &Task, pass: &Pass) -> Result<(), Fault> {
    let Some(requester) = &task.requester else { return Ok(()) };
    let number = &task.document.number;
    match state.receiver(&pass.station) {
        Some((seen, at)) if is_fresh(at, &pass.closed) => match seen == requester {
            true => Ok(()),
            false => Err((
                "receiver-wrong",
                format!(
                    "{number} is for {requester}, the badge that was read is {seen}'s: scan his"
                ),
            )),
        },
        _ => Err((
            "receiver-missing",
            format!("{number} is for {requester}: scan his badge, then the goods again"),
        )),
    }
}

fn is_fresh(at: &Stamp, now: &Stamp) -> bool {
    now.us_since(at) < BADGE_SEEN_MS_MAX * 1000
}
