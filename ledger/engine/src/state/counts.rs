//! A count order whose bins are being counted: who found what where, and what stands of it.
//!
//! Invariants: made of the order's entries alone, so that a restart and the judge come to the same; a bin is
//! counted by one person at a time and round, never twice by one; what the book says of a bin is known only
//! once it is counted whole. Data, and what follows from it (`gatewarden-planning`). Absent: who may count.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_documents::kinds::CountRules;
use gatewarden_model::{
    Actor, CountSeen, CountSheet, DocumentContent, Location, OperatorId, PassId,
};
use gatewarden_planning::{
    PlanError,
    count::{
        Book, Books, CountResult, Line, ROUNDS_MAX, Round, Seen, Site, Tolerance, Verdict,
        evaluate, finish,
    },
};

/// Where a count stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountPhase {
    /// Some bin was not counted yet.
    Counting,
    /// Some bin is counted again, by somebody else.
    Recounting,
    /// What differs waits for those who sign it.
    Deciding,
}

impl CountPhase {
    /// The name that the shipped kind's own states have.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counting => "counting",
            Self::Recounting => "recounting",
            Self::Deciding => "deciding",
        }
    }
}

/// A count that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// The version that was ordered and approved: which items in which bins.
    pub order: Arc<DocumentContent>,
    /// Who ordered it, where that was a person.
    pub(crate) ordered_by: Option<OperatorId>,
    /// Where it stands.
    pub phase: CountPhase,
    /// The bins that were counted whole, in order.
    pub(crate) sheets: Vec<Finished>,
    /// What people found in bins that they are not done with.
    pub(crate) begun: BTreeMap<(Location, OperatorId), Finished>,
    /// At which bin somebody is.
    pub(crate) at: BTreeMap<OperatorId, Location>,
    /// What the book says of the bins that were counted.
    pub(crate) books: Books,
    /// The passes that count for it.
    pub(crate) passes: BTreeSet<PassId>,
}

/// One person's count of a bin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finished {
    pub(crate) bin: Location,
    /// In whose session.
    pub(crate) who: OperatorId,
    /// He, and who stood beside.
    pub(crate) by: BTreeSet<OperatorId>,
    pub(crate) seen: Vec<CountSeen>,
    pub(crate) unknown: u32,
    /// Whether some of it was typed.
    pub(crate) typed: bool,
    /// Whether whoever was to sign it had the bin counted anew.
    pub(crate) overruled: bool,
}

/// What stands of a count.
#[derive(Debug)]
pub(crate) enum Standing {
    /// These bins are to be counted, none by those whom it names.
    Open(BTreeMap<Location, BTreeSet<OperatorId>>),
    /// Every figure stands.
    Settled(Vec<Line>, CountResult),
}

impl Count {
    pub(crate) fn new(order: Arc<DocumentContent>, by: &Actor) -> Self {
        let ordered_by = match by {
            Actor::Operator { id, .. } => Some(id.clone()),
            _ => None,
        };
        Self {
            order,
            ordered_by,
            phase: CountPhase::Counting,
            sheets: vec![],
            begun: BTreeMap::new(),
            at: BTreeMap::new(),
            books: Books::new(),
            passes: BTreeSet::new(),
        }
    }

    /// The bins that are counted.
    #[must_use]
    pub fn bins(&self) -> BTreeSet<Location> {
        bins_of(&self.order)
    }

    /// Who counted a bin whole.
    #[must_use]
    pub fn counters_of(&self, bin: &Location) -> BTreeSet<OperatorId> {
        let of_bin = self.sheets.iter().filter(|sheet| sheet.bin == *bin);
        of_bin.flat_map(|sheet| sheet.by.iter().cloned()).collect()
    }

    /// Everybody who counted anything.
    #[must_use]
    pub fn counters(&self) -> BTreeSet<OperatorId> {
        let sheets = self.sheets.iter().chain(self.begun.values());
        sheets.flat_map(|sheet| sheet.by.iter().cloned()).collect()
    }

    /// Who must not sign what it found: whoever counted anything, and whoever ordered it.
    pub(crate) fn not_signed_by(&self) -> BTreeSet<OperatorId> {
        let ordered = self.ordered_by.clone();
        self.counters().into_iter().chain(ordered).collect()
    }

    /// Whether somebody is counting a bin and not done with it.
    #[must_use]
    pub fn is_at(&self, who: &OperatorId, bin: &Location) -> bool {
        self.begun.contains_key(&(bin.clone(), who.clone()))
    }

    /// How many things, each once, and figures somebody found in a bin, and is not done with.
    #[must_use]
    pub fn found_by(&self, who: &OperatorId, bin: &Location) -> usize {
        let found = self.found(who, bin);
        let things: BTreeSet<&String> = found.iter().filter_map(|it| it.thing.as_ref()).collect();
        things.len() + found.iter().filter(|it| it.thing.is_none()).count()
    }

    /// What somebody found in a bin so far, and is not done with.
    pub(crate) fn found(&self, who: &OperatorId, bin: &Location) -> &[CountSeen] {
        self.begun.get(&(bin.clone(), who.clone())).map_or(&[], |begun| &begun.seen)
    }

    /// Takes a sheet in.
    pub(crate) fn take(&mut self, who: &OperatorId, sheet: &CountSheet) {
        self.passes.extend(sheet.pass.as_ref().map(|pass| pass.id));
        let key = (sheet.bin.clone(), who.clone());
        let is_first = !self.begun.contains_key(&key);
        let mut begun = self.begun.remove(&key).unwrap_or_else(|| Finished {
            bin: sheet.bin.clone(),
            who: who.clone(),
            by: BTreeSet::new(),
            seen: vec![],
            unknown: 0,
            typed: false,
            overruled: false,
        });
        begun.by.extend(sheet.by.iter().cloned());
        begun.seen.extend(sheet.seen.iter().cloned());
        begun.unknown = begun.unknown.saturating_add(sheet.unknown);
        // Whoever says that a bin is empty, and no device was there, types it too.
        begun.typed |= sheet.pass.is_none() && (is_first || !sheet.seen.is_empty());
        if !sheet.done {
            self.at.insert(who.clone(), sheet.bin.clone());
            self.begun.insert(key, begun);
            return;
        }
        self.at.remove(who);
        self.books.retain(|site, _| site.location != sheet.bin);
        for book in &sheet.book {
            let (location, item) = (sheet.bin.clone(), book.item.clone());
            let site = Site { location, item, bucket: book.bucket.clone() };
            let things = BTreeSet::new();
            self.books.insert(site, Book { quantity: book.quantity, value: book.value, things });
        }
        self.sheets.push(begun);
    }

    /// The rounds: the n-th count of a bin belongs to the n-th.
    pub(crate) fn rounds(&self) -> Vec<Round> {
        let mut rounds: Vec<Round> = vec![];
        for sheet in self.sheets.iter().filter(|sheet| !sheet.overruled) {
            let is_before = |round: &&Round| round.bins.contains_key(&sheet.bin);
            let nth = rounds.iter().filter(is_before).count();
            if nth == rounds.len() {
                rounds.push(Round::default());
            }
            let Some(round) = rounds.get_mut(nth) else { continue };
            round.bins.insert(sheet.bin.clone(), sheet.by.clone());
            round.seen.extend(sheet.seen.iter().map(|seen| Seen {
                thing: seen.thing.clone(),
                site: site_of(&sheet.bin, seen),
                quantity: seen.quantity,
            }));
        }
        rounds
    }

    /// What stands of it, and what is to be counted.
    pub(crate) fn standing(&self, rules: &CountRules) -> Result<Standing, PlanError> {
        let tolerance = Tolerance {
            pieces: rules.tolerance_pieces,
            permille: rules.tolerance_permille,
            ..Tolerance::default()
        };
        let rounds_max = usize::from(rules.recounts_max).saturating_add(1).min(ROUNDS_MAX);
        let lines = evaluate(&self.books, &self.rounds(), &tolerance, rounds_max)?;
        let mut due = BTreeMap::new();
        for bin in self.bins() {
            let disagrees = |line: &Line| {
                line.site.location == bin && matches!(line.verdict, Verdict::Recount { .. })
            };
            let counts = |sheet: &Finished| sheet.bin == bin && !sheet.overruled;
            if !self.sheets.iter().any(counts) || lines.iter().any(disagrees) {
                let before = self.counters_of(&bin);
                due.insert(bin, before);
            }
        }
        if !due.is_empty() {
            return Ok(Standing::Open(due));
        }
        let result = finish(&self.books, &lines)?;
        Ok(Standing::Settled(lines, result))
    }

    /// Says where it stands after a bin was counted whole.
    pub(crate) fn advance(&mut self, rules: &CountRules) {
        let Ok(Standing::Open(due)) = self.standing(rules) else { return };
        self.phase = match due.values().any(BTreeSet::is_empty) {
            true => CountPhase::Counting,
            false => CountPhase::Recounting,
        };
    }

    /// Has those of its bins counted anew that differ in a version.
    pub(crate) fn recount(&mut self, differences: &DocumentContent) {
        let differs = differences.lines.iter().filter(|line| line.quantity != 0);
        let places = differs.flat_map(|line| line.from.iter().chain(&line.to));
        let bins: BTreeSet<&Location> = places.filter(|place| place.is_physical()).collect();
        for sheet in self.sheets.iter_mut().filter(|sheet| bins.contains(&sheet.bin)) {
            sheet.overruled = true;
        }
        self.phase = CountPhase::Recounting;
    }

    /// How often the bin was counted that was counted most.
    pub(crate) fn times(&self) -> usize {
        let of_bin = |bin: &Location| self.sheets.iter().filter(|sheet| sheet.bin == *bin).count();
        self.bins().iter().map(of_bin).max().unwrap_or(0)
    }
}

/// The bins of an order.
pub(crate) fn bins_of(order: &DocumentContent) -> BTreeSet<Location> {
    order.lines.iter().filter_map(|line| line.from.clone()).collect()
}

/// What is counted apart.
pub(crate) fn site_of(bin: &Location, seen: &CountSeen) -> Site {
    Site { location: bin.clone(), item: seen.item.clone(), bucket: seen.bucket.clone() }
}
