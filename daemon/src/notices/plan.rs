//! Who is told of an entry: definitions, receivers and channels, as the engine knows people at this moment.
//!
//! Pure beside the engine's state; runs within a query of the recorder. Absent: words, pacing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_engine::{Engine, OpenDocument};
use gatewarden_model::{Actor, Document, Entry, Masked, NoticeId, OperatorId};
use gatewarden_notices::{
    Escalate, Key, Notice, NoticeSet, Occasion, Offer, On, Receiver, Severity, Waiting,
    facts::{Told, facts},
    occasions,
    template::Lang,
};
use gatewarden_workflow::{Directory, People as _};

use super::{render::Book, ways::Reach};

const US_A_MIN: i64 = 60_000_000;

/// What is needed to plan.
pub(super) struct Planner {
    pub(super) set: Arc<NoticeSet>,
    pub(super) reach: Reach,
    pub(super) gateway: String,
    pub(super) now_us: i64,
}

/// The notices of one definition on one occasion.
pub(super) struct Found {
    /// The entry.
    pub(super) about: u64,
    /// By which definition.
    pub(super) notice: NoticeId,
    /// To whom.
    pub(super) offers: Vec<Offer>,
    /// Whom no channel reaches, and on which document.
    pub(super) unreachable: Vec<(String, Option<Document>)>,
    /// What a reaction will name, and when somebody else is told.
    pub(super) awaits: Option<(String, Vec<i64>)>,
}

impl Planner {
    /// What entries give occasion for, in their order.
    pub(super) fn plan(&self, engine: &Engine, entries: &[Entry]) -> Vec<Found> {
        let mut found = vec![];
        for entry in entries {
            for mut occasion in occasions(entry) {
                know(engine, &mut occasion);
                for (id, notice) in self.set.called_for(&occasion) {
                    found.push(self.of(
                        engine,
                        (id, notice),
                        &occasion,
                        Some(entry),
                        0,
                        &notice.to,
                    ));
                }
            }
        }
        found
    }

    /// What follows if nobody reacted.
    pub(super) fn escalate(&self, engine: &Engine, entry: &Entry, due: &Escalate) -> Vec<Found> {
        let Some(notice) = self.set.notices.get(&due.notice) else { return vec![] };
        let Some(step) = notice.escalate.get(due.step.saturating_sub(1) as usize) else {
            return vec![];
        };
        let mut found = vec![];
        for mut occasion in occasions(entry).into_iter().filter(|one| notice.fits(one)) {
            know(engine, &mut occasion);
            found.push(self.of(
                engine,
                (&due.notice, notice),
                &occasion,
                Some(entry),
                due.step,
                &step.to,
            ));
        }
        found
    }

    /// A channel that takes nothing any more.
    pub(super) fn broken(&self, engine: &Engine, about: u64, channel: &str) -> Vec<Found> {
        let occasion = Occasion::new(On::ChannelBroken, about);
        let called = self.set.called_for(&occasion);
        let found = called.map(|(id, notice)| {
            let mut one = self.of(engine, (id, notice), &occasion, None, 0, &notice.to);
            let minutes = i64::from(notice.same_minutes.max(1));
            for offer in &mut one.offers {
                // It goes by another channel, or waits for this one.
                offer.channels.sort_by_key(|name| name == channel);
                offer.key =
                    Some(Key { text: format!("{id} {channel}"), span_us: minutes * US_A_MIN });
                offer.subject = Some(format!("channel/{channel}"));
            }
            one
        });
        found.collect()
    }

    fn of(
        &self,
        engine: &Engine,
        (id, notice): (&NoticeId, &Notice),
        occasion: &Occasion,
        entry: Option<&Entry>,
        step: u32,
        to: &[Receiver],
    ) -> Found {
        let receivers = receivers(engine, occasion, to);
        let key = entry
            .filter(|_| step == 0)
            .and_then(|entry| self.key(engine, id, notice, occasion, entry));
        let (mut offers, mut unreachable) = (vec![], vec![]);
        for (to, who) in receivers {
            let channels = self.reach.channels(self.set.channels_of(notice), &to);
            if channels.is_empty() {
                unreachable.push((to, occasion.document.clone()));
                continue;
            }
            offers.push(self.offer(
                engine,
                (id, notice),
                occasion,
                step,
                (to, who),
                channels,
                key.clone(),
            ));
        }
        let due = |minutes: u32| self.now_us.saturating_add(i64::from(minutes) * US_A_MIN);
        let due: Vec<i64> = notice.escalate.iter().map(|one| due(one.after_minutes)).collect();
        let awaits = occasion.subject.clone().filter(|_| step == 0 && !due.is_empty());
        Found {
            about: occasion.about,
            notice: id.clone(),
            offers,
            unreachable,
            awaits: awaits.map(|subject| (subject, due)),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "they are the parts of one offer")]
    fn offer(
        &self,
        engine: &Engine,
        (id, notice): (&NoticeId, &Notice),
        occasion: &Occasion,
        step: u32,
        (to, who): (String, Option<OperatorId>),
        channels: Vec<String>,
        key: Option<String>,
    ) -> Offer {
        let offset_min = engine.settings().utc_offset_min;
        let open_from_us = self.set.quiet.open_from(who.as_ref(), self.now_us, offset_min);
        // Whoever is told because others did not react is told at once where it is urgent.
        let quiet = match notice.severity {
            Severity::Urgent => Waiting::Through,
            _ => notice.quiet,
        };
        let span_us = i64::from(notice.same_minutes) * US_A_MIN;
        Offer {
            notice: id.clone(),
            on: occasion.on,
            about: occasion.about,
            document: occasion.document.clone(),
            to,
            channels,
            severity: notice.severity,
            quiet,
            subject: occasion.subject.clone(),
            step,
            key: key.map(|text| Key { text, span_us }),
            open_from_us,
        }
    }

    /// What makes a repeat the same. It stays on this box, so nothing is hidden from it.
    fn key(
        &self,
        engine: &Engine,
        id: &NoticeId,
        notice: &Notice,
        occasion: &Occasion,
        entry: &Entry,
    ) -> Option<String> {
        if notice.same_minutes == 0 {
            return None;
        }
        let whole = Masked::new(entry.clone(), &gatewarden_model::FieldRights::all());
        let told = Told {
            occasion,
            entry: &whole,
            document: None,
            names: &Book(engine),
            lang: Lang::En,
            gateway: &self.gateway,
            receiver: "",
            severity: notice.severity,
            title: &notice.title,
            further: 0,
            step: 0,
            link: None,
            more: &[],
        };
        notice.key(id, &facts(&told))
    }
}

/// Adds to an occasion what only its document says.
pub(super) fn know(engine: &Engine, occasion: &mut Occasion) {
    let open = occasion.document.as_ref().and_then(|document| engine.state().document(document));
    let Some(open) = open else { return };
    let author = author(open);
    occasion.know(open.content.requester.as_deref(), author.as_ref());
}

fn author(open: &OpenDocument) -> Option<OperatorId> {
    match &open.by {
        Actor::Operator { id, .. } => Some(id.clone()),
        _ => None,
    }
}

/// The receivers, each once: `operator:NAME` or `group:ROLE`, and who it is.
fn receivers(
    engine: &Engine,
    occasion: &Occasion,
    to: &[Receiver],
) -> BTreeMap<String, Option<OperatorId>> {
    let mut all = BTreeMap::new();
    let person = |who: &OperatorId, all: &mut BTreeMap<String, Option<OperatorId>>| {
        if engine.state().operator(who).is_some() {
            all.insert(format!("operator:{who}"), Some(who.clone()));
        }
    };
    for receiver in to {
        match receiver {
            Receiver::Operator(who) => person(who, &mut all),
            Receiver::Role(role) => {
                let holders = engine.state().operators().filter(|one| one.roles.contains(role));
                holders.for_each(|one| person(&one.id, &mut all));
            }
            Receiver::Field(name) => {
                occasion
                    .people
                    .get(name.as_str())
                    .into_iter()
                    .for_each(|who| person(who, &mut all));
            }
            Receiver::Approvers => occasion.approvers.iter().for_each(|who| person(who, &mut all)),
            Receiver::Group(role) => {
                all.insert(format!("group:{role}"), None);
            }
            Receiver::ManagerOf(name) => {
                let below = match name.as_str() {
                    "initiator" => occasion.people.get("author"),
                    name => occasion.people.get(name),
                };
                let manager = below.and_then(|who| manager_of(engine, occasion, who));
                manager.iter().for_each(|who| person(who, &mut all));
            }
            // What an occasion names is named by others: it does not name itself again.
            Receiver::Named if occasion.on.names_receivers() => {
                let named: Vec<Receiver> =
                    occasion.named.iter().filter(|one| **one != Receiver::Named).cloned().collect();
                all.extend(receivers(engine, occasion, &named));
            }
            Receiver::Named => {}
        }
    }
    all
}

fn manager_of(engine: &Engine, occasion: &Occasion, who: &OperatorId) -> Option<OperatorId> {
    let procedures = engine.state().procedures_in_force()?;
    let roles = |roles: &Vec<String>| roles.iter().cloned().collect::<BTreeSet<_>>();
    let operators = engine.state().operators().map(|one| (one.id.clone(), roles(&one.roles)));
    let kind = occasion.document.as_ref().map(|document| document.kind);
    let people = Directory { operators: operators.collect(), house: &procedures.workflows, kind };
    people.manager_of(who)
}
