//! Quantities as people state them: a decimal in a unit of measure, turned into whole base units.
//!
//! Exact: a unit of measure is a rational number of base units, and what is no whole number of them
//! is refused with the quantities next to it that are. No floats, no rounding.

use gatewarden_model::{Item, Unit};

use crate::error::StockError;

/// Most digits after the point that are read.
const PLACES_MAX: usize = 12;
/// Most digits that are read.
const DIGITS_MAX: usize = 30;

/// A stated decimal: `units / 10^places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    units: i128,
    places: u32,
}

/// Base units of a stated quantity, more than zero. `unit` is the base unit where it is left out.
pub fn to_base(
    field: &str,
    item: &Item,
    quantity: &str,
    unit: Option<&str>,
) -> Result<i64, StockError> {
    match counted_base(field, item, quantity, unit)? {
        0 => {
            let message =
                format!("{quantity} moves nothing: state more than 0, or leave the line out");
            Err(StockError::rule("quantity-zero", field, message))
        }
        base => Ok(base),
    }
}

/// Base units of a counted quantity, which may be zero.
pub fn counted_base(
    field: &str,
    item: &Item,
    quantity: &str,
    unit: Option<&str>,
) -> Result<i64, StockError> {
    let (numerator, denominator) = ratio(field, item, unit)?;
    let decimal = parse(field, quantity)?;
    if decimal.units < 0 {
        let message = format!(
            "{quantity} is below 0: state more than 0, and exchange from and to to go back"
        );
        return Err(StockError::rule("quantity-negative", field, message));
    }
    let overflow = || {
        let message = format!("{quantity} is more than 64 bits of base units hold: split it");
        StockError::rule("quantity-overflow", field, message)
    };
    let top = decimal.units.checked_mul(i128::from(numerator)).ok_or_else(overflow)?;
    let bottom = 10_i128.pow(decimal.places) * i128::from(denominator);
    if top % bottom != 0 {
        let name = unit.unwrap_or(&item.unit);
        return Err(fraction(field, item, quantity, name, (top / bottom, numerator, denominator)));
    }
    i64::try_from(top / bottom).map_err(|_| overflow())
}

/// How many base units one unit is, as a fraction.
fn ratio(field: &str, item: &Item, unit: Option<&str>) -> Result<(u32, u32), StockError> {
    let Some(name) = unit.filter(|name| *name != item.unit) else { return Ok((1, 1)) };
    match item.units.iter().find(|unit| unit.name == name) {
        Some(Unit { numerator, denominator, .. }) => Ok((*numerator, *denominator)),
        None => {
            let known = std::iter::once(&item.unit).chain(item.units.iter().map(|unit| &unit.name));
            let known: Vec<&str> = known.map(String::as_str).collect();
            let message =
                format!("{} has no unit {name:?}: state it in {}", item.code, known.join(", "));
            let field = field.strip_suffix(".quantity").unwrap_or(field);
            Err(StockError::rule("unknown-unit", format!("{field}.unit"), message))
        }
    }
}

fn parse(field: &str, text: &str) -> Result<Decimal, StockError> {
    let shown: String = text.chars().take(40).collect();
    let malformed = || {
        let message = format!("{shown:?} is no quantity: write digits with a point, such as 1.5");
        StockError::rule("quantity-malformed", field, message)
    };
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !numeric(whole) || !numeric(places) {
        return Err(malformed());
    }
    let places = places.trim_end_matches('0');
    if places.len() > PLACES_MAX {
        let message = format!("{shown} has more than {PLACES_MAX} decimals: round it");
        return Err(StockError::rule("quantity-fraction", field, message));
    }
    let digits = format!("{}{places}", whole.trim_start_matches('0'));
    if digits.len() > DIGITS_MAX {
        let message = format!("{shown} is more than 64 bits of base units hold: split it");
        return Err(StockError::rule("quantity-overflow", field, message));
    }
    let units: i128 =
        if digits.is_empty() { 0 } else { digits.parse().map_err(|_| malformed())? };
    let places = u32::try_from(places.len()).unwrap_or(0);
    Ok(Decimal { units: if negative { -units } else { units }, places })
}

/// Refuses what is no whole number of base units, and names the quantities beside it that fit.
fn fraction(
    field: &str,
    item: &Item,
    quantity: &str,
    unit: &str,
    (below, numerator, denominator): (i128, u32, u32),
) -> StockError {
    let base = &item.unit;
    let in_unit = |whole: i128| {
        let exact = exact_decimal(whole * i128::from(denominator), i128::from(numerator));
        match exact {
            Some(decimal) if unit != base => format!("{decimal} {unit} ({whole} {base})"),
            _ => format!("{whole} {base}"),
        }
    };
    let fits = match below {
        0 => format!("take at least {}", in_unit(1)),
        _ => format!("take {} or {}", in_unit(below), in_unit(below + 1)),
    };
    let message = format!("{quantity} {unit} is no whole number of {base}: {fits}");
    StockError::rule("quantity-fraction", field, message)
}

/// A fraction as a decimal of at most six places, where it is one.
fn exact_decimal(top: i128, bottom: i128) -> Option<String> {
    let places = (0..=6).find(|places| (top * 10_i128.pow(*places)) % bottom == 0)?;
    let units = top * 10_i128.pow(places) / bottom;
    let digits = format!("{units:0>width$}", width = places as usize + 1);
    let (whole, decimals) = digits.split_at(digits.len() - places as usize);
    Some(if places == 0 { whole.to_owned() } else { format!("{whole}.{decimals}") })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    fn wire() -> Item {
        let unit = |name: &str, numerator, denominator| Unit {
            name: name.to_owned(),
            numerator,
            denominator,
            gtins: vec![],
        };
        Item {
            code: "WIRE".parse().unwrap(),
            name: "Wire".to_owned(),
            class: Default::default(),
            tracking: Default::default(),
            unit: "cm".to_owned(),
            units: vec![unit("m", 100, 1), unit("inch", 127, 50), unit("dozen", 12, 1)],
            gtins: vec![],
            safety_stock: None,
            lead_time_days: None,
            valuation: None,
        }
    }

    #[test]
    fn stated_quantities_become_whole_base_units_or_are_refused() {
        let cases: [(&str, Option<&str>, &str); 19] = [
            ("5", None, "5"),
            ("1.5", Some("m"), "150"),
            ("001.500", Some("m"), "150"),
            ("50", Some("inch"), "127"),
            ("9223372036854775807", Some("cm"), "9223372036854775807"),
            (
                "1.234",
                Some("m"),
                "quantity-fraction: f.quantity: 1.234 m is no whole number of cm: \
                take 1.23 m (123 cm) or 1.24 m (124 cm)",
            ),
            (
                "0.5",
                None,
                "quantity-fraction: f.quantity: 0.5 cm is no whole number of cm: take at \
                least 1 cm",
            ),
            (
                "7",
                Some("inch"),
                "quantity-fraction: f.quantity: 7 inch is no whole number of cm: take \
                17 cm or 18 cm",
            ),
            ("2.5", Some("dozen"), "30"),
            (
                "0.0000000000001",
                Some("m"),
                "quantity-fraction: f.quantity: 0.0000000000001 has more \
                than 12 decimals: round it",
            ),
            (
                "9223372036854775808",
                None,
                "quantity-overflow: f.quantity: 9223372036854775808 is \
                more than 64 bits of base units hold: split it",
            ),
            (
                "99999999999999999",
                Some("m"),
                "quantity-overflow: f.quantity: 99999999999999999 is \
                more than 64 bits of base units hold: split it",
            ),
            (
                "0",
                None,
                "quantity-zero: f.quantity: 0 moves nothing: state more than 0, or leave \
                the line out",
            ),
            (
                "0.00",
                Some("m"),
                "quantity-zero: f.quantity: 0.00 moves nothing: state more than 0, \
                or leave the line out",
            ),
            (
                "-3",
                None,
                "quantity-negative: f.quantity: -3 is below 0: state more than 0, and \
                exchange from and to to go back",
            ),
            (
                "3",
                Some("box"),
                "unknown-unit: f.unit: WIRE has no unit \"box\": state it in cm, m, \
                inch, dozen",
            ),
            (
                "1,5",
                Some("m"),
                "quantity-malformed: f.quantity: \"1,5\" is no quantity: write \
                digits with a point, such as 1.5",
            ),
            (
                "1e3",
                None,
                "quantity-malformed: f.quantity: \"1e3\" is no quantity: write digits \
                with a point, such as 1.5",
            ),
            (
                "٣",
                None,
                "quantity-malformed: f.quantity: \"٣\" is no quantity: write digits with a \
                point, such as 1.5",
            ),
        ];
        for (quantity, unit, expected) in cases {
            let told = to_base("f.quantity", &wire(), quantity, unit)
                .map_or_else(|e| format!("{}: {e}", e.code()), |n| n.to_string());
            assert_eq!(told, expected);
        }
        assert_eq!(counted_base("f", &wire(), "0", None).unwrap(), 0);
        let long = "9".repeat(31);
        assert_eq!(to_base("f", &wire(), &long, None).unwrap_err().code(), "quantity-overflow");
    }
}
