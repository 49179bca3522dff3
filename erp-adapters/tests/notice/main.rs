//! The channels of notices against the messengers' simulators, a real mail server and a faulty one, and
//! the bytes that leave against files written by hand.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../common/mod.rs"]
mod common;
mod dingtalk;
mod golden;
mod hook;
mod mail;
mod wecom;

use std::time::Duration;

use gatewarden_adapters::{
    Outcome, TimeOuts,
    notice::{Answer, Channel, Message},
};
use uuid::Uuid;

const TIME_OUTS: TimeOuts = TimeOuts { connect_ms: 1_000, total_ms: 400 };

/// A message of so many, in Chinese.
fn message(number: u128, receivers: &[&str]) -> Message {
    Message {
        id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number),
        receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
        subject: "审批：采购申请 PR-2026-0007".into(),
        text: "王芳 提交了采购申请 PR-2026-0007\n轴承 6204，24 个".into(),
        markdown: None,
        link: Some("https://gw.example/approve/AbC-_1".into()),
    }
}

fn marked(number: u128, receivers: &[&str]) -> Message {
    let markdown = Some("**王芳** 提交了采购申请 *PR-2026-0007*\n\n- 轴承 6204：24 个".into());
    Message { markdown, ..message(number, receivers) }
}

/// The reason, whether it is uncertain, and the wait in seconds.
fn retried(answer: Answer) -> (String, bool, Option<u64>) {
    match answer.outcome {
        Outcome::Retry { reason, uncertain, after } => {
            (reason, uncertain, after.map(|after| after.as_secs()))
        }
        other => panic!("no retry: {other:?}"),
    }
}

fn rejected(answer: Answer) -> String {
    match answer.outcome {
        Outcome::Rejected { reason } => reason,
        other => panic!("not rejected: {other:?}"),
    }
}

fn delivered(answer: Answer) -> String {
    match answer {
        Answer { outcome: Outcome::Delivered { remote_id }, refused } if refused.is_empty() => {
            remote_id
        }
        other => panic!("not delivered to all: {other:?}"),
    }
}

/// Tells until it is told, and says how often that was uncertain.
async fn until_told(channel: &dyn Channel, message: &Message) -> usize {
    for doubts in 0..5 {
        match channel.tell(message).await.outcome {
            Outcome::Delivered { .. } => return doubts,
            Outcome::Retry { uncertain, reason, .. } => assert!(uncertain, "{reason}"),
            Outcome::Rejected { reason } => panic!("{reason}"),
        }
    }
    panic!("never told")
}

/// Nothing that was handed in as a secret stands in what was told.
fn keeps_secrets(told: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!told.contains(secret), "{told}");
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
