//! Tags to put into a simulated field: SGTIN-96 (GS1 Tag Data Standard 2.1, 14.6.1) with filter 1.
//! Encoding only; the product decodes with code of its own, so that this one can test it.

use thiserror::Error;

/// Bits of the company prefix by its number of digits, from 6 to 12 (TDS table 14-2).
const PREFIX_BITS: [u32; 7] = [20, 24, 27, 30, 34, 37, 40];
/// A serial has 38 bits.
const SERIAL_MAX: u64 = (1 << 38) - 1;
const HEADER: u128 = 0x30;
const FILTER_POINT_OF_SALE: u128 = 1;

/// Why there is no such tag.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SgtinError {
    /// Not fourteen digits.
    #[error("GTIN {0} is not fourteen digits")]
    Digits(String),
    /// The last digit is not the one that the others give.
    #[error("GTIN {gtin} has a wrong check digit, expected {expected}")]
    CheckDigit {
        /// The GTIN as given.
        gtin: String,
        /// What its last digit should be.
        expected: u32,
    },
    /// No such company prefix.
    #[error("a company prefix has 6 to 12 digits, not {0}")]
    Prefix(usize),
    /// Too large.
    #[error("serial {0} does not fit 38 bits")]
    Serial(u64),
}

/// The EPC memory (12 bytes) of one serialised trade item.
///
/// # Errors
/// See [`SgtinError`].
pub fn try_sgtin96(
    gtin14: &str,
    serial: u64,
    company_prefix_len: usize,
) -> Result<[u8; 12], SgtinError> {
    let digits: Vec<u32> = gtin14.chars().filter_map(|digit| digit.to_digit(10)).collect();
    if digits.len() != 14 || gtin14.len() != 14 {
        return Err(SgtinError::Digits(gtin14.to_owned()));
    }
    let expected = check_digit(&digits[..13]);
    if digits[13] != expected {
        return Err(SgtinError::CheckDigit { gtin: gtin14.to_owned(), expected });
    }
    let partition = 12usize.checked_sub(company_prefix_len).filter(|partition| *partition <= 6);
    let partition = partition.ok_or(SgtinError::Prefix(company_prefix_len))?;
    if serial > SERIAL_MAX {
        return Err(SgtinError::Serial(serial));
    }
    let prefix_bits = PREFIX_BITS[6 - partition];
    let prefix = number(&digits[1..=company_prefix_len]);
    // The indicator digit leads the item reference.
    let item = number(&digits[..1])
        * 10u128.pow(12 - u32::try_from(company_prefix_len).unwrap_or(12))
        + number(&digits[company_prefix_len + 1..13]);
    let bits = HEADER << 88
        | FILTER_POINT_OF_SALE << 85
        | (partition as u128) << 82
        | prefix << (82 - prefix_bits)
        | item << 38
        | u128::from(serial);
    let mut epc = [0; 12];
    epc.copy_from_slice(&bits.to_be_bytes()[4..]);
    Ok(epc)
}

/// As [`try_sgtin96`], for tests and demos whose numbers are literals.
///
/// # Panics
/// Where `try_sgtin96` fails.
#[must_use]
pub fn sgtin96(gtin14: &str, serial: u64, company_prefix_len: usize) -> [u8; 12] {
    match try_sgtin96(gtin14, serial, company_prefix_len) {
        Ok(epc) => epc,
        Err(error) => panic!("{error}"),
    }
}

fn number(digits: &[u32]) -> u128 {
    digits.iter().fold(0, |number, digit| number * 10 + u128::from(*digit))
}

fn check_digit(digits: &[u32]) -> u32 {
    let weights = [3, 1].into_iter().cycle();
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::{SgtinError, sgtin96, try_sgtin96};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn the_standards_example_with_our_filter() {
        // TDS 2.1, E.3: urn:epc:tag:sgtin-96:3.0614141.812345.6789 is 3074257BF7194E4000001A85.
        assert_eq!(hex(&sgtin96("80614141123458", 6789, 7)), "3034257BF7194E4000001A85");
        // The longest prefix leaves the indicator alone as the item reference.
        assert_eq!(hex(&sgtin96("04012345000009", 0, 12)), "302175ADC266800000000000");
    }

    #[test]
    fn what_is_no_sgtin_is_refused() {
        let check = SgtinError::CheckDigit { gtin: "80614141123459".into(), expected: 8 };
        assert_eq!(try_sgtin96("80614141123459", 1, 7), Err(check));
        assert_eq!(
            try_sgtin96("8061414112345", 1, 7),
            Err(SgtinError::Digits("8061414112345".into()))
        );
        assert_eq!(try_sgtin96("80614141123458", 1, 5), Err(SgtinError::Prefix(5)));
        assert_eq!(try_sgtin96("80614141123458", 1, 13), Err(SgtinError::Prefix(13)));
        assert_eq!(try_sgtin96("80614141123458", 1 << 38, 7), Err(SgtinError::Serial(1 << 38)));
    }
}
