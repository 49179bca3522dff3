//! `gatewarden bench rules`: what rules cost.
//!
//! Decided movements are posted to a real ledger, in turns with and without a set of rules that is asked before
//! and after each, and whose memory takes each entry; a day's scan goes through a million layers; a backtest
//! reads the journal that was written. The set is the shipped one with rules of a house beside it: a third for
//! single items, a third for kinds and classes, a third for everything. Absent: what follows from a firing, for
//! which entries are made as for anything else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use gatewarden_model::{Body, Day, Entry, ItemClass, ItemId, MovementKind, RuleTrigger, Scalar};
use gatewarden_rules::{
    Around, Backtest, Books, History, Memory, RuleAction, RuleDefinition, RuleDefinitions, RuleSet,
    Schema, StockLayer,
    definition::{Over, Scope},
};
use gatewarden_store::vfs::Shim;

use super::{
    journal::{Journal, Spent},
    machine::float,
    warehouse::Extent,
};
use crate::bench::report::{Goal, Report};

/// Movements a commit.
const GROUP: usize = 100;
/// With and without take turns so often.
const TURNS: u64 = 6;
/// Layers of one place.
const LAYERS_A_PLACE: usize = 2;
/// Entries read at once by the backtest.
const ENTRIES_AT_ONCE: u64 = 1_000;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Plan {
    pub(in crate::bench) movements: u64,
    pub(in crate::bench) rules: u16,
    pub(in crate::bench) layers: u32,
}

/// Rules with their memory, as an engine would have them.
struct Watched {
    set: RuleSet,
    history: History,
    books: Books,
    memory: Memory,
    spent: Duration,
    asked: usize,
    fired: usize,
}

impl Watched {
    fn new(set: RuleSet) -> Self {
        let history = History::new(set.definitions().history.clone());
        let (books, memory) = (Books::new(0), Memory::default());
        Self { set, history, books, memory, spent: Duration::ZERO, asked: 0, fired: 0 }
    }

    fn take(&mut self, entry: &Entry) {
        let began = Instant::now();
        if let Body::Moved { movement, .. } = &entry.body {
            let around = Around { history: &self.history, ground: &self.books, at: entry.at };
            let found = self.set.before_movement(around, "execute", movement);
            (self.asked, self.fired) = (self.asked + found.asked, self.fired + found.firings.len());
        }
        self.history.take(entry);
        self.books.take(entry);
        if let Body::Moved { movement, .. } = &entry.body {
            let around = Around { history: &self.history, ground: &self.books, at: entry.at };
            let mut found = self.set.after_movement(around, movement);
            found.add(self.set.levels_of(around, &mut self.memory, movement));
            (self.asked, self.fired) = (self.asked + found.asked, self.fired + found.firings.len());
        }
        self.spent += began.elapsed();
    }
}

/// Measures all.
pub(in crate::bench) fn measure(plan: Plan) -> anyhow::Result<Report> {
    let mut report = Report::new("rules");
    let dir = tempfile::tempdir().context("failed to make a folder for the ledger")?;
    let shim = Shim::register("bench-rules", Duration::ZERO)?;
    let mut journal = Journal::open(dir.path(), Some(&shim), Extent::FULL)?;
    let items: Vec<ItemId> =
        journal.traffic().warehouse().goods.iter().map(|good| good.code.clone()).collect();
    let set = set(plan.rules, &items)?;
    posting(&mut report, plan, &mut journal, &shim, set.clone())?;
    backtest(&mut report, &journal, &set)?;
    scan(&mut report, plan, &set, &items);
    report.note(format!("{} rules; {GROUP} movements a commit; one core", set.rules().len()));
    if cfg!(debug_assertions) {
        report.note("a debug build: the goals are for a release build");
    }
    Ok(report)
}

fn posting(
    report: &mut Report,
    plan: Plan,
    journal: &mut Journal,
    shim: &Shim,
    set: RuleSet,
) -> anyhow::Result<()> {
    let mut watched = Watched::new(set);
    let beginning = journal.len();
    for entry in journal.reader()?.entries(0..beginning)? {
        watched.take(&entry);
    }
    (watched.spent, watched.asked, watched.fired) = (Duration::ZERO, 0, 0);
    let each = (plan.movements / TURNS).max(1);
    let (mut with, mut without) = (Spent::default(), Spent::default());
    for _ in 0..TURNS {
        without.add(journal.post(each, GROUP, shim)?);
        with.add(journal.post_with(each, GROUP, shim, |entry| watched.take(entry))?);
    }
    let cost = 100.0 * (1.0 - with.rate() / without.rate());
    let us = watched.spent.as_secs_f64() * 1e6 / float(with.movements);
    let asked = float(watched.asked as u64) / float(with.movements);
    report.figure("without_per_s", "movements posted a second, without rules", without.rate(), "");
    report.figure("with_per_s", "  with rules", with.rate(), "");
    report.goal("cost_pct", "  what rules cost of it", cost, "%", Goal::AtMost(15.0));
    report.goal("movement_us", "rules, a movement", us, "µs", Goal::AtMost(6.0));
    report.figure("asked", "  rules that were asked for it", asked, "");
    report.figure("fired", "  fired in all", float(watched.fired as u64), "");
    Ok(())
}

fn backtest(report: &mut Report, journal: &Journal, set: &RuleSet) -> anyhow::Result<()> {
    let (reader, len) = (journal.reader()?, journal.len());
    let mut walk = Backtest::new(set, i64::MIN, 0);
    let (mut from, mut reading, began) = (0, Duration::ZERO, Instant::now());
    while from < len {
        let (upto, read) = (len.min(from + ENTRIES_AT_ONCE), Instant::now());
        let entries = reader.entries(from..upto)?;
        reading += read.elapsed();
        entries.iter().for_each(|entry| walk.take(entry));
        from = upto;
    }
    let found = walk.finish();
    let whole = began.elapsed();
    let rate = |time: Duration| float(len) / time.as_secs_f64();
    let goal = Goal::AtLeast(50_000.0);
    report.goal("backtest_per_s", "entries a second through a backtest", rate(whole), "", goal);
    let alone = rate(whole.saturating_sub(reading));
    report.figure("backtest_alone_per_s", "  without reading the ledger", alone, "");
    report.figure("backtest_entries", "  entries", float(found.entries), "");
    Ok(())
}

fn scan(report: &mut Report, plan: Plan, set: &RuleSet, items: &[ItemId]) {
    let count = plan.layers as usize;
    let places: Vec<String> =
        (0..count.div_ceil(items.len() * LAYERS_A_PLACE)).map(|n| format!("wh1/{n:06}")).collect();
    let mut items: Vec<&ItemId> = items.iter().collect();
    items.sort_unstable();
    let layer = |item, place, n: usize| StockLayer {
        item,
        place,
        day: Day::from_number(20_000 + (n as i64 * 7_919) % 400),
        quantity: 5,
        value: Some(1_000),
    };
    let layers = items.iter().flat_map(|item| {
        let places = places.iter().enumerate();
        places.flat_map(move |(n, place)| {
            (0..LAYERS_A_PLACE).map(move |age| layer(*item, place.as_str(), n + age))
        })
    });
    let at = super::traffic::stamp(0);
    let at = gatewarden_model::Stamp { wall_us: 20_400 * 86_400_000_000, ..at };
    let (history, books) = (History::new(set.definitions().history.clone()), Books::new(0));
    let around = Around { history: &history, ground: &books, at };
    let began = Instant::now();
    let found = set.scheduled_run(around, "dead-stock", layers.take(count));
    let took = began.elapsed().as_secs_f64();
    report.goal("scan_s", "a day's scan for dead stock", took, "s", Goal::AtMost(10.0));
    report.figure("scan_layers", "  layers", float(plan.layers.into()), "");
    report.figure("scan_places", "  places looked at", float(found.looked as u64), "");
    report.figure("scan_found", "  found dead", float(found.fired as u64), "");
}

/// The shipped rules with a house's own.
fn set(count: u16, items: &[ItemId]) -> anyhow::Result<RuleSet> {
    let mut definitions: RuleDefinitions = gatewarden_config::shipped_rules();
    let shipped = u16::try_from(definitions.rules.len()).unwrap_or(u16::MAX);
    for n in 0..count.saturating_sub(shipped) {
        definitions.rules.push(house_rule(n, items));
    }
    let made = RuleSet::new(Arc::new(definitions), &Schema::standard());
    made.map_err(|mistakes| anyhow::anyhow!("the bench's rules are wrong: {mistakes:?}"))
}

/// A rule of a house that looks, and rarely finds.
fn house_rule(n: u16, items: &[ItemId]) -> RuleDefinition {
    const CONDITIONS: [&str; 6] = [
        "movement.quantity > param.limit && session.auth_level < 3",
        "lines.exists(l, l.quantity > param.limit && l.from.startsWith(\"wh1/\"))",
        "time.hour >= 25 || movement.back_dated && !session.second",
        "has(movement.amount) && movement.amount > param.limit * 10000",
        "document.number.matches(\"^XX-[0-9]{8}$\") || movement.quantity % 7 == 9",
        "movement.kind in [\"scrap\", \"adjustment\"] && movement.quantity > param.limit",
    ];
    let kinds = [MovementKind::Receipt, MovementKind::PutAway, MovementKind::ProductionIssue];
    let mut scope = Scope::default();
    match n % 3 {
        0 => {
            scope.items =
                items.iter().skip(usize::from(n) * 5).step_by(97).take(5).cloned().collect()
        }
        1 => {
            scope.movement_kinds = vec![kinds[usize::from(n / 3) % kinds.len()]];
            scope.classes = vec![ItemClass::ALL[usize::from(n / 9) % 3]];
        }
        _ => {}
    }
    let before = n.is_multiple_of(2);
    RuleDefinition {
        id: format!("house-{n}"),
        title: "A rule of the house.".to_owned(),
        when: if before { RuleTrigger::Before } else { RuleTrigger::After },
        on: if before { vec![] } else { vec!["moved".to_owned()] },
        cron: None,
        over: Over::House,
        scope,
        params: [("limit".to_owned(), Scalar::Integer(1_000_000 + i64::from(n)))].into(),
        condition: Some(CONDITIONS[usize::from(n) % CONDITIONS.len()].to_owned()),
        table: None,
        then: vec![RuleAction::Flag {}],
        key: vec![],
        quiet_h: 24,
    }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_figure_is_measured() {
        let plan = Plan { movements: 60, rules: 40, layers: 4_000 };
        let report = measure(plan).unwrap();
        for figure in ["cost_pct", "movement_us", "backtest_per_s", "scan_s"] {
            assert!(report.value(figure).is_some(), "{figure}");
        }
        assert_eq!(report.value("scan_layers"), Some(4_000.0));
        assert!(report.value("scan_found") > Some(0.0), "some of it is dead");
        assert!(report.value("asked") > Some(1.0));
    }
}
