//! The life of ROSpecs: Disabled, Inactive, Active (LLRP 1.0.1 section 6.1), and the reads of the
//! one that is Active. Pure: time is an argument in microseconds since 1970 and never goes back.
//!
//! Invariants: at most one ROSpec is Active, others whose trigger fired wait for it; a tick makes
//! at most [`TRIES_PER_TICK_MAX`] tries; at most [`REPORT_TAGS_MAX`] reads wait for their report.
//! Absent: pre-emption (one priority level), RF surveys, access operations.

use std::collections::BTreeMap;

use super::field::{Field, Seen};
use super::plan::{Observation, Plan, ReportRule, Start, Stop, Until, When};

/// The most ROSpecs, told in the capabilities.
pub(super) const ROSPECS_MAX: usize = 16;
/// A report is sent when so many reads wait, whatever N says: memory and frames are bounded.
pub(super) const REPORT_TAGS_MAX: usize = 4096;
/// What a reader that fell behind makes up for at once; older tries are skipped.
const TRIES_PER_TICK_MAX: u64 = 50_000;
const US_PER_S: u128 = 1_000_000;

/// What happened, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    Started { rospec: u32, at_us: u64 },
    Ended { rospec: u32, at_us: u64 },
    InventoryEnded { rospec: u32, index: u16, at_us: u64 },
    Report { rule: ReportRule, reads: Vec<Labelled> },
}

/// A read and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labelled {
    pub(super) seen: Seen,
    pub(super) rospec: u32,
    /// The AISpec within its ROSpec, from 1.
    pub(super) index: u16,
    pub(super) spec_id: u16,
}

/// Why a request about ROSpecs is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SpecError {
    #[error("there is no ROSpec {0}")]
    Unknown(u32),
    #[error("ROSpec {0} is already there")]
    Exists(u32),
    #[error("there are {ROSPECS_MAX} ROSpecs already")]
    TooMany,
    #[error("ROSpec {0} is disabled")]
    Disabled(u32),
}

#[derive(Debug)]
pub(super) struct Rounds {
    pub(super) field: Field,
    /// Tries a second.
    rate: u32,
    slots: BTreeMap<u32, Slot>,
    active: Option<Active>,
    waiting: Option<(ReportRule, Vec<Labelled>)>,
    /// The rule of ROSpecs that have none.
    pub(super) default_rule: ReportRule,
    tries: u64,
    reads: u64,
}

#[derive(Debug)]
struct Slot {
    plan: Plan,
    enabled: bool,
    due_us: Option<u64>,
}

#[derive(Debug)]
struct Active {
    plan: Plan,
    index: usize,
    inventory_since_us: u64,
    tries: u64,
    reads: u64,
    distinct: std::collections::HashSet<std::sync::Arc<[u8]>>,
    last_new_us: u64,
    stop_at_us: Option<u64>,
}

impl Rounds {
    pub(super) fn new(field: Field, rate: u32, default_rule: ReportRule) -> Self {
        let slots = BTreeMap::new();
        Self { field, rate, slots, active: None, waiting: None, default_rule, tries: 0, reads: 0 }
    }

    /// Changes the tries a second; what was due before stays as it was.
    pub(super) fn set_rate(&mut self, rate: u32, now_us: u64) {
        self.rate = rate;
        self.skip(now_us);
    }

    /// Lets the time until `now_us` pass without a try.
    pub(super) fn skip(&mut self, now_us: u64) {
        if let Some(active) = self.active.as_mut() {
            active.tries = active.due(now_us, self.rate);
        }
    }

    /// Tries and successful reads since the start.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.tries, self.reads)
    }

    pub(super) fn active(&self) -> Option<u32> {
        self.active.as_ref().map(|active| active.plan.source.id)
    }

    /// Each ROSpec as added, with its state now.
    pub(super) fn list(&self) -> Vec<gatewarden_llrp::codec::RoSpec> {
        let active = self.active();
        let told = |(id, slot): (&u32, &Slot)| {
            let mut spec = slot.plan.source.clone();
            spec.state = match slot.enabled {
                _ if active == Some(*id) => 2,
                true => 1,
                false => 0,
            };
            spec
        };
        self.slots.iter().map(told).collect()
    }

    pub(super) fn add(&mut self, plan: Plan) -> Result<(), SpecError> {
        let id = plan.source.id;
        if self.slots.contains_key(&id) {
            return Err(SpecError::Exists(id));
        }
        if self.slots.len() >= ROSPECS_MAX {
            return Err(SpecError::TooMany);
        }
        self.slots.insert(id, Slot { plan, enabled: false, due_us: None });
        Ok(())
    }

    pub(super) fn delete(&mut self, id: u32, now_us: u64) -> Result<Vec<Notice>, SpecError> {
        let ids = self.named(id)?;
        let notices = self.end_if_active(&ids, now_us);
        self.slots.retain(|id, _| !ids.contains(id));
        Ok(notices)
    }

    pub(super) fn disable(&mut self, id: u32, now_us: u64) -> Result<Vec<Notice>, SpecError> {
        let ids = self.named(id)?;
        let notices = self.end_if_active(&ids, now_us);
        for (_, slot) in self.slots.iter_mut().filter(|(id, _)| ids.contains(id)) {
            slot.enabled = false;
            slot.due_us = None;
        }
        Ok(notices)
    }

    pub(super) fn enable(&mut self, id: u32, now_us: u64) -> Result<Vec<Notice>, SpecError> {
        let ids = self.named(id)?;
        let slots = self.slots.iter_mut().filter(|(id, slot)| ids.contains(id) && !slot.enabled);
        for (_, slot) in slots {
            slot.enabled = true;
            slot.due_us = match slot.plan.start {
                Start::Immediate => Some(now_us),
                Start::Periodic { offset_us, .. } => Some(now_us.saturating_add(offset_us)),
                Start::OnCommand | Start::Input { .. } => None,
            };
        }
        Ok(self.start_due(now_us))
    }

    /// START_ROSPEC; an Active one stays so.
    pub(super) fn start(&mut self, id: u32, now_us: u64) -> Result<Vec<Notice>, SpecError> {
        let already = self.active() == Some(id);
        let slot = self.slots.get_mut(&id).ok_or(SpecError::Unknown(id))?;
        if !slot.enabled {
            return Err(SpecError::Disabled(id));
        }
        if !already {
            slot.due_us = Some(now_us);
        }
        Ok(self.start_due(now_us))
    }

    /// STOP_ROSPEC; an Inactive one stays so.
    pub(super) fn stop(&mut self, id: u32, now_us: u64) -> Result<Vec<Notice>, SpecError> {
        let slot = self.slots.get(&id).ok_or(SpecError::Unknown(id))?;
        if !slot.enabled {
            return Err(SpecError::Disabled(id));
        }
        Ok(self.end_if_active(&[id], now_us))
    }

    /// An input changed: triggers that wait for this edge fire.
    pub(super) fn input(&mut self, port: u16, on: bool, now_us: u64) -> Vec<Notice> {
        let mut notices = self.tick(now_us);
        let edge = |stop: &Stop| matches!(stop, Stop::Input { port: p, on: o, .. } if *p == port && *o == on);
        if let Some(active) = &self.active {
            if edge(&active.plan.stop) {
                self.end(now_us, &mut notices);
            } else if edge(&active.plan.inventories[active.index].stop) {
                self.next_inventory(now_us, &mut notices);
            }
        }
        for slot in self.slots.values_mut().filter(|slot| slot.enabled) {
            if slot.plan.start == (Start::Input { port, on }) {
                slot.due_us = Some(now_us);
            }
        }
        notices.extend(self.start_due(now_us));
        notices
    }

    /// GET_REPORT: whatever waits, at once.
    pub(super) fn flush(&mut self) -> Option<Notice> {
        self.waiting.take().map(|(rule, reads)| Notice::Report { rule, reads })
    }

    /// Reads up to `now_us`, and starts and ends what is due.
    pub(super) fn tick(&mut self, now_us: u64) -> Vec<Notice> {
        let mut notices = self.start_due(now_us);
        // Every pass ends an inventory, so their number bounds the passes.
        for _ in 0..super::plan::SPECS_MAX * 2 {
            let Some(ends) = self.read_until(now_us, &mut notices) else { break };
            match ends {
                Ends::RoSpec(at_us) => self.end(at_us, &mut notices),
                Ends::Inventory(at_us) => self.next_inventory(at_us, &mut notices),
            }
            notices.extend(self.start_due(now_us));
        }
        notices
    }

    /// The ids that a request names; 0 is all.
    fn named(&self, id: u32) -> Result<Vec<u32>, SpecError> {
        match id {
            0 => Ok(self.slots.keys().copied().collect()),
            _ if self.slots.contains_key(&id) => Ok(vec![id]),
            _ => Err(SpecError::Unknown(id)),
        }
    }

    fn end_if_active(&mut self, ids: &[u32], now_us: u64) -> Vec<Notice> {
        let mut notices = self.tick(now_us);
        if self.active().is_some_and(|id| ids.contains(&id)) {
            self.end(now_us, &mut notices);
        }
        notices
    }

    fn start_due(&mut self, now_us: u64) -> Vec<Notice> {
        if self.active.is_some() {
            return Vec::new();
        }
        let due = |slot: &&mut Slot| slot.enabled && slot.due_us.is_some_and(|due| due <= now_us);
        let Some(slot) = self.slots.values_mut().find(due) else { return Vec::new() };
        slot.due_us = match slot.plan.start {
            Start::Periodic { period_us, .. } => now_us.checked_add(period_us),
            _ => None,
        };
        let plan = slot.plan.clone();
        let rospec = plan.source.id;
        self.active = Some(Active::new(plan, now_us));
        vec![Notice::Started { rospec, at_us: now_us }]
    }

    /// Tries until `now_us` or until something ends, and says what.
    fn read_until(&mut self, now_us: u64, notices: &mut Vec<Notice>) -> Option<Ends> {
        let active = self.active.as_mut()?;
        let inventory = active.plan.inventories.get(active.index)?.clone();
        let rule = active.plan.report.unwrap_or(self.default_rule);
        let limit_us = active.limit_us(&inventory.stop).min(now_us);
        let due = active.due(limit_us, self.rate);
        active.tries = active.tries.max(due.saturating_sub(TRIES_PER_TICK_MAX));
        while active.tries < due {
            let at_us = active.time_of(active.tries + 1, self.rate);
            if let Some(ends_us) =
                active.observed(&inventory.stop, &self.field, &inventory.antennas, at_us)
            {
                return Some(Ends::Inventory(ends_us));
            }
            active.tries += 1;
            self.tries += 1;
            let seen = self.field.attempt(&inventory.antennas, &inventory.filters, at_us);
            let Some(seen) = seen.filter(|seen| !inventory.once || !active.knows(seen)) else {
                continue;
            };
            self.reads += 1;
            let labelled = active.label(seen, inventory.spec_id);
            keep(&mut self.waiting, rule, labelled, notices);
        }
        active.ends(&inventory, &self.field, now_us)
    }

    fn next_inventory(&mut self, at_us: u64, notices: &mut Vec<Notice>) {
        let Some(active) = self.active.as_mut() else { return };
        let rospec = active.plan.source.id;
        notices.push(Notice::InventoryEnded { rospec, index: active.number(), at_us });
        let rule = active.plan.report.unwrap_or(self.default_rule);
        let last = active.index + 1 >= active.plan.inventories.len();
        if !last {
            active.index += 1;
            active.begin_inventory(at_us);
        }
        if rule.when == When::EndOfInventory {
            notices.extend(self.flush());
        }
        if last {
            // A ROSpec without more specs is done, whatever its own trigger says.
            self.end_rospec(at_us, notices);
        }
    }

    fn end(&mut self, at_us: u64, notices: &mut Vec<Notice>) {
        if let Some(active) = &self.active {
            let rospec = active.plan.source.id;
            notices.push(Notice::InventoryEnded { rospec, index: active.number(), at_us });
        }
        self.end_rospec(at_us, notices);
    }

    fn end_rospec(&mut self, at_us: u64, notices: &mut Vec<Notice>) {
        let Some(active) = self.active.take() else { return };
        if active.plan.report.unwrap_or(self.default_rule).when != When::Asked {
            notices.extend(self.flush());
        }
        notices.push(Notice::Ended { rospec: active.plan.source.id, at_us });
    }
}

/// What ended, and when.
enum Ends {
    RoSpec(u64),
    Inventory(u64),
}

/// Puts a read to those that wait, and makes their report when it is full.
fn keep(
    waiting: &mut Option<(ReportRule, Vec<Labelled>)>,
    rule: ReportRule,
    read: Labelled,
    notices: &mut Vec<Notice>,
) {
    if let Some((rule, reads)) = waiting.take_if(|(waiting_rule, _)| *waiting_rule != rule) {
        notices.push(Notice::Report { rule, reads });
    }
    let (_, reads) = waiting.get_or_insert_with(|| (rule, Vec::new()));
    reads.push(read);
    let asked = rule.when == When::Asked;
    let wanted = !asked && rule.every_tags > 0 && reads.len() >= rule.every_tags;
    if wanted || reads.len() >= REPORT_TAGS_MAX {
        let taken = waiting.take();
        notices.extend(taken.map(|(rule, reads)| Notice::Report { rule, reads }));
    }
}

impl Active {
    fn new(plan: Plan, now_us: u64) -> Self {
        let stop_at_us = match plan.stop {
            Stop::After(duration_us) => Some(now_us.saturating_add(duration_us)),
            Stop::Input { timeout_us, .. } => timeout_us.map(|after| now_us.saturating_add(after)),
            Stop::WithAll | Stop::Observation(_) => None,
        };
        Self {
            plan,
            index: 0,
            inventory_since_us: now_us,
            tries: 0,
            reads: 0,
            distinct: std::collections::HashSet::new(),
            last_new_us: now_us,
            stop_at_us,
        }
    }

    fn begin_inventory(&mut self, at_us: u64) {
        self.inventory_since_us = at_us;
        self.tries = 0;
        self.reads = 0;
        self.distinct.clear();
        self.last_new_us = at_us;
    }

    /// The AISpec's number, from 1.
    fn number(&self) -> u16 {
        u16::try_from(self.index + 1).unwrap_or(u16::MAX)
    }

    /// Whether this inventory has read the tag already.
    fn knows(&self, seen: &Seen) -> bool {
        self.distinct.contains(&seen.epc)
    }

    fn label(&mut self, seen: Seen, spec_id: u16) -> Labelled {
        self.reads += 1;
        if self.distinct.len() < super::field::FIELD_TAGS_MAX
            && self.distinct.insert(std::sync::Arc::clone(&seen.epc))
        {
            self.last_new_us = seen.at_us;
        }
        Labelled { seen, rospec: self.plan.source.id, index: self.number(), spec_id }
    }

    /// How many tries are due at `at_us` at `rate` a second.
    fn due(&self, at_us: u64, rate: u32) -> u64 {
        let elapsed = u128::from(at_us.saturating_sub(self.inventory_since_us));
        u64::try_from(elapsed * u128::from(rate) / US_PER_S).unwrap_or(u64::MAX)
    }

    /// When the `number`th try (from 1) is due.
    fn time_of(&self, number: u64, rate: u32) -> u64 {
        let after = u128::from(number) * US_PER_S / u128::from(rate.max(1));
        self.inventory_since_us.saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
    }

    /// The moment at which time alone ends the inventory or the ROSpec.
    fn limit_us(&self, stop: &Stop) -> u64 {
        let own = inventory_limit(stop).map(|after| self.inventory_since_us.saturating_add(after));
        own.unwrap_or(u64::MAX).min(self.stop_at_us.unwrap_or(u64::MAX))
    }

    /// When what was observed before the try at `at_us` ended the inventory, if it did.
    fn observed(&self, stop: &Stop, field: &Field, antennas: &[u16], at_us: u64) -> Option<u64> {
        let Stop::Observation(Observation { until, .. }) = stop else { return None };
        match until {
            Until::Tags(count) => (self.reads >= *count).then_some(at_us),
            Until::NoNewTagFor(silence_us) => {
                let ends_us = self.last_new_us.saturating_add(*silence_us);
                (ends_us <= at_us).then_some(ends_us)
            }
            Until::Attempts(attempts) => {
                let tries = attempts.saturating_mul(field.visible(antennas).max(1) as u64);
                (self.tries >= tries).then_some(at_us)
            }
        }
    }

    fn ends(&self, inventory: &super::plan::Inventory, field: &Field, now_us: u64) -> Option<Ends> {
        if self
            .stop_at_us
            .is_some_and(|stop| stop <= now_us && stop <= self.limit_us(&inventory.stop))
        {
            return self.stop_at_us.map(Ends::RoSpec);
        }
        let limit_us = self.limit_us(&inventory.stop);
        if limit_us <= now_us {
            return Some(Ends::Inventory(limit_us));
        }
        self.observed(&inventory.stop, field, &inventory.antennas, now_us).map(Ends::Inventory)
    }
}

fn inventory_limit(stop: &Stop) -> Option<u64> {
    match stop {
        Stop::WithAll => None,
        Stop::After(duration_us) => Some(*duration_us),
        Stop::Input { timeout_us, .. } => *timeout_us,
        Stop::Observation(observation) => observation.timeout_us,
    }
}
