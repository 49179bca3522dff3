//! How much of each line was ordered, approved and executed, and how much is open: a function of what the
//! versions say and of the movements on them.
//!
//! Invariants: exact integers, and what leaves 64 bits is refused; open = approved − executed − in hand,
//! never below 0; a movement that takes another back undoes exactly what it did; within the tolerance is
//! decided on whole base units, rounded against the one who would profit. Absent: which movement may be
//! posted (the engine), whose approval an excess needs (`gatewarden-workflow`).

use std::collections::BTreeMap;

use gatewarden_model::{DocumentContent, DocumentLine, Location, Movement, MovementLine};

use crate::{
    kinds::{KindDefinition, OverAct, PlaceClass, Tolerance, stays},
    mistake::Mistake,
};

const PERMILLE: i128 = 1_000;

/// The quantities of one line, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineQuantities {
    /// What the newest version says.
    pub ordered: i64,
    /// What the approved version says; 0 before there is one.
    pub approved: i64,
    /// What was executed.
    pub executed: i64,
    /// What was taken up and did not arrive yet: in transit, or at a station in a pass that is held.
    pub in_hand: i64,
}

/// The quantities of a document, by line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quantities {
    lines: BTreeMap<u32, LineQuantities>,
}

/// What comes of more on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is open, or within the tolerance.
    Fits,
    /// It is so many base units beyond the tolerance, and waits for somebody who approves the excess.
    Hold {
        /// Base units beyond the tolerance.
        excess: i64,
    },
    /// It is so many base units beyond the tolerance, and refused.
    Refuse {
        /// Base units beyond the tolerance.
        excess: i64,
    },
}

/// A part of a movement as its document's line counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    line: u32,
    executed: i64,
    in_hand: i64,
}

impl LineQuantities {
    /// What is still to be executed: never below 0.
    #[must_use]
    pub fn open(&self) -> i64 {
        let open = i128::from(self.approved) - i128::from(self.executed) - i128::from(self.in_hand);
        i64::try_from(open.max(0)).unwrap_or(i64::MAX)
    }

    /// The most that may be executed within a tolerance, rounded down.
    #[must_use]
    pub fn most(&self, tolerance: &Tolerance) -> i64 {
        share(self.approved, PERMILLE + i128::from(tolerance.over_permille))
    }

    /// The least that is enough within a tolerance, rounded up.
    #[must_use]
    pub fn least(&self, tolerance: &Tolerance) -> i64 {
        let under = i128::from(tolerance.under_permille).min(PERMILLE);
        let product = i128::from(self.approved.max(0)) * (PERMILLE - under);
        i64::try_from((product + PERMILLE - 1) / PERMILLE).unwrap_or(i64::MAX)
    }

    /// Whether it is done: enough was executed, and nothing is in hand.
    #[must_use]
    pub fn is_complete(&self, tolerance: &Tolerance) -> bool {
        self.in_hand == 0 && self.executed >= self.least(tolerance)
    }

    /// What comes of so much more, at least 0.
    #[must_use]
    pub fn admit(&self, more: i64, tolerance: &Tolerance) -> Admission {
        let after = i128::from(self.executed) + i128::from(self.in_hand) + i128::from(more.max(0));
        let excess = after - i128::from(self.most(tolerance));
        if excess <= 0 {
            return Admission::Fits;
        }
        let excess = i64::try_from(excess).unwrap_or(i64::MAX);
        match tolerance.over {
            OverAct::Refuse => Admission::Refuse { excess },
            OverAct::Hold => Admission::Hold { excess },
        }
    }
}

/// `permille` of an amount that is not below 0, rounded down.
fn share(of: i64, permille: i128) -> i64 {
    i64::try_from(i128::from(of.max(0)) * permille / PERMILLE).unwrap_or(i64::MAX)
}

impl Quantities {
    /// Those of a document on which nothing has moved: the newest version, and the approved one if there
    /// is any. A line that a newer version leaves out stays as long as the approved one has it.
    #[must_use]
    pub fn of(newest: &DocumentContent, approved: Option<&DocumentContent>) -> Self {
        let mut quantities = Self::default();
        quantities.versions(newest, approved);
        quantities
    }

    /// Puts other versions beneath what has moved.
    pub fn versions(&mut self, newest: &DocumentContent, approved: Option<&DocumentContent>) {
        for line in self.lines.values_mut() {
            (line.ordered, line.approved) = (0, 0);
        }
        for line in &newest.lines {
            self.lines.entry(line.line).or_default().ordered = line.quantity;
        }
        for line in approved.into_iter().flat_map(|content| &content.lines) {
            self.lines.entry(line.line).or_default().approved = line.quantity;
        }
        let stands = |number| {
            newest.line(number).is_some() || approved.is_some_and(|one| one.line(number).is_some())
        };
        self.lines.retain(|number, line| stands(*number) || *line != LineQuantities::default());
    }

    /// Counts a movement on the document itself. Lines of movements that are no leg of the document's line
    /// (a put-away after the receipt) count for nothing. Fails where a sum leaves 64 bits, and has counted
    /// nothing then.
    pub fn take(
        &mut self,
        kind: &KindDefinition,
        content: &DocumentContent,
        movement: &Movement,
    ) -> Result<(), Mistake> {
        let parts = parts(kind, content, movement);
        self.count(&parts)
    }

    /// Counts what was told to be fulfilled, by line. Fails where a sum leaves 64 bits, and has counted nothing then.
    pub fn fulfil(&mut self, lines: &BTreeMap<u32, i64>) -> Result<(), Mistake> {
        let part =
            |(line, executed): (&u32, &i64)| Part { line: *line, executed: *executed, in_hand: 0 };
        let parts: Vec<Part> = lines.iter().map(part).collect();
        self.count(&parts)
    }

    fn count(&mut self, parts: &[Part]) -> Result<(), Mistake> {
        let mut lines = BTreeMap::new();
        for part in parts {
            let before = self.lines.get(&part.line).copied().unwrap_or_default();
            let line: &mut LineQuantities = lines.entry(part.line).or_insert(before);
            let sums = line
                .executed
                .checked_add(part.executed)
                .zip(line.in_hand.checked_add(part.in_hand));
            let Some((executed, in_hand)) = sums else {
                let message = "the sum is more than 64 bits of base units hold: split the document";
                let field = format!("lines.{}.executed", part.line);
                return Err(Mistake { code: "quantity-overflow", field, message: message.into() });
            };
            (line.executed, line.in_hand) = (executed, in_hand);
        }
        self.lines.append(&mut lines);
        Ok(())
    }

    /// The quantities of a line.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&LineQuantities> {
        self.lines.get(&number)
    }

    /// All lines, by number.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &LineQuantities)> {
        self.lines.iter().map(|(number, line)| (*number, line))
    }

    /// Whether every line is done within the tolerance.
    #[must_use]
    pub fn is_complete(&self, tolerance: &Tolerance) -> bool {
        self.lines.values().all(|line| line.is_complete(tolerance))
    }

    /// Whether anything was executed.
    #[must_use]
    pub fn is_executed(&self) -> bool {
        self.lines.values().any(|line| line.executed != 0)
    }

    /// Whether anything is in hand.
    #[must_use]
    pub fn is_in_hand(&self) -> bool {
        self.lines.values().any(|line| line.in_hand != 0)
    }
}

/// What a movement executed of the lines of its document, by line: less than 0 where something was taken back. What
/// stays where it is, as goods that are packed or inspected on the way, is not done yet.
#[must_use]
pub fn executed(
    kind: &KindDefinition,
    content: &DocumentContent,
    movement: &Movement,
) -> BTreeMap<u32, i64> {
    let mut done = BTreeMap::new();
    if stays(movement.kind) {
        return done;
    }
    // What is on its way there is in hand there alone.
    for part in parts(kind, content, movement).iter().filter(|part| part.executed != 0) {
        let sum: &mut i64 = done.entry(part.line).or_default();
        *sum = sum.saturating_add(part.executed);
    }
    done
}

/// What a version has still to execute of its lines, by line, counted as `executed` counts it.
#[must_use]
pub fn to_execute(
    kind: &KindDefinition,
    content: &DocumentContent,
    done: Option<&Quantities>,
) -> BTreeMap<u32, i64> {
    let leaves =
        |line: &&DocumentLine| kind.way(content, line).is_some_and(|way| !stays(way.movement));
    let left = content.lines.iter().filter(leaves).map(|line| {
        let done = done.and_then(|done| done.line(line.line)).map_or(0, |line| line.executed);
        (line.line, line.quantity.saturating_sub(done))
    });
    left.filter(|(_, left)| *left > 0).collect()
}

/// The line of another document that a line names, or the only one there with its item.
#[must_use]
pub fn named_line(other: &DocumentContent, content: &DocumentContent, number: u32) -> Option<u32> {
    let line = content.line(number)?;
    let mut links = line.links.iter().chain(&content.links);
    let link = links.find(|link| link.document == other.document)?;
    let named = link.line.or_else(|| only_line_of(other, line))?;
    other.line(named).filter(|ours| ours.item == line.item).map(|ours| ours.line)
}

/// The only line of a document with the item of a line that follows from it.
fn only_line_of(content: &DocumentContent, line: &DocumentLine) -> Option<u32> {
    let mut same = content.lines.iter().filter(|ours| ours.item == line.item);
    let first = same.next()?;
    same.next().is_none().then_some(first.line)
}

/// What a movement did on each line. A movement that takes another back is read the other way round.
fn parts(kind: &KindDefinition, content: &DocumentContent, movement: &Movement) -> Vec<Part> {
    let back = movement.reverses.is_some();
    let part = |moved: &MovementLine| {
        let line = content.line(moved.line).filter(|line| line.item == moved.item)?;
        let (from, to) = if back { (&moved.to, &moved.from) } else { (&moved.from, &moved.to) };
        let quantity = if back { moved.quantity.checked_neg()? } else { moved.quantity };
        let (executed, in_hand) = did(kind, content, line, (from, to), movement)?;
        Some(Part { line: line.line, executed: executed * quantity, in_hand: in_hand * quantity })
    };
    movement.lines.iter().filter_map(part).collect()
}

/// By how often the quantity counts as executed and as in hand; none where this is no leg of the line.
fn did(
    kind: &KindDefinition,
    content: &DocumentContent,
    line: &DocumentLine,
    (from, to): (&Location, &Location),
    movement: &Movement,
) -> Option<(i64, i64)> {
    let way = kind.way(content, line);
    let leg = kind.leg(line)?;
    if leg.movement != movement.kind {
        return None;
    }
    let class = |place| PlaceClass::of(place);
    let through = |place| class(place) == PlaceClass::Transit;
    // In two steps: out of the place into transit, then out of transit to where it was to go.
    let in_two = |classes: &[PlaceClass]| !classes.contains(&PlaceClass::Transit);
    match (through(from), through(to)) {
        (false, true) if in_two(&leg.to) => return Some((0, 1)),
        (true, false) if in_two(&leg.from) => return Some((1, -1)),
        _ => {}
    }
    let fits = match &way {
        // The class of a stated place counts: a wrong shelf of the right house is still received.
        Some(way) => class(from) == class(&way.from) && class(to) == class(&way.to),
        None => leg.from.contains(&class(from)) && leg.to.contains(&class(to)),
    };
    fits.then_some((1, 0))
}
