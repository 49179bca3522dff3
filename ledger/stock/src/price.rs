//! What a movement is worth: fills the values of its lines.

use gatewarden_model::{Day, Movement};

use crate::{apply::flows, error::StockError, flow::Flow, plan::Plan, stock::Stock};

impl Stock {
    /// Fills `lines[..].value`, and checks that the movement can be applied; nothing changes in
    /// `self`. What comes in from outside has the value its line states, else the average of where
    /// it goes.
    pub fn price(&self, _seq: u64, day: Day, movement: &mut Movement) -> Result<(), StockError> {
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
