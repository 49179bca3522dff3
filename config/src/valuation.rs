//! `[valuation]`: in which money and how stock is valued. `[[accounts]]`: which accounts a movement's
//! finance voucher names. `[reservations]`: how long and how many postings may wait.

use gatewarden_model::{ItemClass, ItemId, MovementKind, ValuationMethod};

use crate::{
    fields::{Fields, Span},
    items::{self, CLASS, METHOD},
    report::Walk,
    shape::{
        Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required,
    },
    words::quote,
};

/// Most lines of the account mapping.
pub const ACCOUNTS_MAX: usize = 2000;
/// Most decimal places of money that are kept.
const DECIMALS_MAX: i64 = 4;

/// In which money and how stock is valued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuationSection {
    /// ISO 4217 code; none where nothing is valued.
    pub currency: Option<String>,
    /// To how many decimal places shares of an amount are rounded, 0 to 4.
    pub decimals: u8,
    /// How an item is valued that does not say it; none for not at all.
    pub method: Option<ValuationMethod>,
}

/// What an account mapping is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountsFor {
    /// Movements of a kind, and what revalues them later.
    Kind(MovementKind),
    /// What was paid beside the price of a receipt.
    LandedCost,
}

/// Debit and credit account of one kind, of a class or an item where it names one. The most precise
/// line counts: the item's, else the class's, else the kind's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSection {
    /// What it is for.
    pub of: AccountsFor,
    /// Only for items of this class.
    pub class: Option<ItemClass>,
    /// Only for this item.
    pub item: Option<ItemId>,
    /// The account debited.
    pub debit: String,
    /// The account credited.
    pub credit: String,
}

/// How long and how many postings may wait for their second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationsSection {
    /// A reservation lapses after so many minutes unless its posting says less.
    pub expires_min: u32,
    /// Most reservations that are open at once.
    pub open_max: u32,
}

/// The kinds of movement, by name.
pub(crate) const KIND_NAMES: &[&str] = &[
    "receipt",
    "put-away",
    "issue",
    "transfer",
    "shipment",
    "count",
    "adjustment",
    "supplier-return",
    "customer-return",
    "production-issue",
    "production-receipt",
    "production-return",
    "subcontract-out",
    "subcontract-in",
    "scrap",
    "status-change",
    "pack",
    "unpack",
];

const ACCOUNT_KIND: Choice = Choice {
    code: "unknown-kind",
    noun: "movement kind",
    of: &[
        "receipt",
        "put-away",
        "issue",
        "transfer",
        "shipment",
        "count",
        "adjustment",
        "supplier-return",
        "customer-return",
        "production-issue",
        "production-receipt",
        "production-return",
        "subcontract-out",
        "subcontract-in",
        "scrap",
        "status-change",
        "pack",
        "unpack",
        "landed-cost",
    ],
};

pub(crate) static VALUATION: Section = Section {
    doc: "In which money and how stock is valued.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "currency",
            Shape::Text(Text::Currency),
            "The ledger's currency, such as \"EUR\". Choose it once and keep it.",
        ),
        integer_or(
            "decimals",
            0,
            DECIMALS_MAX,
            2,
            "Decimal places to which shares of an amount are rounded.",
        ),
        Key {
            name: "method",
            doc: "How an item is valued that does not say it: fifo, moving-average or none.",
            shape: Shape::Choice(METHOD),
            need: Need::Default(Plain::Text("none")),
        },
    ],
};

pub(crate) static ACCOUNT: Section = Section {
    doc: "Debit and credit account of a kind of movement; the most precise line counts.",
    unknown: UNKNOWN_KEY,
    keys: &[
        required("kind", Shape::Choice(ACCOUNT_KIND), "The kind of movement, or \"landed-cost\"."),
        optional("class", Shape::Choice(CLASS), "Only for items of this class."),
        optional("item", Shape::Text(Text::Code), "Only for this item."),
        required("debit", Shape::Text(Text::Line), "The account debited."),
        required("credit", Shape::Text(Text::Line), "The account credited."),
    ],
};

pub(crate) static RESERVATIONS: Section = Section {
    doc: "How long and how many postings may wait for their second person.",
    unknown: UNKNOWN_KEY,
    keys: &[
        integer_or(
            "expires_min",
            1,
            525_600,
            1440,
            "A reservation lapses after so many minutes; what it held is free again.",
        ),
        integer_or("open_max", 1, 100_000, 1000, "Most reservations that are open at once."),
    ],
};

/// A kind of movement by its name.
pub(crate) fn movement_kind(text: &str) -> Option<MovementKind> {
    MovementKind::ALL.into_iter().find(|kind| kind.name() == text)
}

impl ValuationSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        Some(Self {
            currency: fields.owned("currency"),
            decimals: fields.integer("decimals")?,
            method: items::method(fields.text("method")?),
        })
    }
}

impl AccountSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let of = match fields.text("kind")? {
            "landed-cost" => AccountsFor::LandedCost,
            kind => AccountsFor::Kind(movement_kind(kind)?),
        };
        Some(Self {
            of,
            class: fields.text("class").and_then(items::class),
            item: fields.parsed("item"),
            debit: fields.owned("debit")?,
            credit: fields.owned("credit")?,
        })
    }
}

impl ReservationsSection {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        Some(Self {
            expires_min: fields.integer("expires_min")?,
            open_max: fields.integer("open_max")?,
        })
    }
}

/// Whatever has a value has it in a currency.
pub(crate) fn check(walk: &mut Walk<'_>, root: &Fields) {
    let Some(valuation) = root.table("valuation") else { return };
    let currency_given = valuation.place("currency") != valuation.at;
    if currency_given {
        return;
    }
    let valued = |fields: &Fields, key| fields.text(key).and_then(items::method).is_some();
    let no_currency = |walk: &mut Walk<'_>, at: Span, message: &str| {
        let hint = Some("write currency = \"EUR\" or the like in [valuation]".to_owned());
        walk.error(at, "no-currency", message, "a currency", hint);
    };
    if valued(valuation, "method") {
        no_currency(walk, valuation.place("method"), "a valuation without a currency");
    }
    if let Some(item) = root.tables("items").iter().find(|item| valued(item, "valuation")) {
        no_currency(walk, item.place("valuation"), "an item with a value, but no currency for it");
    }
}

/// The rules of the account mapping.
pub(crate) fn check_accounts(walk: &mut Walk<'_>, root: &Fields) {
    let codes = || root.tables("items").iter().filter_map(|item| item.text("code"));
    let known: std::collections::BTreeSet<&str> = codes().collect();
    let mut seen = std::collections::BTreeMap::new();
    for account in root.tables("accounts") {
        let (class, item) = (account.text("class"), account.text("item"));
        if let Some(code) = item.filter(|code| !known.contains(code)) {
            walk.unknown(account.place("item"), "unknown-item", "item", code, codes());
        }
        if class.is_some() && item.is_some() {
            let message = "an account for a class and for an item";
            walk.error(account.place("class"), "conflict", message, "one of the two", None);
        }
        let sides = account.text("debit").zip(account.text("credit"));
        if let Some((debit, _)) = sides.filter(|(debit, credit)| debit == credit) {
            let message = format!("account {} is debited and credited", quote(debit));
            let expected = "two accounts, or no mapping where nothing changes hands";
            walk.error(account.place("credit"), "conflict", message, expected, None);
        }
        let Some(kind) = account.text("kind") else { continue };
        let at = account.place("kind");
        if let Some(line) = seen.insert((kind, class, item), walk.source.line(at.start)) {
            let message = format!("a second mapping of {}", quote(kind));
            let hint = Some(format!("it stands on line {line} already"));
            walk.error(at, "duplicate-account", message, "each kind, class and item once", hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_those_of_the_model() {
        let names: Vec<&str> = MovementKind::ALL.into_iter().map(MovementKind::name).collect();
        assert_eq!(KIND_NAMES, names);
        assert_eq!(&ACCOUNT_KIND.of[..KIND_NAMES.len()], KIND_NAMES);
    }
}
