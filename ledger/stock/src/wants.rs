//! What must be known before an entry can be applied.

use gatewarden_model::{Body, DocumentStep, Entry, ItemId, Movement, MovementLine};

use crate::{
    facts::{Site, Wants},
    stock::Stock,
};

impl Stock {
    /// What `apply` must know for an entry, as far as the entry alone tells. A landed cost needs the
    /// histories of its receipt's items too, which `needs` names once the receipt is known.
    #[must_use]
    pub fn wants_of(entry: &Entry) -> Wants {
        let mut wants = Wants::default();
        match &entry.body {
            Body::Moved { movement, .. } => wants.of_movement(movement),
            Body::Reserved { lines, .. } | Body::ReservationEnded { lines, .. } => {
                lines.iter().for_each(|line| wants.of_sites(line));
            }
            Body::Commissioned { tag, .. } | Body::Decommissioned { tag, .. } => {
                wants.things.insert(tag.clone());
            }
            Body::CostLanded { movement, .. } => {
                wants.movements.insert(*movement);
            }
            Body::DocumentStepped { step: DocumentStep::Counted { sheet }, .. } => {
                let sites = sheet.book.iter().map(|told| Site::new(&told.item, &sheet.bin));
                wants.sites.extend(sites);
            }
            _ => {}
        }
        wants
    }

    /// What of an entry's wants is not known yet. Look it up, supply it and ask again until nothing
    /// is missing: knowing a receipt tells which histories a landed cost needs.
    #[must_use]
    pub fn needs(&self, entry: &Entry) -> Wants {
        if self.knows_the_present() && !Self::changes_past(entry) {
            return Wants::default();
        }
        let mut wants = Self::wants_of(entry);
        if matches!(entry.body, Body::CostLanded { .. }) {
            wants.histories = self.items_of(entry);
        }
        self.missing(&wants)
    }

    /// Whether more than the present must be known to apply an entry: whole movements, or histories.
    #[must_use]
    pub fn changes_past(entry: &Entry) -> bool {
        match &entry.body {
            Body::Moved { movement, .. } => movement.back_dated || movement.reverses.is_some(),
            Body::CostLanded { .. } => true,
            _ => false,
        }
    }
}

impl Wants {
    /// True where nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
            && self.things.is_empty()
            && self.lots.is_empty()
            && self.units.is_empty()
            && self.movements.is_empty()
            && self.histories.is_empty()
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        self.sites.extend(other.sites);
        self.things.extend(other.things);
        self.lots.extend(other.lots);
        self.units.extend(other.units);
        self.movements.extend(other.movements);
        self.histories.extend(other.histories);
    }

    /// Adds what a movement needs to be admitted, priced and applied.
    pub fn of_movement(&mut self, movement: &Movement) {
        movement.lines.iter().for_each(|line| self.of_line(line));
        for counted in &movement.counts {
            self.sites.insert(Site::new(&counted.item, &counted.location));
        }
        if movement.back_dated || movement.reverses.is_some() {
            self.histories.extend(movement.lines.iter().map(|line| line.item.clone()));
        }
        self.movements.extend(movement.reverses);
    }

    /// Adds what one line needs: its item at both places, its things, lot and handling unit.
    pub fn of_line(&mut self, line: &MovementLine) {
        self.of_sites(line);
        self.things.extend(line.things.iter().cloned());
        self.lots.extend(line.lot.iter().map(|lot| (line.item.clone(), lot.clone())));
        self.units.extend(line.to_unit.iter().cloned());
    }

    fn of_sites(&mut self, line: &MovementLine) {
        self.sites.insert(Site::new(&line.item, &line.from));
        self.sites.insert(Site::new(&line.item, &line.to));
    }

    /// Adds an item's past.
    pub fn of_history(&mut self, item: &ItemId) {
        self.histories.insert(item.clone());
    }
}
