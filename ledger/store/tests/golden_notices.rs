//! The canonical bytes of what became of notices, against files: see `golden`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{fs, path::PathBuf};

use common::stamp;
use gatewarden_model::{Body, Document, DocumentKind, Entry, NoticeOutcome, NoticeSettled};

fn settled(outcome: NoticeOutcome, further: u32) -> Body {
    let settled = NoticeSettled {
        notice: "approval-waiting".parse().unwrap(),
        about: 9,
        document: Some(Document {
            kind: DocumentKind::Requisition,
            number: "MR-202611-0001".to_owned(),
        }),
        receiver: "operator:ann".to_owned(),
        channel: (outcome != NoticeOutcome::Answered).then(|| "wecom".to_owned()),
        step: 1,
        further,
        outcome,
    };
    Body::NoticeSettled { settled }
}

#[test]
fn notices_have_their_bytes() {
    let bodies = [
        ("delivered", settled(NoticeOutcome::Delivered { remote_id: "task-7".to_owned() }, 0)),
        ("digested", settled(NoticeOutcome::Digested { of: 12 }, 0)),
        ("repeated", settled(NoticeOutcome::Repeated, 40)),
        ("answered", settled(NoticeOutcome::Answered, 0)),
        ("rejected", settled(NoticeOutcome::Rejected { reason: "no such user".to_owned() }, 0)),
    ];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, body) in bodies {
        let entry = Entry::new(12, stamp(12), body);
        let (path, bytes) =
            (folder.join(format!("v1-notice-settled+{name}.json")), entry.encode().unwrap());
        if !path.exists() && std::env::var_os("GOLDEN_WRITE").is_some() {
            fs::write(&path, &bytes).unwrap();
        }
        let golden = fs::read(&path).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&golden), "{name}");
        assert_eq!(Entry::decode(&golden).unwrap(), entry);
    }
}
