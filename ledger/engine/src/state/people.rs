//! Who and what is known: operators, machines, devices, what is asked for them, and the policies.
//!
//! Data as the entries left it, and what follows from it with the time as an argument. Absent: how it
//! comes about (`apply`).

use std::collections::BTreeMap;

use gatewarden_model::{
    Actor, Change, ChangeId, ClientId, DeviceFacts, Guards, Hash, Mitigation, MitigationOf,
    OperatorId, RoleMatrix, Stamp, sod::SodTable,
};
use serde::Serialize;

use crate::{
    people::ACTIVATION_MS_MAX,
    state::{State, remaining_ms},
};

/// An enrolled person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Who.
    pub id: OperatorId,
    /// Full name.
    pub name: String,
    /// Roles, sorted.
    pub roles: Vec<String>,
    /// SHA-256 of each badge, sorted; never serialized.
    #[serde(skip)]
    pub badges: Vec<Hash>,
    /// SHA-256 of the PHC string of the PIN in force; none without a PIN. Never serialized. A stored
    /// string with another digest was not put there by an enrolment.
    #[serde(skip)]
    pub pin: Option<Hash>,
    /// What is said for the conflicts of the roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mitigations: Vec<Mitigation>,
    /// What each badge is, by its digest; none where it was not said. Never serialized.
    #[serde(skip)]
    pub kinds: BTreeMap<Hash, String>,
    /// The last characters of each badge's number, by its digest. Never serialized.
    #[serde(skip)]
    pub tails: BTreeMap<Hash, String>,
    /// Since when it is as it is: the last enrolment or change. Never serialized.
    #[serde(skip)]
    pub since: Stamp,
    /// The one-time code that a PIN can be set with; never serialized.
    #[serde(skip)]
    pub activation: Option<Activation>,
}

/// A one-time code with which an operator sets a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its digest (`gatewarden_identity::activation`).
    pub code: Hash,
    /// Since when it counts.
    pub since: Stamp,
}

impl Activation {
    /// Milliseconds for which the code still counts, rounded up; 0 when it is over.
    #[must_use]
    pub fn remaining_ms(&self, now: &Stamp) -> u64 {
        remaining_ms(&self.since, ACTIVATION_MS_MAX, now)
    }
}

/// A change that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenChange {
    /// The request.
    pub id: ChangeId,
    /// The entry that asks for it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// What is asked for.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: Actor,
    /// Who approved it first, where it needs two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endorsed: Option<OperatorId>,
    /// What was said for conflicts of duties by whoever approved it so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mitigations: Vec<MitigationOf>,
}

impl OpenChange {
    /// Who approved it first, if his yes still counts: he may still decide on requests.
    #[must_use]
    pub fn endorser(&self, state: &State, matrix: &RoleMatrix) -> Option<&OperatorId> {
        let first = self.endorsed.as_ref()?;
        state.approvers(matrix).any(|one| one.id == *first).then_some(first)
    }

    /// Takes over what somebody says for conflicts of duties; what he says anew is in the place of what was
    /// said of the same person's same conflict.
    pub(crate) fn bear(&mut self, said: &[MitigationOf]) {
        for new in said {
            let of = |one: &MitigationOf| (one.operator.clone(), one.conflict.clone());
            self.mitigations.retain(|old| of(old) != of(new));
            self.mitigations.push(new.clone());
        }
    }

    /// Whether two people have to approve it: what no person asked for (but a device, for itself), where
    /// there are two who may. Else whoever has the box's account or a token, and a right to approve,
    /// would do alone what needs two.
    #[must_use]
    pub fn needs_two(&self, state: &State, matrix: &RoleMatrix) -> bool {
        state.takes_two(&self.change, &self.by, matrix)
    }
}

/// The policies that were recorded last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// Their digest.
    pub version: Hash,
    /// The roles.
    pub roles: RoleMatrix,
    /// What stands beside the roles, in Cedar.
    pub cedar: String,
    /// Which duties one person must not hold together; empty before the journal tells any.
    pub sod: SodTable,
    /// The settings that decide beside them; none before the journal tells any.
    pub guards: Option<Box<Guards>>,
}

/// A machine with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Which.
    pub id: ClientId,
    /// Its rights, each `module:action`, sorted.
    pub scopes: Vec<String>,
    /// SHA-256 of the token; never serialized.
    #[serde(skip)]
    pub token: Hash,
    /// SHA-256 of the only TLS certificate (DER) that it may come with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Hash>,
    /// The wall clock's microsecond since 1970 from which on the token is no good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_us: Option<i64>,
    /// Since when it has this token and these scopes. Never serialized.
    #[serde(skip)]
    pub since: Stamp,
    /// The first use on the last day of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Stamp>,
}

/// Failures to sign in, in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lockout {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub since: Stamp,
    /// For how many milliseconds from then no attempt counts.
    pub locked_ms: u64,
    /// No attempt counts until somebody else unlocks.
    pub until_unlocked: bool,
}

impl Lockout {
    /// Milliseconds until an attempt counts again, rounded up; 0 when it does now, `u64::MAX` when
    /// somebody must unlock first.
    #[must_use]
    pub fn remaining_ms(&self, now: &Stamp) -> u64 {
        if self.until_unlocked { u64::MAX } else { self.delay_left_ms(now) }
    }

    /// Milliseconds left of the delay alone.
    pub(crate) fn delay_left_ms(&self, now: &Stamp) -> u64 {
        remaining_ms(&self.since, self.locked_ms, now)
    }
}

/// What a device is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownDevice {
    /// What it told of itself when it was approved.
    pub identity: DeviceFacts,
    /// Since when it is this one: what was read before is not its.
    pub since: Stamp,
}

/// A device that is not the one that was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedDevice {
    /// What it tells of itself.
    pub seen: DeviceFacts,
    /// What it should tell; nothing where it was never approved.
    pub known: DeviceFacts,
    /// When it was noticed.
    pub since: Stamp,
}
