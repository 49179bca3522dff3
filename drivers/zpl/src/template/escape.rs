//! Text as data of a field after `^FH`. Pure.
//!
//! Invariants: what comes out has no `^`, no `~` and no control character, whatever goes in; where a template forgets
//! `^FH`, hexadecimal is printed instead of letters, and still nothing is commanded.

use std::fmt::Write;

/// Characters that mean nothing to a printer, apart from letters and digits.
const PLAIN: &str = " -.,:;/()+*=#%&'!?<>@[]{}|\"$";

/// Writes text so that a printer can only take it as data: what is not plain as `_` and two hexadecimal digits a byte
/// (UTF-8; the template says `^CI28`), control characters as spaces.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        if c.is_control() {
            out.push(' ');
        } else if c.is_ascii_alphanumeric() || PLAIN.contains(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut buffer).bytes() {
                // Writing to a string can't fail.
                let _ = write!(out, "_{byte:02X}");
            }
        }
    }
    out
}
