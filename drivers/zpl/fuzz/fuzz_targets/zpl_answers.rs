//! Any bytes as a printer's answers through a whole conversation: no panic, the job is sent at most once, and without a
//! complete proof it is never issued.
//!
//! A bounded run of the same properties on stable is in `tests/hostile.rs` and beside the codecs.
#![no_main]

use gatewarden_zpl::{Outcome, PrintJob, codec::{Inbox, parse_extended, parse_host_status, parse_identity}, press::{Press, Step}};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = (parse_host_status(input), parse_extended(input), parse_identity(input));
    let job = PrintJob { token: "fuzz".to_owned(), zpl: b"^XA^XZ".to_vec(), echo: Some("30AB".to_owned()), copies: 1 };
    let (mut press, mut inbox, mut now_ms, mut sends) = (Press::new(job, None, 1_000), Inbox::default(), 0, 0);
    let mut pieces = input.chunks(61);
    loop {
        match press.step(now_ms) {
            Step::Ask(ask) => match pieces.next() {
                Some(piece) if inbox.push(piece).is_ok() => match inbox.next(Some(ask)) {
                    Ok(Some(answer)) => press.answered(answer),
                    Ok(None) => now_ms += 1,
                    Err(error) => press.fail(error.to_string()),
                },
                _ => press.fail("the bytes end".to_owned()),
            },
            Step::Commit => press.committed(),
            Step::Send(_) => {
                sends += 1;
                press.sent(now_ms);
            }
            Step::Wait(ms) => now_ms += ms,
            Step::End(outcome) => {
                let told = matches!(&*outcome, Outcome::Issued { evidence } if evidence.echo.as_deref() != Some("30AB"));
                assert!(!told && sends <= 1);
                return;
            }
        }
    }
});
