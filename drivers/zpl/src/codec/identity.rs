//! The answer to `~HI` (ZPL II Programming Guide, "Host Identification"). Pure.
//!
//! `model,version,dots per millimetre,memory[,options…]`. Invariants: model and firmware are bounded printable text.

use serde::{Deserialize, Serialize};

/// The command that asks who the printer is.
pub const HOST_IDENTITY: &[u8] = b"~HI";
/// The longest model or firmware that is kept, in bytes.
const IDENTITY_BYTES_MAX: usize = 64;

/// Who a printer says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostIdentity {
    /// The model, such as `ZT411-203dpi`.
    pub model: String,
    /// The firmware, such as `V93.21.26Z`.
    pub firmware: String,
    /// Dots per millimetre: 6, 8, 12 or 24.
    pub dots_per_mm: u8,
}

/// Why bytes are no answer to `~HI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host identification is not model, version, dots per millimetre and memory")]
pub struct IdentityError;

/// Reads what stands between STX and ETX of an answer to `~HI`.
///
/// # Errors
/// Where a field is missing, too long, or the resolution is none that printers have.
pub fn parse_identity(body: &[u8]) -> Result<HostIdentity, IdentityError> {
    let text = std::str::from_utf8(body).map_err(|_| IdentityError)?;
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [model, firmware, dots, _memory, ..] = fields[..] else { return Err(IdentityError) };
    let fits = |text: &str| {
        (1..=IDENTITY_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
    };
    let dots_per_mm = match dots {
        "6" => 6,
        "8" => 8,
        "12" => 12,
        "24" => 24,
        _ => return Err(IdentityError),
    };
    if !fits(model) || !fits(firmware) {
        return Err(IdentityError);
    }
    Ok(HostIdentity { model: model.to_owned(), firmware: firmware.to_owned(), dots_per_mm })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_stand_in_their_places() {
        let read = parse_identity(b"ZT411-300dpi,V93.21.26Z,12,8192KB,R");
        let expected = HostIdentity {
            model: "ZT411-300dpi".to_owned(),
            firmware: "V93.21.26Z".to_owned(),
            dots_per_mm: 12,
        };
        assert_eq!(read, Ok(expected));
        for bad in ["", "a,b,8", ",b,8,1", "a,b,9,1", "a,\u{7},8,1"] {
            assert_eq!(parse_identity(bad.as_bytes()), Err(IdentityError), "{bad}");
        }
    }
}
