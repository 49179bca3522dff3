//! The words of definitions: closed sets, each with the name that it has everywhere.
//!
//! Absent: what they mean for a document (`check`, `frame`, `quantities`).

/// A closed set of words with their names.
macro_rules! words_of {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize,
            ::serde::Deserialize,
        )]
        pub enum $name { $($(#[$of])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name, as in entries and definitions.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one of this name.
            #[must_use]
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}
pub(crate) use words_of;

words_of!(/// What an approved document leads to.
Execution {
    /// Nothing: others follow from it.
    None = "none",
    /// A task at a station, where devices see what moves.
    Task = "task",
    /// A posting, made by the approval itself.
    Posting = "posting",
    /// It becomes master data.
    Master = "master",
});

words_of!(/// Until when a new version may replace one that was submitted.
Amend {
    /// Only as a draft: afterwards it is cancelled and written anew.
    Draft = "draft",
    /// Until its execution began.
    Approved = "approved",
    /// Also in execution, while nothing of it is in hand.
    InExecution = "in-execution",
});

words_of!(/// What becomes of more than the tolerance lets pass.
OverAct {
    /// It is refused.
    Refuse = "refuse",
    /// It is held until somebody approves the excess with a reason.
    Hold = "hold",
});

words_of!(/// What the quantity of a line says.
QuantityRule {
    /// How much is to move: more than 0.
    Positive = "positive",
    /// How much, perhaps nothing: a balance, a count of what should be there.
    ZeroOrMore = "zero-or-more",
    /// Nothing: it must be 0.
    Zero = "zero",
});

words_of!(/// What a head must state.
HeadField {
    /// What it is about.
    Title = "title",
    /// The other side.
    Partner = "partner",
    /// The day that it bears.
    Date = "date",
    /// The day by which it is done.
    Due = "due",
    /// Who needs it.
    Requester = "requester",
    /// Where it is done.
    Station = "station",
    /// Why.
    Note = "note",
});

words_of!(/// What a line must state.
LineField {
    /// From where.
    From = "from",
    /// To where.
    To = "to",
    /// Which lot.
    Lot = "lot",
    /// Whose it is.
    Owner = "owner",
    /// What it costs.
    Amount = "amount",
    /// By when.
    Due = "due",
});

words_of!(/// Inspection levels of ISO 2859-1: the special ones and the general ones.
InspectionLevel {
    /// S-1.
    S1 = "S-1",
    /// S-2.
    S2 = "S-2",
    /// S-3.
    S3 = "S-3",
    /// S-4.
    S4 = "S-4",
    /// I: less is told apart.
    One = "I",
    /// II: the usual one.
    Two = "II",
    /// III: more is told apart.
    Three = "III",
});

words_of!(/// What an inspection decides of a quantity.
Outcome {
    /// It is as it should be.
    Accept = "accept",
    /// It goes back or away.
    Reject = "reject",
    /// It is mended and inspected again.
    Rework = "rework",
    /// It is used although it is not as it should be; somebody answers for that.
    Concession = "concession",
});

/// The words that hold where none stands.
macro_rules! usual {
    ($($name:ident :: $variant:ident),+ $(,)?) => {$(
        #[allow(clippy::derivable_impls, reason = "the words are listed without attributes of theirs")]
        impl Default for $name {
            fn default() -> Self {
                Self::$variant
            }
        }
    )+};
}
usual!(Amend::Approved, OverAct::Refuse, QuantityRule::Positive);
