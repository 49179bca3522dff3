//! Which keys are held, and what a key pressed types then.
//!
//! Control characters come as scanners send them: with Ctrl (`Ctrl+]` is GS, wherever `]` is in the layout, or
//! where it is on an American keyboard), or as an Alt code on the keypad (`Alt+029`).

use crate::{
    codec::Event,
    keymap::{
        ALT_GR, BACKSPACE, CAPS_LOCK, ENTER, KEYPAD_ENTER, Key, LEFT_ALT, LEFT_CTRL, LEFT_SHIFT,
        Layout, Level, NUM_LOCK, RIGHT_CTRL, RIGHT_SHIFT, SCROLL_LOCK, TAB, keypad_digit,
    },
};

/// Most digits of an Alt code.
const ALT_DIGITS_MAX: usize = 5;

/// What an event typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A key released, held, or one that only changes others.
    Nothing,
    /// Enter, on either side.
    Enter,
    Text(char),
    /// A key that makes the scan unreadable, and why.
    Unknown(String),
}

#[derive(Debug)]
pub(super) struct Keys {
    layout: Layout,
    caps: bool,
    /// Left and right of each.
    shift: [bool; 2],
    ctrl: [bool; 2],
    alt_gr: bool,
    /// The digits typed while Alt is held.
    alt: Option<String>,
    dead: Option<char>,
}

impl Keys {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            caps: false,
            shift: [false; 2],
            ctrl: [false; 2],
            alt_gr: false,
            alt: None,
            dead: None,
        }
    }

    /// Nothing is held any more; CapsLock stays as it is.
    pub(super) fn release_all(&mut self) {
        *self = Self { caps: self.caps, ..Self::new(self.layout) };
    }

    pub(super) fn has_dead(&self) -> bool {
        self.dead.is_some()
    }

    pub(super) fn handle(&mut self, event: Event) -> Typed {
        let held = event.value != 0;
        match event.code {
            LEFT_SHIFT => self.shift[0] = held,
            RIGHT_SHIFT => self.shift[1] = held,
            LEFT_CTRL => self.ctrl[0] = held,
            RIGHT_CTRL => self.ctrl[1] = held,
            ALT_GR => self.alt_gr = held,
            LEFT_ALT if event.value == 1 => self.alt = Some(String::new()),
            LEFT_ALT if event.value == 0 => return self.alt_code(),
            CAPS_LOCK if event.value == 1 => self.caps = !self.caps,
            LEFT_ALT | CAPS_LOCK | NUM_LOCK | SCROLL_LOCK => {}
            code if event.value == 1 => return self.press(code),
            _ => {}
        }
        Typed::Nothing
    }

    fn press(&mut self, code: u16) -> Typed {
        if let Some(digits) = &mut self.alt {
            return match keypad_digit(code) {
                Some(digit) if digits.len() < ALT_DIGITS_MAX => {
                    digits.push(digit);
                    Typed::Nothing
                }
                _ => Typed::Unknown(format!("key {code} with Alt is no part of a scan")),
            };
        }
        let typed = match code {
            ENTER | KEYPAD_ENTER => Typed::Enter,
            TAB => Typed::Text('\t'),
            BACKSPACE => Typed::Unknown("a backspace: somebody types".to_owned()),
            _ if self.ctrl.contains(&true) => self.control(code),
            _ => self.character(code),
        };
        match (self.dead, &typed) {
            (Some(dead), Typed::Text(' ')) => {
                self.dead = None;
                Typed::Text(dead)
            }
            (Some(dead), Typed::Text(_)) => {
                self.dead = None;
                Typed::Unknown(format!("a character composed with {dead}"))
            }
            _ => typed,
        }
    }

    fn level(&self) -> Level {
        Level { shift: self.shift.contains(&true), alt_gr: self.alt_gr }
    }

    fn character(&mut self, code: u16) -> Typed {
        let mut level = self.level();
        if self.caps
            && let Some(Key::Char(own)) = self.layout.key(code, level)
            && own.is_alphabetic()
        {
            level.shift = !level.shift;
        }
        match self.layout.key(code, level) {
            Some(Key::Char(own)) => Typed::Text(own),
            // The same dead key twice is itself once, or twice: nobody knows.
            Some(Key::Dead(_)) if self.dead.is_some() => {
                Typed::Unknown("a dead key behind a dead key".to_owned())
            }
            Some(Key::Dead(dead)) => {
                self.dead = Some(dead);
                Typed::Nothing
            }
            None => {
                let layout = self.layout;
                Typed::Unknown(format!(
                    "key {code}, which the layout {layout:?} does not have here"
                ))
            }
        }
    }

    /// `Ctrl` and a character of `@` to `_` is a control character.
    fn control(&self, code: u16) -> Typed {
        let of = |layout: Layout, level: Level| match layout.key(code, level) {
            Some(Key::Char(own) | Key::Dead(own)) => control_of(own),
            None => None,
        };
        let plain = Level::default();
        let own = of(self.layout, self.level()).or_else(|| of(self.layout, plain));
        match own.or_else(|| of(Layout::Us, self.level())).or_else(|| of(Layout::Us, plain)) {
            Some(own) => Typed::Text(own),
            None => Typed::Unknown(format!("key {code} with Ctrl is no control character")),
        }
    }

    /// Alt was released: its digits are a character.
    fn alt_code(&mut self) -> Typed {
        let Some(digits) = self.alt.take().filter(|digits| !digits.is_empty()) else {
            return Typed::Nothing;
        };
        let number: u32 = digits.parse().unwrap_or(u32::MAX);
        // Without a leading zero the upper half is that of an old code page.
        let is_latin = digits.starts_with('0') && (0xa0..=0xff).contains(&number);
        match char::from_u32(number).filter(|_| number < 0x80 || is_latin) {
            Some(own) => Typed::Text(own),
            None => {
                Typed::Unknown(format!("Alt code {digits}, which is neither ASCII nor Latin 1"))
            }
        }
    }
}

fn control_of(own: char) -> Option<char> {
    let upper = own.to_ascii_uppercase();
    ('@'..='_').contains(&upper).then(|| char::from((upper as u32 & 0x1f) as u8))
}
