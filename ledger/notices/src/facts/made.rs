//! Facts of an occasion, made from its masked entry and the masked version of its document.

use gatewarden_model::{
    Actor, Amount, Body, Comparison, Counted, Day, Document, DocumentContent, DocumentLine,
    DocumentStep, Entry, Masked, Movement, MovementLine, Pass, RuleEffect, RuleFiring, Scalar,
    Task, TaskLine,
};
use serde_json::{Map, Value, json};

use super::{FactKind, Facts, Names, ROWS_MAX, line, specs};
use crate::{Occasion, Severity, occasion::acted, template::Lang, terms};

const US_AN_HOUR: i64 = 3_600_000_000;

/// What is told, and how.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The occasion.
    pub occasion: &'a Occasion,
    /// Its entry, as the receiver may see it.
    pub entry: &'a Masked<Entry>,
    /// The version of the document that it is about, as the receiver may see it, where it is known.
    pub document: Option<&'a Masked<DocumentContent>>,
    /// Looks names up.
    pub names: &'a dyn Names,
    /// In which language.
    pub lang: Lang,
    /// The gateway's name.
    pub gateway: &'a str,
    /// To whom, by name.
    pub receiver: &'a str,
    /// How bad it is.
    pub severity: Severity,
    /// What the notice is called.
    pub title: &'a str,
    /// How many further occasions of the same it stands for.
    pub further: u32,
    /// How often it was escalated.
    pub step: u32,
    /// Where it can be acted on.
    pub link: Option<&'a str>,
    /// Facts that the entry does not hold, such as which channel is broken; they go before others.
    pub more: &'a [(&'static str, Value)],
}

/// The facts of an occasion: all of its table.
#[must_use]
pub fn facts(told: &Told<'_>) -> Facts {
    let mut made = Made { told, facts: Map::new() };
    made.common();
    made.body();
    for (name, value) in told.more {
        made.facts.insert((*name).to_owned(), value.clone());
    }
    let Made { mut facts, .. } = made;
    let whole = specs(told.occasion.on).into_iter().map(|spec| {
        let value = facts.remove(spec.name).unwrap_or(Value::Null);
        let value = match (spec.kind, spec.always) {
            (FactKind::Rows(_), _) if !value.is_array() => Value::Array(vec![]),
            (FactKind::Text, true) if !value.is_string() => Value::from(""),
            (FactKind::Number, true) if !value.is_i64() && !value.is_u64() => Value::from(0),
            _ => value,
        };
        (spec.name.to_owned(), value)
    });
    whole.collect()
}

struct Made<'a> {
    told: &'a Told<'a>,
    facts: Map<String, Value>,
}

impl Made<'_> {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::String(text) => line(&text),
            other => other,
        };
        self.facts.insert(name.to_owned(), value);
    }

    fn set_if<T: ToString>(&mut self, name: &str, value: Option<&T>) {
        self.set(name, value.map(ToString::to_string));
    }

    fn person(&self, id: &gatewarden_model::OperatorId) -> String {
        self.told.names.person(id).unwrap_or_else(|| id.to_string())
    }

    fn common(&mut self) {
        let told = self.told;
        let at = told.entry.get().at;
        let offset = told.names.utc_offset_min();
        self.set("gateway", told.gateway);
        self.set("entry", told.entry.get().seq);
        self.set("day", Day::of(&at, offset).to_string());
        self.set("time", moment(at.wall_us, offset));
        self.set("receiver", told.receiver);
        self.set("severity", told.severity.word(told.lang));
        self.set("title", told.title);
        self.set("further", told.further);
        self.set("step", told.step);
        // A link is used, not read: it is never cut.
        self.facts.insert("link".to_owned(), told.link.into());
    }

    fn document(&mut self, document: &Document) {
        self.set("kind", terms::document(document.kind, self.told.lang));
        self.set("kind_id", document.kind.name());
        self.set("number", &*document.number);
    }

    fn rows<T>(&mut self, name: &str, all: &[T], row: impl Fn(&Self, &T) -> Value) {
        let rows: Vec<Value> = all.iter().take(ROWS_MAX).map(|one| row(self, one)).collect();
        self.facts.insert(name.to_owned(), Value::Array(rows));
        self.set("more", all.len().saturating_sub(ROWS_MAX));
    }

    /// A row of goods: what, how much, from where to where.
    fn goods(&self, item: &gatewarden_model::ItemId, parts: Goods<'_>) -> Value {
        let known = self.told.names.item(item);
        let (name, unit) = known.map_or((None, None), |(name, unit)| (Some(name), Some(unit)));
        json!({
            "line": parts.line,
            "item": line(item.as_str()),
            "name": name.as_deref().map(line),
            "quantity": parts.quantity,
            "unit": unit.as_deref().map(line),
            "lot": parts.lot.map(line),
            "from": parts.from.as_deref().map(line),
            "to": parts.to.as_deref().map(line),
            "amount": parts.amount.map(|amount| amount.to_string()),
        })
    }

    fn body(&mut self) {
        self.set("outcome", terms::outcome(self.told.occasion.on, self.told.lang));
        if let Some(document) = &self.told.occasion.document {
            self.document(document);
        }
        if let Some(content) = self.told.document {
            self.content(content.get());
        }
        match &self.told.entry.get().body {
            Body::TaskOpened { task, .. } => self.task(task),
            Body::Moved { movement, .. } => self.moved(movement),
            Body::Held { pass, operator, comparison, .. } => {
                let who = self.person(operator);
                self.set("operator", who);
                self.held(pass, comparison);
            }
            Body::Quarantined { pass, reason } => {
                self.set("station", pass.station.to_string());
                self.set("reason", &**reason);
                self.set("things", pass.sightings.len());
            }
            Body::Denied { by, action, module, reason, station, document, .. } => {
                let lang = self.told.lang;
                let who = self.actor(by);
                self.set("operator", who);
                self.set("action", terms::action(*action, lang));
                self.set("module", terms::module(*module, lang));
                self.set("reason", &**reason);
                self.set_if("station", station.as_ref());
                self.set_if("number", document.as_ref());
            }
            Body::DocumentStepped { version, step, by, .. } => self.step(*version, step, by),
            Body::RuleFired { firing, .. } => self.firing(firing),
            other => self.system(other),
        }
    }

    fn step(&mut self, version: u32, step: &DocumentStep, actor: &Actor) {
        self.set("version", version);
        let (node, by, comment) = acted(step);
        self.set_if("node", node);
        let by = match (by, actor) {
            (Some(by), _) => Some(self.person(by)),
            (None, Actor::Operator { id, .. }) => Some(self.person(id)),
            _ => None,
        };
        self.set("by", by);
        self.set("comment", comment.filter(|text| !text.is_empty()));
        let author = self.told.occasion.people.get("author").map(|who| self.person(who));
        self.set("author", author);
    }

    fn firing(&mut self, firing: &RuleFiring) {
        self.set("rule", &*firing.rule);
        self.set("rule_title", (!firing.title.is_empty()).then(|| firing.title.clone()));
        let subjects: Vec<&str> = firing.subjects.iter().map(|one| one.key.as_str()).collect();
        let subject = if subjects.is_empty() { firing.rule.clone() } else { subjects.join(", ") };
        self.set("subject", subject);
        let said = firing.effects.iter().find_map(|effect| match effect {
            RuleEffect::Flag { title } => Some(title.clone()),
            RuleEffect::Refuse { reason } => Some(reason.clone()),
            RuleEffect::Failed { message, .. } => Some(message.clone()),
            _ => None,
        });
        self.set("message", said);
        let todo = firing.effects.iter().find_map(|effect| match effect {
            RuleEffect::Todo { title, due_h, .. } => Some((title.clone(), *due_h)),
            _ => None,
        });
        let (todo, due_h) = todo.unwrap_or_default();
        self.set("todo", todo);
        let (at, offset) = (self.told.entry.get().at.wall_us, self.told.names.utc_offset_min());
        let due =
            due_h.map(|hours| moment(at.saturating_add(i64::from(hours) * US_AN_HOUR), offset));
        self.set("due", due);
        let facts: Vec<(&String, &Scalar)> = firing.facts.iter().collect();
        self.rows("facts", &facts, |_, (name, value)| {
            let value = match value {
                Scalar::Text(text) => line(text),
                other => line(&other.to_string()),
            };
            json!({"name": line(name), "value": value})
        });
    }

    fn system(&mut self, body: &Body) {
        match body {
            Body::Rejected { movement, lane, reason } => {
                self.set("lane", lane.to_string());
                self.set("movement_id", movement.to_string());
                self.set("reason", &**reason);
            }
            Body::DeviceRefused { device, seen, .. } => {
                let seen: Vec<String> = seen.iter().map(|(k, v)| format!("{k} {v}")).collect();
                self.set("device", device.to_string());
                self.set("seen", seen.join(", "));
            }
            Body::SignInRefused { operator, station, failures, .. } => {
                let who = operator.as_ref().map(|who| self.person(who));
                self.set("operator", who);
                self.set_if("station", station.as_ref());
                self.set("failures", *failures);
            }
            Body::ChangeRequested { id, change, reason, by, .. } => {
                let who = self.actor(by);
                self.set("change", change.about());
                self.set("change_id", id.to_string());
                self.set("operator", who);
                self.set("reason", (!reason.is_empty()).then(|| reason.clone()));
            }
            Body::Gap { device, from, to, reason } => {
                self.set_if("device", device.as_ref());
                self.set("seconds", to.us_since(from) / 1_000_000);
                self.set("reason", &**reason);
            }
            _ => {}
        }
    }

    fn content(&mut self, content: &DocumentContent) {
        self.set("version", content.version);
        self.set("about", (!content.title.is_empty()).then(|| content.title.clone()));
        self.set_if("partner", content.partner.as_ref());
        self.set_if("date", content.date.as_ref());
        self.set_if("due", content.due.as_ref());
        let requester = content
            .requester
            .as_ref()
            .map(|id| id.parse().map_or_else(|_| id.clone(), |id| self.person(&id)));
        self.set("requester", requester);
        self.set_if("station", content.station.as_ref());
        self.set_if("amount", content.amount().as_ref());
        self.set("note", (!content.note.is_empty()).then(|| content.note.clone()));
        self.rows("lines", &content.lines, |made, one: &DocumentLine| {
            let parts = Goods {
                line: one.line,
                quantity: one.quantity,
                lot: one.lot.as_deref(),
                from: one.from.as_ref().map(ToString::to_string),
                to: one.to.as_ref().map(ToString::to_string),
                amount: one.amount,
            };
            made.goods(&one.item, parts)
        });
    }

    fn task(&mut self, task: &Task) {
        self.set("movement", terms::movement(task.kind, self.told.lang));
        self.set("station", task.station.to_string());
        let requester = task.requester.as_ref().map(|who| self.person(who));
        self.set("requester", requester);
        self.set_if("ordered_by", task.ordered_by.as_ref());
        self.set_if("approved_by", task.approved_by.as_ref());
        self.rows("lines", &task.lines, |made, one: &TaskLine| {
            let parts = Goods {
                line: one.line,
                quantity: one.quantity,
                lot: one.lot.as_deref(),
                from: Some(one.from.to_string()),
                to: Some(one.to.to_string()),
                amount: one.value,
            };
            made.goods(&one.item, parts)
        });
    }

    fn moved(&mut self, movement: &Movement) {
        self.set("movement", terms::movement(movement.kind, self.told.lang));
        self.set("movement_id", movement.id.to_string());
        let who = self.person(&movement.operator);
        self.set("operator", who);
        let second = movement.second.as_ref().map(|second| self.person(&second.operator));
        self.set("second", second);
        let received_by = movement.received_by.as_ref().map(|who| self.person(who));
        self.set("received_by", received_by);
        self.set_if("approved_by", Some(&movement.approved_by).filter(|by| !by.is_empty()));
        self.set_if("station", movement.station.as_ref());
        self.set_if("amount", worth(&movement.lines).as_ref());
        self.rows("lines", &movement.lines, |made, one: &MovementLine| {
            let parts = Goods {
                line: one.line,
                quantity: one.quantity,
                lot: one.lot.as_deref(),
                from: Some(one.from.to_string()),
                to: Some(one.to.to_string()),
                amount: one.value,
            };
            made.goods(&one.item, parts)
        });
        if self.told.occasion.on == crate::On::CountDifference {
            let differ: Vec<&Counted> =
                movement.counts.iter().filter(|one| one.book != one.counted).collect();
            self.rows("counts", &differ, |made, one| {
                let known = made.told.names.item(&one.item);
                json!({
                    "item": line(one.item.as_str()),
                    "name": known.as_ref().map(|(name, _)| line(name)),
                    "unit": known.as_ref().map(|(_, unit)| line(unit)),
                    "place": line(&one.location.to_string()),
                    "lot": one.bucket.lot.as_deref().map(line),
                    "book": one.book,
                    "counted": one.counted,
                    "difference": one.counted.saturating_sub(one.book),
                })
            });
        }
    }

    fn held(&mut self, pass: &Pass, comparison: &Comparison) {
        self.set("station", pass.station.to_string());
        self.set("missing", comparison.missing.len());
        self.set("extra", comparison.extra.len());
        self.set("unknown", comparison.unknown.len());
        self.set("wrong_item", comparison.wrong_item.len());
    }

    fn actor(&self, actor: &Actor) -> String {
        let daemon = if self.told.lang == Lang::Zh { "系统" } else { "the gateway" };
        match actor {
            Actor::Operator { id, .. } => self.person(id),
            Actor::Client { id } => id.to_string(),
            Actor::Local { uid } => format!("uid {uid}"),
            Actor::Daemon => daemon.to_owned(),
            Actor::Nobody => "–".to_owned(),
        }
    }
}

/// What a row of goods says beside its item.
struct Goods<'a> {
    line: u32,
    quantity: i64,
    lot: Option<&'a str>,
    from: Option<String>,
    to: Option<String>,
    amount: Option<Amount>,
}

/// What the lines are worth together, where all of them say it.
fn worth(lines: &[MovementLine]) -> Option<Amount> {
    if lines.is_empty() {
        return None;
    }
    lines.iter().try_fold(Amount::ZERO, |sum, line| sum.checked_add(line.value?))
}

/// `2026-11-29 14:03:07`, by the house's clock.
pub(crate) fn moment(wall_us: i64, offset_min: i32) -> String {
    let local = wall_us.div_euclid(1_000_000) + i64::from(offset_min) * 60;
    let (day, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{} {hour:02}:{minute:02}:{:02}", Day::from_number(day), second % 60)
}
