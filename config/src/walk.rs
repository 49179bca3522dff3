//! The walk over a parsed file along the shape: takes what is right, records every mistake, and
//! always goes on.
//!
//! It terminates because shape and file are finite trees; it records at most `MISTAKES_MAX`
//! mistakes and counts the others.

use std::path::Path;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    Environment, Mistake, Severity,
    fields::{At, Fields, Span, Value},
    mistake::{MISTAKES_MAX, Source},
    nearest::{nearest, one_of},
    shape::{Key, Kinds, Need, Plain, Section, Shape, UNKNOWN_KEY, Unknown},
};

/// Longest text that a message repeats, in characters.
const QUOTE_CHARS_MAX: usize = 64;

pub(crate) type Node<'a> = Spanned<DeValue<'a>>;

/// One run over one file.
pub(crate) struct Walk<'a> {
    pub(crate) file: &'a Path,
    pub(crate) base: &'a Path,
    pub(crate) source: Source<'a>,
    pub(crate) env: &'a dyn Environment,
    mistakes: Vec<Mistake>,
    left_out: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str, env: &'a dyn Environment) -> Self {
        let base = file.parent().unwrap_or(Path::new(""));
        let source = Source::new(text);
        Self { file, base, source, env, mistakes: Vec::new(), left_out: 0 }
    }

    /// Records an error.
    pub(crate) fn error(
        &mut self,
        at: Span,
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        self.record(Severity::Error, at, code, message.into(), expected.into(), hint);
    }

    /// Records a warning.
    pub(crate) fn warn(
        &mut self,
        at: Span,
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) {
        self.record(Severity::Warning, at, code, message.into(), expected.into(), hint);
    }

    fn record(
        &mut self,
        severity: Severity,
        at: Span,
        code: &'static str,
        message: String,
        expected: String,
        hint: Option<String>,
    ) {
        if self.is_full() {
            self.left_out += usize::from(severity == Severity::Error);
            return;
        }
        let (line, column, width) = self.source.locate(at);
        let file = self.file.to_owned();
        let mistake =
            Mistake { file, line, column, width, severity, code, message, expected, hint };
        self.mistakes.push(mistake);
    }

    fn is_full(&self) -> bool {
        self.mistakes.len() >= MISTAKES_MAX
    }

    /// All mistakes in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by_key(|m| (m.line, m.column));
        if self.left_out > 0 {
            let mut last = self.mistakes[self.mistakes.len() - 1].clone();
            last.severity = Severity::Error;
            last.code = "too-many-mistakes";
            last.message = format!("{} further mistakes are not shown", self.left_out);
            last.expected = "fewer mistakes".to_owned();
            last.hint = Some("mend these first".to_owned());
            self.mistakes.push(last);
        }
        self.mistakes
    }

    /// Records a word that stands in no list, with the nearest that does.
    pub(crate) fn unknown<'k>(
        &mut self,
        at: Span,
        code: &'static str,
        noun: &str,
        found: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        if self.is_full() {
            self.left_out += 1;
            return;
        }
        let hint = nearest(found, known.clone()).map(|n| format!("did you mean {n:?}?"));
        self.error(at, code, format!("unknown {noun} {}", quote(found)), one_of(known), hint);
    }

    /// Records an integer that is larger than another of the same table.
    pub(crate) fn at_most(&mut self, fields: &Fields, small: &str, large: &str) {
        let (Some(a), Some(b)) = (fields.integer::<i64>(small), fields.integer::<i64>(large))
        else {
            return;
        };
        if a > b {
            let message = format!("{small} is {a} but {large} is {b}");
            let at = fields.place(small).max(fields.place(large));
            self.error(at, "conflict", message, format!("{small} at most {large}"), None);
        }
    }

    /// Takes a section's table.
    pub(crate) fn section(&mut self, section: &Section, table: &DeTable<'_>, at: Span) -> Fields {
        self.table(&[section.keys], section.unknown, table, at)
    }

    fn table(
        &mut self,
        keys: &[&'static [Key]],
        unknown: Unknown,
        table: &DeTable<'_>,
        at: Span,
    ) -> Fields {
        let known = || keys.iter().copied().flatten();
        let mut fields = Fields::new(at);
        for (name, node) in table {
            match known().find(|key| key.name == name.get_ref()) {
                Some(key) => {
                    if let Some(value) = self.value(key, &key.shape, node) {
                        fields.set(key.name, At { value, at: span(node) });
                    }
                }
                None => {
                    let names = known().map(|key| key.name);
                    self.unknown(span(name), unknown.code, unknown.noun, name.get_ref(), names);
                }
            }
        }
        for key in known() {
            if !table.keys().any(|name| name.get_ref() == key.name)
                && let Some(value) = self.absent(key, at)
            {
                fields.set(key.name, At { value, at });
            }
        }
        fields
    }

    /// What holds where a key does not stand.
    fn absent(&mut self, key: &Key, at: Span) -> Option<Value> {
        match (key.need, &key.shape) {
            (Need::Default(Plain::Text(text)), _) => Some(Value::Text(text.to_owned())),
            (Need::Default(Plain::Integer(integer)), _) => Some(Value::Integer(integer)),
            (Need::Default(Plain::Bool(bool)), _) => Some(Value::Bool(bool)),
            (Need::Optional, Shape::Section(section)) => {
                Some(Value::Table(self.section(section, &DeTable::new(), at)))
            }
            (Need::Optional, _) => None,
            (Need::Required, _) => {
                let message = format!("missing key {:?}", key.name);
                let hint = Some(key.doc.to_owned());
                self.error(at, "missing-key", message, expected(&key.shape), hint);
                None
            }
        }
    }

    fn value(&mut self, key: &Key, shape: &Shape, node: &Node<'_>) -> Option<Value> {
        match (shape, node.get_ref()) {
            (Shape::Text(rule), DeValue::String(text)) => {
                self.text(*rule, text, span(node)).then(|| Value::Text(text.to_string()))
            }
            (Shape::Integer { min, max }, DeValue::Integer(integer)) => {
                let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
                let value = value.filter(|v| (*min..=*max).contains(v));
                self.in_range(key, value.map(Value::Integer), shape, node)
            }
            (Shape::Number { .. }, DeValue::Integer(number)) => {
                self.number(key, number.as_str(), shape, node)
            }
            (Shape::Number { .. }, DeValue::Float(number)) => {
                self.number(key, number.as_str(), shape, node)
            }
            (Shape::Bool, DeValue::Boolean(bool)) => Some(Value::Bool(*bool)),
            (Shape::Choice(choice), DeValue::String(text)) => {
                if choice.of.contains(&text.as_ref()) {
                    return Some(Value::Text(text.to_string()));
                }
                let known = choice.of.iter().copied();
                self.unknown(span(node), choice.code, choice.noun, text, known);
                None
            }
            (Shape::Secret, _) => self.secret(key, node),
            (Shape::List { of, max }, DeValue::Array(list)) => {
                self.bounded(key, list.len(), *max, node)?;
                let at = |node: &Node<'_>| span(node);
                let values = list.iter().filter_map(|node| {
                    self.value(key, of, node).map(|value| At { value, at: at(node) })
                });
                Some(Value::List(values.collect()))
            }
            (Shape::Map { key: from, value: to, max }, DeValue::Table(table)) => {
                self.bounded(key, table.len(), *max, node)?;
                Some(Value::Map(self.map(key, table, *from, *to)))
            }
            (Shape::Section(section), DeValue::Table(table)) => {
                Some(Value::Table(self.section(section, table, span(node))))
            }
            (Shape::Sections { of, max }, DeValue::Array(list)) => {
                self.bounded(key, list.len(), *max, node)?;
                self.tables(key, list.iter(), |walk, table, at| walk.section(of, table, at))
            }
            (Shape::Kinds(kinds), DeValue::Array(list)) => {
                self.bounded(key, list.len(), kinds.max, node)?;
                self.tables(key, list.iter(), |walk, table, at| walk.kind(kinds, table, at))
            }
            (Shape::Named { of, max }, DeValue::Table(table)) => {
                self.bounded(key, table.len(), *max, node)?;
                Some(Value::Named(self.named(key, table, of)))
            }
            _ => self.wrong_type(key, shape, node),
        }
    }

    /// True where the text is right; else its mistake is recorded.
    fn text(&mut self, rule: crate::shape::Text, text: &str, at: Span) -> bool {
        let Err(complaint) = crate::text::check(rule, text) else { return true };
        let message = format!("{} is not {}", quote(text), complaint.is_not);
        self.error(at, complaint.code, message, complaint.expected, complaint.hint);
        false
    }

    fn number(&mut self, key: &Key, text: &str, shape: &Shape, node: &Node<'_>) -> Option<Value> {
        let Shape::Number { min, max } = shape else { return None };
        let value = text.parse::<f32>().ok().filter(|v| (*min..=*max).contains(v));
        self.in_range(key, value.map(Value::Number), shape, node)
    }

    fn in_range(
        &mut self,
        key: &Key,
        value: Option<Value>,
        shape: &Shape,
        node: &Node<'_>,
    ) -> Option<Value> {
        if value.is_none() {
            let message = format!("{} is out of range for {:?}", number_text(node), key.name);
            self.error(span(node), "out-of-range", message, expected(shape), None);
        }
        value
    }

    fn bounded(&mut self, key: &Key, len: usize, max: usize, node: &Node<'_>) -> Option<()> {
        if len <= max {
            return Some(());
        }
        let message = format!("{:?} has {len} entries", key.name);
        self.error(span(node), "too-many", message, format!("at most {max}"), None);
        None
    }

    fn map(
        &mut self,
        key: &Key,
        table: &DeTable<'_>,
        from: crate::shape::Text,
        to: crate::shape::Text,
    ) -> Vec<(At<String>, At<String>)> {
        let mut pairs = Vec::new();
        for (name, node) in table {
            let named = self.text(from, name.get_ref(), span(name));
            if let Some(Value::Text(value)) = self.value(key, &Shape::Text(to), node)
                && named
            {
                let name = At { value: name.get_ref().to_string(), at: span(name) };
                pairs.push((name, At { value, at: span(node) }));
            }
        }
        pairs.sort_by_key(|(name, _)| name.at);
        pairs
    }

    fn tables<'n>(
        &mut self,
        key: &Key,
        nodes: impl Iterator<Item = &'n Node<'n>>,
        mut take: impl FnMut(&mut Self, &DeTable<'_>, Span) -> Fields,
    ) -> Option<Value> {
        let mut tables = Vec::new();
        for node in nodes {
            match node.get_ref() {
                DeValue::Table(table) => tables.push(take(self, table, span(node))),
                _ => {
                    self.wrong_type(key, &key.shape, node);
                }
            }
        }
        Some(Value::Tables(tables))
    }

    fn named(
        &mut self,
        key: &Key,
        table: &DeTable<'_>,
        of: &'static Section,
    ) -> Vec<(At<String>, Fields)> {
        let mut named = Vec::new();
        for (name, node) in table {
            self.text(crate::shape::Text::Slug, name.get_ref(), span(name));
            match node.get_ref() {
                DeValue::Table(inner) => {
                    let fields = self.section(of, inner, span(node));
                    named.push((At { value: name.get_ref().to_string(), at: span(name) }, fields));
                }
                _ => {
                    self.wrong_type(key, &Shape::Section(of), node);
                }
            }
        }
        named.sort_by_key(|(name, _)| name.at);
        named
    }

    /// Takes one of an array of tables told apart by `kind`. Where the kind is unknown, only the
    /// common keys are looked at, so that the name can still be referred to.
    fn kind(&mut self, kinds: &'static Kinds, table: &DeTable<'_>, at: Span) -> Fields {
        let names = kinds.kinds.iter().map(|kind| kind.name);
        let node = table.iter().find(|(name, _)| name.get_ref() == "kind").map(|(_, node)| node);
        let kind = match node.map(|node| (node, node.get_ref())) {
            Some((node, DeValue::String(text))) => {
                let found = kinds.kinds.iter().find(|kind| kind.name == text.as_ref());
                if found.is_none() {
                    self.unknown(span(node), "unknown-kind", kinds.noun, text, names);
                }
                found
            }
            Some((node, _)) => {
                let message = format!("\"kind\" is {}", type_of(node.get_ref()));
                self.error(span(node), "wrong-type", message, one_of(names), None);
                None
            }
            None => {
                self.error(at, "missing-key", "missing key \"kind\"", one_of(names), None);
                None
            }
        };
        let Some(kind) = kind else {
            let common = table
                .iter()
                .filter(|(name, _)| kinds.common.iter().any(|key| key.name == name.get_ref()));
            let common = common.map(|(k, v)| (k.clone(), v.clone())).collect();
            return self.table(&[kinds.common], UNKNOWN_KEY, &common, at);
        };
        let mut fields = self.table(&[KIND, kinds.common, kind.keys], UNKNOWN_KEY, table, at);
        fields.set("kind", At { value: Value::Text(kind.name.to_owned()), at });
        fields
    }

    pub(crate) fn wrong_type(
        &mut self,
        key: &Key,
        shape: &Shape,
        node: &Node<'_>,
    ) -> Option<Value> {
        let message = format!("{:?} is {}", key.name, type_of(node.get_ref()));
        let hint = type_hint(key, shape, node.get_ref());
        self.error(span(node), "wrong-type", message, expected(shape), hint);
        None
    }
}

/// The key that tells kinds apart; `kind` itself has been looked at before.
const KIND: &[Key] = &[crate::shape::optional("kind", Shape::Text(crate::shape::Text::Line), "")];

pub(crate) fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span { start: range.start, end: range.end }
}

/// A text for a message: escaped, and cut to a readable length.
pub(crate) fn quote(text: &str) -> String {
    if text.chars().count() <= QUOTE_CHARS_MAX {
        return format!("{text:?}");
    }
    let cut: String = text.chars().take(QUOTE_CHARS_MAX).collect();
    format!("{:?}", format!("{cut}…"))
}

fn number_text(node: &Node<'_>) -> String {
    let text = match node.get_ref() {
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        _ => String::new(),
    };
    text.chars().take(QUOTE_CHARS_MAX).collect()
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn type_hint(key: &Key, shape: &Shape, value: &DeValue<'_>) -> Option<String> {
    let name = key.name;
    match (shape, value) {
        (Shape::Integer { .. } | Shape::Number { .. } | Shape::Bool, DeValue::String(_)) => {
            Some("leave out the quotes".to_owned())
        }
        (Shape::Text(_) | Shape::Choice(_), DeValue::Integer(_) | DeValue::Float(_)) => {
            Some("put it in quotes".to_owned())
        }
        (Shape::List { .. }, DeValue::String(_) | DeValue::Integer(_)) => {
            Some("put it in [ ]".to_owned())
        }
        (Shape::Sections { .. } | Shape::Kinds(_), _) => Some(format!("write [[{name}]]")),
        (Shape::Named { .. }, _) => Some(format!("write [{name}.NAME]")),
        (Shape::Section(_), DeValue::Array(_)) => Some(format!("write [{name}], once")),
        _ => None,
    }
}

/// What a shape expects, in words.
pub(crate) fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Text(rule) => crate::text::words(*rule).2.to_owned(),
        Shape::Integer { min, max } => format!("an integer from {min} to {max}"),
        Shape::Number { min, max } => format!("a number from {min} to {max}"),
        Shape::Bool => "true or false".to_owned(),
        Shape::Choice(choice) => one_of(choice.of.iter().copied()),
        Shape::Secret => crate::secrets::EXPECTED.to_owned(),
        Shape::List { of, .. } => format!("a list, each {}", expected(of)),
        Shape::Map { .. } => "a table of texts".to_owned(),
        Shape::Section(_) => "a table".to_owned(),
        Shape::Sections { .. } | Shape::Kinds(_) => "an array of tables".to_owned(),
        Shape::Named { .. } => "tables by name".to_owned(),
    }
}
