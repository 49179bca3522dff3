//! SGD variables: `! U1 getvar "name"` and the quoted answer. Pure.
//!
//! Invariants: only the variables listed here are asked for, none is ever set.

/// The longest answer that is kept, in bytes.
pub const SGD_BYTES_MAX: usize = 256;
/// What a printer answers for a variable that it does not have.
pub const UNKNOWN: &str = "?";

/// A variable that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The serial number: who the printer is.
    UniqueId,
    /// Labels printed in its life, voided ones included.
    Labels,
    /// RFID labels encoded.
    RfidValid,
    /// RFID labels voided.
    RfidVoid,
}

impl Variable {
    /// Its name in SGD.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UniqueId => "device.unique_id",
            Self::Labels => "odometer.total_label_count",
            Self::RfidValid => "odometer.rfid.valid_resettable",
            Self::RfidVoid => "odometer.rfid.void_resettable",
        }
    }
}

/// The command that asks for a variable.
#[must_use]
pub fn getvar(variable: Variable) -> Vec<u8> {
    format!("! U1 getvar \"{}\"\r\n", variable.name()).into_bytes()
}
