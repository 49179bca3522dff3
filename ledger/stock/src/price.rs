//! What a movement is worth: fills the values of its lines.

use gatewarden_model::{Day, Movement};

use crate::{apply::flows, error::StockError, flow::Flow, plan::Plan, stock::Stock};

impl Stock {
    /// Fills `lines[..].value`, and `revalues` for a back-dated one, then checks that it can be
    /// applied as entry `seq`; nothing changes in `self`. What comes in from outside has the value
    /// its line states, else the average of where it goes; a reversal has the values that its
    /// original's lines have by now.
    pub fn price(&self, seq: u64, day: Day, movement: &mut Movement) -> Result<(), StockError> {
        if movement.back_dated {
            self.price_past(seq, day, movement)?;
            return self.plan_past(seq, day, movement).map(drop);
        }
        if movement.reverses.is_some() {
            self.admit_reversal(day, movement)?;
            self.price_reversal(movement)?;
        }
        let mut plan = Plan::new(self);
        plan.quantities(&movement.lines)?;
        let flows: Vec<Flow<'_>> = flows(self, &movement.lines).collect();
        let values = plan.flows(&flows, day)?;
        for (line, value) in movement.lines.iter_mut().zip(values) {
            line.value = value;
        }
        Ok(())
    }
}
