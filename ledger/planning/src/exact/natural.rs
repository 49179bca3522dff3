//! Whole numbers of any length up to [`BITS_MAX`], as far as exact fractions need them.
//!
//! Invariants: 64-bit limbs, the lowest first, none of value zero at the end, so that equal numbers are equal
//! values. What fits 128 bits takes the machine's own way. Absent: signs, and speed for long numbers; these
//! are those of deep BOMs, some hundred bits.

use std::cmp::Ordering;

/// Longest number, in bits; an operation that would need more answers none.
pub const BITS_MAX: usize = 4_096;
const LIMBS_MAX: usize = BITS_MAX / 64;

/// A whole number, not below zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Natural(Vec<u64>);

impl From<u128> for Natural {
    fn from(number: u128) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
        trimmed(vec![number as u64, (number >> 64) as u64])
    }
}

fn trimmed(mut limbs: Vec<u64>) -> Natural {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    Natural(limbs)
}

/// The low half, and the high half as what is carried.
#[allow(clippy::cast_possible_truncation, reason = "the low half is what is meant")]
fn halves(wide: u128) -> (u64, u128) {
    (wide as u64, wide >> 64)
}

impl Natural {
    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn to_u128(&self) -> Option<u128> {
        match self.0.as_slice() {
            [] => Some(0),
            [low] => Some(u128::from(*low)),
            [low, high] => Some(u128::from(*high) << 64 | u128::from(*low)),
            _ => None,
        }
    }

    pub(super) fn bits(&self) -> usize {
        let top = self.0.last().map_or(0, |limb| limb.leading_zeros() as usize);
        self.0.len() * 64 - top
    }

    fn bounded(limbs: Vec<u64>) -> Option<Self> {
        let number = trimmed(limbs);
        (number.0.len() <= LIMBS_MAX).then_some(number)
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let length = self.0.len().max(other.0.len());
        let limb = |of: &Self, at: usize| u128::from(of.0.get(at).copied().unwrap_or(0));
        let (mut limbs, mut carried) = (Vec::with_capacity(length + 1), 0);
        for at in 0..length {
            let (low, high) = halves(limb(self, at) + limb(other, at) + carried);
            limbs.push(low);
            carried = high;
        }
        limbs.push(halves(carried).0);
        Self::bounded(limbs)
    }

    /// The difference; none where it is below zero.
    pub(super) fn sub(&self, other: &Self) -> Option<Self> {
        let (mut limbs, mut borrowed) = (self.0.clone(), false);
        for at in 0..limbs.len().max(other.0.len()) {
            let take = other.0.get(at).copied().unwrap_or(0);
            let limb = limbs.get_mut(at)?;
            let (less, one) = limb.overflowing_sub(take);
            let (less, two) = less.overflowing_sub(u64::from(borrowed));
            (*limb, borrowed) = (less, one || two);
        }
        (!borrowed).then(|| trimmed(limbs))
    }

    pub(super) fn mul(&self, other: &Self) -> Option<Self> {
        let mut limbs = vec![0_u64; self.0.len() + other.0.len()];
        for (at, one) in self.0.iter().enumerate() {
            let mut carried = 0;
            for (beside, two) in other.0.iter().enumerate() {
                let wide = u128::from(*one) * u128::from(*two) + u128::from(limbs[at + beside]);
                (limbs[at + beside], carried) = halves(wide + carried);
            }
            limbs[at + other.0.len()] = halves(carried).0;
        }
        Self::bounded(limbs)
    }

    /// Quotient and rest; zero and the number itself by zero.
    pub(super) fn div_rem(&self, by: &Self) -> (Self, Self) {
        if by.is_zero() {
            return (Self::default(), self.clone());
        }
        if let (Some(top), Some(bottom)) = (self.to_u128(), by.to_u128()) {
            return (Self::from(top / bottom), Self::from(top % bottom));
        }
        let (mut quotient, mut rest) = (vec![0_u64; self.0.len()], Self::default());
        for bit in (0..self.bits()).rev() {
            rest.double(self.0[bit / 64] >> (bit % 64) & 1);
            if let Some(less) = rest.sub(by) {
                rest = less;
                quotient[bit / 64] |= 1 << (bit % 64);
            }
        }
        (trimmed(quotient), rest)
    }

    /// Twice itself and a bit. Stays below twice the divisor of `div_rem`, so no bound is needed.
    fn double(&mut self, bit: u64) {
        let mut carried = bit;
        for limb in &mut self.0 {
            let next = *limb >> 63;
            *limb = *limb << 1 | carried;
            carried = next;
        }
        if carried != 0 {
            self.0.push(carried);
        }
    }

    /// The greatest common divisor; the other where one is zero. Stein's way for long numbers.
    pub(super) fn gcd(&self, other: &Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return if self.is_zero() { other.clone() } else { self.clone() };
        }
        let twos = self.trailing_zeros().min(other.trailing_zeros());
        let (mut one, mut two) = (self.clone(), other.clone());
        one.halve(one.trailing_zeros());
        loop {
            two.halve(two.trailing_zeros());
            if let (Some(a), Some(b)) = (one.to_u128(), two.to_u128()) {
                one = Self::from(small_gcd(a, b));
                break;
            }
            if one > two {
                std::mem::swap(&mut one, &mut two);
            }
            match two.sub(&one) {
                Some(less) if !less.is_zero() => two = less,
                _ => break,
            }
        }
        for _ in 0..twos {
            one.double(0);
        }
        one
    }

    fn trailing_zeros(&self) -> usize {
        let whole = self.0.iter().take_while(|limb| **limb == 0).count();
        whole * 64 + self.0.get(whole).map_or(0, |limb| limb.trailing_zeros() as usize)
    }

    /// Divides by two, so many times.
    fn halve(&mut self, times: usize) {
        self.0.drain(..(times / 64).min(self.0.len()));
        let (bits, length) = (times % 64, self.0.len());
        if bits > 0 {
            for at in 0..length {
                let above = self.0.get(at + 1).copied().unwrap_or(0);
                self.0[at] = self.0[at] >> bits | above << (64 - bits);
            }
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

fn small_gcd(mut one: u128, mut two: u128) -> u128 {
    while two != 0 {
        (one, two) = (two, one % two);
    }
    one
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn natural() -> impl Strategy<Value = Natural> {
        let limb = prop_oneof![Just(0), Just(u64::MAX), Just(1), any::<u64>()];
        vec(limb, 0..7).prop_map(trimmed)
    }

    proptest! {
        /// Without another library: each operation is held to those that undo it.
        #[test]
        fn operations_undo_each_other(a in natural(), b in natural(), c in natural()) {
            let sum = a.add(&b).unwrap();
            prop_assert_eq!(sum.sub(&b).unwrap(), a.clone());
            prop_assert!(b.is_zero() || a.sub(&sum).is_none());
            let product = a.mul(&b).unwrap();
            let spread = a.mul(&c).unwrap().add(&product).unwrap();
            prop_assert_eq!(a.mul(&b.add(&c).unwrap()).unwrap(), spread);
            if !b.is_zero() {
                let (quotient, rest) = a.div_rem(&b);
                prop_assert!(rest < b);
                prop_assert_eq!(quotient.mul(&b).unwrap().add(&rest).unwrap(), a.clone());
            }
        }

        #[test]
        fn the_common_divisor_divides_both_and_none_is_left(a in natural(), b in natural()) {
            prop_assume!(!a.is_zero() && !b.is_zero());
            let common = a.gcd(&b);
            let ((one, rest_one), (two, rest_two)) = (a.div_rem(&common), b.div_rem(&common));
            prop_assert!(rest_one.is_zero() && rest_two.is_zero());
            prop_assert_eq!(one.gcd(&two), Natural::from(1));
        }

        #[test]
        fn short_numbers_are_those_of_the_machine(a in any::<u64>(), b in 1..u64::MAX) {
            let (x, y) = (u128::from(a), u128::from(b));
            let (one, two) = (Natural::from(x), Natural::from(y));
            prop_assert_eq!(one.mul(&two).unwrap().to_u128(), Some(x * y));
            prop_assert_eq!(one.add(&two).unwrap().to_u128(), Some(x + y));
            prop_assert_eq!(one.cmp(&two), x.cmp(&y));
            prop_assert_eq!(one.gcd(&two).to_u128(), Some(small_gcd(x, y)));
        }
    }

    #[test]
    fn what_is_too_long_is_none() {
        let long = trimmed(vec![u64::MAX; LIMBS_MAX]);
        assert_eq!(long.bits(), BITS_MAX);
        assert!(long.mul(&Natural::from(2)).is_none());
        assert!(long.add(&Natural::from(1)).is_none());
    }
}
