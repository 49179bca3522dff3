//! Answers on fields that are kept. A look-up takes a lock, a hash of a name and a comparison of the
//! roles or scopes it was answered for; nothing is copied but a pointer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use gatewarden_model::{ClientId, FieldRights, OperatorId, StationId};

use super::{Principal, Stay};

/// Answers kept at most; a full memory is emptied.
const ANSWERS_MAX: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Operator(OperatorId),
    Client(ClientId),
    Local(Option<u32>),
}

/// Who asks, in which session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asker {
    name: Name,
    auth_level: Option<u8>,
    station: Option<StationId>,
}

impl Asker {
    /// None for whom no policy on fields is written for.
    pub(super) fn of(principal: &Principal<'_>, stay: Stay<'_>) -> Option<Self> {
        let name = if let Principal::Operator { id, .. } = principal {
            Name::Operator((*id).clone())
        } else if let Principal::Client { id, .. } = principal {
            Name::Client((*id).clone())
        } else if let Principal::Local { uid } = principal {
            Name::Local(*uid)
        } else {
            return None;
        };
        Some(Self { name, auth_level: stay.auth_level, station: stay.station.cloned() })
    }
}

/// The roles or scopes of somebody.
fn groups<'a>(principal: &Principal<'a>) -> &'a [String] {
    match principal {
        Principal::Operator { roles: groups, .. } | Principal::Client { scopes: groups, .. } => {
            groups
        }
        _ => &[],
    }
}

#[derive(Debug)]
struct Answer {
    groups: Vec<String>,
    rights: Arc<FieldRights>,
}

/// The answers so far; clones share them, as they share the policies.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<HashMap<Asker, Answer>>>);

impl Kept {
    /// The answer, if it was given for these very roles or scopes.
    pub(super) fn get(&self, asker: &Asker, principal: &Principal<'_>) -> Option<Arc<FieldRights>> {
        // A panic while it was locked leaves nothing to trust: then everything is asked anew.
        let answers = self.0.lock().ok()?;
        let answer = answers.get(asker).filter(|kept| kept.groups == groups(principal))?;
        Some(Arc::clone(&answer.rights))
    }

    pub(super) fn keep(&self, asker: Asker, principal: &Principal<'_>, rights: &Arc<FieldRights>) {
        let Ok(mut answers) = self.0.lock() else { return };
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        let groups = groups(principal).to_vec();
        answers.insert(asker, Answer { groups, rights: Arc::clone(rights) });
    }
}
