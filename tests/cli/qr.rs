//! `ledger proof --qr`: what is drawn is read back by programs that are not ours, and proves.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use gatewarden_tests::{Gateway, People, Settings, root, verify_proof};

use super::{err, out};

/// The Python of the tests' peers, if it has what reads pictures.
fn reader() -> Option<PathBuf> {
    let Some(peers) = env::var_os("GATEWARDEN_PEERS") else {
        eprintln!(
            "SKIPPED: GATEWARDEN_PEERS is not set; tests/run prepares the readers of QR codes"
        );
        return None;
    };
    let python = Path::new(&peers).join("bin/python3");
    let imports = Command::new(&python).args(["-c", "import resvg_py, zxingcpp, PIL"]).output();
    assert!(
        imports.is_ok_and(|o| o.status.success()),
        "the peers lack resvg_py, zxing-cpp, pillow"
    );
    Some(python)
}

/// The texts of the codes in a picture.
fn read(python: &Path, picture: &Path) -> Vec<String> {
    let script = root().join("tests/read_qr.py");
    let output = Command::new(python).arg(script).arg(picture).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    out(&output).lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_proof_is_read_back_and_proves() {
    let gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    // Few things make few codes, many make more than one row of them.
    for (number, serials, least) in [("1001", 1..3, 1), ("1002", 100..180, 4)] {
        let movement = people.receive(&gateway, number, serials).await;
        let id = movement["id"].as_str().unwrap();
        let picture = gateway.dir().join(format!("{number}.svg"));
        let said = gateway.cli_ok(&["ledger", "proof", id, "--qr", picture.to_str().unwrap()], "");
        let svg = fs::read_to_string(&picture).unwrap();
        let codes = svg.matches("<path ").count();
        assert!(codes >= least, "{number}: {codes} codes");
        assert!(said.contains(&format!(" has {codes} code")), "{said}");
        assert!(svg.contains(&format!("{codes} of {codes}: movement {id}")));
        let Some(python) = reader() else { return };
        let texts = read(&python, &picture);
        assert_eq!(texts.len(), codes, "each code is read");
        assert!(texts.iter().all(|text| text.starts_with("GWP1:")), "{texts:?}");
        let scanned = gateway.file("scanned.txt", &(texts.join("\n") + "\n"));
        let keys = gateway.file("trusted.keys", &gateway.cli_ok(&["ledger", "key"], ""));
        // The first verifier reads this form.
        let (passed, said) = verify_proof(&keys, &scanned).remove(0);
        assert!(passed && said.contains(id), "{said}");
        let lost = gateway.file("lost.txt", &(texts[1..].join("\n") + "\n"));
        let (passed, said) = verify_proof(&keys, &lost).remove(0);
        assert!(!passed, "a code is missing: {said}");
    }
}

#[test]
fn a_picture_and_a_text_are_not_asked_for_at_once() {
    let arguments = ["ledger", "proof", "01a2008e-d964-7646-9ece-a19b19b8cac7"];
    for more in [["--qr-text", "--qr", "a.svg"].as_slice(), &["--out", "b", "--qr", "a.svg"]] {
        let output = super::run(&[&arguments, more].concat());
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    }
}
