//! The words of a station's sessions: the states it can be in, what happens to it, who is present.
//!
//! Which of them may follow which is the engine's table (`sessions/machine.rs`); here are only the
//! words that entries keep. Absent on purpose: why and for how long (configuration and engine).

use serde::{Deserialize, Serialize};

use crate::{Decision, OperatorId};

/// The state of a station, or of a session at the console.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum SessionPhase {
    /// Nobody is there.
    #[default]
    Free,
    /// A badge was scanned; its PIN is awaited.
    BadgeSeen,
    /// Somebody is signed in. The only state in which anything is authorised.
    Authenticated,
    /// Whoever is signed in did nothing for too long.
    Idle,
    /// Wrong PINs, or a badge seen where its owner can't be: only the PIN opens it again.
    Locked,
    /// The session's time was over.
    Expired,
    /// The session ended.
    Ended,
}

impl SessionPhase {
    /// All phases.
    pub const ALL: [Self; 7] = [
        Self::Free,
        Self::BadgeSeen,
        Self::Authenticated,
        Self::Idle,
        Self::Locked,
        Self::Expired,
        Self::Ended,
    ];

    /// Whether anything may be done in it.
    #[must_use]
    pub fn authorises(self) -> bool {
        self == Self::Authenticated
    }

    /// The name, as in entries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::BadgeSeen => "badge-seen",
            Self::Authenticated => "authenticated",
            Self::Idle => "idle",
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

/// What happens to a station or a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionEvent {
    /// A badge was scanned.
    Scanned,
    /// The scanned badge waited too long for its PIN.
    Lapsed,
    /// Badge and PIN were right.
    SignedIn,
    /// Nothing was done for the idle time.
    Quiet,
    /// Nothing was done for the idle time and the time in which it could be resumed.
    Abandoned,
    /// The longest time of a session was over.
    TooLong,
    /// Its operator gave the PIN again.
    Resumed,
    /// Too many wrong PINs.
    WrongPins,
    /// Its operator's badge was used at another station sooner than he can walk there.
    TooFast,
    /// A further factor raised the level.
    SteppedUp,
    /// The raised level's time was over.
    SteppedDown,
    /// A second person joined.
    Joined,
    /// The second person left.
    Left,
    /// It was ended: by badge, at the page, by an administrator, by a change or a restart.
    SignedOut,
    /// Somebody else signed in at the station, or the operator anew or elsewhere.
    Replaced,
}

impl SessionEvent {
    /// All events.
    pub const ALL: [Self; 15] = [
        Self::Scanned,
        Self::Lapsed,
        Self::SignedIn,
        Self::Quiet,
        Self::Abandoned,
        Self::TooLong,
        Self::Resumed,
        Self::WrongPins,
        Self::TooFast,
        Self::SteppedUp,
        Self::SteppedDown,
        Self::Joined,
        Self::Left,
        Self::SignedOut,
        Self::Replaced,
    ];
}

/// A second person in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Present {
    /// Who.
    pub operator: OperatorId,
    /// How strongly authenticated, as in `Movement::auth_level`.
    pub auth_level: u8,
}

/// The second person of a movement: present, authenticated and with the right to it himself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Who; never the movement's operator.
    pub operator: OperatorId,
    /// How strongly authenticated, as in `Movement::auth_level`.
    pub auth_level: u8,
    /// Why he would have been allowed to move it.
    pub decision: Decision,
}
