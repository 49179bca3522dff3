//! Which cases of a branch can never be taken, as far as their texts tell.
//!
//! Understood: `&&`, `||`, brackets around all, and comparisons of a fact with a whole number or an
//! `amount("…")`; everything else is compared as text. So what is called dead is dead, and some that are dead
//! are not found.

use gatewarden_model::Amount;

/// The whole numbers that a fact may have, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    fact: String,
    from: i64,
    to: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    True,
    False,
    Range(Range),
    Other(String),
}

/// All of a term must hold, any of the terms is enough.
type Terms = Vec<Vec<Atom>>;

/// Why a case is never taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It can't hold.
    Never,
    /// Whenever it holds, this earlier one does.
    Earlier(usize),
    /// One of the earlier ones always holds.
    Covered,
}

/// The cases that are never taken, and, as the index after the last, the way otherwise.
pub(crate) fn dead(conditions: &[&str]) -> Vec<(usize, Why)> {
    let cases: Vec<Terms> = conditions.iter().map(|text| terms(text)).collect();
    let mut out = vec![];
    for (index, case) in cases.iter().enumerate() {
        let earlier = &cases[..index];
        let implied = earlier.iter().position(|earlier| implies(case, earlier));
        let why = match implied {
            _ if case.iter().all(|term| is_empty(term)) => Some(Why::Never),
            _ if covers_all(earlier) => Some(Why::Covered),
            Some(earlier) => Some(Why::Earlier(earlier)),
            None => None,
        };
        out.extend(why.map(|why| (index, why)));
    }
    if covers_all(&cases) {
        out.push((cases.len(), Why::Covered));
    }
    out
}

fn implies(case: &Terms, earlier: &Terms) -> bool {
    let holds = |term: &Vec<Atom>, other: &Vec<Atom>| {
        other.iter().all(|needed| term.iter().any(|known| follows(known, needed)))
    };
    case.iter().all(|term| earlier.iter().any(|other| holds(term, other)))
}

fn follows(known: &Atom, needed: &Atom) -> bool {
    match (known, needed) {
        (Atom::False, _) | (_, Atom::True) => true,
        (Atom::Range(a), Atom::Range(b)) => a.fact == b.fact && b.from <= a.from && a.to <= b.to,
        (a, b) => a == b,
    }
}

/// Whether a term can't hold.
fn is_empty(term: &[Atom]) -> bool {
    let ranges = || {
        term.iter().filter_map(|atom| match atom {
            Atom::Range(range) => Some(range),
            _ => None,
        })
    };
    let disjoint = |a: &Range, b: &Range| a.fact == b.fact && (a.from > b.to || b.from > a.to);
    term.contains(&Atom::False)
        || ranges().any(|a| a.from > a.to || ranges().any(|b| disjoint(a, b)))
}

/// Whether some case always holds: one that is true, or ranges of one fact without a hole. A fact that is
/// not known fails the submission, so the ranges need not think of that.
fn covers_all(cases: &[Terms]) -> bool {
    let singles: Vec<&Atom> =
        cases.iter().flatten().filter(|term| term.len() == 1).map(|term| &term[0]).collect();
    let ranges = || {
        singles.iter().filter_map(|atom| match atom {
            Atom::Range(range) => Some(range),
            _ => None,
        })
    };
    let whole = |fact: &str| {
        let mut all: Vec<&Range> = ranges().filter(|range| range.fact == fact).collect();
        all.sort_by_key(|range| range.from);
        let mut next = Some(i64::MIN);
        for range in all {
            match next {
                Some(at) if range.from <= at => next = range.to.checked_add(1).map(|to| to.max(at)),
                _ => {}
            }
        }
        next.is_none()
    };
    singles.contains(&&Atom::True) || ranges().any(|range| whole(&range.fact))
}

fn terms(text: &str) -> Terms {
    let term = |text: &str| split(bare(text), "&&").into_iter().map(atom).collect();
    split(bare(text), "||").into_iter().map(term).collect()
}

/// A text without space around it and brackets around all of it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
        return text;
    };
    match levels(inner).iter().all(|(_, depth)| *depth >= 0) {
        true => bare(inner),
        false => text,
    }
}

/// The bytes outside of quotes, each with how many brackets are open after it.
fn levels(text: &str) -> Vec<(usize, i32)> {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    let mut out = vec![];
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => {
                match c {
                    '"' | '\'' => quote = Some(c),
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth -= 1,
                    _ => {}
                }
                out.push((at, depth));
            }
        }
    }
    out
}

fn split<'t>(text: &'t str, at: &str) -> Vec<&'t str> {
    let (mut parts, mut from) = (vec![], 0);
    // A choice `? :` binds less than what it is made of: such a text is left whole.
    if levels(text).iter().any(|(at, depth)| *depth == 0 && text[*at..].starts_with('?')) {
        return vec![text];
    }
    for (place, depth) in levels(text) {
        if depth == 0 && place >= from && text[place..].starts_with(at) {
            parts.push(&text[from..place]);
            from = place + at.len();
        }
    }
    parts.push(&text[from..]);
    parts
}

fn atom(text: &str) -> Atom {
    let text = bare(text);
    match text {
        "true" => return Atom::True,
        "false" => return Atom::False,
        _ => {}
    }
    for op in [">=", "<=", "==", ">", "<"] {
        if let Some((left, right)) = text.split_once(op)
            && let Some(range) = range(left.trim(), op, right.trim())
        {
            return Atom::Range(range);
        }
    }
    // Space within quotes means something.
    match text.contains(['"', '\'']) {
        true => Atom::Other(text.to_owned()),
        false => Atom::Other(text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

fn range(left: &str, op: &str, right: &str) -> Option<Range> {
    let turned = match op {
        ">=" => "<=",
        "<=" => ">=",
        ">" => "<",
        "<" => ">",
        other => other,
    };
    let (fact, op, value) = match (number(left), number(right)) {
        (None, Some(value)) => (left, op, value),
        (Some(value), None) => (right, turned, value),
        _ => return None,
    };
    let named = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_');
    if fact.is_empty() || !fact.chars().all(named) {
        return None;
    }
    let (from, to) = match op {
        ">=" => (value, i64::MAX),
        "<=" => (i64::MIN, value),
        ">" => (value.checked_add(1)?, i64::MAX),
        "<" => (i64::MIN, value.checked_sub(1)?),
        _ => (value, value),
    };
    Some(Range { fact: fact.to_owned(), from, to })
}

fn number(text: &str) -> Option<i64> {
    let quoted = |text: &str| text.trim().trim_matches(['"', '\'']).parse::<Amount>().ok();
    match text.strip_prefix("amount(").and_then(|text| text.strip_suffix(')')) {
        Some(amount) => quoted(amount).map(Amount::units),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_dead_is_dead() {
        for (cases, expect) in [
            (&["a > 5", "a > 10"][..], &[(1, Why::Earlier(0))][..]),
            (&["a > 10", "a > 5"], &[]),
            (&["a > 5 || b == 'x'", "b == 'x' && c"], &[(1, Why::Earlier(0))]),
            (&["a > 5", "a <= 5", "b"], &[(2, Why::Covered), (3, Why::Covered)]),
            (&["a > 5", "a < 5"], &[]),
            (&["true", "a"], &[(1, Why::Covered), (2, Why::Covered)]),
            (&["false"], &[(0, Why::Never)]),
            (&["a > 5 && a < 3"], &[(0, Why::Never)]),
            (&["x.exists(l, l.c == \"A\")", " ( x.exists(l,  l.c == \"A\") ) "], &[]),
            (&["x.has( l )", " ( x.has(  l ) ) "], &[(1, Why::Earlier(0))]),
            (&["b && c", "c && b"], &[(1, Why::Earlier(0))]),
            (&["b || c", "b"], &[(1, Why::Earlier(0))]),
            (&["a > amount(\"5000\")", "50000001 <= a"], &[(1, Why::Earlier(0))]),
            (&["a > 5 ? b : c", "a > 5"], &[]),
            (&["s == 'a || b'", "b"], &[]),
        ] {
            assert_eq!(dead(cases), expect, "{cases:?}");
        }
    }
}
