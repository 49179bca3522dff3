//! How strongly somebody must be authenticated for what he does, and when two people must be there.
//!
//! Invariants: asked only after the policies said yes, so that nobody is told to step up for what he
//! may not do; a kind's level holds for what moves stock (execute, and the approval that lets it
//! move), a right's level for every use of the right; only operators have levels; a second person is
//! another one and has the right himself. What nothing names needs no more than a session.

use gatewarden_model::{Action, Decision, ItemId, Module, MovementKind, OperatorId, Second};

use crate::{
    access::{Facts, Principal, Request},
    engine::Settings,
    state::Session,
    turn::{Asked, Fault, Turn},
};

/// Badge and PIN.
pub(crate) const LEVEL_PIN: u8 = 2;

/// What is against somebody's level, if anything is.
pub(crate) fn check_level(
    settings: &Settings,
    asked: &Asked,
    decision: &Decision,
    level: Option<u8>,
) -> Result<(), Fault> {
    let (module, action) = (decision.module, decision.action);
    let needed = settings.levels.needed(module, action, asked.kind);
    let Some(level) = level.filter(|level| *level < needed) else { return Ok(()) };
    let what = asked.kind.map_or_else(
        || format!("{}:{}", module.name(), action.name()),
        |kind| kind.name().to_owned(),
    );
    let how = match needed {
        ..=2 => "sign in with badge and PIN",
        3 => "enter a one-time code, or use a security key",
        _ => "use a security key that verifies you",
    };
    let message = format!("{what} needs level {needed} and this session has level {level}: {how}");
    Err(("step-up-needed", message))
}

impl Turn<'_> {
    /// The second person of a session, if he may do by himself what `decision` lets the first do.
    pub(crate) fn second_of(
        &self,
        session: &Session,
        (module, action): (Module, Action),
        facts: Facts<'_>,
    ) -> Option<Second> {
        let present = session.second.as_ref().filter(|p| p.operator != session.operator)?;
        let who = self.state.operator(&present.operator)?;
        let principal = Principal::Operator { id: &who.id, roles: &who.roles };
        let auth_level = Some(present.auth_level);
        let facts = Facts { auth_level, second: Some(session.operator.as_str()), ..facts };
        let decision = self.access.decide(&Request { principal, action, module, facts });
        let (operator, auth_level) = (present.operator.clone(), present.auth_level);
        decision.allowed.then_some(Second { operator, auth_level, decision })
    }

    /// Refuses to let one person move what needs two.
    pub(crate) fn check_two<'i>(
        &self,
        kind: MovementKind,
        items: impl Iterator<Item = &'i ItemId>,
        by: &OperatorId,
        second: Option<&Second>,
    ) -> Result<(), Fault> {
        if second.is_some_and(|second| second.operator != *by) {
            return Ok(());
        }
        let rule = &self.settings.two_persons;
        let class = |item: &ItemId| self.settings.items.by_code(item).map(|item| item.class);
        let why = match rule.kinds.contains(&kind) {
            true => Some(kind.name().to_owned()),
            false => items
                .filter_map(|item| Some((item, class(item)?)))
                .find(|(_, class)| rule.classes.contains(class))
                .map(|(item, class)| format!("{item} of class {class:?}")),
        };
        let Some(why) = why else { return Ok(()) };
        let message = format!(
            "{why} needs two people: have somebody else who may do it join this session with badge \
             and PIN"
        );
        Err(("second-person-needed", message))
    }
}
