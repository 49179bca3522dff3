//! The shapes of entries as they stand in canonical bytes, for reading them straight
//! (`canonical::cursor`). Each lists its fields in the order of their names, which is the order of
//! the bytes; a field that is left out where it is empty must not stand there empty.
//!
//! Bodies that are not listed here are read the careful way. Absent: verdicts and words.

mod words;

use crate::{
    Actor, Body, Bucket, ClientId, Comparison, Confirmation, Counted, Custom, Day, Decision,
    DeviceId, Document, Entry, ItemId, LaneId, Location, Movement, MovementId, MovementLine,
    OperatorId, Pass, PassId, Posting, PostingLine, Revaluation, Second, SessionId, Sighting,
    Stamp, StationId, Task, TaskId, TaskLine, Thing, Tid, VoucherLine,
    canonical::cursor::{Cursor, Straight},
    pass::{Doubt, Matched, Missing, Stray},
    posting::CountLine,
};

/// The entry, where the bytes are certainly its canonical ones.
pub(crate) fn entry(bytes: &[u8]) -> Option<Entry> {
    let mut cursor = Cursor::new(bytes)?;
    let entry = Entry::read(&mut cursor)?;
    cursor.is_done().then_some(entry)
}

/// Reads one field: one that always stands there, one that may (`opt`), one that is left out where
/// it is as by default (`default`).
macro_rules! field {
    ($cursor:ident $name:ident must) => {{
        $cursor.key(concat!("\"", stringify!($name), "\":"))?;
        Straight::read($cursor)?
    }};
    ($cursor:ident $name:ident opt) => {
        match $cursor.key(concat!("\"", stringify!($name), "\":")) {
            Some(()) => Some(Straight::read($cursor)?),
            None => None,
        }
    };
    ($cursor:ident $name:ident default) => {
        match $cursor.key(concat!("\"", stringify!($name), "\":")) {
            Some(()) => Some(Straight::read($cursor)?).filter(|value| !is_default(value))?,
            None => Default::default(),
        }
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An object with these fields.
macro_rules! object {
    ($type:ident { $($name:ident $how:ident),+ $(,)? }) => {
        impl Straight for $type {
            fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
                cursor.eat("{")?;
                $(let $name = field!(cursor $name $how);)+
                cursor.eat("}")?;
                Some(Self { $($name),+ })
            }
        }
    };
}

/// A body, or an actor: an object whose kind stands among its fields.
macro_rules! tagged {
    ($cursor:ident $type:ident :: $variant:ident {
        $($before:ident $how_before:ident),* ; $tag:literal ; $($after:ident $how_after:ident),*
    }) => {{
        let mut fork = $cursor.fork();
        let read = |cursor: &mut Cursor<'_>| -> Option<$type> {
            cursor.eat("{")?;
            $(let $before = field!(cursor $before $how_before);)*
            cursor.key(concat!("\"kind\":\"", $tag, "\""))?;
            $(let $after = field!(cursor $after $how_after);)*
            cursor.eat("}")?;
            Some($type::$variant { $($before,)* $($after),* })
        };
        let read = read(&mut fork);
        if read.is_some() {
            *$cursor = fork;
        }
        read
    }};
}

/// A text with a parser that takes exactly one spelling of each value.
macro_rules! parsed {
    ($($type:ident),+) => {$(
        impl Straight for $type {
            fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
                cursor.text()?.parse().ok()
            }
        }
    )+};
}

macro_rules! uuids {
    ($($type:ident),+) => {$(
        impl Straight for $type {
            fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
                Straight::read(cursor).map(Self)
            }
        }
    )+};
}

impl Straight for Confirmation {
    fn read(_: &mut Cursor<'_>) -> Option<Self> {
        // Few movements have one, and it is long: the careful reader reads it.
        None
    }
}

impl Straight for Custom {
    fn read(_: &mut Cursor<'_>) -> Option<Self> {
        // Few documents have any: the careful reader reads them.
        None
    }
}

parsed!(ClientId, Day, DeviceId, ItemId, LaneId, Location, OperatorId, StationId, Tid);
uuids!(MovementId, PassId, SessionId, TaskId);

object!(Entry { at must, body must, seq must, v must });
object!(Stamp { boot must, mono_us must, synced must, wall_us must });
object!(Document { kind must, number must });
object!(Decision {
    action must, allowed must, errors default, facts default, module must, policies must,
    version must
});
object!(Movement {
    approval_seq opt, approved_by must, auth_level must, back_dated default, confirmation opt,
    counts default,
    decision must, devices must, document must, document_digest opt, effective opt, evidence must, id must, kind must,
    lines must, operator must, pass opt, received_by opt, reservation opt, resolution_seq opt, revalues default,
    reverses opt, second opt, session must, station opt, task opt, voucher default,
});
object!(Second { auth_level must, decision must, operator must });
object!(MovementLine {
    expires opt, from must, from_status default, from_unit opt, item must, line must, lot opt,
    owner opt, quantity must, stated opt, things must, to must, to_status default, to_unit opt,
    unit must, value opt,
});
object!(Bucket { lot opt, owner opt, status default, unit opt });
object!(Counted {
    book must, bucket default, counted must, item must, line must, location must
});
object!(Revaluation { delta must, position must, seq must });
object!(VoucherLine { account must, amount must });
object!(Pass {
    closed must, closed_by must, doubts default, id must, opened must, opened_by must, session opt,
    sightings must, station must, strays default,
});
object!(Doubt { sighting must, why must });
object!(Sighting {
    antenna opt, confidence_pct must, device must, direction must, evidence must, first must,
    last must, peak_rssi_cdbm opt, reads must, thing must, tid opt, trust must,
});
object!(Thing { gtin opt, key must, lot opt, scheme must, serial opt, sscc opt });
object!(Comparison {
    expected must, extra must, missing must, unknown must, wrong_item must
});
object!(Matched { key must, line must, lot opt, quantity must });
object!(Missing { item must, line must, quantity must });
object!(Stray { item opt, key must });
object!(Task {
    approved_by opt, custom default, document must, document_digest opt, id must, kind must, lines must,
    ordered_by opt, requester opt, reservation opt, station must,
});
object!(TaskLine {
    from must, from_status default, item must, line must, lot opt, owner opt, quantity must,
    things default, to must, to_status default, value opt,
});
object!(Posting {
    counts default, custom default, document must, document_digest opt, effective opt, expires_ms opt, id must, kind must,
    lines default, reason opt, reverses opt,
});
object!(PostingLine {
    expires opt, from must, from_status default, from_unit opt, item must, line must, lot opt,
    owner opt, quantity must, things default, to must, to_status default, to_unit opt, unit opt,
    value opt,
});
object!(CountLine {
    bucket default, item must, line must, location must, quantity must, unit opt
});

impl Straight for Actor {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        tagged!(cursor Actor::Operator { id must; "operator"; session opt })
            .or_else(|| tagged!(cursor Actor::Client { id must; "client"; }))
            .or_else(|| tagged!(cursor Actor::Local { ; "local"; uid must }))
            .or_else(|| tagged!(cursor Actor::Daemon { ; "daemon"; }))
            .or_else(|| tagged!(cursor Actor::Nobody { ; "nobody"; }))
    }
}

impl Straight for Body {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        // Most are of this kind, and it is large: it goes through as few hands as can be.
        if cursor.is_at("{\"kind\":\"moved\",") {
            return tagged!(cursor Body::Moved { ; "moved"; movement must, pass opt });
        }
        Self::read_work(cursor)
            .or_else(|| Self::read_session(cursor))
            .or_else(|| Self::read_posting(cursor))
            .or_else(|| Self::read_pass(cursor))
    }
}

impl Body {
    fn read_work(cursor: &mut Cursor<'_>) -> Option<Self> {
        tagged!(cursor Body::Delivered {
            found must; "delivered"; lane must, movement must, remote_id must
        })
        .or_else(
            || tagged!(cursor Body::TaskOpened { by must, decision opt; "task-opened"; task must }),
        )
        .or_else(
            || tagged!(cursor Body::TaskClosed { by must; "task-closed"; reason must, task must }),
        )
        .or_else(|| {
            tagged!(cursor Body::TaskApproved {
                by must, content must, decision must; "task-approved"; task must
            })
        })
    }

    fn read_session(cursor: &mut Cursor<'_>) -> Option<Self> {
        tagged!(cursor Body::SessionOpened {
            auth_level must; "session-opened"; operator must, session must, station opt
        })
        .or_else(|| {
            tagged!(cursor Body::SessionEnded {
                ; "session-ended"; operator must, reason must, session must, station opt
            })
        })
    }

    fn read_posting(cursor: &mut Cursor<'_>) -> Option<Self> {
        tagged!(cursor Body::Reserved {
            by must, decision must; "reserved"; lines must, posting must
        })
        .or_else(|| {
            tagged!(cursor Body::ReservationEnded {
                by must, decision opt; "reservation-ended"; lines default, movement must,
                reason must
            })
        })
        .or_else(|| {
            tagged!(cursor Body::Commissioned {
                by must, decision must, item must; "commissioned"; lot opt, serial opt, tag must,
                tid opt
            })
        })
    }

    fn read_pass(cursor: &mut Cursor<'_>) -> Option<Self> {
        tagged!(cursor Body::Held {
            auth_level must, comparison must, decision must; "held"; operator must, pass must,
            second opt, task must
        })
        .or_else(|| {
            tagged!(cursor Body::HoldDecided {
                by must, decision must, doubts default; "hold-decided"; pass must, reason must,
                second opt, task must, verdict must
            })
        })
        .or_else(|| tagged!(cursor Body::Quarantined { ; "quarantined"; pass must, reason must }))
        .or_else(|| {
            tagged!(cursor Body::Rejected {
                ; "rejected"; lane must, movement must, reason must
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use std::{fs, path::Path};

    use super::*;
    use crate::canonical;

    /// The kinds that come often are read straight in their slimmest and fullest form, which the
    /// careful reader reads as the same.
    #[test]
    fn golden_entries_are_read_straight() {
        let often = [
            "moved",
            "delivered",
            "task-opened",
            "task-closed",
            "task-approved",
            "session-opened",
            "session-ended",
            "reserved",
            "reservation-ended",
            "commissioned",
            "held",
            "hold-decided",
            "quarantined",
            "rejected",
        ];
        let mut read = vec![];
        for folder in ["golden", "golden-full"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests").join(folder);
            for file in fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                // Texts with escapes are left to the careful reader.
                let text = fs::read_to_string(&path).unwrap().replace(r#"\u001d\"\\"#, "");
                let bytes = text.trim_end().as_bytes();
                let Some(found) = entry(bytes) else { continue };
                assert_eq!(canonical::decode::<Entry>(bytes).unwrap(), found, "{path:?}");
                read.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
        for kind in often {
            let name = format!("v1-{kind}");
            assert!(read.contains(&name), "{kind}: {read:?}");
        }
    }
}
