//! A ground made of entries alone: master data, and how much of each item there is in the building.
//!
//! For a backtest, where no engine stands behind the rules. Invariants: a quantity is the sum of what the entries
//! moved. What orders and work orders will bring is not reckoned here: while there are none the projected quantity
//! is what is on hand, and from the first on nothing is told that rests on it. Bounded: a further item beyond
//! [`BOOK_ITEMS_MAX`] is not known, which is told.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use gatewarden_model::{
    Amount, Body, Day, DocumentKind, DocumentStep, Entry, Item, ItemId, Location, Movement,
    MovementId,
};

use crate::{
    ground::{Ground, StockFacts},
    scan::StockLayer,
};

/// Most items.
pub const BOOK_ITEMS_MAX: usize = 200_000;

#[derive(Debug, Clone, Default)]
struct Book {
    item: Option<Item>,
    on_hand: i64,
    value: i64,
    places: BTreeMap<Location, (i64, Day)>,
}

/// Whether people work on a day at a minute of it.
#[derive(Clone)]
struct Calendar(Arc<dyn Fn(Day, u32) -> bool + Send + Sync>);

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calendar")
    }
}

/// Master data and quantities, of entries.
#[derive(Debug, Clone, Default)]
pub struct Books {
    items: HashMap<ItemId, Book>,
    offset_min: i32,
    overflow: bool,
    /// Whether a document was approved that says what is to come or go.
    ordered: bool,
    /// Postings that wait, and have something set aside.
    reserved: BTreeSet<MovementId>,
    calendar: Option<Calendar>,
}

impl Books {
    /// Empty books of a house whose day is so many minutes east of UTC.
    #[must_use]
    pub fn new(offset_min: i32) -> Self {
        Self { offset_min, ..Self::default() }
    }

    /// With a calendar that says whether people work on a day at a minute of it.
    #[must_use]
    pub fn with_calendar(mut self, works: Arc<dyn Fn(Day, u32) -> bool + Send + Sync>) -> Self {
        self.calendar = Some(Calendar(works));
        self
    }

    /// Whether there were more items than are kept.
    #[must_use]
    pub fn overflow(&self) -> bool {
        self.overflow
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.body {
            Body::ItemDefined { item, .. } => {
                if let Some(book) = self.book(&item.code) {
                    book.item = Some(item.clone());
                }
            }
            Body::Moved { movement, .. } => {
                self.moved(movement, Day::of(&entry.at, self.offset_min))
            }
            Body::DocumentStepped { document, step: DocumentStep::Approved { .. }, .. } => {
                self.ordered |= says_what_comes(document.kind);
            }
            Body::Reserved { posting, .. } => drop(self.reserved.insert(posting.id)),
            Body::ReservationEnded { movement, .. } => drop(self.reserved.remove(movement)),
            _ => {}
        }
    }

    fn book(&mut self, code: &ItemId) -> Option<&mut Book> {
        if !self.items.contains_key(code) {
            if self.items.len() >= BOOK_ITEMS_MAX {
                self.overflow = true;
                return None;
            }
            self.items.insert(code.clone(), Book::default());
        }
        self.items.get_mut(code)
    }

    fn moved(&mut self, movement: &Movement, day: Day) {
        for line in &movement.lines {
            let Some(book) = self.book(&line.item) else { continue };
            let value = line.value.map_or(0, Amount::units);
            if line.from.is_physical() {
                book.on_hand -= line.quantity;
                book.value -= value;
                book.shift(&line.from, -line.quantity, day);
            }
            if line.to.is_physical() {
                book.on_hand += line.quantity;
                book.value += value;
                book.shift(&line.to, line.quantity, day);
            }
        }
    }

    /// All items, sorted by code.
    #[must_use]
    pub fn codes(&self) -> Vec<&ItemId> {
        let mut codes: Vec<&ItemId> = self.items.keys().collect();
        codes.sort_unstable();
        codes
    }

    /// What is where, by item and place, sorted; each place as one layer of the day when something last came.
    pub fn layers(&self) -> impl Iterator<Item = StockLayer<'_>> {
        let codes = self.codes().into_iter();
        codes.flat_map(|code| {
            let places = self.items.get(code).into_iter().flat_map(|book| &book.places);
            places.map(move |(place, (quantity, day))| StockLayer {
                item: code,
                place: place.as_str(),
                day: *day,
                quantity: *quantity,
                value: None,
            })
        })
    }
}

/// Whether documents of a kind say what is to come or go.
fn says_what_comes(kind: DocumentKind) -> bool {
    use DocumentKind::{
        PurchaseOrder, PurchaseRequest, Requisition, SalesOrder, SubcontractOrder, WorkOrder,
    };
    matches!(
        kind,
        PurchaseRequest | PurchaseOrder | SalesOrder | WorkOrder | SubcontractOrder | Requisition
    )
}

impl Book {
    fn shift(&mut self, place: &Location, delta: i64, day: Day) {
        let (quantity, came) = self.places.entry(place.clone()).or_insert((0, day));
        *quantity += delta;
        *came = if delta > 0 { day } else { *came };
        if *quantity == 0 {
            self.places.remove(place);
        }
    }
}

impl Ground for Books {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.items.get(code)?.item.as_ref()
    }

    fn stock(&self, code: &ItemId) -> Option<StockFacts> {
        let book = self.items.get(code)?;
        let safety = book.item.as_ref().and_then(|item| item.safety_stock).unwrap_or(0);
        Some(StockFacts {
            on_hand: book.on_hand,
            available: book.on_hand,
            safety,
            value: Some(book.value),
            ..StockFacts::default()
        })
    }

    fn is_working(&self, day: Day, minute: u32) -> Option<bool> {
        self.calendar.as_ref().map(|Calendar(works)| works(day, minute))
    }

    fn expects(&self) -> bool {
        !self.ordered && self.reserved.is_empty()
    }

    fn offset_min(&self) -> i32 {
        self.offset_min
    }
}
