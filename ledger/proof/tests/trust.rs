//! Trust files and what they make of a proof: key ranges, quorums, and bytes that read two ways.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Log, key};
use gatewarden_proof::{
    LogKey, Proof, SigningKey, Trust, WitnessKey, compact, cosignature::cosign, note::split,
};
use proptest::prelude::*;

fn public(name: &str, key: &SigningKey) -> WitnessKey {
    WitnessKey { name: name.into(), key: key.verifying_key() }
}

fn log_line(n: u8, range: &str) -> String {
    format!("{}{range}\n", LogKey::always("dock-1", key(n).verifying_key()).line())
}

fn witness_line(n: u8) -> String {
    format!("witness w{n} {}\n", public(&format!("w{n}.example"), &key(n)).text())
}

/// A note of 40 entries by key 1, cosigned by these.
fn note(log: &Log, witnesses: &[u8]) -> String {
    let note = log.note(40, &key(1));
    let text = split(&note).unwrap().0.to_owned();
    witnesses.iter().fold(note, |note, n| {
        note + &cosign(&text, &format!("w{n}.example"), &key(*n), 1000 + u64::from(*n))
    })
}

fn open(trust: &str, note: &str) -> Result<Vec<(String, u64)>, String> {
    let sealed = Trust::parse(trust).unwrap().open(note).map_err(|e| e.to_string())?;
    Ok(sealed.cosigned.into_iter().map(|c| (c.witness, c.time)).collect())
}

#[test]
fn a_quorum_is_counted_as_the_file_says() {
    let log = Log::of(40);
    let base = log_line(1, "") + &[11, 12, 13, 21, 22].map(witness_line).concat();
    let two_of_three = base.clone() + "group x 2 w11 w12 w13\nquorum x\n";
    assert_eq!(
        open(&two_of_three, &note(&log, &[13, 11])),
        Ok(vec![("w11".into(), 1011), ("w13".into(), 1013)])
    );
    assert_eq!(
        open(&two_of_three, &note(&log, &[12, 21])),
        Err("too few witnesses cosigned the checkpoint: the rule is x (2 of 3), it was cosigned \
             by w12, w21"
            .into())
    );
    assert!(open(&two_of_three, &note(&log, &[11, 11])).is_err(), "one witness counts once");
    let both = base.clone()
        + "group x 2 w11 w12 w13\ngroup y any w21 w22\ngroup all all x y\nquorum all\n";
    assert!(open(&both, &note(&log, &[11, 12, 22])).is_ok());
    assert!(open(&both, &note(&log, &[11, 12, 13])).is_err());
    assert!(open(&both, &note(&log, &[11, 21, 22])).is_err());
    assert!(open(&(base.clone() + "quorum w21"), &note(&log, &[21])).is_ok());
    assert!(open(&(base.clone() + "quorum w21"), &note(&log, &[22])).is_err());
    assert_eq!(open(&(base + "quorum none"), &note(&log, &[])), Ok(vec![]));
}

#[test]
fn a_cosignature_of_another_key_under_a_known_name_counts_for_nothing() {
    let log = Log::of(40);
    let trust = log_line(1, "") + &witness_line(11) + "quorum w11\n";
    let plain = log.note(40, &key(1));
    let text = split(&plain).unwrap().0.to_owned();
    let stranger = plain.clone() + &cosign(&text, "w11.example", &key(12), 5);
    assert!(open(&trust, &stranger).unwrap_err().contains("cosigned by nobody"));
    // The right id with a signature that does not fit spoils the note.
    let moved = cosign(&text.replace("40", "41"), "w11.example", &key(11), 5);
    assert!(open(&trust, &(plain + &moved)).unwrap_err().contains("does not fit"));
    assert!(open(&trust, &note(&log, &[11])).is_ok());
}

#[test]
fn a_key_counts_for_its_sizes_only() {
    let log = Log::of(40);
    let rotated = |until, from| log_line(1, until) + &log_line(2, from);
    assert!(open(&rotated(" until 40", " from 41"), &log.note(40, &key(1))).is_ok());
    assert!(open(&rotated(" until 39", " from 40"), &log.note(40, &key(2))).is_ok());
    let stolen = open(&rotated(" until 39", " from 40"), &log.note(40, &key(1))).unwrap_err();
    let name = gatewarden_proof::verifier_key_text("dock-1", &key(1).verifying_key());
    assert_eq!(
        stolen,
        format!(
            "the checkpoint of 40 entries is signed by the key {name}, which was rotated away \
             after 39 entries: whoever signed it has a key that counts no more"
        )
    );
    let early = open(&rotated(" until 40", " from 41"), &log.note(40, &key(2))).unwrap_err();
    assert!(early.ends_with("which counts only from 41 entries on"), "{early}");
    let nobody = open(&log_line(3, ""), &log.note(40, &key(1))).unwrap_err();
    assert_eq!(nobody, "no trusted key of the ledger \"dock-1\" signed the checkpoint");
    let stranger = open("quorum none", &log.note(40, &key(1))).unwrap_err();
    assert_eq!(stranger, "the checkpoint is of the ledger \"dock-1\", of which no key is trusted");
}

#[test]
fn a_trust_file_names_the_line_of_its_mistake() {
    let (log, w1, w2) = (log_line(1, ""), witness_line(11), witness_line(12));
    let bad = |text: String| Trust::parse(&text).unwrap_err().to_string();
    assert_eq!(bad("x\n".into()), "line 1: \"x\" is none of log, witness, group, quorum");
    assert_eq!(bad(format!("{log}{log}")), "line 2: this key has a log line already");
    assert_eq!(bad(log_line(1, " from 5 until 4")), "line 1: until is below from");
    assert!(bad(log_line(1, " until 07")).contains("\"07\" is no size"));
    assert!(bad(log_line(1, " https://x until 7 from 3")).contains("not \"from\""));
    assert!(bad(log.replace("log ", "witness x ")).contains("it is a log's key"));
    assert!(bad(format!("{w1}{w1}")).contains("line 2: the name \"w11\" is taken"));
    assert!(bad(w1.replace("w11 ", "none ")).contains("taken"));
    assert!(bad(format!("{w1}{w2}group g 3 w11 w12\n")).contains("3 of 2 members is no rule"));
    assert!(bad(format!("{w1}group g 0 w11\n")).contains("is no rule"));
    assert!(bad(format!("{w1}group g any w11 w11\n")).contains("may count only once"));
    assert!(bad(format!("{w1}group g any w11\ngroup h any w11\n")).contains("only once"));
    assert!(bad("quorum g\n".into()).contains("no witness or group \"g\" stands above"));
    assert!(bad("quorum none\nquorum none\n".into()).contains("line 2: a second quorum line"));
    assert!(bad(w1.clone()).contains("line 1: no quorum line"));
    assert!(bad("# a\u{7}\n".into()).contains("control character"));
    let same_key = w1.replace("w11 ", "other ");
    assert!(bad(format!("{w1}{same_key}")).contains("this key has a witness line already"));
}

#[test]
fn a_trust_file_survives_being_written() {
    let text = log_line(1, " until 9")
        + &log_line(2, " from 10")
        + &[11, 12, 13].map(witness_line).concat()
        + "group x 2 w11 w12 w13\nquorum x\n";
    assert_eq!(Trust::parse(&text).unwrap().text(), text);
    let spaced = format!("# who\n\n  {}", text.replace(' ', " \t "));
    assert_eq!(Trust::parse(&spaced).unwrap().text(), text);
    let bare = gatewarden_proof::verifier_key_text("dock-1", &key(1).verifying_key());
    assert_eq!(Trust::parse(&bare).unwrap().text(), format!("log {bare}\nquorum none\n"));
}

fn proof(log: &Log, index: u64) -> Proof {
    let entry = log.entries[index as usize].clone();
    Proof { entry, index, path: log.inclusion(index, 40), checkpoint: note(log, &[11]) }
}

#[test]
fn an_entry_whose_bytes_read_two_ways_is_refused_though_it_is_in_the_tree() {
    let trust = Trust::parse(&(log_line(1, "") + &witness_line(11) + "quorum w11\n")).unwrap();
    let told = |entry: &str| {
        let mut log = Log::of(40);
        log.entries[7] = entry.into();
        proof(&log, 7).check_with(&trust).map(|c| c.index).map_err(|e| e.to_string())
    };
    assert_eq!(told(r#"{"seq":7,"v":1}"#), Ok(7));
    for (entry, why) in [
        (r#"{"body":1,"body":2,"seq":7,"v":1}"#, "not the canonical form: it differs at byte 8"),
        (r#"{"seq":7, "v":1}"#, "not the canonical form"),
        (r#"{"v":1,"seq":7}"#, "not the canonical form"),
        (r#"{"seq":7,"v":1}{"#, "trailing characters"),
        (r#"{"seq":7.0,"v":1}"#, "is not a 64-bit integer"),
        (r#"{"seq":8,"v":1}"#, "the entry calls itself 8 but stands at 7"),
        (r#"{"seq":7,"v":2}"#, "is not of version 1: use a newer program"),
        (r#"[7]"#, "is not of version 1"),
    ] {
        let words = told(entry).unwrap_err();
        assert!(words.contains(why), "{entry}: {words}");
    }
}

#[test]
fn a_proof_survives_the_way_over_labels_in_any_order() {
    let log = Log::of(40);
    let proof = proof(&log, 33);
    for (chars, parts) in [(compact::PART_CHARS_MAX, 1), (200, 4)] {
        let mut made = compact::to_parts(&proof, chars).unwrap();
        assert_eq!(made.len(), parts);
        assert!(made.iter().all(|part| part.len() <= chars));
        made.reverse();
        made.push(made[0].clone());
        assert_eq!(compact::from_parts(made.iter().map(String::as_str)), Ok(proof.clone()));
    }
}

#[test]
fn parts_that_don_t_belong_together_say_so() {
    let log = Log::of(40);
    let [a, b] = [3, 4].map(|n| compact::to_parts(&proof(&log, n), 200).unwrap());
    let told = |parts: &[&str]| compact::from_parts(parts.iter().copied()).unwrap_err().to_string();
    assert_eq!(told(&[&a[0], &a[1]]), "part 3 of 4 is missing");
    assert_eq!(told(&[&a[0], &b[1]]), "these parts are of several proofs");
    assert!(told(&[]).starts_with("not a part of a proof"));
    assert!(told(&["GWP1:1/1:00000000"]).starts_with("not a part of a proof"));
    let all: Vec<String> = a.iter().map(|part| part.replace('A', "B")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let words = told(&all);
    assert!(words.contains("damaged") || words.contains("not a part"), "{words}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(
        text in "(log |witness |group |quorum |GWP1:1/1:)?[ -~\n]{0,80}",
    ) {
        let _ = Trust::parse(&text);
        let _ = compact::from_parts([text.as_str()]);
    }
}
