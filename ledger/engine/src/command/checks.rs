//! What the slow or secret checks outside came to, as a command brings it: of a PIN, a second factor, a
//! one-time code.
//!
//! Data only. Absent: the checks themselves (the daemon).

use gatewarden_identity::activation::Holder;
use gatewarden_model::Hash;

/// What the check of a PIN said. The check itself is slow by design and happens outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinCheck {
    /// It is the operator's PIN.
    Right,
    /// It is not, or the badge is nobody's.
    Wrong,
    /// None was given or none was checked (`State::lock_remaining_ms` said it is useless).
    Absent,
}

/// Digests of a one-time code in two halves, of which whoever decides is shown the second. Which counts
/// depends on who was given the first: never the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActivationCodes {
    /// With the half that was shown to whoever asked.
    pub with_asker: Hash,
    /// With the half that was shown to whoever approved first.
    pub with_first_approver: Hash,
}

impl ActivationCodes {
    /// The one that counts.
    pub(crate) fn of(&self, holder: Holder) -> Hash {
        match holder {
            Holder::Asker => self.with_asker,
            Holder::FirstApprover => self.with_first_approver,
        }
    }
}

/// What raises a session's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// A one-time code (RFC 6238).
    Totp,
    /// A security key or phone that verified its user (WebAuthn, UV flag).
    SecurityKey,
}

impl Factor {
    /// The level that it raises to.
    #[must_use]
    pub fn auth_level(self) -> u8 {
        match self {
            Self::Totp => 3,
            Self::SecurityKey => 4,
        }
    }
}

/// What the check of a factor said; it happens outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FactorCheck {
    /// By what.
    pub factor: Factor,
    /// Whether it was right.
    pub check: PinCheck,
}
