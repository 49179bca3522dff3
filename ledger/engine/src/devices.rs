//! Devices: each is known by what it told of itself when somebody approved it, or by what the
//! configuration says that it must tell.
//!
//! Invariants: nobody is trusted for being there first; what an unknown or changed device saw is
//! quarantined whole, and so is what a device saw before it was the approved one; each identity that
//! is refused is recorded once and asked about in one open request a device; a device that comes back
//! as the approved one works again without anybody. Absent: finding out who a device is (the drivers).

use gatewarden_model::{
    Actor, Body, Change, ChangeId, ChangeVerdict, DeviceFacts, DeviceId, Hash, Pass, Signal, Stamp,
    StationId,
    facts::{
        FACT_BYTES_MAX, FACTS_MAX, bounded_facts, facts_words, fits_facts, is_same_device,
        refusal_words,
    },
};

use crate::{
    changes::{CHANGES_MAX, id_of},
    command::Reply,
    state::State,
    turn::{Answer, Fault, Turn},
};

impl Turn<'_> {
    /// A device told who it is.
    pub(crate) fn identify(
        &mut self,
        station: StationId,
        device: DeviceId,
        facts: DeviceFacts,
        since: Stamp,
    ) -> Answer {
        let facts = bounded_facts(facts);
        let is_known =
            self.state.device(&device).is_some_and(|known| is_same_device(known, &facts));
        let is_wanted = match self.settings.pins.get(&device) {
            Some(pin) => fits_facts(&facts, pin),
            None => is_known,
        };
        if !is_wanted {
            return Ok(self.refuse_device(station, device, facts));
        }
        if !is_known {
            let (device, identity) = (device.clone(), facts);
            let (change, by) = (None, Actor::Daemon);
            self.record(Body::DeviceApproved { device, identity, change, by });
        } else if self.state.refused.contains_key(&device) {
            self.record(Body::DeviceBack { device: device.clone(), since });
        }
        self.end_device_changes(&device, None, "the device is the approved one again");
        Ok(Reply::Identified { refused: None })
    }

    fn refuse_device(&mut self, station: StationId, device: DeviceId, seen: DeviceFacts) -> Reply {
        let pin = self.settings.pins.get(&device);
        let known = pin.or(self.state.device(&device)).cloned().unwrap_or_default();
        let words = refusal_words(&device, &seen, &known);
        let told = self.state.refused.get(&device);
        if !told.is_some_and(|told| told.seen == seen && told.known == known) {
            let (device, seen) = (device.clone(), seen.clone());
            self.record(Body::DeviceRefused { device, seen, known });
        }
        match self.check_identity(&device, &seen) {
            Ok(()) => self.ask_for_device(device, seen, &words),
            Err(_) => {
                self.end_device_changes(&device, None, "the device can't be approved as it is");
            }
        }
        self.signals.push((station, Signal::Alarm));
        Reply::Identified { refused: Some(words) }
    }

    /// Asks for a device to be known by what it tells, unless that is asked for already.
    fn ask_for_device(&mut self, device: DeviceId, identity: DeviceFacts, words: &str) {
        let reason = "the device tells another identity by now";
        let waits = self.end_device_changes(&device, Some(&identity), reason);
        if waits || self.state.changes.len() >= CHANGES_MAX {
            return;
        }
        let digest = Hash::of(format!("{device}\n{}", facts_words(&identity)).as_bytes());
        let (id, by) = (id_of(digest, *self.next_seq), Actor::Daemon);
        let (change, reason) = (Change::Device { device, identity }, words.to_owned());
        let reason = crate::turn::cut(&reason, crate::turn::REASON_BYTES_MAX);
        self.record(Body::ChangeRequested { id, change, reason, by, decision: None });
    }

    /// Ends the daemon's own requests for a device but that for an identity; whether that one waits.
    fn end_device_changes(
        &mut self,
        device: &DeviceId,
        but: Option<&DeviceFacts>,
        reason: &str,
    ) -> bool {
        let own = self.state.changes().filter(|open| open.by == Actor::Daemon);
        let asked = own.filter_map(|open| match &open.change {
            Change::Device { device: of, identity } if of == device => {
                Some((open.id, Some(identity) == but))
            }
            _ => None,
        });
        let (waits, over): (Vec<_>, Vec<_>) = asked.partition(|(_, is_it)| *is_it);
        for (id, _) in over {
            self.end_change(id, ChangeVerdict::Withdrawn, reason);
        }
        !waits.is_empty()
    }

    /// Whether a device may be known by this.
    pub(crate) fn check_identity(
        &self,
        device: &DeviceId,
        identity: &DeviceFacts,
    ) -> Result<(), Fault> {
        let short = |text: &String| (1..=FACT_BYTES_MAX).contains(&text.len());
        let fits = identity.len() <= FACTS_MAX
            && identity.iter().all(|(name, value)| short(name) && short(value));
        if !fits || !is_same_device(identity, identity) {
            let message = "the device tells nothing that it could be known by";
            return Err(("device-invalid", message.to_owned()));
        }
        let pin = self.settings.pins.get(device);
        match pin.is_none_or(|pin| fits_facts(identity, pin)) {
            true => Ok(()),
            false => {
                let message = "the configuration says that it must be another: change it there";
                Err(("device-pinned", message.to_owned()))
            }
        }
    }

    /// Puts a device's approved identity in force. What stands there now may be a third one.
    pub(crate) fn device_approved(
        &mut self,
        device: DeviceId,
        identity: DeviceFacts,
        change: ChangeId,
        by: Actor,
    ) {
        let seen = self.state.refused.get(&device).map(|refused| refused.seen.clone());
        let (of, known) = (device.clone(), identity.clone());
        self.record(Body::DeviceApproved { device, identity, change: Some(change), by });
        if let Some(seen) = seen.filter(|seen| !is_same_device(seen, &known)) {
            self.record(Body::DeviceRefused { device: of, seen, known });
        }
    }

    /// Why a pass counts for nothing because of who saw it, in words.
    pub(crate) fn unknown_device(&self, pass: &Pass) -> Option<String> {
        if self.settings.any_device { None } else { self.state.unknown_device(pass) }
    }
}

impl State {
    /// Why a pass counts for nothing because of who saw it, in words.
    pub(crate) fn unknown_device(&self, pass: &Pass) -> Option<String> {
        pass.seen().find_map(|seen| self.device_fault(&seen.device, &seen.first))
    }

    fn device_fault(&self, device: &DeviceId, first: &Stamp) -> Option<String> {
        if let Some(refused) = self.refused.get(device) {
            return Some(refusal_words(device, &refused.seen, &refused.known));
        }
        match self.devices.get(device) {
            None => Some(format!("device {device} was never approved")),
            Some(known) if is_before(first, &known.since) => {
                Some(format!("device {device} was not the approved one yet when it saw this"))
            }
            Some(_) => None,
        }
    }
}

/// Whether one moment was before another, where that can be told: wall clocks are set, and what is
/// recorded after a boot is not about reads of an earlier one.
fn is_before(one: &Stamp, other: &Stamp) -> bool {
    one.boot == other.boot && one.mono_us < other.mono_us
}
