//! From checked tables to definitions. A text that is no right, number or mask is told of here, because
//! only its type knows.
//!
//! Whatever was wrong was told of and has some other value here, so that the rest of a definition is still
//! held against itself; no definition with a mistake ever leaves the file's reader.

use std::{fmt::Display, str::FromStr};

use gatewarden_documents::{
    fields::{FieldDeclaration, FieldType, Level, Mask},
    frame::Frame,
    kinds::{
        Amend, CountRules, Execution, HeadField, InspectionLevel, KindDefinition, KindRights, Leg,
        LineField, LineRules, LinkRule, Outcome, OverAct, OwnMove, OwnState, PlaceClass,
        QuantityRule, SamplingRules, Tolerance,
    },
};
use gatewarden_model::{
    Action, Amount, DocumentKind, ItemClass, Module, MovementKind, Right, field::CUSTOM_BYTES_MAX,
};

use super::shape::AQLS;
use crate::{
    fields::{Fields, Value},
    report::Walk,
    words::quote,
};

/// The keys that some types of field alone have.
const OF_TYPE: [(&str, &[&str]); 5] = [
    ("min", &["integer", "quantity", "amount"]),
    ("max", &["integer", "quantity", "amount", "text"]),
    ("mask", &["text"]),
    ("choices", &["choice"]),
    ("documents", &["document"]),
];

/// One kind; none where nothing says which.
pub(super) fn kind(walk: &mut Walk<'_>, table: &Fields) -> Option<KindDefinition> {
    let numbering = parsed(walk, table, "number", "bad-number", "a pattern of numbers");
    let rights = table.table("rights").map(|rights| self::rights(walk, rights));
    let moves: Vec<_> = table.tables("moves").iter().map(|one| own_move(walk, one)).collect();
    let spoilt = |key: &str| table.stands(key) && !table.has(key);
    let unclear = || spoilt("workflow").then(|| String::from("unclear"));
    Some(KindDefinition {
        kind: DocumentKind::of_name(table.text("kind")?)?,
        title: table.owned("title").unwrap_or_default(),
        numbering: numbering.or_else(|| "{seq:4}".parse().ok())?,
        numbers_given: table.bool("numbers_given").unwrap_or(false),
        rights: rights.unwrap_or_else(|| self::rights(walk, &Fields::default())),
        workflow: table.owned("workflow").or_else(unclear),
        execution: word(table, "execution", Execution::of_name, Execution::None),
        made_by: table.text("made_by").and_then(DocumentKind::of_name),
        closed_by: table.text("closed_by").and_then(DocumentKind::of_name),
        amend: word(table, "amend", Amend::of_name, Amend::default()),
        states: table.tables("states").iter().map(state).collect(),
        moves,
        needs: words(table, "needs", HeadField::of_name),
        lines: table.table("lines").map(lines).unwrap_or_default(),
        legs: table.tables("legs").iter().map(leg).collect(),
        links: table.tables("links").iter().map(link).collect(),
        tolerance: table.table("tolerance").map(tolerance).unwrap_or_default(),
        count: stated(table, "count").map(count),
        sampling: stated(table, "sampling").map(sampling),
    })
}

/// The words of a list; one that was wrong was told of and is not there.
fn words<T>(table: &Fields, key: &str, of_name: impl Fn(&str) -> Option<T>) -> Vec<T> {
    table.texts(key).filter_map(|(text, _)| of_name(text)).collect()
}

/// A word; another one where it was wrong.
fn word<T>(table: &Fields, key: &str, of_name: impl Fn(&str) -> Option<T>, or: T) -> T {
    table.text(key).and_then(of_name).unwrap_or(or)
}

/// A table that stands: one that does not has the place of the table around it.
fn stated<'t>(table: &'t Fields, key: &str) -> Option<&'t Fields> {
    table.table(key).filter(|_| table.place(key) != table.at)
}

/// A text by its parser; what the parser says is told at its place.
fn parsed<T: FromStr<Err: Display>>(
    walk: &mut Walk<'_>,
    table: &Fields,
    key: &str,
    code: &'static str,
    expected: &str,
) -> Option<T> {
    let text = table.text(key)?;
    text.parse()
        .map_err(|error: T::Err| {
            let (quoted, why) = (quote(text), error.to_string());
            let message = if why.starts_with('"') { why } else { format!("{quoted}: {why}") };
            walk.error(table.place(key), code, message, expected, None);
        })
        .ok()
}

fn right(walk: &mut Walk<'_>, table: &Fields, key: &str) -> Right {
    let right = parsed(walk, table, key, "bad-right", "module:action, as inbound:execute");
    right.unwrap_or(Right { module: Module::System, action: Action::View })
}

fn rights(walk: &mut Walk<'_>, table: &Fields) -> KindRights {
    let [view, create, modify, approve, execute] =
        ["view", "create", "modify", "approve", "execute"].map(|key| right(walk, table, key));
    KindRights { view, create, modify, approve, execute }
}

fn state(table: &Fields) -> OwnState {
    OwnState {
        name: table.owned("name").unwrap_or_default(),
        title: table.owned("title").unwrap_or_default(),
        frame: word(table, "frame", Frame::of_name, Frame::Draft),
    }
}

fn own_move(walk: &mut Walk<'_>, table: &Fields) -> OwnMove {
    OwnMove {
        name: table.owned("name").unwrap_or_default(),
        title: table.owned("title").unwrap_or_default(),
        from: table.owned("from").unwrap_or_default(),
        to: table.owned("to").unwrap_or_default(),
        right: right(walk, table, "right"),
    }
}

fn lines(table: &Fields) -> LineRules {
    LineRules {
        min: table.integer("min").unwrap_or_default(),
        max: table.integer("max").unwrap_or_default(),
        quantity: word(table, "quantity", QuantityRule::of_name, QuantityRule::default()),
        needs: words(table, "needs", LineField::of_name),
        apart: table.bool("apart").unwrap_or(false),
    }
}

fn movement(name: &str) -> Option<MovementKind> {
    MovementKind::ALL.into_iter().find(|kind| kind.name() == name)
}

fn leg(table: &Fields) -> Leg {
    Leg {
        movement: word(table, "movement", movement, MovementKind::Transfer),
        from: words(table, "from", PlaceClass::of_name),
        to: words(table, "to", PlaceClass::of_name),
        way: table.owned("way"),
        sources: words(table, "sources", DocumentKind::of_name),
    }
}

fn link(table: &Fields) -> LinkRule {
    let is = |key: &str| table.bool(key).unwrap_or(false);
    LinkRule {
        to: word(table, "to", DocumentKind::of_name, DocumentKind::Item),
        min: table.integer("min").unwrap_or_default(),
        max: table.integer("max").unwrap_or(1),
        by_line: is("by_line"),
        digest: is("digest"),
        open: is("open"),
        fulfils: is("fulfils"),
    }
}

fn tolerance(table: &Fields) -> Tolerance {
    Tolerance {
        over_permille: table.integer("over_permille").unwrap_or_default(),
        under_permille: table.integer("under_permille").unwrap_or_default(),
        over: word(table, "over", OverAct::of_name, OverAct::default()),
    }
}

fn count(table: &Fields) -> CountRules {
    CountRules {
        blind: table.bool("blind").unwrap_or(true),
        recounts_max: table.integer("recounts_max").unwrap_or_default(),
        tolerance_permille: table.integer("tolerance_permille").unwrap_or_default(),
        tolerance_pieces: table.integer("tolerance_pieces").unwrap_or_default(),
        freeze: table.bool("freeze").unwrap_or(true),
        workflow: table.owned("workflow").unwrap_or_default(),
    }
}

fn sampling(table: &Fields) -> SamplingRules {
    let aql = |name: &str| AQLS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let outcomes = match table.has("outcomes") {
        true => words(table, "outcomes", Outcome::of_name),
        false => Outcome::ALL.to_vec(),
    };
    SamplingRules {
        level: word(table, "level", InspectionLevel::of_name, InspectionLevel::Two),
        aql_thousandths: word(table, "aql", aql, 0),
        outcomes,
    }
}

/// One typed field; none where nothing names it.
pub(super) fn field(walk: &mut Walk<'_>, table: &Fields) -> Option<FieldDeclaration> {
    let class = |name: &str| ItemClass::ALL.into_iter().find(|class| class.name() == name);
    let holds = field_type(walk, table);
    Some(FieldDeclaration {
        name: table.parsed("name")?,
        title: table.owned("title").unwrap_or_default(),
        on: word(table, "on", Level::of_name, Level::Document),
        kinds: words(table, "kinds", DocumentKind::of_name),
        classes: words(table, "classes", class),
        required: table.bool("required").unwrap_or(false),
        // A default of what is not clear can't be wrong.
        default: table.owned("default").filter(|_| holds.is_some()),
        holds: holds.unwrap_or(FieldType::Bool {}),
    })
}

fn field_type(walk: &mut Walk<'_>, table: &Fields) -> Option<FieldType> {
    let name = table.text("type")?;
    for (key, types) in OF_TYPE {
        if table.has(key) && !types.contains(&name) {
            let message = format!("a field of type {name:?} has no {key:?}");
            let expected = format!("{key:?} only for {}", types.join(", "));
            walk.error(table.place(key), "unused-key", message, expected, None);
        }
    }
    match name {
        "text" => {
            let mask =
                parsed::<Mask>(walk, table, "mask", "bad-mask", "a mask, such as \"AA-9999\"");
            let most = i64::try_from(CUSTOM_BYTES_MAX).unwrap_or(i64::MAX);
            let bytes_max = u32::try_from(whole(walk, table, "max", most)?).unwrap_or(u32::MAX);
            Some(FieldType::Text { bytes_max, mask })
        }
        "integer" => Some(FieldType::Integer {
            min: whole(walk, table, "min", i64::MIN)?,
            max: whole(walk, table, "max", i64::MAX)?,
        }),
        "quantity" => Some(FieldType::Quantity {
            min: whole(walk, table, "min", 0)?,
            max: whole(walk, table, "max", i64::MAX)?,
        }),
        "amount" => Some(FieldType::Amount {
            // The smallest amount that has a text.
            min: amount(walk, table, "min", -i64::MAX)?,
            max: amount(walk, table, "max", i64::MAX)?,
        }),
        "day" => Some(FieldType::Day {}),
        "bool" => Some(FieldType::Bool {}),
        "choice" => {
            let of: Vec<String> = table.texts("choices").map(|(text, _)| text.to_owned()).collect();
            Some(FieldType::Choice { of })
        }
        "operator" => Some(FieldType::Operator {}),
        "item" => Some(FieldType::Item {}),
        _ => Some(FieldType::Document { kinds: words(table, "documents", DocumentKind::of_name) }),
    }
}

/// A limit that is a whole number.
fn whole(walk: &mut Walk<'_>, table: &Fields, key: &str, or: i64) -> Option<i64> {
    match table.value(key) {
        None => Some(or),
        Some(Value::Integer(number)) => Some(*number),
        Some(_) => {
            let message = format!("{key:?} is no whole number");
            walk.error(table.place(key), "wrong-type", message, "digits without quotes", None);
            None
        }
    }
}

/// A limit that is an amount of money.
fn amount(walk: &mut Walk<'_>, table: &Fields, key: &str, or: i64) -> Option<Amount> {
    match table.value(key) {
        None => Some(Amount::from_units(or)),
        Some(Value::Text(_)) => parsed(walk, table, key, "bad-amount", "an amount in quotes"),
        Some(_) => {
            let message = format!("{key:?} is no amount");
            walk.error(table.place(key), "wrong-type", message, "an amount, as \"5000.00\"", None);
            None
        }
    }
}
