//! Documents: their kinds and life cycles as data, their fields, lines and links.

pub mod exchange;
