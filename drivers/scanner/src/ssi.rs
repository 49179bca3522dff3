//! SSI, the acknowledged packets of Zebra's (and many others') serial scanners.
//!
//! `codec` cuts bytes into packets and builds them, `session` answers, asks, joins and drops what was sent twice.
//! Source of the facts: Zebra's Simple Serial Interface Programmer's Guide (72E-40451) and the makers' manuals.
//! Absent: images, RSM management, the Bluetooth framing with a length of 16 bits, RTS/CTS (a scanner that
//! sleeps gets the same command again).

pub mod codec;
pub mod session;
