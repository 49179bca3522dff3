//! Where things are at which time: courses along the door's axis, in metres and seconds.
//!
//! x is 0 in the door, negative outside, positive inside; y is across the door, 0 in its middle. A
//! course is straight between its points and stands before the first and after the last. A body is
//! what breaks the beams: the pallet and the truck that carries it.

use super::Way;

/// Where the photo-eyes are, either side of the door.
pub(super) const BEAM_X: f64 = 0.5;
/// Half a pallet (EN 13698-1: 1200 mm).
pub(super) const HALF_PALLET: f64 = 0.6;
/// A pallet truck or a small forklift without its forks.
pub(super) const TRUCK: f64 = 2.0;
/// How far away a course begins and ends.
pub(super) const FAR: f64 = 6.0;

/// A way through time.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// Time and place, in the order of time.
    pub(super) points: Vec<(f64, f64)>,
}

impl Course {
    /// Through the door, or along it elsewhere.
    pub(super) fn through(way: Way, start: f64, speed: f64) -> Self {
        let side = sign(way);
        Self { points: vec![(start, -FAR * side), (start + 2.0 * FAR / speed, FAR * side)] }
    }

    /// Goes by the places given with their pauses.
    pub(super) fn by(start: f64, speed: f64, places: &[(f64, f64)]) -> Self {
        let mut at = start;
        let mut points: Vec<(f64, f64)> = vec![];
        for (place, pause) in places {
            if let Some((_, last)) = points.last() {
                at += (place - last).abs() / speed;
            }
            points.push((at, *place));
            if *pause > 0.0 {
                at += pause;
                points.push((at, *place));
            }
        }
        Self { points }
    }

    /// The place at a time.
    pub(super) fn at(&self, time: f64) -> f64 {
        let Some(first) = self.points.first() else { return FAR };
        if time <= first.0 {
            return first.1;
        }
        for pair in self.points.windows(2) {
            let ((from, x), (to, y)) = (pair[0], pair[1]);
            if time < to {
                return x + (y - x) * (time - from) / (to - from).max(1e-9);
            }
        }
        self.points.last().map_or(FAR, |last| last.1)
    }

    /// When it is over.
    pub(super) fn end(&self) -> f64 {
        self.points.last().map_or(0.0, |last| last.0)
    }
}

/// What breaks beams.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) course: Course,
    /// From the course's place to its ends.
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Body {
    /// A pallet with its truck on the given side of it (-1 outside, 1 inside, 0 none).
    pub(super) fn pallet(course: &Course, truck: f64) -> Self {
        let from = -HALF_PALLET - if truck < 0.0 { TRUCK } else { 0.0 };
        let to = HALF_PALLET + if truck > 0.0 { TRUCK } else { 0.0 };
        Self { course: course.clone(), from, to }
    }

    /// Whether it stands in a beam.
    pub(super) fn breaks(&self, beam: f64, time: f64) -> bool {
        let x = self.course.at(time);
        x + self.from <= beam && beam <= x + self.to
    }
}

/// 1 on the way in.
pub(super) fn sign(way: Way) -> f64 {
    match way {
        Way::In => 1.0,
        Way::Out => -1.0,
    }
}
