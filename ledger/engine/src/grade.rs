//! How far the things of a pass can be trusted: the TID that was read, held against the commissioned one.
//!
//! Invariants: graded before anything is decided on the pass, by what the journal says at that moment, so that the
//! graded pass is what is recorded; a tag that tells another TID is doubted, whoever reads it where, and so is never
//! posted by itself; what was not read or not commissioned raises nothing and accuses nobody. Absent: two TIDs of one
//! EPC in one pass or at two doors (the windows and `gatewarden_portal`).

use gatewarden_model::{
    Pass, Sighting, TidFit, Trust,
    pass::{Doubt, Doubtful},
};
use gatewarden_stock::Stock;

/// Grades a pass. What it stands on must be known (`needs`).
pub(crate) fn grade(pass: &mut Pass, stock: &Stock) {
    if pass.seen().all(|seen| seen.tid.is_none()) {
        return;
    }
    for doubt in &mut pass.doubts {
        match fit(&doubt.sighting, stock) {
            Some(TidFit::Other) => doubt.why = Doubtful::AnotherTid,
            Some(TidFit::Same) => raise(&mut doubt.sighting),
            _ => {}
        }
    }
    for mut sighting in std::mem::take(&mut pass.sightings) {
        match fit(&sighting, stock) {
            Some(TidFit::Other) => {
                pass.doubts.push(Doubt { sighting, why: Doubtful::AnotherTid });
                continue;
            }
            Some(TidFit::Same) => raise(&mut sighting),
            _ => {}
        }
        pass.sightings.push(sighting);
    }
}

/// The lowest grade among what counts in a pass; none where nothing does.
pub(crate) fn least_trust(pass: &Pass) -> Option<Trust> {
    pass.sightings.iter().map(|seen| seen.trust).min()
}

/// The lowest grade among what counts in a pass once its doubts of these keys count too.
pub(crate) fn least_trust_with(pass: &Pass, keys: &[String]) -> Option<Trust> {
    let named = pass.doubts.iter().map(|doubt| &doubt.sighting);
    let named = named.filter(|seen| keys.contains(&seen.thing.key)).map(|seen| seen.trust);
    named.chain(least_trust(pass)).min()
}

fn raise(sighting: &mut Sighting) {
    sighting.trust = sighting.trust.max(Trust::TidMatches);
}

/// How the TID that was read stands to the commissioned one; none where either is not known.
fn fit(seen: &Sighting, stock: &Stock) -> Option<TidFit> {
    let facts = stock.thing(&seen.thing.key).filter(|facts| facts.commissioned)?;
    Some(facts.tid.as_ref()?.fit(seen.tid.as_ref()?))
}
