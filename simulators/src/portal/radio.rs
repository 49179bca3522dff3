//! What an antenna hears of a tag, and how a reader goes round its antennas.
//!
//! Backscatter falls with the fourth power of the distance; both ways through the antenna's pattern
//! (a 9 dBi patch: 3 dB down at 35° one way). Each tag has a shadow of its own and one a side (goods in
//! between), a few lie behind liquid or metal; each read fades. Of what could be heard, 30 to 40 % of
//! the single reads are lost to collisions and body (the premise of SMURF, UCB/EECS-2006-29). A reader
//! gives each antenna 25 ms and tries 8 to 16 tags in it (320 to 640 a second; real ones do 700 to
//! 1,500). Absent: phase, Doppler, Gen2 sessions.

use crate::Seed;

/// Antennas: place along and across the door, height, and where across they look.
const ANTENNAS: [(f64, f64, f64, f64); 4] =
    [(-0.8, -1.4, 1.3, 1.0), (-0.8, 1.4, 1.3, -1.0), (0.8, -1.4, 1.3, 1.0), (0.8, 1.4, 1.3, -1.0)];
/// RSSI at one metre on the axis, dBm.
const AT_ONE_METRE: f64 = -45.0;
/// Where half of the answers are understood, dBm.
const SENSITIVITY: f64 = -74.0;
/// How soft that edge is, dB.
const EDGE: f64 = 1.5;
/// How long the reader listens at one antenna, seconds.
pub(super) const DWELL: f64 = 0.025;

/// How one tag differs from others, in dB, negative where it is weaker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shadow {
    pub(super) own: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

impl Shadow {
    /// Draws one of a tag among goods.
    pub(super) fn draw(seed: &mut Seed) -> Self {
        let mut own = normal(seed) * 3.0;
        if seed.chance(6) {
            own -= uniform(seed, 6.0, 12.0);
        }
        let side = |seed: &mut Seed| -uniform(seed, 0.0, 8.0) + normal(seed);
        Self { own, left: side(seed), right: side(seed) }
    }
}

/// RSSI of a tag at an antenna (from 1), before fading, in dBm.
pub(super) fn heard(antenna: u16, at: (f64, f64, f64), shadow: Shadow) -> f64 {
    let place = usize::from(antenna.saturating_sub(1)).min(ANTENNAS.len() - 1);
    let (ax, ay, az, looks) = ANTENNAS[place];
    let (dx, dy, dz) = (at.0 - ax, at.1 - ay, at.2 - az);
    let distance = (dx * dx + dy * dy + dz * dz).sqrt().max(0.3);
    let angle = (dy * looks / distance).clamp(-1.0, 1.0).acos().to_degrees();
    let pattern = (12.0 * (angle / 70.0).powi(2)).min(14.0);
    let side = if looks > 0.0 { shadow.left } else { shadow.right };
    AT_ONE_METRE - 40.0 * distance.log10() - 2.0 * pattern + shadow.own + side
}

/// One try: what comes of it in hundredths of a dBm. Draws the same numbers whatever comes of it.
pub(super) fn try_read(seed: &mut Seed, rssi: f64, lost_pct: u8) -> Option<i16> {
    let fade = normal(seed) * 2.5 - if seed.chance(10) { 6.0 } else { 0.0 };
    let (lost, noise) = (seed.chance(lost_pct), uniform(seed, 0.0, 1.0));
    let understood = 1.0 / (1.0 + ((SENSITIVITY - rssi - fade) / EDGE).exp());
    // Readers report steps of half a dB.
    let steps = ((rssi + fade) * 2.0).round();
    #[allow(clippy::cast_possible_truncation, reason = "clamped")]
    let cdbm = (steps * 50.0).clamp(-9000.0, -1000.0) as i16;
    (!lost && noise < understood).then_some(cdbm)
}

/// True where an answer is strong enough to take a slot of the round.
pub(super) fn takes_part(rssi: f64) -> bool {
    rssi > SENSITIVITY - 6.0
}

/// Between two numbers, evenly.
pub(super) fn uniform(seed: &mut Seed, from: f64, to: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a draw of 32 bits")]
    let share = seed.below(1 << 32) as f64 / 4_294_967_296.0;
    from + (to - from) * share
}

/// About normal with deviation 1 (Irwin and Hall, twelve draws).
pub(super) fn normal(seed: &mut Seed) -> f64 {
    (0..12).map(|_| uniform(seed, 0.0, 1.0)).sum::<f64>() - 6.0
}
