//! Documents in and out: what is exported is imported as the same, what is wrong is told with its place,
//! and nothing is half done.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod again;
mod house;
mod long;
mod mistakes;
mod modes;
