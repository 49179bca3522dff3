//! Money: exact amounts, never rates. A value per piece is always an amount and a quantity.

use std::{fmt, iter::Sum, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// Decimal places that are kept.
pub const AMOUNT_DECIMALS: u32 = 4;

const UNITS: i64 = 10_i64.pow(AMOUNT_DECIMALS);

/// An amount of money in the ledger's currency, in ten-thousandths. As text the shortest decimal
/// form: `12.5`, `-0.0001`, `0`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(i64);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount: write a decimal such as 12.5 with at most 4 places, below 10^14")]
pub struct AmountError(pub String);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many ten-thousandths.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// In ten-thousandths.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// True for nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` beyond 64 bits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` beyond 64 bits.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The amount with the other sign; `None` for the one that has none.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// `part` of `whole` of it, rounded half to even to `decimals` places (at most four). The whole
    /// of it for `part == whole`, nothing for `part == 0`. `None` where `whole` is not positive or
    /// the result leaves 64 bits.
    #[must_use]
    pub fn share(self, part: i64, whole: i64, decimals: u8) -> Option<Self> {
        if whole <= 0 {
            return None;
        }
        if part == whole {
            return Some(self);
        }
        let step = i128::from(10_i64.pow(AMOUNT_DECIMALS.saturating_sub(u32::from(decimals))));
        let (top, bottom) = (i128::from(self.0) * i128::from(part), i128::from(whole) * step);
        let (floor, rest) = (top.div_euclid(bottom), top.rem_euclid(bottom));
        let up = match (rest * 2).cmp(&bottom) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => floor & 1,
            std::cmp::Ordering::Greater => 1,
        };
        i64::try_from((floor + up) * step).ok().map(Self)
    }
}

impl Sum for Amount {
    /// Saturates: sums that matter are checked one by one.
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Also takes a longer spelling (`12.50`); an entry's bytes may only have the shortest.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let wrong = || AmountError(text.chars().take(40).collect());
        let (negative, digits) =
            text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !numeric(whole) || !numeric(places) || places.len() > AMOUNT_DECIMALS as usize {
            return Err(wrong());
        }
        let places = format!("{places:0<width$}", width = AMOUNT_DECIMALS as usize);
        let units = whole
            .parse::<i64>()
            .ok()
            .and_then(|n| n.checked_mul(UNITS))
            .and_then(|n| n.checked_add(places.parse().ok()?))
            .ok_or_else(wrong)?;
        Ok(Self(if negative { -units } else { units }))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, places) = (magnitude / UNITS.unsigned_abs(), magnitude % UNITS.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        if places == 0 {
            return write!(f, "{sign}{whole}");
        }
        let places = format!("{places:04}");
        write!(f, "{sign}{whole}.{}", places.trim_end_matches('0'))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::parse(deserializer, str::parse)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn text_and_amount_are_one_to_one() {
        for (units, text) in [
            (0, "0"),
            (125_000, "12.5"),
            (-1, "-0.0001"),
            (10_000, "1"),
            (i64::MAX, "922337203685477.5807"),
        ] {
            assert_eq!(Amount(units).to_string(), text);
            assert_eq!(text.parse::<Amount>().unwrap(), Amount(units));
        }
        assert_eq!("12.50".parse::<Amount>().unwrap(), Amount(125_000));
        for bad in ["", "-", ".5", "1.", "1.00001", "1e3", "+1", " 1", "922337203685477.5808", "١"]
        {
            assert!(bad.parse::<Amount>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn shares_round_half_to_even_and_leave_nothing_behind() {
        let ten = Amount(100_000);
        assert_eq!(ten.share(1, 3, 2), Some(Amount(33_300)));
        assert_eq!(ten.share(3, 3, 2), Some(ten));
        assert_eq!(Amount(100).share(1, 2, 2), Some(Amount(0)));
        assert_eq!(Amount(300).share(1, 2, 2), Some(Amount(200)));
        assert_eq!(Amount(-300).share(1, 2, 2), Some(Amount(-200)));
        assert_eq!(ten.share(1, 0, 2), None);
        assert_eq!(Amount(1).share(1, 3, 9), Some(Amount(0)));
    }
}
