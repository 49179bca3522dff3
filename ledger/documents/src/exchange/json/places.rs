//! Where in the text each value of a document stands: line and column, as an editor counts them.
//!
//! For bytes that are known to be well formed. Invariants: of a path that stands twice the last place is told; a
//! path that is nowhere is told at the nearest one around it. Bounded by [`PLACES_MAX`].

use std::collections::BTreeMap;

/// Most values whose place is remembered; what stands behind them is told at the beginning of the document.
const PLACES_MAX: usize = 200_000;

/// Line and column, both from 1.
pub(in crate::exchange) type Place = (u64, u64);

/// The places of the values of a document, by their paths.
#[derive(Debug, Clone, Default)]
pub(in crate::exchange) struct Places(BTreeMap<String, Place>);

/// What is open around a value.
enum Open {
    Object { awaits_key: bool },
    Array { element: usize },
}

/// A walk through the text.
struct Walk<'j> {
    json: &'j [u8],
    at: usize,
    place: Place,
    path: String,
    /// What is open, and how long the path was where it began.
    open: Vec<(usize, Open)>,
    places: BTreeMap<String, Place>,
}

impl Places {
    /// Those of a document that begins at `start` in its text.
    pub(in crate::exchange) fn of(json: &[u8], start: Place) -> Self {
        let (path, open, places) = (String::new(), vec![], BTreeMap::new());
        let mut walk = Walk { json, at: 0, place: start, path, open, places };
        while walk.at < json.len() && walk.places.len() < PLACES_MAX {
            walk.step();
        }
        Self(walk.places)
    }

    /// Where a part of the document stands, or what is nearest around it.
    pub(in crate::exchange) fn at(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(*place);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

impl Walk<'_> {
    fn step(&mut self) {
        let Some(byte) = self.json.get(self.at).copied() else { return };
        match byte {
            b'{' => self.enter(Open::Object { awaits_key: true }),
            b'[' => {
                self.enter(Open::Array { element: 0 });
                self.path.push_str("[0]");
            }
            b'}' | b']' => {
                if let Some((length, _)) = self.open.pop() {
                    self.path.truncate(length);
                }
            }
            b',' => self.comma(),
            b'"' => return self.text(),
            b' ' | b'\t' | b'\r' | b'\n' | b':' => {}
            _ => return self.scalar(),
        }
        self.forward(1);
    }

    fn enter(&mut self, open: Open) {
        self.note();
        self.open.push((self.path.len(), open));
    }

    fn comma(&mut self) {
        let Some((length, open)) = self.open.last_mut() else { return };
        self.path.truncate(*length);
        match open {
            Open::Object { awaits_key } => *awaits_key = true,
            Open::Array { element } => {
                *element += 1;
                self.path.push_str(&format!("[{element}]"));
            }
        }
    }

    fn text(&mut self) {
        let end = super::keys::string_end(self.json, self.at);
        match self.open.last_mut() {
            Some((length, Open::Object { awaits_key: awaits_key @ true })) => {
                *awaits_key = false;
                let key: String =
                    serde_json::from_slice(&self.json[self.at..end]).unwrap_or_default();
                self.path.truncate(*length);
                if !self.path.is_empty() {
                    self.path.push('.');
                }
                self.path.push_str(&key);
            }
            _ => self.note(),
        }
        self.forward(end - self.at);
    }

    /// A number, true, false or null.
    fn scalar(&mut self) {
        self.note();
        let ends = |byte: &u8| b" \t\r\n,]}".contains(byte);
        let length = self.json[self.at..].iter().position(ends);
        self.forward(length.unwrap_or(self.json.len() - self.at).max(1));
    }

    fn note(&mut self) {
        self.places.insert(self.path.clone(), self.place);
    }

    fn forward(&mut self, bytes: usize) {
        for byte in self.json.iter().skip(self.at).take(bytes) {
            match byte {
                b'\n' => self.place = (self.place.0 + 1, 1),
                // The bytes behind the first of a character are no column of their own.
                0x80..=0xbf => {}
                _ => self.place.1 += 1,
            }
        }
        self.at += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line_and_column() {
        let json =
            "{\"a\": 1,\n  \"螺\": [\"x\", {\"b\": null}],\n\"c\":{\"d.e\":\"f\\\"g\",\"h\":true}}";
        let places = Places::of(json.as_bytes(), (7, 3));
        for (path, place) in [
            ("", (7, 3)),
            ("a", (7, 9)),
            ("螺", (8, 8)),
            ("螺[0]", (8, 9)),
            ("螺[1]", (8, 14)),
            ("螺[1].b", (8, 20)),
            ("c", (9, 5)),
            ("c.d.e", (9, 12)),
            ("c.h", (9, 23)),
            // Nowhere: what is around it.
            ("c.i.j", (9, 5)),
            ("螺[9].b", (8, 8)),
            ("nothing[1]", (7, 3)),
        ] {
            let found = places.at(path).or_else(|| places.at(""));
            assert_eq!(found, Some(place), "{path}");
        }
    }
}
