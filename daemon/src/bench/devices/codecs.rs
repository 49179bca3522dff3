//! LLRP, EPC and GS1 decoding on one core, on fixed samples of what a warehouse sees.
//!
//! EPCs are of the 96-bit schemes that tags carry, read to validated fields as the intake does it first;
//! beside that the same with the pure identity written out, and as the thing that the intake makes of it.
//! Scans are element strings as scanners send them, every value checked. Absent: sockets.

use std::{hint::black_box, time::Duration};

use anyhow::Context as _;
use gatewarden_llrp::bench::bench_decode;
use gatewarden_model::{
    Epc, Thing,
    gs1::{Scanned, parse_scan},
};
use nix::time::{ClockId, clock_gettime};

use crate::bench::report::{Goal, Report};

/// Tags as they are in a warehouse: mostly goods, some units, places and assets.
const TAGS: [&str; 10] = [
    "urn:epc:tag:sgtin-96:1.0614141.812345.6789",
    "urn:epc:tag:sgtin-96:1.0614141.812345.274877906943",
    "urn:epc:tag:sgtin-96:3.629104150021.0.100000",
    "urn:epc:tag:sgtin-96:0.6901234.000567.42",
    "urn:epc:tag:sgtin-96:2.952012.1234567.1",
    "urn:epc:tag:sscc-96:2.0614141.1234567890",
    "urn:epc:tag:sscc-96:0.952012345.61234567",
    "urn:epc:tag:sgln-96:1.0614141.12345.400",
    "urn:epc:tag:grai-96:0.0614141.12345.5678",
    "urn:epc:tag:giai-96:0.0614141.5678901234",
];

/// What scanners send of boxes, pallets and weighed goods.
const SCANS: [(&str, &str); 6] = [
    ("]C1", "010952123454321317291231\u{1d}10AB-123"),
    ("]d2", "010952123454321321SN00012345\u{1d}1729123110LOT42"),
    ("]C1", "00106141411234567897"),
    ("]C1", "02095212345432133724\u{1d}10LOT42"),
    ("]e0", "01995212345432163103001750152912313922499"),
    ("]Q3", "80030952123454321322222AB"),
];

/// Decodes each kind for about this time.
pub(super) fn measure(time: Duration, report: &mut Report) -> anyhow::Result<()> {
    let llrp = bench_decode(time.as_secs_f64())?;
    let rate = llrp.to_reads_per_s;
    let unit = "tag reports/s";
    report.goal("llrp_per_s", "LLRP, each a read of its own", rate, unit, Goal::AtLeast(3e6));
    let tags = tags()?;
    let decoded =
        rate_of(time / 2, &tags, |tag| Epc::decode(black_box(tag)).is_ok()).context("an EPC")?;
    report.goal("epc_per_s", "EPC to fields", decoded, "EPCs/s", Goal::AtLeast(1e7));
    let named = rate_of(time / 4, &tags, |tag| {
        Epc::decode(black_box(tag)).is_ok_and(|epc| black_box(epc.pure_identity()).is_some())
    });
    report.figure("epc_uri_per_s", "  to its pure identity", named.context("an EPC")?, "EPCs/s");
    let things = rate_of(time / 4, &tags, |tag| {
        black_box(Thing::of_epc(black_box(tag))).scheme != "invalid"
    });
    report.figure("epc_thing_per_s", "  to a thing", things.context("an EPC")?, "EPCs/s");
    let scanned = rate_of(time, &SCANS, |(aim, text)| {
        matches!(black_box(parse_scan(Some(aim), black_box(text))), Ok(Scanned::Gs1(_)))
    });
    let scanned = scanned.context("a scan of the sample is not GS1")?;
    report.goal("gs1_per_s", "GS1 element strings", scanned, "scans/s", Goal::AtLeast(2e6));
    Ok(())
}

/// The sample's tags as they stand in their memory.
pub(super) fn tags() -> anyhow::Result<Vec<Vec<u8>>> {
    let bytes =
        |uri: &&str| Ok(Epc::from_tag_uri(uri).with_context(|| uri.to_string())?.to_bytes());
    TAGS.iter().map(bytes).collect()
}

/// The sample's element strings, without their symbology identifiers.
pub(super) fn scans() -> impl Iterator<Item = &'static str> {
    SCANS.iter().map(|(_, text)| *text)
}

/// How many a second of a core; `None` where one of them failed.
#[allow(clippy::cast_precision_loss)] // a rate for people
fn rate_of<T>(time: Duration, sample: &[T], one: impl Fn(&T) -> bool) -> Option<f64> {
    const ROUNDS: u64 = 500;
    let (began, mut done) = (spent(), 0u64);
    while spent() - began < time {
        for _ in 0..ROUNDS {
            if !sample.iter().all(&one) {
                return None;
            }
        }
        done += ROUNDS * sample.len() as u64;
    }
    Some(done as f64 / (spent() - began).as_secs_f64())
}

/// CPU time of this thread: what others do on this machine is not ours.
fn spent() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_decoded() {
        let mut report = Report::new("sample");
        measure(Duration::from_millis(20), &mut report).expect("the samples are sound");
        for key in ["llrp_per_s", "epc_per_s", "epc_thing_per_s", "gs1_per_s"] {
            assert!(report.value(key).is_some_and(|rate| rate > 0.0), "{key}");
        }
    }
}
