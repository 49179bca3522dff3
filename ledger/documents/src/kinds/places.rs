//! Between which places the lines of a kind go: the way of a line, with what its document says of it.
//!
//! Invariant: a way that is found is one of the kind's legs. A side that a line leaves out is that which
//! follows from the document: its partner, or the work order that it belongs to. Absent: whether a place
//! in the building exists (`check`), what is there.

use gatewarden_model::{DocumentContent, DocumentKind, DocumentLine, Location};

use super::{KindDefinition, Leg, WAY, Way, words::words_of};

words_of!(/// Classes of places.
PlaceClass {
    /// In the building.
    Physical = "physical",
    /// A supplier's.
    Supplier = "supplier",
    /// A customer's.
    Customer = "customer",
    /// In production.
    Production = "production",
    /// A subcontractor's.
    Subcontractor = "subcontractor",
    /// Nowhere any more.
    Loss = "loss",
    /// On its way.
    Transit = "transit",
});

impl PlaceClass {
    /// The class of a place.
    #[must_use]
    pub fn of(place: &Location) -> Self {
        place.virtual_kind().and_then(Self::of_name).unwrap_or(Self::Physical)
    }

    /// The place of this class that follows from the document; none for one in the building.
    fn implied(self, content: &DocumentContent, line: &DocumentLine) -> Option<Location> {
        let of_partner = || content.partner.clone();
        let name = match self {
            Self::Physical => return None,
            Self::Supplier | Self::Customer | Self::Subcontractor => Some(of_partner()?),
            Self::Production => work_order(content, line),
            Self::Loss | Self::Transit => None,
        };
        let text = match name {
            Some(name) => format!("@{}/{name}", self.name()),
            None => format!("@{}", self.name()),
        };
        Location::parse(&text).ok()
    }
}

/// The number of the work order that a line, or else its document, belongs to.
fn work_order(content: &DocumentContent, line: &DocumentLine) -> Option<String> {
    let is_order = |kind| matches!(kind, DocumentKind::WorkOrder | DocumentKind::SubcontractOrder);
    if is_order(content.document.kind) {
        return Some(content.document.number.clone());
    }
    let mut links = line.links.iter().chain(&content.links);
    links.find(|link| is_order(link.document.kind)).map(|link| link.document.number.clone())
}

impl Leg {
    fn covers(&self, line: &DocumentLine) -> bool {
        let fits = |side: &Option<Location>, classes: &[PlaceClass]| {
            side.as_ref().is_none_or(|place| classes.contains(&PlaceClass::of(place)))
        };
        fits(&line.from, &self.from) && fits(&line.to, &self.to)
    }
}

impl KindDefinition {
    /// The first leg that the places of a line fit; any fits what is left out.
    #[must_use]
    pub fn leg(&self, line: &DocumentLine) -> Option<&Leg> {
        self.covering(line).next()
    }

    /// The legs that a line may take.
    fn covering<'k>(&'k self, line: &DocumentLine) -> impl Iterator<Item = &'k Leg> {
        let asks = self.legs.iter().any(|leg| leg.way.is_some());
        let says = line.custom.iter().find(|(name, _)| name.as_str() == WAY).map(|(_, way)| way);
        self.legs.iter().filter(move |leg| leg.covers(line) && (!asks || leg.way.as_ref() == says))
    }

    /// From where to where a line goes, and as which movement. None where no leg fits, or a place in the
    /// building is left out.
    #[must_use]
    pub fn way(&self, content: &DocumentContent, line: &DocumentLine) -> Option<Way> {
        let fit = |leg: &Leg| {
            let side = |stated: &Option<Location>, classes: &[PlaceClass]| match stated {
                Some(place) => Some(place.clone()),
                None => classes.iter().find_map(|class| class.implied(content, line)),
            };
            let (from, to) = (side(&line.from, &leg.from)?, side(&line.to, &leg.to)?);
            Some(Way { movement: leg.movement, from, to })
        };
        self.covering(line).find_map(fit)
    }

    /// The legs in words, for messages: `production-issue from physical to production`.
    #[must_use]
    pub fn legs_in_words(&self) -> String {
        let names = |classes: &[PlaceClass]| {
            classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(" or ")
        };
        let told = |leg: &Leg| {
            let told =
                format!("{} from {} to {}", leg.movement.name(), names(&leg.from), names(&leg.to));
            match &leg.way {
                Some(way) => format!("{told} where {WAY} is {way}"),
                None => told,
            }
        };
        self.legs.iter().map(told).collect::<Vec<_>>().join("; ")
    }
}
