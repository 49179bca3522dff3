//! What time does: it reminds, it lets others decide too, it asks others where somebody lost his role or
//! nobody could be asked. It never approves, and it never ends anything.

use gatewarden_model::{ApprovalEvent, ApprovalSeat, OperatorId};

use crate::{
    Approve, Around, Calendar, Instance, Phase, Seating, Who, advance::Course, resolve::people_of,
};

/// Most reminders of one step.
const REMINDERS_MAX: u32 = 10;

impl Instance {
    /// What is due by now; nothing, most of the time.
    #[must_use]
    pub fn tick(&self, around: &Around<'_>) -> Vec<ApprovalEvent> {
        if self.phase != Phase::Running {
            return vec![];
        }
        let mut course = Course::new(self.clone(), around);
        let open: Vec<Approve> = self.reached().open.into_iter().cloned().collect();
        for node in &open {
            course.instance.reseated(node, around).into_iter().for_each(|event| course.emit(event));
            course.instance.reminded(node, around).into_iter().for_each(|event| course.emit(event));
            course
                .instance
                .escalated(node, around)
                .into_iter()
                .for_each(|event| course.emit(event));
        }
        course.advance();
        course.events
    }

    /// The next microsecond at which a tick may have something to do by time alone; none where it never
    /// will. People who lose a role are another reason.
    #[must_use]
    pub fn next_due(&self, calendar: &Calendar) -> Option<i64> {
        if self.phase != Phase::Running {
            return None;
        }
        let due = |node: &Approve| {
            let seating = self.seatings.get(&node.name)?;
            let at = |hours: u32, round: u32| {
                calendar.after(seating.opened_us, hours.saturating_mul(60).saturating_mul(round))
            };
            let remind = (node.remind_after_h > 0 && seating.reminded < REMINDERS_MAX)
                .then(|| at(node.remind_after_h, seating.reminded + 1));
            let levels = u32::try_from(node.escalate_to.len()).unwrap_or(0);
            let escalate = (node.escalate_after_h > 0 && seating.escalated < levels)
                .then(|| at(node.escalate_after_h, seating.escalated + 1));
            remind.flatten().into_iter().chain(escalate.flatten()).min()
        };
        self.reached().open.into_iter().filter_map(due).min()
    }

    /// How many spans of `hours` are over since a step began, at most `max`.
    fn rounds(seating: &Seating, hours: u32, max: u32, around: &Around<'_>) -> u32 {
        let is_over = |round: u32| {
            let minutes = hours.saturating_mul(60).saturating_mul(round);
            let end = around.calendar.after(seating.opened_us, minutes);
            end.is_some_and(|end| end <= around.now.us)
        };
        (1..=max).take_while(|round| hours > 0 && is_over(*round)).last().unwrap_or(0)
    }

    fn reminded(&self, node: &Approve, around: &Around<'_>) -> Option<ApprovalEvent> {
        let seating = self.seatings.get(&node.name)?;
        let round = Self::rounds(seating, node.remind_after_h, REMINDERS_MAX, around);
        if round <= seating.reminded {
            return None;
        }
        let open = seating.live().filter(|(_, seat)| seat.decision.is_none());
        let whom = open.filter_map(|(index, seat)| match seat.advice.as_ref() {
            Some(advice) if advice.given.is_none() => Some(advice.to.clone()),
            _ => seating.waits_for(index, node.mode, true).is_none().then(|| seat.who.clone()),
        });
        Some(ApprovalEvent::Reminded { node: node.name.clone(), whom: whom.collect(), round })
    }

    /// Each seat that waits gets the next level beside it.
    fn escalated(&self, node: &Approve, around: &Around<'_>) -> Vec<ApprovalEvent> {
        let Some(seating) = self.seatings.get(&node.name) else { return vec![] };
        let levels = u32::try_from(node.escalate_to.len()).unwrap_or(0);
        let round = Self::rounds(seating, node.escalate_after_h, levels, around);
        let names = node.escalate_to.iter().take(round as usize).skip(seating.escalated as usize);
        let names: Vec<&Who> = names.collect();
        if names.is_empty() {
            return vec![];
        }
        let barred = self.barred(node);
        let mut given: Vec<OperatorId> = vec![];
        let waiting = seating.base().filter(|(_, seat)| seat.decision.is_none());
        let each = waiting.map(|(_, seat)| {
            let found = names.iter().flat_map(|who| people_of(who, self, Some(&seat.who), around));
            let free = |who: &OperatorId| !barred.contains(who) && !seating.takes_part(who);
            let mut to: Vec<OperatorId> = found.filter(free).collect();
            to.sort();
            to.dedup();
            // Nobody is given two seats of one step.
            to.retain(|who| !given.contains(who));
            given.extend(to.iter().cloned());
            ApprovalEvent::Escalated { node: node.name.clone(), of: seat.who.clone(), to, round }
        });
        each.collect()
    }

    /// Others are asked where nobody was, or where some lost what they were asked as.
    fn reseated(&self, node: &Approve, around: &Around<'_>) -> Option<ApprovalEvent> {
        let seating = self.seatings.get(&node.name)?;
        let name = node.name.clone();
        if seating.seats.is_empty() {
            let seats = self.seats_for(node, around);
            return (!seats.is_empty()).then_some(ApprovalEvent::Opened { node: name, seats });
        }
        let barred = self.barred(node);
        let undecided = seating.base().filter(|(_, seat)| seat.decision.is_none());
        let lost = undecided
            .filter(|(_, seat)| !self.is_still(node, seat, around) || barred.contains(&seat.who));
        let lost: Vec<_> = lost.map(|(_, seat)| seat.clone()).collect();
        if lost.is_empty() {
            return None;
        }
        let gone = |who: &OperatorId| lost.iter().any(|seat| seat.who == *who);
        let sits = |who: &OperatorId| seating.takes_part(who) && !gone(who);
        let origin = |instead: &Option<String>, source: &String| {
            instead.clone().unwrap_or_else(|| source.clone())
        };
        let origins: Vec<String> =
            lost.iter().map(|seat| origin(&seat.instead_of, &seat.source)).collect();
        let wanted = |seat: &&ApprovalSeat| {
            let free = !gone(&seat.who) && !sits(&seat.who);
            free && origins.contains(&origin(&seat.instead_of, &seat.source))
        };
        let all = self.seats_for(node, around);
        let seats: Vec<ApprovalSeat> = all.iter().filter(wanted).cloned().collect();
        // What each was asked as must still be asked of somebody, or all stay where they are.
        let stays = |of: &String| {
            seating
                .base()
                .any(|(_, seat)| !gone(&seat.who) && origin(&seat.instead_of, &seat.source) == *of)
        };
        // The fall-back is asked in the place of a name that comes out empty now.
        let comes =
            |of: &String| seats.iter().any(|seat| origin(&seat.instead_of, &seat.source) == *of);
        if !origins.iter().all(|of| stays(of) || comes(of)) {
            return None;
        }
        let lost = lost.into_iter().map(|seat| seat.who).collect();
        Some(ApprovalEvent::Reseated { node: name, lost, seats })
    }
}
