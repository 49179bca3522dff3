//! The rules of a movement that is not recorded yet.

use gatewarden_model::{Day, Movement};

use crate::{error::StockError, kinds, stock::Stock};

/// Most lines of one movement or posting.
pub const LINES_MAX: usize = 1_000;

impl Stock {
    /// The rules of a movement not yet recorded: kind and places, closed period, quantity.
    pub fn admit(&self, movement: &Movement, day: Day) -> Result<(), StockError> {
        if movement.lines.len() > LINES_MAX {
            let message = format!(
                "{} lines in one document: split it into documents of at most {LINES_MAX}",
                movement.lines.len()
            );
            return Err(StockError::rule("too-many-lines", "lines", message));
        }
        if let Some(closed) = self.closed_until.filter(|closed| day <= *closed) {
            let message = format!(
                "{day} is closed, nothing up to {closed} changes any more: take a later day"
            );
            return Err(StockError::rule("period-closed", "effective", message));
        }
        for (position, line) in movement.lines.iter().enumerate() {
            kinds::check(movement.kind, &line.from, &line.to).map_err(|message| {
                StockError::rule("kind-places", format!("lines[{position}].to"), message)
            })?;
            kinds::check_status(movement.kind, line.from_status).map_err(|message| {
                StockError::rule(
                    "status-blocked",
                    format!("lines[{position}].from_status"),
                    message,
                )
            })?;
        }
        Ok(())
    }
}
