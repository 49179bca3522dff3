//! Draws a scene: what goes through, what else is near, and what the portal reports of it.

use crate::{Seed, try_sgtin96};

use super::{
    Fate, Plot, Report, TAGS_MAX, Way,
    course::{BEAM_X, Body, Course, FAR, HALF_PALLET, TRUCK, sign},
    radio::{DWELL, Shadow, heard, normal, takes_part, try_read, uniform},
};

/// A scene is cut off after this, in seconds.
const SECONDS_MAX: f64 = 90.0;
const GTIN: &str = "04012345000009";
const PREFIX_LEN: usize = 7;
/// The middle of the next door (dock doors stand 3.6 to 4 m apart).
const NEXT_DOOR: f64 = 3.8;

/// How scenes are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SceneOptions {
    /// Whether the portal has photo-eyes.
    pub beams: bool,
    /// Single reads lost, between these, in percent.
    pub lost_pct: (u8, u8),
    /// Tags of a load that moves; drawn without it.
    pub pieces: Option<u8>,
}

impl Default for SceneOptions {
    fn default() -> Self {
        Self { beams: true, lost_pct: (30, 40), pieces: None }
    }
}

/// What a portal reported, and what really happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// Draws it again.
    pub seed: u64,
    /// What happened.
    pub plot: Plot,
    /// What was reported, in the order of time.
    pub reports: Vec<Report>,
    /// What became of each tag.
    pub fates: Vec<Fate>,
}

impl Scene {
    /// The EPC memory of a tag: an SGTIN-96 whose serial tells scene and tag.
    #[must_use]
    pub fn epc(&self, tag: usize) -> [u8; 12] {
        let serial = (self.seed % 1_000_000) * 1000 + tag as u64;
        try_sgtin96(GTIN, serial, PREFIX_LEN).unwrap_or_default()
    }
}

struct Load {
    course: Course,
    /// Across the door.
    lane: f64,
    /// Further loss or gain on the way to it, in dB.
    path: f64,
    tags: usize,
    fate: Fate,
}

struct Tag {
    load: usize,
    offset: (f64, f64, f64),
    shadow: Shadow,
    /// How much weaker the way round is, in dB.
    detour: f64,
}

/// Draws the scene of a seed.
#[must_use]
pub fn scene(seed: u64, options: SceneOptions) -> Scene {
    let mut draw = Seed::new(seed ^ 0x706F_7274_616C);
    let plot = plot(&mut draw);
    let (mut loads, bodies) = act(&mut draw, plot, options.pieces);
    let end = loads.iter().map(|l| l.course.end()).chain(bodies.iter().map(|b| b.course.end()));
    let end = (end.fold(4.0, f64::max) + 3.0).min(SECONDS_MAX);
    if plot == Plot::Elsewhere || draw.chance(40) {
        bystanders(&mut draw, plot, &mut loads);
    }
    let mut tags = vec![];
    for (load, about) in loads.iter().enumerate() {
        for _ in 0..about.tags.min(TAGS_MAX - tags.len()) {
            let (x, y) = (uniform(&mut draw, -0.55, 0.55), uniform(&mut draw, -0.4, 0.4));
            let offset = (x, y, uniform(&mut draw, 0.3, 1.8));
            let (shadow, detour) = (Shadow::draw(&mut draw), uniform(&mut draw, 5.0, 15.0));
            tags.push(Tag { load, offset, shadow, detour });
        }
    }
    let mut reports = inventory(&mut draw, &loads, &tags, end, options.lost_pct);
    if options.beams {
        reports.extend(beams(&mut draw, &bodies, end));
    }
    reports.sort_by_key(Report::at_us);
    let fates = tags.iter().map(|tag| loads[tag.load].fate).collect();
    Scene { seed, plot, reports, fates }
}

fn plot(draw: &mut Seed) -> Plot {
    match draw.below(100) {
        0..38 => Plot::Straight,
        38..50 => Plot::Stops,
        50..62 => Plot::TurnsBack,
        62..71 => Plot::Tandem,
        71..76 => Plot::Crossing,
        76..84 => Plot::PutsDown,
        84..91 => Plot::Reversing,
        91..95 => Plot::Empty,
        _ => Plot::Elsewhere,
    }
}

/// What goes through the door, and what of it breaks the beams.
fn act(draw: &mut Seed, plot: Plot, pieces: Option<u8>) -> (Vec<Load>, Vec<Body>) {
    let way = if draw.chance(50) { Way::In } else { Way::Out };
    let (side, speed) = (sign(way), uniform(draw, 0.6, 1.8));
    let start = uniform(draw, 0.5, 2.0);
    let load = |draw: &mut Seed, course: &Course, fate| Load {
        course: course.clone(),
        lane: uniform(draw, -0.25, 0.25),
        path: 0.0,
        tags: {
            // Drawn also where it is given: what comes after stays as it is.
            let drawn = 4 + usize::try_from(draw.below(56)).unwrap_or(0);
            pieces.map_or(drawn, usize::from)
        },
        fate,
    };
    let through = Course::through(way, start, speed);
    let moved = Fate::Moved(way);
    match plot {
        Plot::Straight => (vec![load(draw, &through, moved)], vec![Body::pallet(&through, -side)]),
        Plot::Reversing => (vec![load(draw, &through, moved)], vec![Body::pallet(&through, side)]),
        Plot::Stops => {
            let (at, pause) = (uniform(draw, -1.5, 1.5), uniform(draw, 2.0, 15.0));
            let places = [(-FAR * side, 0.0), (at, pause), (FAR * side, 0.0)];
            let course = Course::by(start, speed, &places);
            (vec![load(draw, &course, moved)], vec![Body::pallet(&course, -side)])
        }
        Plot::TurnsBack => {
            let (at, pause) = (uniform(draw, -0.9, 0.6) * side, uniform(draw, 0.0, 5.0));
            let places = [(-FAR * side, 0.0), (at, pause), (-FAR * side, 0.0)];
            let course = Course::by(start, speed, &places);
            let body = Body::pallet(&course, -side);
            (vec![load(draw, &course, Fate::TurnedBack)], vec![body])
        }
        Plot::Tandem => {
            let gap = 2.0 * HALF_PALLET + TRUCK + uniform(draw, 0.8, 2.0);
            let second = Course::through(way, start + gap / speed, speed);
            let loads = vec![load(draw, &through, moved), load(draw, &second, moved)];
            (loads, vec![Body::pallet(&through, -side), Body::pallet(&second, -side)])
        }
        Plot::Crossing => {
            let (back, after) = (opposite(way), uniform(draw, 1.0, 4.0));
            let clear = start + (FAR + 3.2) / speed;
            let second = Course::through(back, (clear + after - FAR / speed).max(start), speed);
            let loads = vec![load(draw, &through, moved), load(draw, &second, Fate::Moved(back))];
            (loads, vec![Body::pallet(&through, -side), Body::pallet(&second, side)])
        }
        Plot::PutsDown => {
            let at = uniform(draw, 2.6, 4.0) * side;
            let load_course = Course::by(start, speed, &[(-FAR * side, 0.0), (at, 4.0)]);
            let pause = uniform(draw, 1.0, 3.0);
            let places = [(-FAR * side, 0.0), (at, pause), (-FAR * side, 0.0)];
            let truck = Course::by(start, speed, &places);
            (vec![load(draw, &load_course, moved)], vec![Body::pallet(&truck, -side)])
        }
        Plot::Empty => (vec![], vec![Body::pallet(&through, -side)]),
        Plot::Elsewhere => (vec![], vec![]),
    }
}

/// Pallets that stand near, and one that goes through the next door.
fn bystanders(draw: &mut Seed, plot: Plot, loads: &mut Vec<Load>) {
    let next_door = draw.chance(60);
    if next_door {
        let way = if draw.chance(50) { Way::In } else { Way::Out };
        let (start, speed) = (uniform(draw, 0.0, 6.0), uniform(draw, 0.6, 1.8));
        let lane = if draw.chance(50) { NEXT_DOOR } else { -NEXT_DOOR };
        let path = uniform(draw, 0.0, 10.0);
        let tags = 10 + usize::try_from(draw.below(50)).unwrap_or(0);
        let course = Course::through(way, start, speed);
        loads.push(Load { course, lane, path, tags, fate: Fate::Stray });
    }
    if !next_door || draw.chance(40) || plot == Plot::Elsewhere {
        let side = if draw.chance(70) { 1.0 } else { -1.0 };
        let course = Course { points: vec![(0.0, uniform(draw, 2.4, 4.5) * side)] };
        let (lane, path) = (uniform(draw, -2.5, 2.5), uniform(draw, 0.0, 6.0));
        let tags = 5 + usize::try_from(draw.below(25)).unwrap_or(0);
        loads.push(Load { course, lane, path, tags, fate: Fate::Stray });
    }
}

fn inventory(
    draw: &mut Seed,
    loads: &[Load],
    tags: &[Tag],
    end: f64,
    lost_pct: (u8, u8),
) -> Vec<Report> {
    let spread = u64::from(lost_pct.1.saturating_sub(lost_pct.0)) + 1;
    let lost = lost_pct.0.saturating_add(u8::try_from(draw.below(spread)).unwrap_or(0));
    let slots = 8 + usize::try_from(draw.below(9)).unwrap_or(0);
    let (mut reports, mut time, mut next) = (vec![], 0.0, [0usize; 4]);
    while time < end {
        for antenna in 1..=4u16 {
            let round: Vec<(usize, f64)> = tags
                .iter()
                .enumerate()
                .map(|(index, tag)| (index, rssi(antenna, &loads[tag.load], tag, time)))
                .filter(|(_, rssi)| takes_part(*rssi))
                .collect();
            let turn = &mut next[usize::from(antenna - 1)];
            for slot in 0..slots.min(round.len()) {
                let (tag, rssi) = round[(*turn + slot) % round.len()];
                if let Some(rssi_cdbm) = try_read(draw, rssi, lost) {
                    let at_us = micros(time) + slot as u64 * 1500;
                    reports.push(Report::Read { at_us, tag, antenna, rssi_cdbm });
                }
            }
            *turn = turn.wrapping_add(slots);
            time += DWELL;
        }
    }
    reports
}

fn rssi(antenna: u16, load: &Load, tag: &Tag, time: f64) -> f64 {
    let x = load.course.at(time) + tag.offset.0;
    // Beyond its course a load is out of the hall.
    if load.fate != Fate::Stray && x.abs() > FAR - 0.6 {
        return f64::MIN;
    }
    let at = (x, load.lane + tag.offset.1, tag.offset.2);
    // By way of walls and racks every antenna hears something of what the best one hears.
    let best = (1..=4).map(|one| heard(one, at, tag.shadow)).fold(f64::MIN, f64::max);
    heard(antenna, at, tag.shadow).max(best - tag.detour) + load.path
}

fn beams(draw: &mut Seed, bodies: &[Body], end: f64) -> Vec<Report> {
    // One eye in fifty is dirty and sees nothing.
    let blind = draw.chance(2).then(|| draw.chance(50));
    let mut reports = vec![];
    for outer in [true, false] {
        if blind == Some(outer) {
            continue;
        }
        let (place, mut was, mut time) = (if outer { -BEAM_X } else { BEAM_X }, false, 0.0);
        while time < end {
            let broken = bodies.iter().any(|body| body.breaks(place, time));
            if broken != was {
                let at_us = micros(time + 0.002 * normal(draw).abs());
                reports.push(Report::Beam { at_us, outer, broken });
                was = broken;
            }
            time += 0.01;
        }
    }
    reports
}

fn opposite(way: Way) -> Way {
    match way {
        Way::In => Way::Out,
        Way::Out => Way::In,
    }
}

fn micros(seconds: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
    let us = (seconds.clamp(0.0, SECONDS_MAX * 2.0) * 1e6) as u64;
    us
}
