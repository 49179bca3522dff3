//! The facts that a decision may depend on, and how policies see them.
//!
//! Invariants: a fact that is not known is left out, so that a limit which asks for it denies; only the
//! facts that some policy of the cell looks at are put before the policies, remembered with the answer
//! and recorded; text and value of a recorded fact are one to one. Amounts are Cedar longs in
//! ten-thousandths of the currency (`Amount::units`): as exact as Cedar's decimal, which has the same
//! range, without its parsing at every decision; who forgets the factor in a policy permits too little,
//! never too much. Absent: where facts come from (the engine).

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Context, RestrictedExpression};
use gatewarden_model::{
    Amount, DocumentKind, ItemClass, ItemId, Location, MovementKind, OWN, StationId, StockStatus,
    Trust,
};

/// Most members of one set of facts. A movement with more has no such fact, and limits deny it.
pub const SET_MAX: usize = 64;

/// What a decision may depend on beside principal, action and module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Who ordered the document; compared without case.
    pub ordered_by: Option<&'a str>,
    /// Who opened the task here.
    pub requested_by: Option<&'a str>,
    /// Who moved the pass that is decided on.
    pub moved_by: Option<&'a str>,
    /// At which station.
    pub station: Option<&'a StationId>,
    /// How strongly the principal was authenticated.
    pub auth_level: Option<u8>,
    /// Who else is present, authenticated and has the right.
    pub second: Option<&'a str>,
    /// The kind of the document.
    pub document: Option<DocumentKind>,
    /// The kind of movement.
    pub movement: Option<MovementKind>,
    /// What is moved.
    pub goods: Option<&'a Goods>,
    /// What it is worth, all lines together.
    pub amount: Option<Amount>,
    /// How far the things of the pass can be trusted: the lowest grade among them.
    pub trust: Option<Trust>,
}

/// What the lines of a movement touch. A set that is empty is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goods {
    /// The first parts of all physical places, from and to.
    pub warehouses: BTreeSet<String>,
    /// The classes of all items; empty where the class of one is not known.
    pub classes: BTreeSet<ItemClass>,
    /// The owners; `OWN` is the house.
    pub owners: BTreeSet<String>,
    /// The statuses that stock has before and gets.
    pub statuses: BTreeSet<StockStatus>,
}

impl Goods {
    /// Collects lines: item, places, owner, statuses. `class` tells an item's.
    pub fn of<'l>(
        lines: impl IntoIterator<Item = Line<'l>>,
        class: impl Fn(&ItemId) -> Option<ItemClass>,
    ) -> Self {
        let mut goods = Self::default();
        let mut all_known = true;
        for line in lines {
            for place in line.places.into_iter().filter(|place| place.is_physical()) {
                let first = place.as_str().split('/').next().unwrap_or_default();
                if !goods.warehouses.contains(first) {
                    goods.warehouses.insert(first.to_owned());
                }
            }
            match class(line.item) {
                Some(class) => drop(goods.classes.insert(class)),
                None => all_known = false,
            }
            goods.owners.insert(owner_name(line.owner));
            goods.statuses.extend(line.statuses);
        }
        if !all_known {
            goods.classes.clear();
        }
        goods
    }
}

/// What of a line is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// The item.
    pub item: &'l ItemId,
    /// From and to.
    pub places: [&'l Location; 2],
    /// The owner; none for the house.
    pub owner: Option<&'l str>,
    /// Before and after.
    pub statuses: [StockStatus; 2],
}

/// How an owner is called; no other owner can be taken for the house.
fn owner_name(owner: Option<&str>) -> String {
    match owner {
        None => OWN.to_owned(),
        Some(name) if name.starts_with('@') => format!("@{name}"),
        Some(name) => name.to_owned(),
    }
}

/// One fact, by the name that policies, entries and `--fact` know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fact {
    /// `Facts::amount`.
    Amount,
    /// `Facts::auth_level`.
    AuthLevel,
    /// `Goods::classes`.
    Classes,
    /// `Facts::document`.
    Document,
    /// `Facts::moved_by`.
    MovedBy,
    /// `Facts::movement`.
    Movement,
    /// `Facts::ordered_by`.
    OrderedBy,
    /// `Goods::owners`.
    Owners,
    /// `Facts::requested_by`.
    RequestedBy,
    /// `Facts::second`.
    Second,
    /// `Facts::station`.
    Station,
    /// `Goods::statuses`.
    Statuses,
    /// `Facts::trust`.
    Trust,
    /// `Goods::warehouses`.
    Warehouses,
}

impl Fact {
    /// All facts.
    pub const ALL: [Self; 14] = [
        Self::Amount,
        Self::AuthLevel,
        Self::Classes,
        Self::Document,
        Self::MovedBy,
        Self::Movement,
        Self::OrderedBy,
        Self::Owners,
        Self::RequestedBy,
        Self::Second,
        Self::Station,
        Self::Statuses,
        Self::Trust,
        Self::Warehouses,
    ];

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::AuthLevel => "auth_level",
            Self::Classes => "classes",
            Self::Document => "document",
            Self::MovedBy => "moved_by",
            Self::Movement => "movement",
            Self::OrderedBy => "ordered_by",
            Self::Owners => "owners",
            Self::RequestedBy => "requested_by",
            Self::Second => "second",
            Self::Station => "station",
            Self::Statuses => "statuses",
            Self::Trust => "trust",
            Self::Warehouses => "warehouses",
        }
    }

    /// The fact of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.name() == name)
    }

    fn is_set(self) -> bool {
        matches!(self, Self::Classes | Self::Owners | Self::Statuses | Self::Warehouses)
    }
}

/// Some of the facts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looks(u16);

impl Looks {
    /// All of them.
    pub const ALL: Self = Self((1 << Fact::ALL.len()) - 1);

    /// Adds one.
    pub fn add(&mut self, fact: Fact) {
        self.0 |= 1 << fact as u8;
    }

    /// Adds others.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(self, fact: Fact) -> bool {
        self.0 & (1 << fact as u8) != 0
    }

    /// Whether one that is read off a movement's lines is.
    #[must_use]
    pub fn has_goods(self) -> bool {
        [Fact::Classes, Fact::Owners, Fact::Statuses, Fact::Warehouses].iter().any(|f| self.has(*f))
    }
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Set(Vec<String>),
}

/// Why a text is no value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FactError(pub String);

/// Facts by their names: what is known of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Known(Vec<(Fact, Value)>);

impl Known {
    /// Those of the facts that are looked at and known.
    #[must_use]
    pub fn of(facts: &Facts<'_>, looks: Looks) -> Self {
        Self(
            Fact::ALL
                .into_iter()
                .filter(|fact| looks.has(*fact))
                .filter_map(|fact| Some((fact, value(facts, fact)?)))
                .collect(),
        )
    }

    /// These, and those of the facts that are looked at and were not known here.
    #[must_use]
    pub fn with(&self, facts: &Facts<'_>, looks: Looks) -> Self {
        let mut all = self.clone();
        for (fact, value) in Self::of(facts, looks).0 {
            if let Err(at) = all.0.binary_search_by_key(&fact, |(known, _)| *known) {
                all.0.insert(at, (fact, value));
            }
        }
        all
    }

    /// Only those that are looked at.
    #[must_use]
    pub fn only(&self, looks: Looks) -> Self {
        Self(self.0.iter().filter(|(fact, _)| looks.has(*fact)).cloned().collect())
    }

    /// Adds one by its text, as `told` writes it; what is there already stays.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), FactError> {
        let names = || Fact::ALL.map(Fact::name).join(", ");
        let fact = Fact::named(name)
            .ok_or_else(|| FactError(format!("{name:?} is no fact: there are {}", names())))?;
        let value = parse(fact, text)?;
        if let Err(at) = self.0.binary_search_by_key(&fact, |(known, _)| *known) {
            self.0.insert(at, (fact, value));
        }
        Ok(())
    }

    /// Whether it is known.
    #[must_use]
    pub fn has(&self, fact: Fact) -> bool {
        self.0.binary_search_by_key(&fact, |(known, _)| *known).is_ok()
    }

    /// The value of a fact, where it is known.
    pub(super) fn value(&self, fact: Fact) -> Option<&Value> {
        let at = self.0.binary_search_by_key(&fact, |(known, _)| *known).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// As entries record them.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let told = |(fact, value): &(Fact, Value)| (fact.name().to_owned(), text(*fact, value));
        self.0.iter().map(told).collect()
    }

    pub(super) fn context(&self) -> Result<Context, String> {
        let text = |text: &String| RestrictedExpression::new_string(text.clone());
        let expression = |value: &Value| match value {
            Value::Text(one) => text(one),
            Value::Number(number) => RestrictedExpression::new_long(*number),
            Value::Set(many) => RestrictedExpression::new_set(many.iter().map(text)),
        };
        let pairs = self.0.iter().map(|(fact, value)| (fact.name().to_owned(), expression(value)));
        Context::from_pairs(pairs).map_err(|e| e.to_string())
    }
}

fn value(facts: &Facts<'_>, fact: Fact) -> Option<Value> {
    let name = |text: &str| Value::Text(text.trim().to_lowercase());
    let set = |many: BTreeSet<String>| {
        (1..=SET_MAX).contains(&many.len()).then(|| Value::Set(many.into_iter().collect()))
    };
    let goods = facts.goods;
    match fact {
        Fact::Amount => facts.amount.map(|amount| Value::Number(amount.units())),
        Fact::AuthLevel => facts.auth_level.map(|level| Value::Number(level.into())),
        Fact::Document => facts.document.map(|kind| Value::Text(kind.name().to_owned())),
        Fact::Movement => facts.movement.map(|kind| Value::Text(kind.name().to_owned())),
        Fact::MovedBy => facts.moved_by.map(name),
        Fact::OrderedBy => facts.ordered_by.map(name),
        Fact::RequestedBy => facts.requested_by.map(name),
        Fact::Second => facts.second.map(name),
        Fact::Station => facts.station.map(|station| Value::Text(station.as_str().to_owned())),
        Fact::Trust => facts.trust.map(|trust| Value::Text(trust.name().to_owned())),
        Fact::Classes => set(goods?.classes.iter().map(|class| class.name().to_owned()).collect()),
        Fact::Owners => set(goods?.owners.clone()),
        Fact::Statuses => {
            set(goods?.statuses.iter().map(|status| status.name().to_owned()).collect())
        }
        Fact::Warehouses => set(goods?.warehouses.clone()),
    }
}

/// A value in words: members of a set with commas between, a comma or backslash of their own after a
/// backslash.
fn text(fact: Fact, value: &Value) -> String {
    let escaped = |one: &String| one.replace('\\', "\\\\").replace(',', "\\,");
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(units) if fact == Fact::Amount => Amount::from_units(*units).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Set(many) => many.iter().map(escaped).collect::<Vec<_>>().join(","),
    }
}

fn parse(fact: Fact, text: &str) -> Result<Value, FactError> {
    let wrong = |expected: &str| {
        let shown: String = text.chars().take(40).collect();
        FactError(format!("{}: {shown:?} is not {expected}", fact.name()))
    };
    Ok(match fact {
        Fact::Amount => {
            let amount: Amount = text.parse().map_err(|_| wrong("an amount such as 5000.01"))?;
            Value::Number(amount.units())
        }
        Fact::AuthLevel => {
            Value::Number(text.parse::<u8>().map_err(|_| wrong("a level from 0 to 255"))?.into())
        }
        _ if fact.is_set() => {
            let members = split(text);
            if text.is_empty() || members.len() > SET_MAX {
                return Err(wrong(&format!("1 to {SET_MAX} members with commas between")));
            }
            Value::Set(members.into_iter().collect())
        }
        Fact::MovedBy | Fact::OrderedBy | Fact::RequestedBy | Fact::Second => {
            Value::Text(text.trim().to_lowercase())
        }
        _ => Value::Text(text.to_owned()),
    })
}

fn split(text: &str) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    let (mut one, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => one.extend(letters.next()),
            ',' => drop(members.insert(std::mem::take(&mut one))),
            _ => one.push(letter),
        }
    }
    members.insert(one);
    members
}
