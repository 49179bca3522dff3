//! What definitions and documents may say of movements is what stock lets pass.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use gatewarden_documents::kinds::{PlaceClass, may_go, may_take, stays};
use gatewarden_model::{Location, MovementKind, StockStatus};
use gatewarden_stock::kinds as stock;

fn place(class: PlaceClass, other: bool) -> Location {
    let text = match class {
        PlaceClass::Physical => format!("wh1/{}", if other { "b" } else { "a" }),
        class => format!("@{}/{}", class.name(), if other { "y" } else { "x" }),
    };
    text.parse().unwrap()
}

#[test]
fn every_kind_goes_where_stock_lets_it_and_takes_what_stock_lets_it() {
    for kind in MovementKind::ALL {
        for from in PlaceClass::ALL {
            for to in PlaceClass::ALL {
                for other in [false, true] {
                    let (start, end) = (place(*from, false), place(*to, other));
                    assert_eq!((PlaceClass::of(&start), PlaceClass::of(&end)), (*from, *to));
                    let here = may_go(kind, *from, *to) && (start == end) == stays(kind);
                    let there = stock::check(kind, &start, &end).is_ok();
                    assert_eq!(here, there, "{} from {start} to {end}", kind.name());
                }
            }
        }
        for status in StockStatus::ALL {
            let there = stock::check_status(kind, status).is_ok();
            assert_eq!(may_take(kind, status), there, "{} of {}", kind.name(), status.name());
        }
    }
}
