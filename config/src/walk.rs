//! The walk over a parsed file along the shape: takes what is right, records every mistake, and
//! always goes on. It terminates because shape and file are finite trees.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    fields::{At, Fields, Span, Value},
    nearest::one_of,
    report::Walk,
    shape::{Key, Kind, Kinds, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, Unknown, optional},
    text,
    words::{expected, number_text, quote, type_hint, type_of},
};

pub(crate) type Node<'a> = Spanned<DeValue<'a>>;

impl Walk<'_> {
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
                Some(key) => match self.value(key, &key.shape, node) {
                    Some(value) => fields.set(key.name, At { value, at: span(node) }),
                    None => fields.spoil(key.name),
                },
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
            (Shape::Bool | Shape::Scalar, DeValue::Boolean(bool)) => Some(Value::Bool(*bool)),
            (Shape::Scalar, DeValue::Integer(_)) => {
                self.value(key, &Shape::Integer { min: i64::MIN, max: i64::MAX }, node)
            }
            (Shape::Scalar, DeValue::String(_)) => self.value(key, &Shape::Text(Text::Line), node),
            (Shape::Choice(choice), DeValue::String(text)) => {
                if choice.of.contains(&text.as_ref()) {
                    return Some(Value::Text(text.to_string()));
                }
                let known = choice.of.iter().copied();
                self.unknown(span(node), choice.code, choice.noun, text, known);
                None
            }
            (Shape::Secret, _) => self.secret(key, node),
            _ => self.collection(key, shape, node),
        }
    }

    fn collection(&mut self, key: &Key, shape: &Shape, node: &Node<'_>) -> Option<Value> {
        match (shape, node.get_ref()) {
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
            (Shape::Free { key: from, value: of, max }, DeValue::Table(table)) => {
                self.bounded(key, table.len(), *max, node)?;
                let mut free = Vec::new();
                for (name, node) in table {
                    let named = self.text(*from, name.get_ref(), span(name));
                    if let Some(value) = self.value(key, of, node).filter(|_| named) {
                        let name = At { value: name.get_ref().to_string(), at: span(name) };
                        free.push((name, At { value, at: span(node) }));
                    }
                }
                free.sort_by_key(|(name, _)| name.at);
                Some(Value::Free(free))
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
    fn text(&mut self, rule: Text, text: &str, at: Span) -> bool {
        let Err(complaint) = text::check(rule, text) else { return true };
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
        from: Text,
        to: Text,
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
            self.text(Text::Slug, name.get_ref(), span(name));
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
        let kind = self.kind_of(kinds, table, at);
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

    fn kind_of(
        &mut self,
        kinds: &'static Kinds,
        table: &DeTable<'_>,
        at: Span,
    ) -> Option<&'static Kind> {
        let names = kinds.kinds.iter().map(|kind| kind.name);
        let node = table.iter().find(|(name, _)| name.get_ref() == "kind").map(|(_, node)| node);
        match node.map(|node| (node, node.get_ref())) {
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
        }
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
const KIND: &[Key] = &[optional("kind", Shape::Text(Text::Line), "")];

pub(crate) fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span { start: range.start, end: range.end }
}
