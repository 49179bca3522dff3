//! The messengers from the other side of the wire: DingTalk and WeCom, each a group's robot and an app.
//!
//! Like the vendors, they tell errors in the body of an HTTP 200, give tokens that end, throttle robots
//! by the minute and drop what they take for a repeat. What reached somebody is kept and can be read.
//! Absent: TLS, people who answer, approvals, everything but messages.

mod book;
pub mod dingtalk;
mod throttle;
pub mod wecom;

use serde_json::{Value, json};

pub use book::{POSTED_MAX, Posted, Way};
pub use dingtalk::{DingTalkOptions, SimDingTalk};
pub use wecom::{SimWeCom, WeComOptions};

/// Messages that a robot takes a minute.
pub const ROBOT_PER_MINUTE: usize = 20;
/// How long a token holds, in seconds.
pub const TOKEN_S: u64 = 7_200;
/// The longest body in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// An answer of the vendor's program.
fn told(code: i64, message: &str) -> Value {
    json!({ "errcode": code, "errmsg": message })
}
