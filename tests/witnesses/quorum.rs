//! k of n: a proof carries the cosignatures, and both verifiers ask for them.

use gatewarden_tests::{until, verify_proof};

use super::{Witness, all_witnessed, gateway, metric, section};

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_cosign_and_the_proof_passes_with_the_quorum() {
    let folder = tempfile::tempdir().unwrap();
    let [mut hq, mut auditor, absent] =
        ["hq", "auditor", "absent"].map(|name| Witness::prepare(folder.path(), name));
    let (gateway, people) = gateway(section(2, "", &[&hq, &auditor, &absent])).await;
    let movement = people.receive(&gateway, "1001", 1..4).await;
    let id = movement["id"].as_str().unwrap();
    hq.run(&gateway);
    // One of two: the proof says what it lacks.
    until("the first cosignature", || async {
        let proof = gateway.cli_ok(&["ledger", "proof", id], "");
        proof.contains("\u{2014} hq.example/w ").then_some(())
    })
    .await;
    assert!(metric(&people, "gatewarden_ledger_unwitnessed_entries").await.unwrap() > 0);
    let keys = gateway.file("trusted.keys", &gateway.cli_ok(&["ledger", "key"], ""));
    let cli = gateway.cli(&["ledger", "proof", id], "");
    let said = String::from_utf8(cli.stderr).unwrap();
    assert!(said.contains("no quorum of witnesses has cosigned this movement yet"), "{said}");
    let lone = gateway.file("lone.proof", &String::from_utf8(cli.stdout).unwrap());
    for (passed, said) in verify_proof(&keys, &lone) {
        assert!(!passed && said.contains("too few witnesses"), "{said}");
    }

    auditor.run(&gateway);
    all_witnessed(&people).await;
    let proof = gateway.cli_ok(&["ledger", "proof", id], "");
    for name in ["hq", "auditor"] {
        assert!(proof.contains(&format!("\u{2014} {name}.example/w ")), "{proof}");
    }
    let whole = gateway.file("whole.proof", &proof);
    let said = verify_proof(&keys, &whole);
    assert!(said.iter().all(|(passed, _)| *passed), "{said:?}");
    assert!(said[0].1.contains("witnesses (2 of 3)"), "{}", said[0].1);
    assert!(metric(&people, "gatewarden_witness_failures_total").await.unwrap() > 0, "the absent");
}

#[test]
fn the_witnesss_key_can_be_a_credential() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let hq = Witness::prepare(folder.path(), "hq");
    let made = std::process::Command::new(gatewarden_tests::gatewarden())
        .args(["ledger", "new-key"])
        .output()
        .unwrap();
    let credential = folder.path().join("witness.key");
    std::fs::write(&credential, made.stdout).unwrap();
    // What the access list of systemd looks like.
    std::fs::set_permissions(&credential, std::fs::Permissions::from_mode(0o440)).unwrap();
    let mut command = hq.command();
    let output = command.arg("--print-key").env("CREDENTIALS_DIRECTORY", folder.path()).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(said.starts_with("hq.example/w+"), "{said}");
    assert!(!hq.state.join("witness.key").exists(), "none is made beside it");
    assert_ne!(said.trim(), hq.key(), "without the credential it is another");
}
