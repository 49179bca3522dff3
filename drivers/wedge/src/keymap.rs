//! Which character a key is (codes of linux/input-event-codes.h), in the layouts that scanners type in. Pure.
//!
//! A key has up to three characters: alone, with Shift, with AltGr. A scanner set to one layout on a machine set to
//! another garbles codes, so the system's layout is never asked. Invariants: a key or level that a layout does
//! not have is `None`, never a guess. Absent: the system's keymaps, CapsLock of the number row.

/// The layout that a scanner types in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// American.
    #[default]
    Us,
    /// German.
    De,
    /// French (AZERTY).
    Fr,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A key that waits for the next one: before a space it is itself.
    Dead(char),
}

/// Which of a key's characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Either Shift is held.
    pub shift: bool,
    /// AltGr is held.
    pub alt_gr: bool,
}

pub(crate) const BACKSPACE: u16 = 14;
pub(crate) const TAB: u16 = 15;
pub(crate) const ENTER: u16 = 28;
pub(crate) const LEFT_CTRL: u16 = 29;
pub(crate) const LEFT_SHIFT: u16 = 42;
pub(crate) const RIGHT_SHIFT: u16 = 54;
pub(crate) const LEFT_ALT: u16 = 56;
pub(crate) const CAPS_LOCK: u16 = 58;
pub(crate) const NUM_LOCK: u16 = 69;
pub(crate) const SCROLL_LOCK: u16 = 70;
pub(crate) const KEYPAD_ENTER: u16 = 96;
pub(crate) const RIGHT_CTRL: u16 = 97;
pub(crate) const ALT_GR: u16 = 100;

/// The rows of keys, each from its first code on; `\0` is none.
struct Rows {
    alone: [(u16, &'static str); 4],
    shift: [(u16, &'static str); 4],
    alt_gr: &'static [(u16, char)],
    /// The key between Shift and Z, alone and with Shift.
    extra: [char; 2],
    /// Keys that wait for the next one, alone and with Shift.
    dead: &'static [(u16, [char; 2])],
}

const US: Rows = Rows {
    alone: [(2, "1234567890-="), (16, "qwertyuiop[]"), (30, "asdfghjkl;'`"), (43, "\\zxcvbnm,./")],
    shift: [(2, "!@#$%^&*()_+"), (16, "QWERTYUIOP{}"), (30, "ASDFGHJKL:\"~"), (43, "|ZXCVBNM<>?")],
    alt_gr: &[],
    extra: ['\\', '|'],
    dead: &[],
};

const DE: Rows = Rows {
    alone: [(2, "1234567890ß\0"), (16, "qwertzuiopü+"), (30, "asdfghjklöä\0"), (43, "#yxcvbnm,.-")],
    shift: [(2, "!\"§$%&/()=?\0"), (16, "QWERTZUIOPÜ*"), (30, "ASDFGHJKLÖÄ°"), (43, "'YXCVBNM;:_")],
    alt_gr: &[
        (3, '²'),
        (4, '³'),
        (8, '{'),
        (9, '['),
        (10, ']'),
        (11, '}'),
        (12, '\\'),
        (16, '@'),
        (18, '€'),
        (27, '~'),
        (50, 'µ'),
        (86, '|'),
    ],
    extra: ['<', '>'],
    dead: &[(13, ['´', '`']), (41, ['^', '\0'])],
};

const FR: Rows = Rows {
    alone: [(2, "&é\"'(-è_çà)="), (16, "azertyuiop\0$"), (30, "qsdfghjklmù²"), (43, "*wxcvbn,;:!")],
    shift: [(2, "1234567890°+"), (16, "AZERTYUIOP\0£"), (30, "QSDFGHJKLM%\0"), (43, "µWXCVBN?./§")],
    alt_gr: &[
        (4, '#'),
        (5, '{'),
        (6, '['),
        (7, '|'),
        (9, '\\'),
        (11, '@'),
        (12, ']'),
        (13, '}'),
        (18, '€'),
        (27, '¤'),
    ],
    extra: ['<', '>'],
    dead: &[(26, ['^', '¨'])],
};

/// Dead keys of the third level of the French layout.
const FR_ALT_GR_DEAD: [(u16, char); 2] = [(3, '~'), (8, '`')];

impl Layout {
    /// What a key is at a level; `None` for a key that this layout does not have there.
    #[must_use]
    pub fn key(self, code: u16, level: Level) -> Option<Key> {
        if let Some(own) = keypad(code).or((code == 57).then_some(' ')) {
            return Some(Key::Char(own));
        }
        let rows = match self {
            Self::Us => &US,
            Self::De => &DE,
            Self::Fr => &FR,
        };
        if level.alt_gr {
            if level.shift {
                return None;
            }
            if self == Self::Fr
                && let Some((_, dead)) = FR_ALT_GR_DEAD.iter().find(|(at, _)| *at == code)
            {
                return Some(Key::Dead(*dead));
            }
            let third = rows.alt_gr.iter().find(|(at, _)| *at == code);
            return third.map(|(_, own)| Key::Char(*own));
        }
        let nth = usize::from(level.shift);
        if code == 86 {
            return Some(Key::Char(rows.extra[nth]));
        }
        if let Some((_, pair)) = rows.dead.iter().find(|(at, _)| *at == code)
            && pair[nth] != '\0'
        {
            return Some(Key::Dead(pair[nth]));
        }
        let of = if level.shift { &rows.shift } else { &rows.alone };
        let (first, row) = of.iter().rev().find(|(first, _)| *first <= code)?;
        let own = row.chars().nth(usize::from(code - first))?;
        (own != '\0').then_some(Key::Char(own))
    }
}

/// The keypad is the same everywhere; its digits count whatever NumLock says.
fn keypad(code: u16) -> Option<char> {
    Some(match code {
        55 => '*',
        71..=73 => ['7', '8', '9'][usize::from(code - 71)],
        74 => '-',
        75..=77 => ['4', '5', '6'][usize::from(code - 75)],
        78 => '+',
        79..=81 => ['1', '2', '3'][usize::from(code - 79)],
        82 => '0',
        83 => '.',
        98 => '/',
        _ => return None,
    })
}

/// The digit of a keypad key, for Alt codes.
pub(crate) fn keypad_digit(code: u16) -> Option<char> {
    keypad(code).filter(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_text_is_known_in_each_layout() {
        // The whole of ASCII that GS1 codes use can be typed in each layout.
        let typed = |layout: Layout, wanted: char| {
            (0..128u16).any(|code| {
                let levels = [(false, false), (true, false), (false, true)];
                levels.iter().any(|(shift, alt_gr)| {
                    let level = Level { shift: *shift, alt_gr: *alt_gr };
                    let key = layout.key(code, level);
                    key == Some(Key::Char(wanted)) || key == Some(Key::Dead(wanted))
                })
            })
        };
        for layout in [Layout::Us, Layout::De, Layout::Fr] {
            for wanted in ' '..='~' {
                assert!(typed(layout, wanted), "{layout:?} {wanted}");
            }
        }
    }

    #[test]
    fn keys_are_what_is_printed_on_them() {
        let key =
            |layout: Layout, code, shift, alt_gr| match layout.key(code, Level { shift, alt_gr }) {
                Some(Key::Char(own)) => own.to_string(),
                Some(Key::Dead(own)) => format!("dead {own}"),
                None => "none".to_owned(),
            };
        for (layout, code, shift, alt_gr, expected) in [
            (Layout::Us, 27, false, false, "]"),
            (Layout::De, 10, false, true, "]"),
            (Layout::Fr, 12, false, true, "]"),
            (Layout::Us, 21, false, false, "y"),
            (Layout::De, 21, true, false, "Z"),
            (Layout::Fr, 16, true, false, "A"),
            (Layout::Us, 2, false, false, "1"),
            (Layout::Fr, 2, false, false, "&"),
            (Layout::Fr, 2, true, false, "1"),
            (Layout::Fr, 39, false, false, "m"),
            (Layout::Fr, 50, false, false, ","),
            (Layout::De, 41, false, false, "dead ^"),
            (Layout::De, 41, true, false, "°"),
            (Layout::De, 13, true, false, "dead `"),
            (Layout::Fr, 26, true, false, "dead ¨"),
            (Layout::De, 86, false, false, "<"),
            (Layout::De, 86, false, true, "|"),
            (Layout::Us, 41, true, false, "~"),
            (Layout::Us, 43, true, false, "|"),
            (Layout::Us, 53, true, false, "?"),
            (Layout::Us, 79, true, false, "1"),
            (Layout::Us, 57, true, false, " "),
            (Layout::Us, 2, false, true, "none"),
            (Layout::Us, 59, false, false, "none"),
            (Layout::Us, 125, false, false, "none"),
            (Layout::Us, 0, false, false, "none"),
        ] {
            assert_eq!(key(layout, code, shift, alt_gr), expected, "{layout:?} {code}");
        }
    }
}
