//! From checked tables to definitions. A text that is no right, number or mask is told of here, because
//! only its type knows.

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
    Amount, DocumentKind, ItemClass, MovementKind, Right, field::CUSTOM_BYTES_MAX,
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

/// One kind; none where something of it was wrong.
pub(super) fn kind(walk: &mut Walk<'_>, table: &Fields) -> Option<KindDefinition> {
    let numbering = parsed(walk, table, "number", "bad-number", "a pattern of numbers");
    let rights = table.table("rights").and_then(|rights| self::rights(walk, rights));
    let moves: Vec<_> = table.tables("moves").iter().map(|one| own_move(walk, one)).collect();
    Some(KindDefinition {
        kind: DocumentKind::of_name(table.text("kind")?)?,
        title: table.owned("title")?,
        numbering: numbering?,
        numbers_given: table.bool("numbers_given")?,
        rights: rights?,
        workflow: table.owned("workflow"),
        execution: Execution::of_name(table.text("execution")?)?,
        made_by: table.text("made_by").and_then(DocumentKind::of_name),
        amend: Amend::of_name(table.text("amend")?)?,
        states: all(table.tables("states"), state)?,
        moves: moves.into_iter().collect::<Option<_>>()?,
        needs: words(table, "needs", HeadField::of_name),
        lines: lines(table.table("lines")?)?,
        legs: all(table.tables("legs"), leg)?,
        links: all(table.tables("links"), link)?,
        tolerance: tolerance(table.table("tolerance")?)?,
        count: stated(table, "count", count)?,
        sampling: stated(table, "sampling", sampling)?,
    })
}

fn all<T>(tables: &[Fields], build: impl Fn(&Fields) -> Option<T>) -> Option<Vec<T>> {
    tables.iter().map(build).collect()
}

/// The words of a list; one that was wrong was told of and is not there.
fn words<T>(table: &Fields, key: &str, of_name: impl Fn(&str) -> Option<T>) -> Vec<T> {
    table.texts(key).filter_map(|(text, _)| of_name(text)).collect()
}

/// A table that stands. The outer none is for one that is wrong.
#[allow(clippy::option_option, reason = "a table that is absent is not one that is wrong")]
fn stated<T>(table: &Fields, key: &str, build: impl Fn(&Fields) -> Option<T>) -> Option<Option<T>> {
    // One that does not stand has the place of the table around it.
    if !table.has(key) || table.place(key) == table.at {
        return Some(None);
    }
    table.table(key).and_then(build).map(Some)
}

/// A text by its parser; what the parser says is told at its place.
fn parsed<T: std::str::FromStr>(
    walk: &mut Walk<'_>,
    table: &Fields,
    key: &str,
    code: &'static str,
    expected: &str,
) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    let text = table.text(key)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            let error: T::Err = error;
            let message = format!("{}: {error}", quote(text));
            walk.error(table.place(key), code, message, expected, None);
            None
        }
    }
}

fn right(walk: &mut Walk<'_>, table: &Fields, key: &str) -> Option<Right> {
    parsed(walk, table, key, "bad-right", "module:action, as inbound:execute")
}

fn rights(walk: &mut Walk<'_>, table: &Fields) -> Option<KindRights> {
    let [view, create, modify, approve, execute] =
        ["view", "create", "modify", "approve", "execute"].map(|key| right(walk, table, key));
    Some(KindRights {
        view: view?,
        create: create?,
        modify: modify?,
        approve: approve?,
        execute: execute?,
    })
}

fn state(table: &Fields) -> Option<OwnState> {
    Some(OwnState {
        name: table.owned("name")?,
        title: table.owned("title")?,
        frame: Frame::of_name(table.text("frame")?)?,
    })
}

fn own_move(walk: &mut Walk<'_>, table: &Fields) -> Option<OwnMove> {
    let right = right(walk, table, "right");
    Some(OwnMove {
        name: table.owned("name")?,
        title: table.owned("title")?,
        from: table.owned("from")?,
        to: table.owned("to")?,
        right: right?,
    })
}

fn lines(table: &Fields) -> Option<LineRules> {
    Some(LineRules {
        min: table.integer("min")?,
        max: table.integer("max")?,
        quantity: QuantityRule::of_name(table.text("quantity")?)?,
        needs: words(table, "needs", LineField::of_name),
        apart: table.bool("apart")?,
    })
}

fn movement(name: &str) -> Option<MovementKind> {
    MovementKind::ALL.into_iter().find(|kind| kind.name() == name)
}

fn leg(table: &Fields) -> Option<Leg> {
    Some(Leg {
        movement: movement(table.text("movement")?)?,
        from: words(table, "from", PlaceClass::of_name),
        to: words(table, "to", PlaceClass::of_name),
    })
}

fn link(table: &Fields) -> Option<LinkRule> {
    Some(LinkRule {
        to: DocumentKind::of_name(table.text("to")?)?,
        min: table.integer("min")?,
        max: table.integer("max")?,
        by_line: table.bool("by_line")?,
        digest: table.bool("digest")?,
        open: table.bool("open")?,
        fulfils: table.bool("fulfils")?,
    })
}

fn tolerance(table: &Fields) -> Option<Tolerance> {
    Some(Tolerance {
        over_permille: table.integer("over_permille")?,
        under_permille: table.integer("under_permille")?,
        over: OverAct::of_name(table.text("over")?)?,
    })
}

fn count(table: &Fields) -> Option<CountRules> {
    Some(CountRules {
        blind: table.bool("blind")?,
        recounts_max: table.integer("recounts_max")?,
        tolerance_permille: table.integer("tolerance_permille")?,
        tolerance_pieces: table.integer("tolerance_pieces")?,
        freeze: table.bool("freeze")?,
        workflow: table.owned("workflow")?,
    })
}

fn sampling(table: &Fields) -> Option<SamplingRules> {
    let aql = table.text("aql")?;
    let outcomes = match table.has("outcomes") {
        true => words(table, "outcomes", Outcome::of_name),
        false => Outcome::ALL.to_vec(),
    };
    Some(SamplingRules {
        level: InspectionLevel::of_name(table.text("level")?)?,
        aql_thousandths: AQLS.iter().find(|(name, _)| *name == aql).map(|(_, value)| *value)?,
        outcomes,
    })
}

/// One typed field; none where something of it was wrong.
pub(super) fn field(walk: &mut Walk<'_>, table: &Fields) -> Option<FieldDeclaration> {
    let class = |name: &str| ItemClass::ALL.into_iter().find(|class| class.name() == name);
    let holds = field_type(walk, table);
    Some(FieldDeclaration {
        name: table.parsed("name")?,
        title: table.owned("title")?,
        on: Level::of_name(table.text("on")?)?,
        kinds: words(table, "kinds", DocumentKind::of_name),
        classes: words(table, "classes", class),
        holds: holds?,
        required: table.bool("required")?,
        default: table.owned("default"),
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
            min: amount(walk, table, "min", i64::MIN)?,
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
