//! Whether a tag went with a group, or was heard from elsewhere.
//!
//! Seven things speak: its strongest read beside the group's; whether it went from one half to the
//! other as the group did; whether both sides of the door heard it; whether it was heard when and where
//! the group was; how far its strongest moment is from the group's; whether so weak a tag was heard for
//! longer than the group (a weak tag in the door is heard briefly, a strong one at the next door for
//! long); how few reads there are. An eighth is the pass itself: where others were clearly elsewhere, a
//! doubtful one is likelier so. Points are hundredths of log-odds; the weights were fitted (logistic
//! regression) on drawn passes, and tested on others. Between the two bounds somebody has to look.

use crate::{
    PortalSettings,
    group::{Group, Went},
    profile::fit,
    shape::Shape,
    track::Track,
};

/// At least so many points: it went with the group.
pub(crate) const WITH_MIN: i64 = 100;
/// At most so many points: it was elsewhere.
pub(crate) const ELSEWHERE_MAX: i64 = -350;
/// At most so many points, before the pass itself speaks: clearly elsewhere.
const CLEARLY_MAX: i64 = -250;
/// So many clearly elsewhere make others likelier so.
const OTHERS_MIN: usize = 3;
/// What nobody being elsewhere, and others being elsewhere, is worth.
const ALONE: i64 = 350;
const AMONG_OTHERS: i64 = -280;
/// Reads from which on a tag's shape counts in full.
const READS_FULL: i64 = 8;

/// What all tags of a pass say of each.
pub(crate) fn prior(points: impl Iterator<Item = i64>) -> i64 {
    match points.filter(|points| *points <= CLEARLY_MAX).count() {
        0 => ALONE,
        1..OTHERS_MIN => -50,
        _ => AMONG_OTHERS,
    }
}

/// The points of a tag beside a group.
pub(crate) fn points(track: &Track, shape: &Shape, group: &Group, two_sides: bool) -> i64 {
    let reads = i64::from(shape.reads).max(1);
    let full = reads.min(READS_FULL);
    let below = i64::from(group.median_cdbm) - i64::from(shape.peak_cdbm);
    let sides = if two_sides { shape.across.min(250) } else { 250 };
    645 - below.clamp(0, 1000) * 77 / 100
        + along(shape, group) * 42 / 100
        + 447 * sides * full / (250 * READS_FULL)
        - (500 - fit(track, &group.profile)).max(0) * 466 / 100
        + 157 / reads
        - off_ms(shape, group) * 40 / 100
        - longer(shape, group) * (below / 100).clamp(0, 20) * full * 571 / (10_000 * READS_FULL)
}

/// How far it went the group's way, from -300 to 600.
fn along(shape: &Shape, group: &Group) -> i64 {
    let along = shape.sums.along();
    let along = match group.went {
        Went::In => along,
        Went::Out => -along,
        Went::Back => 0,
    };
    along.clamp(-300, 600)
}

/// How far its strongest moment is from the group's, at most a second.
fn off_ms(shape: &Shape, group: &Group) -> i64 {
    let before = group.from_us.saturating_sub(shape.centre_us);
    let after = shape.centre_us.saturating_sub(group.to_us);
    i64::try_from(before.max(after) / 1000).map_or(1000, |off| off.min(1000))
}

/// How much longer it was heard than the group, in thousandths, at most 1500.
fn longer(shape: &Shape, group: &Group) -> i64 {
    let (mine, usual) = (shape.spread_ms.max(50), group.median_spread_ms.max(50));
    i64::try_from(mine.saturating_mul(1000) / usual).map_or(1500, |r| (r - 1000).clamp(0, 1500))
}

/// Whether a group can be posted: so strong and so well heard from both sides as goods in the door
/// are. `companions` are the tags of the pass that may belong to it: goods at the next door, of which
/// a few are heard as if they were near, have many more that are not.
pub(crate) fn is_clear(settings: &PortalSettings, group: &Group, companions: usize) -> bool {
    let above = i64::from(group.median_cdbm) - i64::from(settings.near_level());
    let most_are_near = group.members.saturating_mul(2) >= companions;
    let (strong, faint) = (above >= 450, above >= if most_are_near { 100 } else { 200 });
    let across = if !settings.has_two_sides() { i64::MAX } else { group.median_across };
    strong && across >= 200 || faint && (most_are_near || group.members >= 6) && across >= 300
}
