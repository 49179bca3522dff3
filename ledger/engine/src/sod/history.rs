//! Who played both sides of a conflict in the journal: every entry is fed once, in order, and a finding
//! names the conflict, the case, the person and the two entries.
//!
//! Invariants: a person is found by what he did, whatever roles he had then or has now; names are
//! compared as the duties of the engine compare them (trimmed, without case), so that an orderer of the
//! ERP is the operator of that name; one finding a conflict, case and person. Memory is bounded: beyond
//! the limits the oldest cases are forgotten, and `forgotten` says how many. Absent: rights (`sod`), and
//! machines, which are nobody.

use std::collections::{BTreeMap, HashMap, VecDeque};

use gatewarden_model::{
    Actor, Body, ChangeId, Day, Document, Entry, Mitigation, MovementId, OperatorId, Part, PassId,
    SodConflict, SodSeverity, SodTable, TaskId, Within,
};
use serde::Serialize;

/// Documents and people whose history is followed at once.
pub const CASES_MAX: usize = 1_000_000;
/// Movements that are remembered, in case something is taken back or valued later.
pub const MOVEMENTS_MAX: usize = 2_000_000;
/// Findings that are told one by one; further ones are counted.
pub const FINDINGS_MAX: usize = 10_000;

/// What two parts are held against each other in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// A document, with what is linked to it.
    Document(Document),
    /// An operator's enrolment.
    Operator(OperatorId),
    /// The whole house.
    House,
}

/// One part that somebody played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Act {
    /// Which.
    pub part: Part,
    /// The entry that tells it.
    pub seq: u64,
    /// Its UTC day.
    pub day: Day,
}

/// One person on both sides of a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The conflict's id.
    pub conflict: String,
    /// What could happen, in a sentence.
    pub title: String,
    /// What it means.
    pub severity: SodSeverity,
    /// In which document, enrolment or house.
    pub case: Case,
    /// Who, as compared.
    pub person: String,
    /// On the one side.
    pub one: Act,
    /// On the other.
    pub other: Act,
    /// The last day of the mitigation that was in force at the later of the two.
    pub mitigated: Option<Day>,
}

impl Finding {
    /// The day of the later of the two entries.
    #[must_use]
    pub fn day(&self) -> Day {
        self.one.day.max(self.other.day)
    }
}

/// Which entry tells a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    seq: u64,
    day: Day,
}

impl Told {
    pub(super) fn by(entry: &Entry) -> Self {
        Self { seq: entry.seq, day: Day::of(&entry.at, 0) }
    }
}

/// Follows the parts that people play. See the file's header.
#[derive(Debug)]
pub struct History {
    table: SodTable,
    cases: HashMap<Case, BTreeMap<(u32, Part), Act>>,
    order: VecDeque<Case>,
    people: HashMap<String, u32>,
    names: Vec<String>,
    pub(super) tasks: HashMap<TaskId, Document>,
    pub(super) holds: HashMap<PassId, Document>,
    /// Whom the open requests for enrolments are about.
    pub(super) enrolments: HashMap<ChangeId, OperatorId>,
    /// Which roles everybody has.
    pub(super) roles: HashMap<OperatorId, Vec<String>>,
    pub(super) reserved: HashMap<MovementId, (OperatorId, Told)>,
    movements: HashMap<MovementId, Document>,
    movement_order: VecDeque<MovementId>,
    mitigations: HashMap<u32, Vec<Mitigation>>,
    findings: BTreeMap<(usize, u32, Case), Finding>,
    more: u64,
    forgotten: u64,
}

impl History {
    /// A history of nothing yet, to be held against a table.
    #[must_use]
    pub fn new(table: SodTable) -> Self {
        Self {
            table,
            cases: HashMap::new(),
            order: VecDeque::new(),
            people: HashMap::new(),
            names: vec![],
            tasks: HashMap::new(),
            holds: HashMap::new(),
            enrolments: HashMap::new(),
            roles: HashMap::new(),
            reserved: HashMap::new(),
            movements: HashMap::new(),
            movement_order: VecDeque::new(),
            mitigations: HashMap::new(),
            findings: BTreeMap::new(),
            more: 0,
            forgotten: 0,
        }
    }

    /// What was found so far, by conflict, person and case.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values()
    }

    /// Findings beyond `FINDINGS_MAX`.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }

    /// Cases and movements that were forgotten to make room: what touches them later is not followed.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Notes that somebody played a part, in a case and in the house, and finds what conflicts with it.
    /// `feed` does so for the entries that tell parts; whoever else knows of one may too.
    pub fn note(&mut self, case: Option<Case>, part: Part, by: &Actor, entry: &Entry) {
        if let Actor::Operator { id, .. } = by {
            self.note_name(case, part, id.as_str(), Told::by(entry));
        }
    }

    /// As `note`, for a name that the ERP gave.
    pub(super) fn note_name(&mut self, case: Option<Case>, part: Part, name: &str, told: Told) {
        let name = name.trim().to_lowercase();
        if name.is_empty() {
            return;
        }
        let person = self.person(name);
        let act = Act { part, seq: told.seq, day: told.day };
        for case in case.into_iter().chain([Case::House]) {
            self.found(&case, person, act);
            self.keep(case, person, act);
        }
    }

    fn person(&mut self, name: String) -> u32 {
        if let Some(known) = self.people.get(&name) {
            return *known;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.clone());
        self.people.insert(name, number);
        number
    }

    /// In a document the first act of each part stands; in the house the latest, since only what is
    /// near counts there.
    fn keep(&mut self, case: Case, person: u32, act: Act) {
        let is_house = case == Case::House;
        if !self.cases.contains_key(&case) {
            self.order.push_back(case.clone());
            self.cases.insert(case.clone(), BTreeMap::new());
            if self.order.len() > CASES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.forget(oldest);
            }
        }
        let Some(acts) = self.cases.get_mut(&case) else { return };
        if is_house {
            acts.insert((person, act.part), act);
        } else {
            acts.entry((person, act.part)).or_insert(act);
        }
    }

    fn forget(&mut self, oldest: Case) {
        if oldest == Case::House {
            self.order.push_back(oldest);
            return;
        }
        self.cases.remove(&oldest);
        self.forgotten += 1;
    }

    /// Holds a new act against what the person did before in the case.
    fn found(&mut self, case: &Case, person: u32, act: Act) {
        let Some(acts) = self.cases.get(case) else { return };
        let mut found = vec![];
        for (index, conflict) in self.table.conflicts.iter().enumerate() {
            if (conflict.within == Within::House) != (*case == Case::House) {
                continue;
            }
            let before = |parts: &[Part]| {
                let known = parts.iter().filter_map(|part| acts.get(&(person, *part)));
                known.filter(|old| is_near(conflict, old, &act)).max_by_key(|old| old.seq).copied()
            };
            let SodConflict { one, other, .. } = conflict;
            let pair = if one.parts.contains(&act.part) {
                before(&other.parts).map(|old| (act, old))
            } else if other.parts.contains(&act.part) {
                before(&one.parts).map(|old| (old, act))
            } else {
                None
            };
            found.extend(pair.map(|pair| (index, pair)));
        }
        for (index, (one, other)) in found {
            self.tell((index, person, case.clone()), one, other, act.day);
        }
    }

    /// In a document the first pair is told, in the house the latest.
    fn tell(&mut self, key: (usize, u32, Case), one: Act, other: Act, day: Day) {
        let known = self.findings.contains_key(&key);
        if known && key.2 != Case::House {
            return;
        }
        if !known && self.findings.len() >= FINDINGS_MAX {
            self.more += 1;
            return;
        }
        let Some(conflict) = self.table.conflicts.get(key.0) else { return };
        let said = self.mitigations.get(&key.1).into_iter().flatten();
        let holds = |said: &&Mitigation| said.conflict == conflict.id && said.until >= day;
        let bearable = conflict.severity == SodSeverity::Mitigate;
        let finding = Finding {
            conflict: conflict.id.clone(),
            title: conflict.title.clone(),
            severity: conflict.severity,
            case: key.2.clone(),
            person: self.names.get(key.1 as usize).cloned().unwrap_or_default(),
            one,
            other,
            mitigated: said.filter(|_| bearable).find(holds).map(|said| said.until),
        };
        self.findings.insert(key, finding);
    }

    /// Remembers on which document something moved.
    pub(super) fn moved(&mut self, id: MovementId, document: Document) {
        if self.movements.insert(id, document).is_none() {
            self.movement_order.push_back(id);
        }
        if self.movement_order.len() > MOVEMENTS_MAX
            && let Some(oldest) = self.movement_order.pop_front()
        {
            self.movements.remove(&oldest);
            self.forgotten += 1;
        }
    }

    /// The document of an earlier movement.
    pub(super) fn document_of(&self, movement: MovementId) -> Option<Case> {
        self.movements.get(&movement).cloned().map(Case::Document)
    }

    /// Remembers what is said for an operator from here on.
    pub(super) fn mitigated(&mut self, operator: &OperatorId, said: &[Mitigation]) {
        let person = self.person(operator.as_str().to_owned());
        if said.is_empty() {
            self.mitigations.remove(&person);
        } else {
            self.mitigations.insert(person, said.to_vec());
        }
    }

    /// Takes the next entry of the journal.
    pub fn feed(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Enrolled { .. }
            | Body::ChangeRequested { .. }
            | Body::ChangeDecided { .. }
            | Body::Removed { .. }
            | Body::ClientAdded { .. }
            | Body::ClientRevoked { .. }
            | Body::KeyRotated { .. }
            | Body::Restored { .. }
            | Body::PeriodClosed { .. } => self.feed_keeping(entry),
            _ => self.feed_stock(entry),
        }
    }
}

/// Whether two acts are near enough to each other: all in one document are.
fn is_near(conflict: &SodConflict, old: &Act, new: &Act) -> bool {
    let apart = new.day.number().abs_diff(old.day.number());
    conflict.within == Within::Document || apart <= conflict.days
}
