//! Exact fractions: what a quantity is between the levels of a BOM, before it is rounded once.
//!
//! Invariants: never below zero, always in lowest terms, so equal fractions are equal values. 60 levels with
//! an allowance of 5 % each leave 128 bits far behind, so the parts are numbers of any length up to
//! [`BITS_MAX`]; beyond it every operation answers none, never a wrong number. Absent: negative fractions.

mod natural;

use std::{cmp::Ordering, fmt};

use serde::{Serialize, Serializer};

pub use natural::BITS_MAX;
use natural::Natural;

/// A fraction that is not below zero, in lowest terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    top: Natural,
    bottom: Natural,
}

impl Ratio {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self { top: Natural::from(0), bottom: Natural::from(1) }
    }

    /// `top / bottom`; none where `bottom` is zero.
    #[must_use]
    pub fn new(top: u128, bottom: u128) -> Option<Self> {
        Self::reduced(Natural::from(top), Natural::from(bottom))
    }

    /// A whole number; none below zero.
    #[must_use]
    pub fn whole(number: i64) -> Option<Self> {
        Self::new(u128::try_from(number).ok()?, 1)
    }

    fn reduced(top: Natural, bottom: Natural) -> Option<Self> {
        if bottom.is_zero() {
            return None;
        }
        let common = top.gcd(&bottom);
        if common == Natural::from(1) {
            return Some(Self { top, bottom });
        }
        Some(Self { top: top.div_rem(&common).0, bottom: bottom.div_rem(&common).0 })
    }

    /// True for nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.top.is_zero()
    }

    /// The product.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Option<Self> {
        Self::reduced(self.top.mul(&other.top)?, self.bottom.mul(&other.bottom)?)
    }

    /// The quotient; none by nothing.
    #[must_use]
    pub fn div(&self, other: &Self) -> Option<Self> {
        Self::reduced(self.top.mul(&other.bottom)?, self.bottom.mul(&other.top)?)
    }

    /// The sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Option<Self> {
        let (one, two) = (self.top.mul(&other.bottom)?, other.top.mul(&self.bottom)?);
        Self::reduced(one.add(&two)?, self.bottom.mul(&other.bottom)?)
    }

    /// The difference, nothing where it would be below zero.
    #[must_use]
    pub fn less(&self, other: &Self) -> Option<Self> {
        let (one, two) = (self.top.mul(&other.bottom)?, other.top.mul(&self.bottom)?);
        Self::reduced(one.sub(&two).unwrap_or_default(), self.bottom.mul(&other.bottom)?)
    }

    /// The least whole number that is not below it; none beyond 64 bits.
    #[must_use]
    pub fn ceil(&self) -> Option<i64> {
        let (whole, rest) = self.top.div_rem(&self.bottom);
        let up = i64::from(!rest.is_zero());
        i64::try_from(whole.to_u128()?).ok()?.checked_add(up)
    }

    /// The greatest whole number that is not above it; none beyond 64 bits.
    #[must_use]
    pub fn floor(&self) -> Option<i64> {
        i64::try_from(self.top.div_rem(&self.bottom).0.to_u128()?).ok()
    }

    /// The least whole number whose square is not below it; none beyond 64 bits.
    #[must_use]
    pub fn sqrt_ceil(&self) -> Option<i64> {
        let (mut low, mut high) = (0_i64, i64::MAX);
        if !self.is_within_square_of(high)? {
            return None;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.is_within_square_of(middle)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Some(low)
    }

    fn is_within_square_of(&self, root: i64) -> Option<bool> {
        let square = Natural::from(u128::from(root.unsigned_abs()).pow(2));
        Some(square.mul(&self.bottom)? >= self.top)
    }

    /// Which of both is greater; none where the cross products leave [`BITS_MAX`].
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        Some(self.top.mul(&other.bottom)?.cmp(&other.top.mul(&self.bottom)?))
    }
}

impl fmt::Display for Ratio {
    /// `7`, `7/3`; of parts beyond 128 bits the whole number below, or how long they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.top.to_u128(), self.bottom.to_u128(), self.floor()) {
            (Some(top), Some(1), _) => write!(f, "{top}"),
            (Some(top), Some(bottom), _) => write!(f, "{top}/{bottom}"),
            (_, _, Some(floor)) => write!(f, "more than {floor}"),
            _ => write!(f, "a number of {} bits", self.top.bits()),
        }
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
