//! Facts of what is not about goods: steps of documents, firings of rules, alarms, the gateway itself.

use gatewarden_model::{Actor, Body, DocumentStep, RuleEffect, RuleFiring, Scalar};
use serde_json::json;

use super::{
    line,
    made::{Made, moment},
};
use crate::{occasion::acted, template::Lang};

const US_AN_HOUR: i64 = 3_600_000_000;

impl Made<'_> {
    pub(super) fn step(&mut self, version: u32, step: &DocumentStep, actor: &Actor) {
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

    pub(super) fn firing(&mut self, firing: &RuleFiring) {
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

    pub(super) fn system(&mut self, body: &Body) {
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

    pub(super) fn actor(&self, actor: &Actor) -> String {
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
