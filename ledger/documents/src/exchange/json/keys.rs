//! Keys that stand twice in one object: parsers take one of the two, and not all the same.
//!
//! Looked for in bytes that are known to be well formed.

use std::collections::BTreeSet;

/// What is open: an object with the keys that it had, or an array with the number of its element.
enum Open {
    Object { keys: BTreeSet<String>, key: Option<String> },
    Array(usize),
}

/// The path of the first key that stands twice.
pub(super) fn twice(json: &[u8]) -> Option<String> {
    let (mut open, mut at) = (Vec::new(), 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'{' => open.push(Open::Object { keys: BTreeSet::new(), key: None }),
            b'[' => open.push(Open::Array(0)),
            b'}' | b']' => drop(open.pop()),
            b',' => match open.last_mut() {
                Some(Open::Array(element)) => *element += 1,
                Some(Open::Object { key, .. }) => *key = None,
                None => {}
            },
            b'"' => {
                let end = string_end(json, at);
                if let Some(Open::Object { keys, key: key @ None }) = open.last_mut() {
                    let name: String = serde_json::from_slice(&json[at..end]).ok()?;
                    let is_new = keys.insert(name.clone());
                    *key = Some(name);
                    if !is_new {
                        return Some(path(&open));
                    }
                }
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Behind the closing quote of the string that begins here.
pub(super) fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

fn path(open: &[Open]) -> String {
    let mut path = String::new();
    for part in open {
        match part {
            Open::Array(element) => path.push_str(&format!("[{element}]")),
            Open::Object { key, .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key.as_deref().unwrap_or_default());
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_found_by_its_path() {
        for (json, path) in [
            (r#"{"a":1,"b":{"a":2},"c":[{"a":1},{"a":3}]}"#, None),
            (r#"{"a":1,"\u0061":2}"#, Some("a")),
            (r#"{"a":[{"b":"a\",\""},{"x":1,"b":"b","x":[]}]}"#, Some("a[1].x")),
            (r#"{"a":"{\"b\":1,\"b\":2}"}"#, None),
        ] {
            assert_eq!(twice(json.as_bytes()).as_deref(), path, "{json}");
        }
    }
}
