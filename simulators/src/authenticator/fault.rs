//! The ways in which one answer can be spoilt.
//!
//! Absent: how; each stands where the spoilt part is made.

/// How one answer is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The page is of another site.
    WrongOrigin,
    /// The page is in a frame of another site.
    CrossOrigin,
    /// The key answers for another relying party.
    WrongRpId,
    /// The browser says that it did the other operation.
    WrongType,
    /// Another question is answered.
    WrongChallenge,
    /// Nobody touched the key.
    NotPresent,
    /// The user was not verified.
    NotVerified,
    /// Backed up and yet not to be backed up.
    BackupFlags,
    /// The counter is that of the last answer, as of a copied key.
    CounterBack,
    /// Another key signs.
    OtherKey,
    /// One bit of the counter is turned after signing.
    TamperedData,
    /// A blank is put into clientDataJSON after signing.
    TamperedClient,
    /// The user handle is somebody else's.
    WrongUser,
    /// The credential id is another one.
    WrongId,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 14] = [
        Self::WrongOrigin,
        Self::CrossOrigin,
        Self::WrongRpId,
        Self::WrongType,
        Self::WrongChallenge,
        Self::NotPresent,
        Self::NotVerified,
        Self::BackupFlags,
        Self::CounterBack,
        Self::OtherKey,
        Self::TamperedData,
        Self::TamperedClient,
        Self::WrongUser,
        Self::WrongId,
    ];
}
