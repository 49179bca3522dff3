//! The fields of a document against their declarations: all mistakes, defaults, facts for rules; and what
//! contradicts itself in the declarations.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Custom, CustomName, Document, DocumentContent, ItemClass, ItemId, OperatorId,
    field::{CUSTOM_BYTES_MAX, CUSTOM_FIELDS_MAX},
};

use super::{CHOICES_MAX, FIELDS_MAX, FieldDeclaration, FieldType, Level, Value, value};
use crate::{
    check::Known,
    kinds::{At, Fault},
    mistake::{Mistakes, hint, shown},
};

/// Class of an item, as far as it is known.
fn class_of(known: &dyn Known, item: &ItemId) -> ItemClass {
    known.item(item).map(|item| item.class).unwrap_or_default()
}

/// The declarations that hold for a head, or for a line of an item of this class.
fn of<'d>(
    declared: &'d [FieldDeclaration],
    content: &'d DocumentContent,
    class: Option<ItemClass>,
) -> impl Iterator<Item = &'d FieldDeclaration> + Clone {
    let kind = content.document.kind;
    declared.iter().filter(move |one| {
        one.is_of(kind)
            && match class {
                Some(class) => one.on == Level::Line && one.is_of_class(class),
                None => one.on == Level::Document,
            }
    })
}

/// Holds the fields of a document against their declarations; every mistake is recorded.
pub fn check(
    content: &DocumentContent,
    declared: &[FieldDeclaration],
    known: &dyn Known,
    mistakes: &mut Mistakes,
) {
    one(of(declared, content, None), &content.custom, None, known, mistakes);
    for (at, line) in content.lines.iter().enumerate() {
        let class = class_of(known, &line.item);
        one(of(declared, content, Some(class)), &line.custom, Some(at), known, mistakes);
    }
}

fn one<'d>(
    declared: impl Iterator<Item = &'d FieldDeclaration> + Clone,
    custom: &Custom,
    line: Option<usize>,
    known: &dyn Known,
    mistakes: &mut Mistakes,
) {
    if custom.len() > CUSTOM_FIELDS_MAX {
        let field = line.map_or("custom".to_owned(), |at| format!("lines[{at}].custom"));
        let message = format!("{} fields: at most {CUSTOM_FIELDS_MAX}", custom.len());
        mistakes.put("too-many-fields", field, message);
        return;
    }
    for (name, text) in custom {
        let field = value::path(line, name);
        match declared.clone().find(|one| one.name == *name) {
            Some(declaration) => stated(declaration, &field, text, known, mistakes),
            None => {
                let names = declared.clone().map(|one| one.name.as_str());
                let message =
                    format!("no such field is declared here{}", hint(name.as_str(), names));
                mistakes.put("unknown-field", field, message);
            }
        }
    }
    for declaration in declared.filter(|one| one.required && !custom.contains_key(&one.name)) {
        let message = format!("{} is missing: state it", declaration.title);
        mistakes.put("field-missing", value::path(line, &declaration.name), message);
    }
}

fn stated(
    declaration: &FieldDeclaration,
    field: &str,
    text: &str,
    known: &dyn Known,
    mistakes: &mut Mistakes,
) {
    let spelling = match declaration.holds.parse(text) {
        Ok(spelling) => spelling,
        Err(error) => return mistakes.put(error.code, field, error.message),
    };
    if spelling != text {
        let message = format!("{} is spelt {} here", shown(text), shown(&spelling));
        return mistakes.put("field-spelling", field, message);
    }
    let exists = match &declaration.holds {
        FieldType::Operator {} => OperatorId::parse(text).is_ok_and(|name| known.operator(&name)),
        FieldType::Item {} => ItemId::parse(text).is_ok_and(|code| known.item(&code).is_some()),
        FieldType::Document { .. } => is_known(text, known),
        _ => true,
    };
    if !exists {
        let what = declaration.holds.name();
        let message = format!("no {what} {} is known: correct it", shown(text));
        mistakes.put("field-unknown", field, message);
    }
}

fn is_known(text: &str, known: &dyn Known) -> bool {
    value::document(text).is_some_and(|document: Document| known.document(&document).is_some())
}

/// Fills in what is left out and has a default.
pub fn fill_defaults(
    content: &mut DocumentContent,
    declared: &[FieldDeclaration],
    known: &dyn Known,
) {
    let missing = |custom: &Custom, class| {
        let new = of(declared, content, class).filter(|one| !custom.contains_key(&one.name));
        let new = new.filter_map(|one| Some((one.name.clone(), one.default.clone()?)));
        new.collect::<Vec<(CustomName, String)>>()
    };
    let head = missing(&content.custom, None);
    let lines: Vec<_> = content
        .lines
        .iter()
        .map(|line| missing(&line.custom, Some(class_of(known, &line.item))))
        .collect();
    content.custom.extend(head);
    for (line, new) in content.lines.iter_mut().zip(lines) {
        line.custom.extend(new);
    }
}

/// The typed fields of the head, for rules and policies. Texts that are not in their one spelling, and
/// fields that are not declared, are left out: a rule that asks for them then denies.
#[must_use]
pub fn facts(
    content: &DocumentContent,
    declared: &[FieldDeclaration],
) -> BTreeMap<CustomName, Value> {
    typed(of(declared, content, None), &content.custom)
}

/// As `facts`, of one line of the document, whose item has this class.
#[must_use]
pub fn line_facts(
    content: &DocumentContent,
    custom: &Custom,
    class: ItemClass,
    declared: &[FieldDeclaration],
) -> BTreeMap<CustomName, Value> {
    typed(of(declared, content, Some(class)), custom)
}

fn typed<'d>(
    declared: impl Iterator<Item = &'d FieldDeclaration>,
    custom: &Custom,
) -> BTreeMap<CustomName, Value> {
    let value = |one: &FieldDeclaration| {
        let value = one.holds.value(custom.get(&one.name)?)?;
        Some((one.name.clone(), value))
    };
    declared.filter_map(value).collect()
}

/// What contradicts itself in declarations.
pub(crate) fn declaration_faults(declared: &[FieldDeclaration], faults: &mut Vec<Fault>) {
    let mut put = |at, key, code, message: String, expected: &str| {
        faults.push(Fault { at: At::Field(at, key), code, message, expected: expected.to_owned() });
    };
    let mut seen = BTreeSet::new();
    for (at, one) in declared.iter().enumerate() {
        // The same name may stand for other kinds, but then for one meaning in each of them.
        let twice = declared[..at].iter().any(|other| {
            let kinds = other.kinds.is_empty() || one.kinds.is_empty();
            let kinds = kinds || other.kinds.iter().any(|kind| one.kinds.contains(kind));
            let classes = other.classes.is_empty() || one.classes.is_empty();
            let classes = classes || other.classes.iter().any(|class| one.classes.contains(class));
            other.name == one.name && other.on == one.on && kinds && classes
        });
        if twice || !seen.insert((&one.name, one.on, &one.kinds, &one.classes)) {
            let message = format!("the field {:?} is declared twice", one.name.as_str());
            put(at, "name", "duplicate-field", message, "each name once for a kind and class");
        }
        if one.on == Level::Document && !one.classes.is_empty() {
            let message = String::from("a head has no item, so no class");
            put(at, "classes", "classes-unused", message, "on = \"line\", or no classes");
        }
        if let Err((key, message, expected)) = range(&one.holds) {
            put(at, key, "field-range", message, expected);
        }
        if let Some(default) = &one.default {
            match one.holds.parse(default) {
                Ok(spelling) if spelling == *default => {}
                Ok(spelling) => {
                    let message = format!("the default {} has another spelling", shown(default));
                    put(at, "default", "field-spelling", message, &shown(&spelling));
                }
                Err(error) => {
                    let expected = format!("a {}", one.holds.name());
                    put(at, "default", error.code, error.message, &expected);
                }
            }
        }
    }
    if declared.len() > FIELDS_MAX {
        let message = format!("{} fields", declared.len());
        put(FIELDS_MAX, "name", "too-many", message, &format!("at most {FIELDS_MAX}"));
    }
}

type Range = Result<(), (&'static str, String, &'static str)>;

fn range(holds: &FieldType) -> Range {
    match holds {
        FieldType::Text { bytes_max, .. } => {
            let fits = (1..=CUSTOM_BYTES_MAX).contains(&(*bytes_max as usize));
            let told = format!("{bytes_max} bytes");
            if fits { Ok(()) } else { Err(("max", told, "from 1 to 256")) }
        }
        FieldType::Integer { min, max } if min > max => {
            Err(("max", format!("from {min} to {max}"), "min at most max"))
        }
        FieldType::Quantity { min, max } if min > max || *min < 0 => {
            Err(("max", format!("from {min} to {max}"), "0 at most min, and min at most max"))
        }
        FieldType::Amount { min, max } if min > max => {
            Err(("max", format!("from {min} to {max}"), "min at most max"))
        }
        FieldType::Choice { of } => {
            let distinct: BTreeSet<&String> = of.iter().collect();
            if of.is_empty() || of.len() > CHOICES_MAX {
                Err(("choices", format!("{} choices", of.len()), "from 1 to 64 choices"))
            } else if distinct.len() < of.len() {
                Err(("choices", "a choice stands twice".to_owned(), "each choice once"))
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}
