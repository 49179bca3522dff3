//! The text of a proof as a picture: one SVG page with a QR code for each part, for a label or paper.
//!
//! Drawn by hand out of the modules: black squares on white, the quiet zone that readers need, and
//! under each code in words what it is. Error correction M: a scratch or a stain does no harm.

use std::fmt::Write as _;

use anyhow::Context as _;
use qrcode::{Color, EcLevel, QrCode};

/// Characters of one code at most: some 110 modules a side, which a phone reads off 6 cm of paper.
pub(super) const CODE_CHARS_MAX: usize = 1100;
/// Codes beside each other: three are as wide as a sheet of A4.
const COLUMNS: usize = 3;
/// White modules around a code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;
/// Room for the words under a code, in modules.
const WORDS: usize = 7;
/// Modules a millimetre has.
const MODULES_A_MM: usize = 2;

/// The page, with what the proof is of in words.
pub(super) fn page(parts: &[String], what: &str) -> anyhow::Result<String> {
    let draw = |part: &String| {
        QrCode::with_error_correction_level(part, EcLevel::M).context("a part fits no QR code")
    };
    let codes = parts.iter().map(draw).collect::<anyhow::Result<Vec<_>>>()?;
    let side = codes.iter().map(QrCode::width).max().unwrap_or(0) + 2 * QUIET;
    let columns = codes.len().min(COLUMNS);
    let (width, height) = (side * columns, (side + WORDS) * codes.len().div_ceil(COLUMNS));
    let mm = |modules: usize| format!("{}.{}", modules / MODULES_A_MM, modules % MODULES_A_MM * 5);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{what}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        mm(width),
        mm(height)
    );
    for (number, code) in codes.iter().enumerate() {
        let (x, y) = (number % COLUMNS * side, number / COLUMNS * (side + WORDS));
        let path = squares(code, x + QUIET, y + QUIET);
        writeln!(svg, "<path shape-rendering=\"crispEdges\" d=\"{path}\"/>")?;
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-family=\"sans-serif\" font-size=\"3\">{} of {}: {what}</text>",
            x + QUIET,
            y + side + 2,
            number + 1,
            codes.len()
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// The black modules of a code as one path, a run of them at a time.
fn squares(code: &QrCode, x: usize, y: usize) -> String {
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(code.width()).enumerate() {
        let mut column = 0;
        for run in modules.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, long) = (x + column, y + row, run.len());
                path.push_str(&format!("M{left} {top}h{long}v1h-{long}z"));
            }
            column += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn a_page_has_each_part_in_its_own_place() {
        let parts = ["GWP1:1/4:00000000:AB", "GWP1:2/4:00000000:CD", "3", "4"].map(str::to_owned);
        let svg = page(&parts, "movement 7").unwrap();
        assert_eq!(svg.matches("<path ").count(), 4);
        assert!(svg.contains("4 of 4: movement 7"), "{svg}");
        // Version 2 has 25 modules: 33 with the quiet zone, three beside each other, two rows.
        assert!(svg.contains("viewBox=\"0 0 99 80\""), "{svg}");
        assert!(svg.contains("width=\"49.5mm\" height=\"40.0mm\""), "{svg}");
        assert!(svg.contains("d=\"M4 4h7v1h-7z"), "the finder's upper edge: {svg}");
    }

    #[test]
    fn the_longest_part_is_no_larger_than_said() {
        let longest = "A".repeat(CODE_CHARS_MAX);
        let code = QrCode::with_error_correction_level(&longest, EcLevel::M).unwrap();
        assert!(code.width() <= 110, "{} modules", code.width());
    }
}
