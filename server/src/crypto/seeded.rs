//! Repeatable pseudo-random input for tests (splitmix64). Never for keys.

/// A stream of numbers that is the same for the same seed.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    /// Text of up to `limit` characters, beyond ASCII too.
    pub fn text(&mut self, limit: usize) -> String {
        let count = self.below(limit + 1);
        (0..count)
            .map(|_| char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap()).unwrap_or('\u{1f511}'))
            .collect()
    }
}
