//! Where things stand in a module: the profiles that come along, and those an integrator writes.
//!
//! Invariants: an unknown key is a mistake, never ignored; a profile is at most `PROFILE_BYTES_MAX` long; every
//! address of every channel fits 16 bits. Absent: reading files (the caller hands over the text).

use serde::Deserialize;

use crate::{Counters, Lamps, Settings, Watchdog};

/// The longest profile.
pub const PROFILE_BYTES_MAX: usize = 16 * 1024;
/// The most inputs or outputs of one module.
pub const CHANNELS_MAX: u16 = 512;

/// The profiles that come along, by their names.
pub const PROFILES: [(&str, &str); 4] = [
    ("generic", include_str!("../profiles/generic.toml")),
    ("moxa-e1200", include_str!("../profiles/moxa-e1200.toml")),
    ("adam-6050", include_str!("../profiles/adam-6050.toml")),
    ("wago-750", include_str!("../profiles/wago-750.toml")),
];

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// No such name.
    #[error("no profile {0:?}; known are generic, moxa-e1200, adam-6050 and wago-750")]
    Unknown(String),
    /// Longer than allowed.
    #[error("the profile is longer than {PROFILE_BYTES_MAX} bytes")]
    Long,
    /// Not as a profile is written; the place stands in the reason.
    #[error("the profile can't be read: {0}")]
    Syntax(String),
    /// A value that no module can have.
    #[error("profile {profile}: {key} {why}")]
    Value {
        /// Its name.
        profile: String,
        /// The key.
        key: &'static str,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// A channel that the module lacks.
    #[error("{what} {channel} is beyond the {count} of profile {profile}; count from 0")]
    Channel {
        /// Its name.
        profile: String,
        /// `input` or `output`.
        what: &'static str,
        /// The number asked for.
        channel: u16,
        /// How many there are.
        count: u16,
    },
}

/// Neighbouring discrete inputs or coils.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bits {
    /// The address of the first.
    pub base: u16,
    /// How many there are.
    pub count: u16,
    /// Added to a coil's address to read it back.
    #[serde(default)]
    pub read_back_offset: u16,
}

/// Registers that tell the model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// 3 or 4.
    pub function: u8,
    /// The first register.
    pub base: u16,
    /// How many, at most 32.
    pub count: u16,
    /// The registers are numbers, not two letters each.
    #[serde(default)]
    pub numbers: bool,
}

/// A kind of module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its discrete inputs (function 2).
    pub inputs: Bits,
    /// Its coils (functions 5 and 1).
    pub outputs: Bits,
    /// A counter for each input, where there are any.
    pub counters: Option<Counters>,
    /// Its watchdog, where it can be reached by Modbus.
    pub watchdog: Option<Watchdog>,
    /// Registers that tell its model, where it does not know function 43.
    pub identity: Option<Model>,
}

impl Profile {
    /// A profile that came along.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        let found = PROFILES.iter().find(|(known, _)| *known == name);
        found.map_or_else(
            || Err(ProfileError::Unknown(name.to_owned())),
            |(_, text)| Self::parse(text),
        )
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// Where it is too long, not TOML, has an unknown key or impossible numbers.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.len() > PROFILE_BYTES_MAX {
            return Err(ProfileError::Long);
        }
        let profile: Self =
            toml::from_str(text).map_err(|e| ProfileError::Syntax(e.to_string()))?;
        profile.check()?;
        Ok(profile)
    }

    fn wrong(&self, key: &'static str, why: impl Into<String>) -> ProfileError {
        ProfileError::Value { profile: self.name.clone(), key, why: why.into() }
    }

    fn check(&self) -> Result<(), ProfileError> {
        let fits = |base: u16, count: u16| u32::from(base) + u32::from(count) <= 0x1_0000;
        for (key, bits) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            let read_back = bits.base.saturating_add(bits.read_back_offset);
            if bits.count > CHANNELS_MAX
                || !fits(bits.base, bits.count)
                || !fits(read_back, bits.count)
            {
                let why = format!("end beyond 65535 or are more than {CHANNELS_MAX}");
                return Err(self.wrong(key, why));
            }
        }
        if let Some(counters) = &self.counters {
            if ![3, 4].contains(&counters.function) {
                return Err(self.wrong("counters.function", "is 3 or 4"));
            }
            if ![1, 2].contains(&counters.words) {
                return Err(self.wrong("counters.words", "is 1 or 2"));
            }
            if !fits(counters.base, self.inputs.count.saturating_mul(counters.words)) {
                return Err(
                    self.wrong("counters.base", "is so high that the last ends beyond 65535")
                );
            }
        }
        match &self.watchdog {
            Some(watchdog) if watchdog.time_register.is_some() && watchdog.time_unit_ms == 0 => {
                return Err(self.wrong("watchdog.time_unit_ms", "is needed beside time_register"));
            }
            Some(watchdog) if watchdog.stop_keys.len() > crate::STOP_KEYS_MAX => {
                return Err(self.wrong("watchdog.stop_keys", "are more than 8"));
            }
            _ => {}
        }
        match &self.identity {
            Some(model) if ![3, 4].contains(&model.function) => {
                Err(self.wrong("identity.function", "is 3 or 4"))
            }
            Some(model)
                if model.count == 0 || model.count > 32 || !fits(model.base, model.count) =>
            {
                Err(self.wrong("identity.count", "is 1 to 32"))
            }
            _ => Ok(()),
        }
    }

    fn channel(&self, what: &'static str, bits: &Bits, channel: u16) -> Result<u16, ProfileError> {
        if channel >= bits.count {
            let profile = self.name.clone();
            return Err(ProfileError::Channel { profile, what, channel, count: bits.count });
        }
        Ok(bits.base + channel)
    }

    /// The settings of a module of this kind; lamps and inputs are channels, counted from 0.
    ///
    /// # Errors
    /// Where a channel is beyond what the module has.
    pub fn settings(
        &self,
        address: &str,
        lamps: Lamps,
        inputs: &[u16],
    ) -> Result<Settings, ProfileError> {
        let coil =
            |lamp: Option<u16>| lamp.map(|c| self.channel("output", &self.outputs, c)).transpose();
        let coils = Lamps {
            green: coil(lamps.green)?,
            amber: coil(lamps.amber)?,
            red: coil(lamps.red)?,
            buzzer: coil(lamps.buzzer)?,
        };
        let inputs: Result<Vec<u16>, _> =
            inputs.iter().map(|c| self.channel("input", &self.inputs, *c)).collect();
        Ok(Settings {
            inputs: inputs?,
            input_base: self.inputs.base,
            read_back_offset: self.outputs.read_back_offset,
            counters: self.counters.clone(),
            watchdog: self.watchdog.clone(),
            model: self.identity.clone(),
            ..Settings::new(address, coils)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use super::*;

    #[test]
    fn every_profile_that_comes_along_is_sound_and_named_as_its_file() {
        for (name, _) in PROFILES {
            assert_eq!(Profile::named(name).unwrap().name, name);
        }
        let lamps = Lamps { green: Some(0), red: Some(5), ..Lamps::default() };
        let adam = Profile::named("adam-6050").unwrap();
        let settings = adam.settings("a:502", lamps, &[0, 11]).unwrap();
        assert_eq!((settings.coils.green, settings.coils.red), (Some(16), Some(21)));
        let wago = Profile::named("wago-750").unwrap().settings("a:502", lamps, &[]).unwrap();
        assert_eq!(wago.read_back_offset, 0x200);
        assert_eq!(
            adam.settings("a:502", lamps, &[12]).unwrap_err().to_string(),
            "input 12 is beyond the 12 of profile adam-6050; count from 0"
        );
    }

    #[test]
    fn mistakes_are_named() {
        assert!(Profile::named("moxo").unwrap_err().to_string().contains("moxa-e1200"));
        let base =
            "name = \"x\"\ninputs = { base = 0, count = 4 }\noutputs = { base = 0, count = 4 }\n";
        for (more, told) in [
            ("colour = 1", "colour"),
            ("counters = { function = 9, base = 0, words = 2, high_first = true }", "is 3 or 4"),
            (
                "counters = { function = 3, base = 65535, words = 2, high_first = true }",
                "beyond 65535",
            ),
            ("watchdog = { time_register = 1 }", "time_unit_ms"),
        ] {
            let error = Profile::parse(&format!("{base}{more}")).unwrap_err().to_string();
            assert!(error.contains(told), "{more}: {error}");
        }
    }
}
