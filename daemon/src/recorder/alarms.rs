//! What an entry tells that somebody should look at soon: counted and logged once it is flushed. Pure telling.

use gatewarden_model::{Body, Entry, Pass, pass::Doubtful};

/// Tells of copies of tags in entries that were flushed.
pub(super) fn tell(entries: &[Entry]) {
    for pass in entries.iter().filter_map(|entry| pass_of(&entry.body)) {
        for copy in pass.doubts.iter().filter(|doubt| doubt.why == Doubtful::AnotherTid) {
            let (key, station) = (&copy.sighting.thing.key, pass.station.to_string());
            tracing::warn!(%key, %station, tid = ?copy.sighting.tid, "a copy of a tag: its TID is not the commissioned one");
            metrics::counter!("gatewarden_alarms_total", "kind" => "another-tid", "station" => station)
                .increment(1);
        }
    }
}

fn pass_of(body: &Body) -> Option<&Pass> {
    match body {
        Body::Held { pass, .. } | Body::Quarantined { pass, .. } => Some(pass),
        Body::Denied { pass, .. } | Body::Moved { pass, .. } => pass.as_ref(),
        _ => None,
    }
}
