//! Which rules have to be asked at all.
//!
//! Invariants: a rule that is left out could not have fired, whatever the facts: what it is about is not what
//! happens. Rules come in the order of their definitions.

use std::collections::HashMap;

use gatewarden_model::{
    DocumentKind, Item, ItemClass, ItemId, Movement, MovementKind, RuleTrigger,
};

use super::{ENTRIES, OPERATIONS, Rule, keyed::Keyed};
use crate::definition::{Over, RuleDefinition};

/// What happens, as far as it decides which rules are asked.
#[derive(Debug, Clone, Copy)]
pub struct Event<'e> {
    /// What makes rules look.
    pub trigger: RuleTrigger,
    /// Which operation or entry, as `OPERATIONS` and `ENTRIES` name it; any for a level, the rule's id on a
    /// schedule.
    pub on: &'e str,
    /// What the rules go through.
    pub over: Over,
    /// The kind of movement, where one is about to be or was.
    pub movement: Option<MovementKind>,
    /// The kind of document, where there is one.
    pub document: Option<DocumentKind>,
    /// What it touches.
    pub touched: &'e Touched<'e>,
}

/// The items, classes and warehouses that something touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched<'e> {
    items: Vec<&'e ItemId>,
    classes: u8,
    warehouses: Vec<&'e str>,
    movement: Option<&'e Movement>,
}

impl<'e> Touched<'e> {
    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// What a movement touches.
    #[must_use]
    pub fn by(movement: &'e Movement, item: impl Fn(&ItemId) -> Option<&'e Item>) -> Self {
        let mut touched = Self::default();
        for line in &movement.lines {
            touched.item(&line.item, item(&line.item).map(|item| item.class));
        }
        touched.movement = Some(movement);
        touched
    }

    fn touches(&self, warehouse: &str) -> bool {
        let mut of_movement = self.movement.into_iter().flat_map(crate::ground::warehouses);
        self.warehouses.contains(&warehouse) || of_movement.any(|one| one == warehouse)
    }

    /// An item more, with its class where it is known.
    pub fn item(&mut self, code: &'e ItemId, class: Option<ItemClass>) -> &mut Self {
        if !self.items.contains(&code) {
            self.items.push(code);
            self.classes |= class.map_or(0, class_bit);
        }
        self
    }

    /// A warehouse more.
    pub fn warehouse(&mut self, name: &'e str) -> &mut Self {
        if !self.warehouses.contains(&name) {
            self.warehouses.push(name);
        }
        self
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[&'e ItemId] {
        &self.items
    }
}

fn class_bit(class: ItemClass) -> u8 {
    1 << (class as u8)
}

/// What a rule is about, ready to be compared; no bit and no name at all stand for everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Fits {
    movements: u32,
    documents: u64,
    classes: u8,
    items: Vec<ItemId>,
    warehouses: Vec<String>,
}

impl Fits {
    pub(super) fn new(definition: &RuleDefinition) -> Self {
        let scope = &definition.scope;
        let mut items = scope.items.clone();
        items.sort_unstable();
        Self {
            movements: scope.movement_kinds.iter().fold(0, |bits, kind| bits | 1 << (*kind as u32)),
            documents: scope.document_kinds.iter().fold(0, |bits, kind| bits | 1 << (*kind as u64)),
            classes: scope.classes.iter().fold(0, |bits, class| bits | class_bit(*class)),
            items,
            warehouses: scope.warehouses.clone(),
        }
    }

    fn event(&self, event: &Event<'_>) -> bool {
        let kind =
            |bits: u64, one: Option<u64>| bits == 0 || one.is_some_and(|k| bits >> k & 1 == 1);
        let touched = event.touched;
        kind(self.movements.into(), event.movement.map(|kind| kind as u64))
            && kind(self.documents, event.document.map(|kind| kind as u64))
            && (self.classes == 0 || self.classes & touched.classes != 0)
            && (self.items.is_empty()
                || touched.items.iter().any(|item| self.items.binary_search(item).is_ok()))
            && (self.warehouses.is_empty()
                || self.warehouses.iter().any(|one| touched.touches(one)))
    }
}

/// The kinds of movement, and no movement.
const KINDS: usize = MovementKind::ALL.len() + 1;

/// Rules by what they are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// By trigger, word and what they go through, few enough to be looked through: for each kind of movement, the
    /// rules that name no item.
    plain: Vec<(RuleTrigger, &'static str, Over, Vec<List>)>,
    /// Rules that name items.
    by_item: HashMap<ItemId, Vec<u16>>,
}

/// Rules that are asked together.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// All of them, in their order.
    pub(super) rules: Vec<u16>,
    /// The same, by what they need.
    pub(super) keyed: Keyed,
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (at, rule) in (0_u16..).zip(rules) {
            if !rule.fits.items.is_empty() {
                for item in &rule.fits.items {
                    index.by_item.entry(item.clone()).or_default().push(at);
                }
                continue;
            }
            for word in words(rule.definition.when) {
                if fits_word(&rule.definition, word) {
                    let over = rule.definition.over;
                    let lists = index.lists(rule.definition.when, word, over);
                    for (kind, list) in lists.iter_mut().enumerate() {
                        if rule.fits.movements == 0 || rule.fits.movements >> kind & 1 == 1 {
                            list.rules.push(at);
                        }
                    }
                }
            }
        }
        let lists = index.plain.iter_mut().flat_map(|(.., lists)| lists);
        lists.for_each(|list| list.keyed = Keyed::new(&list.rules, rules));
        index
    }

    fn lists(&mut self, when: RuleTrigger, word: &'static str, over: Over) -> &mut Vec<List> {
        let same = |one: &(RuleTrigger, &str, Over, Vec<List>)| {
            one.0 == when && one.1 == word && one.2 == over
        };
        let known = self.plain.iter().position(same);
        let at = known.unwrap_or_else(|| {
            self.plain.push((when, word, over, vec![List::default(); KINDS]));
            self.plain.len() - 1
        });
        &mut self.plain[at].3
    }

    /// The rules that name no item, of which those that fit are asked.
    pub(super) fn list(&self, event: &Event<'_>) -> Option<&List> {
        let word = match event.trigger {
            RuleTrigger::Before | RuleTrigger::After => event.on,
            RuleTrigger::Schedule | RuleTrigger::Level => "",
        };
        let kind = event.movement.map_or(KINDS - 1, |kind| kind as usize);
        let same = |one: &&(RuleTrigger, &str, Over, Vec<List>)| {
            one.0 == event.trigger && one.2 == event.over && one.1 == word
        };
        self.plain.iter().find(same)?.3.get(kind)
    }

    /// The rules that name an item that is touched, and fit; some may come twice.
    pub(super) fn named<'i>(
        &'i self,
        rules: &'i [Rule],
        event: &'i Event<'_>,
    ) -> impl Iterator<Item = u16> + 'i {
        let items = if self.by_item.is_empty() { &[] } else { event.touched.items.as_slice() };
        let all = items.iter().filter_map(|item| self.by_item.get(*item)).flatten().copied();
        all.filter(|at| rules.get(usize::from(*at)).is_some_and(|rule| fits(rule, event)))
    }

    /// Whether there is a rule to ask.
    pub(super) fn any(&self, rules: &[Rule], event: &Event<'_>) -> bool {
        let fit = |at: &u16| rules.get(usize::from(*at)).is_some_and(|rule| fits(rule, event));
        self.list(event).is_some_and(|list| list.rules.iter().any(fit))
            || self.named(rules, event).next().is_some()
    }
}

/// Whether a rule of the index is one of this event.
pub(super) fn fits(rule: &Rule, event: &Event<'_>) -> bool {
    let definition = &rule.definition;
    let word = match event.trigger {
        RuleTrigger::Schedule => definition.id == event.on,
        RuleTrigger::Level => true,
        RuleTrigger::Before | RuleTrigger::After => fits_word(definition, event.on),
    };
    definition.when == event.trigger
        && definition.over == event.over
        && word
        && rule.fits.event(event)
}

fn words(when: RuleTrigger) -> &'static [&'static str] {
    match when {
        RuleTrigger::Before => &OPERATIONS,
        RuleTrigger::After => &ENTRIES,
        RuleTrigger::Schedule | RuleTrigger::Level => &[""],
    }
}

fn fits_word(definition: &RuleDefinition, word: &str) -> bool {
    definition.on.is_empty() || word.is_empty() || definition.on.iter().any(|on| on == word)
}
