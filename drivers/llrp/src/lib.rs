//! LLRP readers over TCP (EPCglobal LLRP 1.0.1, on wish 1.1).
//!
//! `codec` turns bytes into messages and back, purely.

pub mod codec;
