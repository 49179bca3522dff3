//! The steps of a walk, and how often each comes.

use proptest::{prelude::*, sample::Index};

use crate::books;

/// What happens next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Somebody reserves a posting, and another may post it at once.
    Reserve {
        kind: usize,
        item: usize,
        quantity: i64,
        cents: i64,
        both: bool,
        back: Option<i64>,
        soon: bool,
        at_once: bool,
    },
    /// A second person posts a reservation, or the first one alone tries to.
    Post { which: Index, alone: bool },
    /// A reservation is voided.
    Void(Index),
    /// A movement is taken back.
    Back(Index),
    /// More or less is counted than is free.
    Count { item: usize, place: usize, more: i64 },
    /// What waits for its inspection is released.
    Release { item: usize, place: usize },
    /// A pass shows what a task expects, or one piece less, which somebody accepts.
    Pass { kind: usize, item: usize, quantity: i64, cents: i64, short: bool },
    /// A cost is landed.
    Land { which: Index, cents: i64 },
    /// Milliseconds go by.
    Wait(u64),
    /// All but the last so many days are closed.
    Close(i64),
    /// Something that was asked before is asked again, or something else under its id.
    Again { which: Index, other: bool },
    /// What was decided is flushed.
    Flush,
    /// The program stops and starts.
    Restart,
    /// It dies, with all that was not flushed.
    Crash,
}

/// Any step.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let kind = || prop_oneof![3 => 0..2_usize, 4 => 2..books::KINDS.len() - 1];
    let back = || prop_oneof![4 => Just(None), 1 => (1..6_i64).prop_map(Some)];
    let quantity = || prop_oneof![8 => 1..9_i64, 1 => Just(10_000)];
    let index = any::<Index>;
    let reserve = (kind(), 0..2_usize, quantity(), 0..2_000_i64, any::<bool>(), back());
    let reserve = (reserve, any::<bool>(), any::<bool>());
    prop_oneof![
        14 => reserve.prop_map(|((kind, item, quantity, cents, both, back), soon, at_once)| {
            Step::Reserve { kind, item, quantity, cents, both, back, soon, at_once }
        }),
        6 => (index(), any::<bool>()).prop_map(|(which, alone)| Step::Post { which, alone }),
        2 => index().prop_map(Step::Void),
        3 => index().prop_map(Step::Back),
        2 => (0..2_usize, 0..2_usize, -2..3_i64)
            .prop_map(|(item, place, more)| Step::Count { item, place, more }),
        1 => (0..2_usize, 0..2_usize).prop_map(|(item, place)| Step::Release { item, place }),
        6 => (kind(), 0..2_usize, quantity(), 0..2_000_i64, any::<bool>()).prop_map(
            |(kind, item, quantity, cents, short)| Step::Pass { kind, item, quantity, cents, short }
        ),
        2 => (index(), -500..2_000_i64).prop_map(|(which, cents)| Step::Land { which, cents }),
        3 => prop_oneof![2 => 1..10_000_u64, 1 => 86_400_000..200_000_000_u64].prop_map(Step::Wait),
        1 => (0..6_i64).prop_map(Step::Close),
        3 => (index(), any::<bool>()).prop_map(|(which, other)| Step::Again { which, other }),
        8 => Just(Step::Flush),
        2 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}
