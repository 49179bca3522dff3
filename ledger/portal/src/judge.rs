//! What a closed pass means, tag by tag.

use gatewarden_model::{
    Direction, Pass, Sighting,
    pass::{Doubt, Doubtful},
};

use crate::{
    PortalSettings, Transit,
    group::{Group, Went, groups},
    shape::Shape,
    stray::{ELSEWHERE_MAX, WITH_MIN, is_clear, points, prior},
    track::Track,
};

/// Reads that a near tag needs to tell of a group.
const GROUP_READS_MIN: u32 = 4;
/// A closed pass, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// With what went through, each with direction and confidence, what is doubtful, and how many
    /// tags did not go through.
    pub pass: Pass,
    /// What was heard and did not go through.
    pub left: Vec<Doubt>,
    /// What broke the beams.
    pub transits: Vec<Transit>,
}

/// Decides of every track. The pass comes without sightings and goes with them.
pub(crate) fn judge(
    settings: &PortalSettings,
    mut pass: Pass,
    mut tracks: Vec<Track>,
    transits: Vec<Transit>,
) -> Settled {
    tracks.sort_by(|a, b| (a.first.mono_us, &a.thing.key).cmp(&(b.first.mono_us, &b.thing.key)));
    let origin_us = tracks.first().map_or(0, |track| track.first.mono_us);
    let shapes: Vec<Shape> = tracks
        .iter()
        .enumerate()
        .map(|(place, track)| Shape::of(place, track, origin_us))
        .collect();
    let groups = found(settings, &shapes, &tracks, &transits);
    let two_sides = settings.has_two_sides();
    let beside = |(track, shape): (&Track, &Shape)| {
        let points = groups.iter().map(|group| points(track, shape, group, two_sides));
        points.zip(0..).max_by_key(|(points, _)| *points)
    };
    let best: Vec<Option<(i64, usize)>> = tracks.iter().zip(&shapes).map(beside).collect();
    let prior = prior(best.iter().flatten().map(|(points, _)| *points));
    let companions = |group: usize| {
        let may = |best: &&(i64, usize)| best.1 == group && best.0 + prior > ELSEWHERE_MAX;
        best.iter().flatten().filter(may).count()
    };
    let clear: Vec<bool> =
        groups.iter().zip(0..).map(|(g, at)| is_clear(settings, g, companions(at))).collect();
    let (mut doubts, mut left) = (vec![], vec![]);
    for (track, best) in tracks.iter().zip(&best) {
        let sighting = |direction, sure_pct| sighting(track, direction, sure_pct);
        let best = best.and_then(|(points, at): (i64, usize)| {
            Some(Beside { points: points + prior, group: groups.get(at)?, clear: *clear.get(at)? })
        });
        match verdict(settings, track, best) {
            Verdict::Through(way, sure) => pass.sightings.push(sighting(way, sure)),
            Verdict::Doubt(why, way, sure) => {
                doubts.push(Doubt { sighting: sighting(way, sure), why });
            }
            Verdict::Left(why) => {
                left.push(Doubt { sighting: sighting(Direction::Unknown, 0), why });
            }
        }
    }
    pass.doubts = doubts;
    pass.strays = u32::try_from(left.len()).unwrap_or(u32::MAX);
    Settled { pass, left, transits }
}

/// A tag beside the group that it fits best.
struct Beside<'a> {
    points: i64,
    group: &'a Group,
    clear: bool,
}

enum Verdict {
    Through(Direction, u8),
    Doubt(Doubtful, Direction, u8),
    Left(Doubtful),
}

/// The groups of what was near.
fn found(
    settings: &PortalSettings,
    shapes: &[Shape],
    tracks: &[Track],
    transits: &[Transit],
) -> Vec<Group> {
    let level = settings.near_level();
    let is = |s: &&Shape| s.peak_cdbm >= level && s.reads >= GROUP_READS_MIN;
    let near: Vec<Shape> = shapes.iter().filter(is).copied().collect();
    groups(&near, tracks, transits)
}

fn verdict(settings: &PortalSettings, track: &Track, best: Option<Beside>) -> Verdict {
    let Some(Beside { points, group, clear }) = best else { return Verdict::Left(Doubtful::Stray) };
    let sure = group.sure_pct;
    let no_body = settings.beams && group.transit.is_none();
    if points <= ELSEWHERE_MAX || no_body && !clear {
        return Verdict::Left(Doubtful::Stray);
    }
    let way = match group.went {
        Went::In => Direction::In,
        Went::Out => Direction::Out,
        Went::Back => Direction::Unknown,
    };
    let is_sure = sure >= settings.sure_pct;
    let why = match (no_body, clear && points >= WITH_MIN, is_sure) {
        (true, ..) => Doubtful::NoBody,
        // What turned back is not posted, so nobody has to look at what may have been with it.
        (_, certain, true) if group.went == Went::Back && clear => {
            let why = if certain { Doubtful::TurnedBack } else { Doubtful::Stray };
            return Verdict::Left(why);
        }
        (_, false, _) => Doubtful::Stray,
        (_, _, false) => Doubtful::Direction,
        _ if track.suspect => Doubtful::Suspect,
        _ => return Verdict::Through(way, sure),
    };
    Verdict::Doubt(why, way, sure)
}

/// A tag of which nothing is decided yet.
pub(crate) fn undecided(track: &Track) -> Sighting {
    sighting(track, Direction::Unknown, 0)
}

fn sighting(track: &Track, direction: Direction, confidence_pct: u8) -> Sighting {
    Sighting {
        thing: track.thing.clone(),
        device: track.device.clone(),
        antenna: (track.antenna > 0).then_some(track.antenna),
        first: track.first,
        last: track.last,
        reads: track.reads,
        peak_rssi_cdbm: track.peak_cdbm,
        tid: track.tid.clone(),
        trust: track.trust,
        direction,
        confidence_pct,
        evidence: track.evidence,
    }
}
