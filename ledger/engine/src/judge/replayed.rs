//! The question behind an entry's decision, to be asked of other policies: what would they have said?
//!
//! Data only. Absent: building the question (`questions`), and judging.

use gatewarden_model::{Action, ClientId, Decision, DeviceId, Module, OperatorId};

use crate::access::{Access, Known, Principal};

/// A question as it was asked, and its answer then.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Who asked.
    pub who: Who,
    /// What was answered.
    pub said: Decision,
    /// On which facts.
    pub known: Known,
    /// Rights that would have done as well.
    pub others: Vec<(Module, Action)>,
}

/// Who asked, with what he had then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A person with roles.
    Operator(OperatorId, Vec<String>),
    /// A machine with scopes.
    Client(ClientId, Vec<String>),
    /// A device.
    Device(DeviceId),
    /// A user of the box's shell, or the daemon.
    Local(Option<u32>),
}

impl Who {
    pub(super) fn of(principal: &Principal<'_>) -> Self {
        match *principal {
            Principal::Operator { id, roles } => Self::Operator(id.clone(), roles.to_vec()),
            Principal::Client { id, scopes } => Self::Client(id.clone(), scopes.to_vec()),
            Principal::Device { id } => Self::Device(id.clone()),
            Principal::Local { uid } => Self::Local(uid),
        }
    }

    /// As the policies see him.
    #[must_use]
    pub fn principal(&self) -> Principal<'_> {
        match self {
            Self::Operator(id, roles) => Principal::Operator { id, roles },
            Self::Client(id, scopes) => Principal::Client { id, scopes },
            Self::Device(id) => Principal::Device { id },
            Self::Local(uid) => Principal::Local { uid: *uid },
        }
    }
}

impl Replayed {
    /// The answer of other policies to the same question: the first right that is granted, else the
    /// denial of the one that was asked.
    #[must_use]
    pub fn under(&self, access: &Access) -> Decision {
        let principal = self.who.principal();
        let ask = |(module, action)| access.decide_known(&principal, action, module, &self.known);
        let own = ask((self.said.module, self.said.action));
        if own.allowed {
            return own;
        }
        self.others.iter().map(|right| ask(*right)).find(|one| one.allowed).unwrap_or(own)
    }
}
