//! Which places each kind of movement goes between.

use gatewarden_model::{Location, MovementKind, StockStatus};

/// One leg that a kind allows: from where to where.
struct Leg {
    from: Class,
    to: Class,
    rule: &'static str,
}

/// Kinds of place, as the rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Physical,
    Supplier,
    Customer,
    Production,
    Subcontractor,
    Loss,
    Transit,
    /// Production, a subcontractor's, loss: any virtual place that is neither partner nor transit.
    Cost,
}

impl Class {
    fn covers(self, location: &Location) -> bool {
        matches!(
            (self, location.virtual_kind()),
            (Self::Physical, None)
                | (Self::Supplier, Some("supplier"))
                | (Self::Customer, Some("customer"))
                | (Self::Production, Some("production"))
                | (Self::Subcontractor, Some("subcontractor"))
                | (Self::Loss, Some("loss"))
                | (Self::Transit, Some("transit"))
                | (Self::Cost, Some("production" | "loss"))
        )
    }
}

/// The legs that a kind allows; each line must be one of them.
fn legs(kind: MovementKind) -> &'static [Leg] {
    use Class::{Cost, Customer, Loss, Physical, Production, Subcontractor, Supplier, Transit};
    macro_rules! legs {
        ($($from:ident -> $to:ident: $rule:literal),+ $(,)?) => {
            &[$(Leg { from: $from, to: $to, rule: $rule }),+]
        };
    }
    match kind {
        MovementKind::Receipt => {
            legs!(Supplier -> Physical: "a receipt goes from @supplier to a physical place")
        }
        MovementKind::PutAway => {
            legs!(Physical -> Physical: "a put-away goes between physical places")
        }
        MovementKind::Issue => legs!(
            Physical -> Cost: "an issue goes from a physical place to @production or @loss (a shipment \
                               goes to @customer)",
        ),
        MovementKind::Transfer => legs!(
            Physical -> Physical: "a transfer goes between physical places, or through @transit",
            Physical -> Transit: "",
            Transit -> Physical: "",
        ),
        MovementKind::Shipment => {
            legs!(Physical -> Customer: "a shipment goes from a physical place to @customer")
        }
        MovementKind::Count => legs!(
            Physical -> Loss: "a count's difference goes between a physical place and @loss",
            Loss -> Physical: "",
        ),
        MovementKind::Adjustment => legs!(
            Physical -> Loss: "an adjustment goes between a physical place and @loss",
            Loss -> Physical: "",
        ),
        MovementKind::SupplierReturn => {
            legs!(Physical -> Supplier: "a supplier return goes from a physical place to @supplier")
        }
        MovementKind::CustomerReturn => {
            legs!(Customer -> Physical: "a customer return goes from @customer to a physical place")
        }
        MovementKind::ProductionIssue => legs!(
            Physical -> Production: "a production issue goes from a physical place to @production",
        ),
        MovementKind::ProductionReceipt => legs!(
            Production -> Physical: "a production receipt goes from @production to a physical place",
        ),
        MovementKind::ProductionReturn => legs!(
            Production -> Physical: "a production return goes from @production to a physical place",
        ),
        MovementKind::SubcontractOut => legs!(
            Physical -> Subcontractor: "material goes from a physical place to @subcontractor",
        ),
        MovementKind::SubcontractIn => legs!(
            Subcontractor -> Physical: "from a subcontractor: material from @subcontractor to a physical \
                place, material consumed from @subcontractor to @production, and what was made from \
                @production to a physical place",
            Subcontractor -> Production: "",
            Production -> Physical: "",
        ),
        MovementKind::Scrap => {
            legs!(Physical -> Loss: "scrap goes from a physical place to @loss")
        }
        MovementKind::StatusChange | MovementKind::Pack | MovementKind::Unpack => {
            legs!(Physical -> Physical: "it stays at one physical place: let from and to be the same")
        }
    }
}

/// Whether a line of this kind may go from here to there. The error says where it may.
pub fn check(kind: MovementKind, from: &Location, to: &Location) -> Result<(), String> {
    let legs = legs(kind);
    let stays =
        matches!(kind, MovementKind::StatusChange | MovementKind::Pack | MovementKind::Unpack);
    let fits = legs.iter().any(|leg| leg.from.covers(from) && leg.to.covers(to));
    if fits && (from == to) == stays {
        return Ok(());
    }
    let rule = legs.first().map_or("", |leg| leg.rule);
    Err(format!("{rule}, not from {from} to {to}"))
}

/// Whether stock of this status may be taken by this kind.
pub fn check_status(kind: MovementKind, from: StockStatus) -> Result<(), String> {
    use MovementKind::{
        Adjustment, Count, Pack, PutAway, Scrap, StatusChange, SupplierReturn, Transfer, Unpack,
    };
    let any = matches!(
        kind,
        Adjustment
            | Count
            | Pack
            | PutAway
            | Scrap
            | StatusChange
            | SupplierReturn
            | Transfer
            | Unpack
    );
    match from {
        StockStatus::Available | StockStatus::Reserved => Ok(()),
        _ if any => Ok(()),
        status => Err(format!(
            "stock in status {} can't be {}: release it by a status change first",
            status.name(),
            kind.words()
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    /// Each kind, and the pairs of places that it allows among all of them.
    #[test]
    fn each_kind_goes_between_its_own_places() {
        let places = [
            "wh1/a",
            "wh1/b",
            "@supplier/S",
            "@customer/C",
            "@production/P",
            "@subcontractor/X",
            "@loss",
            "@transit/T",
        ];
        let expected = [
            (MovementKind::Receipt, "s>a s>b"),
            (MovementKind::PutAway, "a>b b>a"),
            (MovementKind::Issue, "a>l a>p b>l b>p"),
            (MovementKind::Transfer, "a>b a>t b>a b>t t>a t>b"),
            (MovementKind::Shipment, "a>c b>c"),
            (MovementKind::Count, "a>l b>l l>a l>b"),
            (MovementKind::Adjustment, "a>l b>l l>a l>b"),
            (MovementKind::SupplierReturn, "a>s b>s"),
            (MovementKind::CustomerReturn, "c>a c>b"),
            (MovementKind::ProductionIssue, "a>p b>p"),
            (MovementKind::ProductionReceipt, "p>a p>b"),
            (MovementKind::ProductionReturn, "p>a p>b"),
            (MovementKind::SubcontractOut, "a>x b>x"),
            (MovementKind::SubcontractIn, "p>a p>b x>a x>b x>p"),
            (MovementKind::Scrap, "a>l b>l"),
            (MovementKind::StatusChange, "a>a b>b"),
            (MovementKind::Pack, "a>a b>b"),
            (MovementKind::Unpack, "a>a b>b"),
        ];
        assert_eq!(expected.map(|(kind, _)| kind), MovementKind::ALL);
        let letters = ["a", "b", "s", "c", "p", "x", "l", "t"];
        for (kind, pairs) in expected {
            let mut found = vec![];
            for (from, f) in places.iter().zip(letters) {
                for (to, t) in places.iter().zip(letters) {
                    if check(kind, &from.parse().unwrap(), &to.parse().unwrap()).is_ok() {
                        found.push(format!("{f}>{t}"));
                    }
                }
            }
            found.sort_unstable();
            assert_eq!(found.join(" "), pairs, "{kind:?}");
        }
    }
}
