//! `gatewarden bench portal`: how often a portal is right, beside the EdgeX rule and a plain dedupe on
//! the same passes.
//!
//! The passes are drawn from seeds by the simulators, with the truth beside them; the seeds differ from
//! those that the portal was tuned on. Shares are of tags. Absent: readers' protocols; what is measured
//! begins where a driver ends.

use std::{collections::HashMap, time::Instant};

use gatewarden_model::{DeviceId, Direction, Hash, PassClosing, PassId, Stamp, Thing, Trust};
use gatewarden_portal::{Input, Portal, PortalSettings, Settled, TagSeen, Zone};
use gatewarden_simulators::portal::{
    Figures, Outcome, Report as Told, Scene, SceneOptions, Verdict, Way, edgex, plain_dedupe, scene,
};
use uuid::Uuid;

use super::report::{Goal, Report};

/// Reads come so long after the boot, in microseconds: there is time before the first.
const START_US: u64 = 1_000_000_000;
/// After so long everything has closed.
const END_US: u64 = 200_000_000;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) passes: u32,
    pub(super) seed: u64,
    pub(super) beams: bool,
}

/// Draws the passes and lets all three decide.
pub(super) fn measure(plan: Plan) -> anyhow::Result<Report> {
    let (reader, settings) = portal(plan.beams)?;
    let options = SceneOptions { beams: plan.beams, ..SceneOptions::default() };
    let seeds = plan.seed..plan.seed.saturating_add(u64::from(plan.passes));
    let (mut ours, mut rule, mut plain) = <(Figures, Figures, Figures)>::default();
    let (mut reads, mut seconds) = (0, 0.0);
    for seed in seeds {
        let drawn = scene(seed, options);
        let things: Vec<Thing> =
            (0..drawn.fates.len()).map(|tag| Thing::of_epc(&drawn.epc(tag))).collect();
        let start = Instant::now();
        let settled = play(&drawn, &things, &reader, settings.clone());
        seconds += start.elapsed().as_secs_f64();
        reads += drawn.reports.len();
        ours.add(&drawn, &outcomes(&settled, &things));
        let add = |to: &mut Figures, outcomes: Vec<Outcome>| to.add(&drawn, &outcomes);
        add(&mut rule, edgex(&drawn));
        add(&mut plain, plain_dedupe(&drawn));
    }
    Ok(report(plan, [ours, rule, plain], reads, seconds))
}

fn report(plan: Plan, [ours, rule, plain]: [Figures; 3], reads: usize, seconds: f64) -> Report {
    let mut report = Report::new("portal");
    let strays = pct(ours.stray_share());
    report.goal(
        "direction_pct",
        "right way, of posted",
        pct(ours.direction()),
        "%",
        Goal::AtLeast(99.0),
    );
    report.goal(
        "found_pct",
        "posted or in the queue, of moved",
        pct(ours.found()),
        "%",
        Goal::AtLeast(99.5),
    );
    report.goal("strays_pct", "strays, of posted", strays, "%", Goal::AtMost(0.1));
    report.figure("recall_pct", "posted at once, of moved", pct(ours.recall()), "%");
    report.figure("precision_pct", "moved, of posted", pct(ours.precision()), "%");
    report.figure("queue_pct", "in the exception queue, of read", pct(ours.doubted()), "%");
    report.figure("edgex_direction_pct", "EdgeX rule: right way", pct(rule.direction()), "%");
    report.figure("edgex_recall_pct", "  posted, of moved", pct(rule.recall()), "%");
    report.figure("edgex_precision_pct", "  moved, of posted", pct(rule.precision()), "%");
    report.figure("edgex_strays_pct", "  strays, of posted", pct(rule.stray_share()), "%");
    report.figure("plain_direction_pct", "plain dedupe: right way", pct(plain.direction()), "%");
    report.figure("plain_recall_pct", "  posted, of moved", pct(plain.recall()), "%");
    report.figure("plain_precision_pct", "  moved, of posted", pct(plain.precision()), "%");
    report.figure("plain_strays_pct", "  strays, of posted", pct(plain.stray_share()), "%");
    #[allow(clippy::cast_precision_loss, reason = "counts of one run")]
    let (rate, moved) = (reads as f64 / seconds.max(1e-9), ours.moved as f64);
    report.figure("reads_per_s", "reads decided a second, one core", rate, "");
    report.figure("moved", "tags that went through", moved, "");
    let eyes = if plan.beams { "with" } else { "without" };
    let Plan { passes, seed, .. } = plan;
    report.note(format!("{passes} passes {eyes} photo-eyes, drawn from seed {seed} on"));
    report
}

/// Hundredths of a percent.
fn pct(hundredths: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "at most 10,000")]
    let hundredths = hundredths as f64;
    hundredths / 100.0
}

/// A reader with two antennas either side, and its portal.
fn portal(beams: bool) -> anyhow::Result<(DeviceId, PortalSettings)> {
    let reader: DeviceId = "reader".parse()?;
    let zone = |outer| if outer { Zone::Outer } else { Zone::Inner };
    let zones = (1..=4).map(|a| ((reader.clone(), a), zone(Told::is_outer(a)))).collect();
    let settings = PortalSettings { beams, ..PortalSettings::new("dock".parse()?, zones) };
    Ok((reader, settings))
}

/// All passes of a scene.
fn play(
    scene: &Scene,
    things: &[Thing],
    reader: &DeviceId,
    settings: PortalSettings,
) -> Vec<Settled> {
    let (mut portal, mut passes, mut minted) = (Portal::new(settings), vec![], 0);
    let frame = Hash::of(b"drawn");
    for report in &scene.reports {
        let now = at(report.at_us());
        let mint = || {
            minted += 1;
            PassId(Uuid::from_u128(minted))
        };
        match *report {
            Told::Read { tag, antenna, rssi_cdbm, .. } => {
                let Some(thing) = things.get(tag) else { continue };
                let seen = TagSeen {
                    at: now,
                    seen_us: None,
                    thing: thing.clone(),
                    device: reader.clone(),
                    antenna,
                    rssi_cdbm: Some(rssi_cdbm),
                    reads: 1,
                    tid: None,
                    trust: Trust::EpcOnly,
                    suspect: false,
                    evidence: frame,
                };
                portal.tag(seen, None, mint);
            }
            Told::Beam { outer, broken, .. } => {
                let zone = if outer { Zone::Outer } else { Zone::Inner };
                portal.input(Input::Beam(zone), broken, now, None, mint);
            }
        }
        passes.extend(portal.poll(now));
    }
    let end = at(scene.reports.last().map_or(0, Told::at_us) + END_US);
    portal.close(end, PassClosing::Interrupted);
    passes.extend(portal.poll(end));
    passes
}

fn at(us: u64) -> Stamp {
    let mono_us = us + START_US;
    Stamp {
        boot: Uuid::nil(),
        mono_us,
        wall_us: i64::try_from(mono_us).unwrap_or(i64::MAX),
        synced: true,
    }
}

/// What was decided, tag by tag.
fn outcomes(passes: &[Settled], things: &[Thing]) -> Vec<Outcome> {
    let tags: HashMap<&str, usize> = things.iter().map(|t| t.key.as_str()).zip(0..).collect();
    let mut outcomes = vec![];
    for settled in passes {
        let posted = settled.pass.sightings.iter().map(|s| (s, Verdict::Posted(way(s.direction))));
        let doubted = settled.pass.doubts.iter().map(|doubt| (&doubt.sighting, Verdict::Doubted));
        let left = settled.left.iter().map(|doubt| (&doubt.sighting, Verdict::Left));
        for (sighting, verdict) in posted.chain(doubted).chain(left) {
            let tag = tags.get(sighting.thing.key.as_str());
            outcomes.extend(tag.map(|tag| Outcome { tag: *tag, verdict }));
        }
    }
    outcomes
}

fn way(direction: Direction) -> Option<Way> {
    match direction {
        Direction::In => Some(Way::In),
        Direction::Out => Some(Way::Out),
        Direction::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_passes_are_measured() {
        let plan = Plan { passes: 5, seed: 3_000_001, beams: true };
        let report = measure(plan).map(|report| report.json()).unwrap_or_default();
        assert!(report.contains("\"direction_pct\"") && report.contains("\"edgex_recall_pct\""));
    }
}
