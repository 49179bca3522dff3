//! A text to the bytes of its documents.
//!
//! Invariants: no more than one document is held, of a text in it no more than its first 16 KiB (which is
//! more than any may have, so that it is refused by name). Absent: whether the bytes are well formed.

use std::io::{self, Read};

use crate::exchange::{
    CELL_BYTES_MAX, DOCUMENT_BYTES_MAX,
    mistake::{Wrong, wrong},
};

const BUFFER_BYTES: usize = 64 << 10;

/// The bytes of one document.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) bytes: Vec<u8>,
    /// Bytes in all, those that were not kept included.
    pub(super) length: u64,
    /// The line in which it begins, from 1.
    pub(super) line: u64,
    /// The column of that line, from 1.
    pub(super) column: u64,
}

/// How documents follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing was read yet.
    Unknown,
    /// In an array, of which one was read already or not.
    Array { is_first: bool },
    /// One after the other.
    Bare,
    /// A line each: what is wrong in one line ends with it.
    Lines,
}

/// The documents of a text.
#[derive(Debug)]
pub(super) struct Elements<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    column: u64,
    form: Form,
}

type Fatal = (u64, Wrong);

impl<R: Read> Elements<R> {
    /// Nothing is read yet.
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), at: 0, line: 1, column: 1, form: Form::Unknown }
    }

    fn peek(&mut self) -> Result<Option<u8>, Fatal> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            let read = self.input.by_ref().take(BUFFER_BYTES as u64).read_to_end(&mut self.buffer);
            read.map_err(|error| (self.line, unreadable(&error)))?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn step(&mut self) {
        match self.buffer.get(self.at) {
            Some(b'\n') => (self.line, self.column) = (self.line + 1, 1),
            Some(0x80..=0xbf) | None => {}
            Some(_) => self.column += 1,
        }
        self.at += 1;
    }

    fn blank(&mut self) -> Result<Option<u8>, Fatal> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.step(),
                other => return Ok(other),
            }
        }
    }

    /// The next document; fails where nothing can be read beyond.
    pub(super) fn next(&mut self) -> Result<Option<Element>, Fatal> {
        if self.form == Form::Unknown {
            self.begin()?;
        }
        let mut next = self.blank()?;
        if let Form::Array { is_first } = self.form {
            match next {
                Some(b']') => {
                    self.step();
                    return self.nothing_more();
                }
                Some(b',') if !is_first => {
                    self.step();
                    next = self.blank()?;
                }
                Some(_) if !is_first => return Err(self.malformed("a comma or ] is missing")),
                None => return Err(self.malformed("the array is open up to the end")),
                Some(_) => {}
            }
            self.form = Form::Array { is_first: false };
        }
        match next {
            None if self.form == Form::Bare || self.form == Form::Lines => Ok(None),
            Some(b'{') if self.form == Form::Lines => self.line_of_text().map(Some),
            Some(b'{') => self.object().map(Some),
            _ if self.form == Form::Lines => self.line_of_text().map(Some),
            _ => Err(self.malformed("a document is an object, in braces")),
        }
    }

    fn begin(&mut self) -> Result<(), Fatal> {
        self.peek()?;
        if self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        self.form = Form::Bare;
        if self.blank()? == Some(b'[') {
            self.step();
            self.form = Form::Array { is_first: true };
        }
        Ok(())
    }

    fn nothing_more(&mut self) -> Result<Option<Element>, Fatal> {
        match self.blank()? {
            None => Ok(None),
            Some(_) => Err(self.malformed("something stands after the array")),
        }
    }

    fn malformed(&self, message: &str) -> Fatal {
        (self.line, wrong("json-malformed", message, "write JSON in UTF-8, as an export does"))
    }

    fn line_of_text(&mut self) -> Result<Element, Fatal> {
        let (line, column) = (self.line, self.column);
        let mut element = Element { bytes: Vec::new(), length: 0, line, column };
        let mut text = Text::default();
        while let Some(byte) = self.peek()? {
            if byte == b'\n' {
                break;
            }
            text.take(byte, &mut element);
            self.step();
        }
        Ok(element)
    }

    fn object(&mut self) -> Result<Element, Fatal> {
        let (line, column) = (self.line, self.column);
        let mut element = Element { bytes: Vec::new(), length: 0, line, column };
        let mut text = Text::default();
        while let Some(byte) = self.peek()? {
            text.take(byte, &mut element);
            self.step();
            if text.depth == 0 {
                if self.form == Form::Bare && self.line == line && self.ends_line()? {
                    self.form = Form::Lines;
                }
                return Ok(element);
            }
        }
        let message = "the document is open up to the end: a brace or quote is missing";
        Err((line, wrong("json-unclosed", message, "close it, or write each document in a line")))
    }

    /// Whether nothing else stands in the line.
    fn ends_line(&mut self) -> Result<bool, Fatal> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r') => self.step(),
                Some(b'\n') => return Ok(true),
                _ => return Ok(false),
            }
        }
    }
}

/// What one byte is in the text: within a string or not, how deep.
#[derive(Debug, Default)]
struct Text {
    depth: u32,
    is_string: bool,
    is_escaped: bool,
    hex_left: u8,
    /// What was read last is an escape by number of half a character, or may become one.
    is_half: bool,
    string_bytes: usize,
    is_cut: bool,
}

impl Text {
    fn take(&mut self, byte: u8, element: &mut Element) {
        if self.is_string {
            self.within(byte);
        } else {
            match byte {
                b'"' => *self = Self { depth: self.depth, is_string: true, ..Self::default() },
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if !self.is_cut {
            element.length += 1;
            if element.bytes.len() < DOCUMENT_BYTES_MAX {
                element.bytes.push(byte);
            }
        }
    }

    fn within(&mut self, byte: u8) {
        self.string_bytes += 1;
        let (is_escaped, hex_left, is_half) = (self.is_escaped, self.hex_left, self.is_half);
        // Never in the middle of a character, an escape, or a pair of escapes that are one character.
        let is_whole =
            !is_escaped && hex_left == 0 && !is_half && (byte.is_ascii() || byte >= 0xc0);
        self.is_cut |= self.string_bytes > CELL_BYTES_MAX && is_whole;
        self.is_escaped = !is_escaped && byte == b'\\';
        self.hex_left = if is_escaped && byte == b'u' { 4 } else { hex_left.saturating_sub(1) };
        // U+D800 to U+DBFF are halves.
        self.is_half = match hex_left {
            4 => byte.eq_ignore_ascii_case(&b'd'),
            3 => is_half && matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
            1 | 2 => is_half,
            _ => is_half && self.is_escaped,
        };
        if byte == b'"' && !is_escaped {
            (self.is_string, self.is_cut) = (false, false);
        }
    }
}

fn unreadable(error: &io::Error) -> Wrong {
    let message = format!("the text can't be read on: {error}");
    wrong("file-unreadable", message, "look after the disk or the connection, and import it again")
}
