//! A bin is counted: by what devices see at the count's station, or by what somebody types, marked so.
//!
//! Invariants: what devices saw stands in the entry; a bin ends when whoever counts it says so, by its label
//! scanned once more or by hand, and only then is it held against the book; when the last bin ends, what
//! follows is recorded in the same turn or nothing is. Absent: which figures stand, who signs.

use gatewarden_documents::KindDefinition;
use gatewarden_model::{
    Action, Actor, ApprovalEvent, Body, CountSeen, CountSheet, Decision, Document, DocumentContent,
    DocumentStep, Location, MovementKind, OperatorId, Pass,
};
use std::sync::Arc;

use super::{
    book::book_of, definition_now, differences, may_count, planned, posting_of, seen::Sights,
};
use crate::{
    access::Facts,
    command::{Refusal, Reply},
    documents::{author_of, facts::Frozen, facts_of, follow::COMPLETE, nowhere, of_content},
    goods::of_posting,
    reservations::of_posting_head,
    rules::Found,
    sessions::actor_in,
    state::{Count, CountPhase, OpenDocument, Session, counts::Standing},
    turn::{Answer, Asked, Fault, Turn, cut},
    workflows,
};

/// What somebody says that he found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinCount {
    /// Where.
    pub bin: Location,
    /// What he types, in base units; what devices saw is known already.
    pub seen: Vec<CountSeen>,
    /// Whether that was all.
    pub done: bool,
}

/// Who counts, and why he may.
struct Counter {
    by: Actor,
    who: OperatorId,
    asked: Asked,
    decision: Decision,
}

/// What follows when every figure stands.
struct Decided {
    content: DocumentContent,
    reserved: Body,
    facts: Frozen,
    begun: Option<Vec<ApprovalEvent>>,
    found: Found,
}

/// What a sheet leads to.
enum Follows {
    Nothing,
    Agrees,
    Differs(Box<Decided>),
}

impl Turn<'_> {
    /// Takes what somebody says that he found in a bin.
    pub(crate) fn count_bin(&mut self, document: Document, said: BinCount, by: Actor) -> Answer {
        let (open, kind) = match self.open_of(&document) {
            Ok(found) => found,
            Err(fault) => return Err(self.refuse_unseen(&by, &document, fault)),
        };
        let author = author_of(&open.by);
        let right = kind.rights.execute;
        let (asked, decision) = self.permit_document(&by, right, &open.content, Some(&author))?;
        let Actor::Operator { id, session } = &by else {
            let fault = ("not-an-operator", "only a person counts: sign in first".to_owned());
            return Err(self.refuse_document(asked, decision, fault));
        };
        let (who, session) = (id.clone(), *session);
        let beside = session.and_then(|id| self.state.session(id)).and_then(beside_of);
        let sheet = counting(&open, &document).and_then(|count| {
            let Sights { seen, unknown } = self.typed(count, &said.bin, said.seen)?;
            let by = people(&who, beside.as_ref());
            let (bin, done) = (said.bin, said.done);
            Ok(CountSheet { bin, by, auth_level: 0, seen, unknown, pass: None, done, book: vec![] })
        });
        let counter = Counter { by, who, asked, decision };
        match sheet {
            Ok(sheet) => self.hand_in(&open, &kind, sheet, counter),
            Err(fault) => Err(self.refuse_document(counter.asked, counter.decision, fault)),
        }
    }

    /// Takes a pass as a count, where it is one.
    pub(crate) fn count_pass(&mut self, pass: &Pass, session: &Session) -> Option<Answer> {
        let at = self.where_counted(pass, &session.operator)?;
        let (open, kind) = self.open_of(&at.document).ok()?;
        Some(self.count_in(pass, session, (open, kind), (at.bin, at.labelled)))
    }

    fn count_in(
        &mut self,
        pass: &Pass,
        session: &Session,
        (open, kind): (OpenDocument, KindDefinition),
        (bin, labelled): (Result<Location, Fault>, bool),
    ) -> Answer {
        let by = actor_in(session);
        let right = kind.rights.execute;
        let mut asked = Asked::new(&by, right.action, right.module).on_pass(pass);
        asked.document = Some(cut(&open.document().number, 64));
        let looks = self.looks(right.module, &[right.action]);
        let nowhere = nowhere();
        let goods = self.goods(looks, of_content(&open.content, &nowhere));
        let facts = Facts {
            goods: goods.as_ref(),
            station: Some(&pass.station),
            auth_level: Some(session.auth_level),
            ..facts_of(self.state, &open.content, None)
        };
        let decision = self.permit_in(asked.clone(), session, facts)?;
        let who = session.operator.clone();
        let sheet = bin.and_then(|bin| {
            let count = counting(&open, open.document())?;
            let Sights { seen, unknown } = self.sights(count, (&bin, &who), pass)?;
            let only_label = labelled && seen.is_empty() && unknown == 0;
            let done = only_label && count.is_at(&who, &bin);
            let by = people(&who, beside_of(session).as_ref());
            let (auth_level, pass) = (session.auth_level, Some(pass.clone()));
            Ok(CountSheet { bin, by, auth_level, seen, unknown, pass, done, book: vec![] })
        });
        let counter = Counter { by, who, asked, decision };
        match sheet {
            Ok(sheet) => self.hand_in(&open, &kind, sheet, counter),
            Err(fault) => Err(self.refuse_document(counter.asked, counter.decision, fault)),
        }
    }

    /// Records a sheet, and what follows from it.
    fn hand_in(
        &mut self,
        open: &OpenDocument,
        kind: &KindDefinition,
        mut sheet: CountSheet,
        counter: Counter,
    ) -> Answer {
        let Counter { by, who, asked, decision } = counter;
        let follows = match self.follows(open, kind, &mut sheet, (&by, &who)) {
            Ok(Ok(follows)) => follows,
            Ok(Err(fault)) => return Err(self.refuse_document(asked, decision, fault)),
            Err(refusal) => return Err(refusal),
        };
        let document = open.document().clone();
        let (bin, done) = (sheet.bin.clone(), sheet.done);
        let step = DocumentStep::Counted { sheet: Box::new(sheet) };
        self.step(&document, step, by.clone(), Some(decision));
        match follows {
            Follows::Nothing => {}
            Follows::Agrees => {
                let reason = COMPLETE.to_owned();
                self.step(&document, DocumentStep::Closed { reason }, Actor::Daemon, None);
            }
            Follows::Differs(decided) => {
                if let Err((code, message)) = self.decide_on(&document, *decided, &by) {
                    return Err(self.deny(asked, code, message, None));
                }
            }
        }
        Ok(Reply::Counted { document, bin: Some(bin), done })
    }

    /// What a sheet leads to, before anything is recorded. Tells the book into the sheet that ends a bin.
    fn follows(
        &mut self,
        open: &OpenDocument,
        kind: &KindDefinition,
        sheet: &mut CountSheet,
        (by, who): (&Actor, &OperatorId),
    ) -> Result<Result<Follows, Fault>, Refusal> {
        let (count, rules) = match (&open.count, &kind.count) {
            (Some(count), Some(rules)) => (count, rules),
            _ => return Ok(Err(not_counted(open.document()))),
        };
        if let Err(fault) = may_count(count, rules, &sheet.bin, &sheet.by) {
            return Ok(Err(fault));
        }
        if !sheet.done {
            return Ok(Ok(Follows::Nothing));
        }
        let before = count.found(who, &sheet.bin);
        let found: Vec<&CountSeen> = before.iter().chain(&sheet.seen).collect();
        sheet.book = book_of(self.stock, count, &sheet.bin, &found);
        let mut after = (**count).clone();
        after.take(who, sheet);
        match after.standing(rules) {
            Err(error) => Ok(Err(planned(&error))),
            Ok(Standing::Open(_)) => Ok(Ok(Follows::Nothing)),
            Ok(Standing::Settled(_, result)) if result.differences.is_empty() => {
                Ok(Ok(Follows::Agrees))
            }
            Ok(Standing::Settled(lines, result)) => {
                let content = match differences(open, &after, (&lines, &result)) {
                    Ok(content) => content,
                    Err(fault) => return Ok(Err(fault)),
                };
                let decided = self.prepared(open, after, content, by)?;
                Ok(decided.map(|decided| Follows::Differs(Box::new(decided))))
            }
        }
    }

    /// What is recorded where figures differ, made and checked.
    fn prepared(
        &mut self,
        open: &OpenDocument,
        mut count: Count,
        content: DocumentContent,
        by: &Actor,
    ) -> Result<Result<Decided, Fault>, Refusal> {
        count.phase = CountPhase::Deciding;
        let digest = content.digest();
        let open = OpenDocument {
            content: Arc::new(content.clone()),
            digest,
            by: by.clone(),
            count: Some(Box::new(count)),
            ..open.clone()
        };
        let reserved = self.reserve_count(&content, by)?;
        let mut refused = vec![];
        let planned = reserved.and_then(|reserved| {
            let kind = definition_now(&open, self.kind_of(open.document())?);
            let facts = self.facts_frozen(&open, &kind)?;
            let found = self.rules_before_submit(&open, &facts, by);
            let found = found.map_err(|(fault, firings)| {
                refused = firings;
                fault
            })?;
            let begun = workflows::plan(self.scene(), &open, &kind, &facts, by, &found.extra)?;
            let ends = |event: &ApprovalEvent| matches!(event, ApprovalEvent::Approved { .. });
            if begun.as_ref().is_none_or(|events| events.iter().any(ends)) {
                let message =
                    "the workflow for what a count found asks nobody: let it ask somebody";
                return Err(("signatures-missing", message.to_owned()));
            }
            Ok(Decided { content, reserved, facts, begun, found })
        });
        self.record_firings(refused, Some(open.document()));
        Ok(planned)
    }

    /// The reservation of what a count found, in the name of whoever ended it. It holds nothing: the bins are
    /// frozen. A denial tells no figure.
    fn reserve_count(
        &mut self,
        content: &DocumentContent,
        by: &Actor,
    ) -> Result<Result<Body, Fault>, Refusal> {
        let Some(posting) = posting_of(content) else {
            return Ok(Err(("count-open", "nothing was counted".to_owned())));
        };
        let mut asked = Asked::new(by, Action::Execute, MovementKind::Count.module());
        asked.document = Some(cut(&content.document.number, 64));
        asked.kind = Some(posting.kind);
        let looks = self.looks(asked.module, &[Action::Execute]);
        let goods = self.goods(looks, of_posting(&posting));
        let facts = Facts { goods: goods.as_ref(), ..of_posting_head(&posting) };
        let decision = self.permit(asked, facts).map_err(|refusal| Refusal {
            message: "you may not count what was found here: have somebody else count".to_owned(),
            ..refusal
        })?;
        Ok(self.reserved(posting, by, &decision))
    }

    /// Records what follows where figures differ: the version, what it will post, and whom it asks.
    fn decide_on(
        &mut self,
        document: &Document,
        decided: Decided,
        by: &Actor,
    ) -> Result<(), Fault> {
        let Decided { content, reserved, facts, begun, found } = decided;
        self.record(Body::DocumentWritten { content, by: by.clone(), decision: None });
        self.record_stock(reserved)?;
        let (open, _) = self.open_of(document)?;
        let kind = definition_now(&open, self.kind_of(document)?);
        self.submitted(&open, &kind, (facts, begun, found), by.clone(), None)
    }
}

/// The count that runs on a document.
fn counting<'o>(open: &'o OpenDocument, document: &Document) -> Result<&'o Count, Fault> {
    open.count.as_deref().ok_or_else(|| not_counted(document))
}

fn not_counted(document: &Document) -> Fault {
    let number = cut(&document.number, 64);
    ("not-counted", format!("state: {number} is not being counted: have it approved first"))
}

fn beside_of(session: &Session) -> Option<OperatorId> {
    session.second.as_ref().map(|second| second.operator.clone())
}

fn people(who: &OperatorId, beside: Option<&OperatorId>) -> Vec<OperatorId> {
    let mut people: Vec<OperatorId> = beside.into_iter().chain([who]).cloned().collect();
    people.sort_unstable();
    people.dedup();
    people
}
