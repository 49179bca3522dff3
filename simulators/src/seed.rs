//! Randomness that replays: SplitMix64, the same sequence for the same seed in every version.
//! Never used for anything secret.

/// A seeded generator of pseudo-random numbers.
#[derive(Debug, Clone)]
pub struct Seed {
    state: u64,
}

impl Seed {
    /// Starts the sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 where `bound` is 0. The bias is below 2^-32 for bounds below 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// True in `percent` of all calls.
    pub fn chance(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// Between `-spread` and `spread`, both included.
    pub fn jitter(&mut self, spread: u8) -> i32 {
        let range = u64::from(spread) * 2 + 1;
        i32::try_from(self.below(range)).unwrap_or(0) - i32::from(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn a_seed_replays_and_its_first_number_is_the_published_one() {
        // First output of SplitMix64 for seed 0, as in its reference implementation.
        assert_eq!(Seed::new(0).next_u64(), 0xE220_A839_7B1D_CDAF);
        let draw = || {
            let mut seed = Seed::new(42);
            (0..100).map(|_| seed.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }

    #[test]
    fn chance_is_near_its_percentage_and_jitter_within_its_spread() {
        let mut seed = Seed::new(7);
        let hits = (0..100_000).filter(|_| seed.chance(30)).count();
        assert!((29_000..31_000).contains(&hits), "{hits} of 100000 hits at 30 percent");
        assert!((0..1000).all(|_| seed.jitter(3).abs() <= 3));
    }
}
