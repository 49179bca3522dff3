//! What a journal tells of the house: its items and stock, and the orders behind its documents.
//!
//! Invariant: what the gateway knows of a document before a movement is known here too, by the same reckoning.
//! Absent: roles, and what is still to come of orders.

use gatewarden_model::{Day, Document, Item, ItemId};

use super::documents::Documents;
use crate::{
    books::Books,
    ground::{Ground, StockFacts, orders_behind},
};

/// The ground of a backtest.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) books: Books,
    pub(super) documents: Documents,
}

impl Ground for Known {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.books.item(code)
    }

    fn stock(&self, code: &ItemId) -> Option<StockFacts> {
        self.books.stock(code)
    }

    fn expects(&self) -> bool {
        self.books.expects()
    }

    fn offset_min(&self) -> i32 {
        Ground::offset_min(&self.books)
    }

    fn is_working(&self, day: Day, minute: u32) -> Option<bool> {
        self.books.is_working(day, minute)
    }

    fn orders(&self, document: &Document) -> Option<i64> {
        self.documents.of(document).map(orders_behind)
    }
}
