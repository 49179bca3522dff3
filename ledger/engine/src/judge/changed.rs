//! What takes two people to change, in the journal: is each effect the one that was asked for and that somebody else
//! approved just before?
//!
//! Invariants: one approval, one effect; what needs nobody is what takes rights away, or begins a journal. Absent:
//! what the policies answer (`questions`), and the conflicts that a change gives to people (`approved`).

use gatewarden_model::{Actor, Body, Change, ChangeVerdict, sod::SodTable};

use super::{Judge, Verdict, approved::mitigated, is_name};
use crate::{apply::actor_name, procedures::version_of, state::OpenChange};

impl Judge {
    /// What no person asked for has two who approved it, where there are two.
    pub(super) fn endorsed(
        &self,
        open: &OpenChange,
        by: &Actor,
        verdict: ChangeVerdict,
    ) -> Verdict {
        let Some(policies) = &self.state.policies else { return Ok(()) };
        if verdict != ChangeVerdict::Approved {
            return Ok(());
        }
        let two = open.needs_two(&self.state, &policies.roles);
        match open.endorser(&self.state, &policies.roles) {
            None if !two => Ok(()),
            Some(first) if !is_name(first.as_str(), by) => Ok(()),
            _ => Err(format!("{} approved alone what no person asked for", actor_name(by))),
        }
    }

    /// What needs a second person is what the request says that was approved just before.
    pub(super) fn two_changed(&self, body: &Body) -> Verdict {
        let (id, said) = match body {
            Body::Enrolled {
                operator,
                name,
                roles,
                badges,
                kinds,
                tails,
                mitigations,
                change,
                pin,
                activation,
                by,
            } => {
                let known = self.state.operator(operator);
                if let Some(open) = self.approved_policies(change.as_ref()) {
                    return mitigated(known, body, &open.mitigations);
                }
                let first = *by == Actor::Daemon && self.state.operators().next().is_none();
                let fewer = known.is_some_and(|known| {
                    let code = known.activation.as_ref().map(|open| open.code);
                    let same = (&known.name, &known.badges, &known.kinds, &known.mitigations)
                        == (name, badges, kinds, mitigations);
                    same && known.tails == *tails
                        && known.pin == *pin
                        && code == *activation
                        && roles.iter().all(|role| known.roles.contains(role))
                });
                if change.is_none() && (first || fewer || !self.two_needed) {
                    return Ok(());
                }
                let reset_pin = match self.approved.as_ref().map(|open| &open.change) {
                    Some(Change::Operator { reset_pin, .. }) => *reset_pin,
                    _ => false,
                };
                let old = known.and_then(|known| known.pin).filter(|_| !reset_pin);
                if change.is_some() && *pin != old {
                    return Err("it names a PIN that its operator did not set".to_owned());
                }
                let (operator, name, roles) = (operator.clone(), name.clone(), roles.clone());
                let (badges, kinds, tails, mitigations) =
                    (badges.clone(), kinds.clone(), tails.clone(), mitigations.clone());
                (
                    *change,
                    Change::Operator {
                        operator,
                        name,
                        roles,
                        badges,
                        kinds,
                        tails,
                        reset_pin,
                        mitigations,
                    },
                )
            }
            Body::ClientAdded { client, scopes, token, certificate, until_us, change, .. } => {
                let fewer = self.state.clients.get(client).is_some_and(|known| {
                    let same = (known.token, known.certificate, known.until_us)
                        == (*token, *certificate, *until_us);
                    same && scopes.iter().all(|scope| known.scopes.contains(scope))
                });
                if change.is_none() && (fewer || !self.two_needed) {
                    return Ok(());
                }
                let (client, scopes, token) = (client.clone(), scopes.clone(), *token);
                let (certificate, until_us) = (*certificate, *until_us);
                (*change, Change::Client { client, scopes, token, certificate, until_us })
            }
            Body::FactorAdded { operator, factor, change, .. } => {
                let (operator, factor) = (operator.clone(), factor.clone());
                (Some(*change), Change::Factor { operator, factor })
            }
            Body::DeviceApproved { device, identity, change, by } => {
                if change.is_none() && *by == Actor::Daemon {
                    return self.pinned(device, identity);
                }
                let (device, identity) = (device.clone(), identity.clone());
                (*change, Change::Device { device, identity })
            }
            Body::ProceduresDefined { version, parts, change } => {
                if *version != version_of(parts) {
                    return Err(format!("it says procedures {version}, they are others"));
                }
                if change.is_none() && self.state.procedures_version().is_none() {
                    return Ok(());
                }
                let (version, parts) = (*version, parts.clone());
                (*change, Change::Procedures { version, parts })
            }
            Body::PoliciesDefined { version, roles, cedar, sod, guards, change } => {
                let known = self.state.policies.as_ref();
                let same = known.is_none_or(|known| {
                    let table = known.sod == *sod || known.sod == SodTable::default();
                    let settings = known.guards == *guards || known.guards.is_none();
                    table && settings && (&known.roles, &known.cedar) == (roles, cedar)
                });
                if change.is_none() && (same || !self.two_needed) {
                    return Ok(());
                }
                let (version, roles, cedar) = (*version, roles.clone(), cedar.clone());
                let (sod, guards) = (sod.clone(), guards.clone());
                let said = Change::Policies { version, roles, cedar, sod, guards };
                if change.is_some() {
                    self.borne(&said)?;
                }
                (*change, said)
            }
            _ => return Ok(()),
        };
        let Some(id) = id else { return Err("nobody approved it: it names no request".to_owned()) };
        match &self.approved {
            Some(open) if open.id == id && open.change == said => Ok(()),
            _ => Err(format!("it is not what request {id} asked for and somebody approved")),
        }
    }
}
