//! Which of the settings decide whether somebody is let do something: these are recorded with the policies,
//! and what the journal says of them is in force.
//!
//! Invariant: every setting is a guard or named as none (`Settings::guards` takes each by its name), so that
//! a new one can't be forgotten. Absent: where settings come from.

use gatewarden_model::Guards;

use crate::engine::Settings;

impl Settings {
    /// Those that are in force by the journal.
    #[must_use]
    pub fn guards(&self) -> Guards {
        // No `..` here: a new setting has to be thought about.
        let Self {
            idle_timeout_ms,
            idle_end_ms,
            session_max_ms,
            free_attempts,
            first_delay_ms,
            delay_ms_max,
            failures_max,
            step_up_ms,
            walking,
            levels,
            two_persons,
            confirm_kinds,
            items: _,
            places: _,
            accounts: _,
            utc_offset_min: _,
            reservation_ms: _,
            reservations_max: _,
            review_ms_min,
            // In the policies beside them.
            sod: _,
            one_person_enrols: _,
            pins,
            any_device: _,
            // A change of their own.
            procedures: _,
            stations: _,
        } = self;
        Guards {
            idle_timeout_ms: *idle_timeout_ms,
            idle_end_ms: *idle_end_ms,
            session_max_ms: *session_max_ms,
            step_up_ms: *step_up_ms,
            free_attempts: *free_attempts,
            first_delay_ms: *first_delay_ms,
            delay_ms_max: *delay_ms_max,
            failures_max: *failures_max,
            review_ms_min: *review_ms_min,
            walking: walking.clone(),
            levels: levels.clone(),
            two_persons: two_persons.clone(),
            confirm_kinds: confirm_kinds.clone(),
            pins: pins.clone(),
        }
    }

    /// Puts guards in force.
    pub(crate) fn guard(&mut self, guards: &Guards) {
        let Guards {
            idle_timeout_ms,
            idle_end_ms,
            session_max_ms,
            step_up_ms,
            free_attempts,
            first_delay_ms,
            delay_ms_max,
            failures_max,
            review_ms_min,
            walking,
            levels,
            two_persons,
            confirm_kinds,
            pins,
        } = guards.clone();
        self.idle_timeout_ms = idle_timeout_ms;
        self.idle_end_ms = idle_end_ms;
        self.session_max_ms = session_max_ms;
        self.step_up_ms = step_up_ms;
        self.free_attempts = free_attempts;
        self.first_delay_ms = first_delay_ms;
        self.delay_ms_max = delay_ms_max;
        self.failures_max = failures_max;
        self.review_ms_min = review_ms_min;
        self.walking = walking;
        self.levels = levels;
        self.two_persons = two_persons;
        self.confirm_kinds = confirm_kinds;
        self.pins = pins;
    }
}
