//! Text as a picture (`^GF`), for scripts that a printer has no letters for. Pure.
//!
//! Invariants: bounded in dots before anything is drawn; a character that the font lacks is an error, not a box.
//! Absent: shaping (Arabic, Indic scripts), kerning, several lines.

use std::{fmt::Write, sync::Arc};

use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont, point};
use minijinja::{Environment, Value};

use super::invalid;

/// The widest and highest picture in dots.
pub const BITMAP_DOTS_MAX: u32 = 2_400;

/// A TrueType or OpenType font, with others for the characters that it lacks.
#[derive(Clone)]
pub struct Font(Arc<Vec<FontVec>>);

impl std::fmt::Debug for Font {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Font")
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BitmapError {
    /// The bytes are no font.
    #[error("this is no TrueType or OpenType font with outlines")]
    Font,
    /// No font is configured.
    #[error("no font is configured for bitmap text")]
    NoFont,
    /// The font lacks a character.
    #[error("the font has no {0:?}")]
    Glyph(char),
    /// Too large or empty.
    #[error("a text of {0} by {1} dots, which must be 1 to {BITMAP_DOTS_MAX} each")]
    Size(u32, u32),
}

/// A picture of black dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graphic {
    /// Bytes a row; 8 dots each, the first the highest bit.
    pub row_bytes: usize,
    /// The rows, one after the other.
    pub bits: Vec<u8>,
}

impl Font {
    /// Reads fonts; a character is drawn from the first one that has it. Of a collection the first font counts.
    ///
    /// # Errors
    /// Where one is none.
    pub fn parse(files: Vec<Vec<u8>>) -> Result<Self, BitmapError> {
        let font = |bytes| FontVec::try_from_vec_and_index(bytes, 0).map_err(|_| BitmapError::Font);
        files.into_iter().map(font).collect::<Result<_, _>>().map(|fonts| Self(Arc::new(fonts)))
    }

    /// Draws one line of text, `height` dots high.
    ///
    /// # Errors
    /// Where a character is missing or the picture would be too large.
    pub fn draw(&self, text: &str, height: u32) -> Result<Graphic, BitmapError> {
        let scale = PxScale::from(height.clamp(1, BITMAP_DOTS_MAX) as f32);
        let (mut pen, mut outlines) = (0.0_f32, Vec::new());
        for c in text.chars() {
            let font =
                self.0.iter().find(|font| font.glyph_id(c).0 != 0).ok_or(BitmapError::Glyph(c))?;
            let scaled = font.as_scaled(scale);
            let id = scaled.glyph_id(c);
            let glyph = id.with_scale_and_position(scale, point(pen, scaled.ascent()));
            outlines.extend(scaled.outline_glyph(glyph));
            pen += scaled.h_advance(id);
            if pen > BITMAP_DOTS_MAX as f32 {
                return Err(BitmapError::Size(pen as u32, height));
            }
        }
        let width = pen.ceil() as u32;
        if width == 0 || !(1..=BITMAP_DOTS_MAX).contains(&height) {
            return Err(BitmapError::Size(width, height));
        }
        let row_bytes = width.div_ceil(8) as usize;
        let mut bits = vec![0_u8; row_bytes * height as usize];
        for outline in outlines {
            let min = outline.px_bounds().min;
            outline.draw(|x, y, coverage| {
                let (x, y) = (min.x as i64 + i64::from(x), min.y as i64 + i64::from(y));
                let inside =
                    (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y);
                if coverage >= 0.5 && inside {
                    let (x, y) = (x as usize, y as usize);
                    if let Some(byte) = bits.get_mut(y * row_bytes + x / 8) {
                        *byte |= 0x80 >> (x % 8);
                    }
                }
            });
        }
        Ok(Graphic { row_bytes, bits })
    }
}

impl Graphic {
    /// The field, to stand after `^FO…`.
    #[must_use]
    pub fn zpl(&self) -> String {
        let (total, row) = (self.bits.len(), self.row_bytes);
        let mut out = format!("^GFA,{total},{total},{row},");
        for byte in &self.bits {
            // Writing to a string can't fail.
            let _ = write!(out, "{byte:02X}");
        }
        out.push_str("^FS");
        out
    }
}

pub(super) fn add_filter(environment: &mut Environment<'static>, font: Option<Font>) {
    environment.add_filter("bitmap", move |text: String, height: Option<u32>| {
        let font = font.as_ref().ok_or_else(|| invalid(&BitmapError::NoFont))?;
        let graphic = font.draw(&text, height.unwrap_or(32)).map_err(|e| invalid(&e))?;
        Ok::<_, minijinja::Error>(Value::from_safe_string(graphic.zpl()))
    });
}
