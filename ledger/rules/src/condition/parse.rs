//! From a text to the parser's tree, never with more work than its length allows.
//!
//! Invariants: before the parser sees a text its length, its nesting and the number of its tokens are bounded,
//! so that neither its time nor its stack can be run out; every mistake has a place in the text. Macros are not
//! expanded: `check` knows them. Absent: types.

use cel::{Env, common::ast::SourceInfo, parser::ParseError};

use super::ConditionMistake;

/// Longest condition, in bytes.
pub const CONDITION_BYTES_MAX: usize = 4_096;
/// Deepest nesting of brackets; of brackets and `?:` together twice as much.
pub const CONDITION_DEPTH_MAX: usize = 24;
/// Most words, numbers and signs.
pub const CONDITION_TOKENS_MAX: usize = 640;

/// Stack of the thread that parses, in bytes: the parser takes some 100 KiB for a bracket within a bracket.
const STACK_BYTES: usize = 32 << 20;

/// A parsed text.
pub(crate) struct Tree<'t> {
    pub(crate) root: cel::IdedExpr,
    pub(crate) source: SourceInfo,
    pub(crate) text: &'t str,
}

impl Tree<'_> {
    /// The bytes of the token at which the part of this id stands.
    pub(crate) fn token(&self, id: u64) -> (usize, usize) {
        let Some((start, stop)) = self.source.offset_for(id) else { return (0, self.text.len()) };
        let start = self.text.floor_char_boundary(start as usize);
        (start, self.text.ceil_char_boundary(stop as usize + 1).min(self.text.len()))
    }
}

/// Parses a text.
pub(crate) fn tree(text: &str) -> Result<Tree<'_>, Vec<ConditionMistake>> {
    bounded(text).map_err(|mistake| vec![mistake])?;
    // On a stack of its own, so that no text depends on how much its caller has left.
    let (root, source) = std::thread::scope(|scope| {
        let parse = move || {
            let parser = Env::default().with_optional_support(false).parser();
            let depth = u16::try_from(CONDITION_DEPTH_MAX * 2).unwrap_or(u16::MAX);
            let parsed = parser.max_recursion_depth(depth).parse_with_source_info(text);
            parsed.map_err(|errors| syntax_mistakes(text, &errors.errors))
        };
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, parse).ok();
        thread.and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(vec![gave_up()]))
    })?;
    Ok(Tree { root, source, text })
}

/// The place of the parser's line and column (both from 1, in characters).
fn place(text: &str, (line, column): (isize, isize)) -> usize {
    let before = usize::try_from(line - 1).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let column = usize::try_from(column - 1).unwrap_or(0);
    let rest = &text[start.min(text.len())..];
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

fn syntax_mistakes(text: &str, errors: &[ParseError]) -> Vec<ConditionMistake> {
    // All that the parser gives up for without words, and with these, is nesting.
    let deep = |e: &ParseError| e.msg == "UNKNOWN" || e.msg.contains("Recursion limit");
    if errors.iter().any(deep) {
        return vec![too_deep(0)];
    }
    let mut mistakes: Vec<_> = errors.iter().map(|e| syntax(text, e)).collect();
    mistakes.dedup_by_key(|mistake| mistake.start);
    mistakes
}

/// No thread to parse on, or the parser ended it: nothing that whoever wrote it could mend but by other words.
fn gave_up() -> ConditionMistake {
    mistake(0, "syntax", "the parser gave up".to_owned(), "a shorter condition".to_owned())
}

fn syntax(text: &str, error: &ParseError) -> ConditionMistake {
    let start = place(text, error.pos).min(text.len());
    let end = text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    let said = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    // What the parser would take next is a long list of its own names for tokens.
    let message = said.split(" expecting ").next().unwrap_or(said);
    let message: String = message.chars().take(120).collect();
    let expected = "a condition such as document.amount > param.limit && item.class == \"A\"";
    let hint = hint_of(text);
    ConditionMistake { start, end, code: "syntax", message, expected: expected.into(), hint }
}

/// What is usually meant by what is no CEL.
fn hint_of(text: &str) -> Option<String> {
    let words = |word: &str| text.split(|c: char| !c.is_alphanumeric()).any(|one| one == word);
    let hint = if text.contains('=') && !text.contains("==") && !text.contains(">=") {
        "\"is equal\" is written =="
    } else if words("and") || words("AND") {
        "\"and\" is written &&"
    } else if words("or") || words("OR") {
        "\"or\" is written ||"
    } else if words("not") || words("NOT") {
        "\"not\" is written !"
    } else if text.contains('“') || text.contains('”') || text.contains('‘') || text.contains('’')
    {
        "texts stand in straight quotes: \"A\""
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn mistake(at: usize, code: &'static str, message: String, expected: String) -> ConditionMistake {
    let hint = Some("split the rule, or use a decision table".to_owned());
    ConditionMistake { start: at, end: at, code, message, expected, hint }
}

fn too_deep(at: usize) -> ConditionMistake {
    let message =
        format!("brackets or choices within each other, more than {CONDITION_DEPTH_MAX} deep");
    mistake(at, "too-deep", message, format!("at most {CONDITION_DEPTH_MAX}"))
}

/// Length, nesting and number of tokens, told without the parser.
fn bounded(text: &str) -> Result<(), ConditionMistake> {
    if text.len() > CONDITION_BYTES_MAX {
        let message = format!("the condition has {} bytes", text.len());
        return Err(mistake(0, "too-long", message, format!("at most {CONDITION_BYTES_MAX}")));
    }
    let (mut depth, mut tokens, mut in_word) = (0_usize, 0_usize, false);
    let (mut quoted, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        // Those of texts count too: what is a text is for the parser to tell, which must not be overrun.
        let word = c.is_alphanumeric() || c == '_';
        tokens += usize::from(!(c.is_whitespace() || word && in_word));
        in_word = word;
        if tokens > CONDITION_TOKENS_MAX {
            let message = format!("more than {CONDITION_TOKENS_MAX} words and signs");
            return Err(mistake(at, "too-long", message, "a shorter condition".to_owned()));
        }
        if let Some(quote) = quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => quoted = None,
                _ => {}
            }
            continue;
        }
        match c {
            '"' | '\'' => quoted = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > CONDITION_DEPTH_MAX {
            return Err(too_deep(at));
        }
    }
    Ok(())
}
