//! The check sums: three CRC-16 and a sum of bytes. Sources: EPC Gen2 annex F, UHFReader18 manual 7, Mercury
//! serial protocol (its CRC is the CCITT polynomial without the augmenting zero bits).

/// CRC-16 of Gen2 over PC and EPC: polynomial 1021, preset FFFF, inverted.
#[must_use]
pub fn gen2(bytes: &[u8]) -> u16 {
    let step = |crc: u16, byte: &u8| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 }
        })
    };
    !bytes.iter().fold(0xffff, step)
}

/// CRC-16 of UHFReader18 and Chafon: reflected polynomial 8408, preset FFFF.
#[must_use]
pub fn reflected(bytes: &[u8]) -> u16 {
    let step = |crc: u16, byte: &u8| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 != 0 { (crc >> 1) ^ 0x8408 } else { crc >> 1 }
        })
    };
    bytes.iter().fold(0xffff, step)
}

/// CRC-16 of Mercury: polynomial 1021, preset FFFF, bit by bit and not augmented.
#[must_use]
pub fn mercury(bytes: &[u8]) -> u16 {
    let step = |crc: u16, byte: &u8| {
        (0..8).rev().fold(crc, |crc, bit| {
            let next = (crc << 1) | (u16::from(*byte >> bit) & 1);
            if crc & 0x8000 != 0 { next ^ 0x1021 } else { next }
        })
    };
    bytes.iter().fold(0xffff, step)
}

/// The low byte of the sum of all bytes.
#[must_use]
pub fn sum8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}
