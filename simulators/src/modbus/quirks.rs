//! Where things stand in the modules of several makers, from their manuals; independent of the driver's profiles.
//!
//! Moxa ioLogik E1200 user's manual, appendix A; Advantech ADAM-6000 series user's manual, Modbus mapping table; WAGO
//! 750-841 manual, "MODBUS functions". Absent: analogue channels, counter modes (every input counts).

/// What function 43 says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Object 0.
    pub vendor: String,
    /// Object 1.
    pub product: String,
    /// Object 2.
    pub firmware: String,
}

/// The maker whose module this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModuleProfile {
    /// 16 inputs and 16 outputs from 0, function 43; neither counters nor a watchdog.
    #[default]
    Generic,
    /// Counters of two words, the high one first; a watchdog with a flag; its name in registers.
    MoxaE1200,
    /// Outputs from 16; counters of two words, the low one first; a watchdog that nothing can be read of.
    Adam6050,
    /// Outputs read back from 0x0200; a watchdog set by registers.
    Wago750,
}

impl ModuleProfile {
    /// As options spell it.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("generic", Self::Generic),
        ("moxa-e1200", Self::MoxaE1200),
        ("adam-6050", Self::Adam6050),
        ("wago-750", Self::Wago750),
    ];

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, profile)| *profile)
    }

    pub(super) fn quirks(self) -> Quirks {
        let plain = Quirks {
            inputs: Span { base: 0, count: 16 },
            coils: Span { base: 0, count: 16 },
            read_back: 0,
            counters: None,
            dog: DogKind::None,
            model: None,
        };
        match self {
            Self::Generic => plain,
            Self::MoxaE1200 => Quirks {
                counters: Some(CountersAt { function: 4, base: 16, high_first: true }),
                dog: DogKind::Fixed { flag: Some(4144) },
                model: Some(ModelAt { function: 4, base: 5000, words: letters("E1212", 10) }),
                ..plain
            },
            Self::Adam6050 => Quirks {
                inputs: Span { base: 0, count: 12 },
                coils: Span { base: 16, count: 6 },
                counters: Some(CountersAt { function: 3, base: 0, high_first: false }),
                dog: DogKind::Fixed { flag: None },
                ..plain
            },
            Self::Wago750 => Quirks {
                read_back: 0x0200,
                dog: DogKind::Registers,
                model: Some(ModelAt { function: 3, base: 0x2011, words: vec![750, 841] }),
                ..plain
            },
        }
    }
}

/// Neighbouring addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) base: u16,
    pub(super) count: u16,
}

impl Span {
    /// Which of them an address is.
    pub(super) fn index(self, address: u16) -> Option<usize> {
        let index = address.checked_sub(self.base)?;
        (index < self.count).then_some(usize::from(index))
    }
}

/// Counters of two words each, one for each input.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountersAt {
    pub(super) function: u8,
    pub(super) base: u16,
    pub(super) high_first: bool,
}

/// Registers that tell the model.
#[derive(Debug, Clone)]
pub(super) struct ModelAt {
    pub(super) function: u8,
    pub(super) base: u16,
    pub(super) words: Vec<u16>,
}

/// How the watchdog is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DogKind {
    None,
    /// Its time is set by hand; where there is a flag, it is a coil.
    Fixed {
        flag: Option<u16>,
    },
    /// By registers from 0x1000.
    Registers,
}

#[derive(Debug, Clone)]
pub(super) struct Quirks {
    pub(super) inputs: Span,
    pub(super) coils: Span,
    pub(super) read_back: u16,
    pub(super) counters: Option<CountersAt>,
    pub(super) dog: DogKind,
    pub(super) model: Option<ModelAt>,
}

/// Text as so many registers of two letters.
fn letters(text: &str, count: usize) -> Vec<u16> {
    let mut bytes = text.bytes().chain(std::iter::repeat(0));
    let mut next = || u16::from(bytes.next().unwrap_or(0));
    (0..count).map(|_| next() << 8 | next()).collect()
}
