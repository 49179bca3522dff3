//! Tags that went together, and which way they went.
//!
//! Near tags whose strongest moments lie close to one another are a group: a pallet, or two. Its
//! direction comes from three things that the antennas tell and one that the beams tell: which half
//! heard it at its beginning and at its end, which half's strongest moment came first, how RSSI changed
//! at either half, and how a body went through the beams. A body that goes back may have left its goods
//! behind: so beams that say "back" only weaken what the antennas say. Antennas and beams that say
//! opposite ways are never sure (an eye is wired wrongly, or two things are mixed up). In integers;
//! 100 points are about one good bit of evidence.

use crate::{
    Transit, Zone,
    profile::{Profile, normal, pour},
    shape::{Shape, Sums},
    track::Track,
};

/// Near tags belong to one group if their strongest moments are no farther apart.
const APART_US: u64 = 1_200_000;
/// How sure at most where antennas and beams say opposite ways, in percent.
const OPPOSED_PCT_MAX: u8 = 60;

/// Where something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    In,
    Out,
    Back,
}

/// What went together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) from_us: u64,
    pub(crate) to_us: u64,
    pub(crate) members: usize,
    pub(crate) median_cdbm: i16,
    pub(crate) sums: Sums,
    pub(crate) went: Went,
    pub(crate) sure_pct: u8,
    pub(crate) median_across: i64,
    pub(crate) median_spread_ms: u64,
    pub(crate) profile: Profile,
    /// The body that was in the beams with it.
    pub(crate) transit: Option<Transit>,
}

/// The groups of the near ones among shapes, in the order of time.
pub(crate) fn groups(near: &[Shape], tracks: &[Track], transits: &[Transit]) -> Vec<Group> {
    let mut sorted = near.to_vec();
    sorted.sort_by_key(|shape| (shape.centre_us, shape.peak_cdbm, shape.reads));
    let together = sorted.chunk_by(|a, b| b.centre_us - a.centre_us <= APART_US);
    together.filter_map(|members| group(members, tracks, transits)).collect()
}

fn group(members: &[Shape], tracks: &[Track], transits: &[Transit]) -> Option<Group> {
    let (from_us, to_us) = (members.first()?.centre_us, members.last()?.centre_us);
    let mut sums = Sums::default();
    members.iter().for_each(|member| sums.add(&member.sums));
    let heard =
        (members.iter().map(|m| m.first_us).min()?, members.iter().map(|m| m.last_us).max()?);
    let transit = with(transits, from_us + (to_us - from_us) / 2, heard);
    let mut profile = Profile::new();
    members.iter().filter_map(|m| tracks.get(m.track)).for_each(|t| pour(&mut profile, t));
    let (went, sure_pct) = fuse(&sums, transit);
    Some(Group {
        from_us,
        to_us,
        members: members.len(),
        median_cdbm: median(members, |m| m.peak_cdbm)?,
        sums,
        went,
        sure_pct,
        median_across: median(members, |m| m.across)?,
        median_spread_ms: median(members, |m| m.spread_ms)?,
        profile: normal(profile),
        transit: transit.copied(),
    })
}

fn median<T: Ord + Copy>(members: &[Shape], of: impl Fn(&Shape) -> T) -> Option<T> {
    let mut sorted: Vec<T> = members.iter().map(of).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// The transit nearest to a group's middle, of those while it was heard.
fn with(transits: &[Transit], middle: u64, heard: (u64, u64)) -> Option<&Transit> {
    let away = |t: &Transit| t.from_us.saturating_sub(middle).max(middle.saturating_sub(t.to_us));
    let then = |t: &&Transit| t.from_us <= heard.1 && heard.0 <= t.to_us;
    transits.iter().filter(then).min_by_key(|transit| away(transit))
}

/// Joins what antennas and beams tell to one answer and how sure it is, in percent.
pub(crate) fn fuse(sums: &Sums, transit: Option<&Transit>) -> (Went, u8) {
    let (start, end) = (sums.start(), sums.end());
    let least = start.abs().min(end.abs());
    let (ends, back) = match start.signum() * end.signum() {
        -1 => (least.min(500) * end.signum(), 0),
        1 => (0, least.min(500)),
        _ => (0, 0),
    };
    let order = (sums.order_ms() / 4).clamp(-200, 200);
    let trend = (sums.trend_cdb() / 4).clamp(-200, 200);
    let (body, body_back): (i64, i64) = match transit {
        Some(t) if t.both && t.first != t.last => {
            (if t.last == Zone::Inner { 400 } else { -400 }, -300)
        }
        Some(t) if t.both => (0, 200),
        // Only one beam: it went hardly in, or the other eye is blind.
        Some(_) => (0, 50),
        None => (0, 0),
    };
    let antennas = ends + order + trend;
    let most = if antennas.signum() * body.signum() < 0 { OPPOSED_PCT_MAX } else { 99 };
    let moved = antennas + body;
    let back = back + body_back;
    if back > moved.abs() {
        (Went::Back, percent(back - moved.abs()))
    } else {
        let went = if moved > 0 { Went::In } else { Went::Out };
        (went, percent(moved.abs() - back.max(0)).min(most))
    }
}

/// 50 % for nothing, towards 99 % for much.
fn percent(points: i64) -> u8 {
    let squared = points * points;
    u8::try_from(50 + 49 * squared / (squared + 150 * 150)).unwrap_or(50)
}
