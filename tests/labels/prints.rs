//! Labels that are printed: what stands on them, what their tags come to stand for, and who may have them.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use gatewarden_tests::{BOLT, key, root};
use serde_json::{Value, json};

use super::hall::{Hall, decide, epc_hex, label};

const GS1: &str = "(01)00614141812349(17)271231(10)AB-12(21)S1234567";
const SSCC: &str = "006141410000000012";
const NAME: &str = "仓库 托盘 7号";

/// What a program that nobody here wrote reads on a label that came to the printer.
fn read_back(zpl: &[u8]) -> Option<Value> {
    let python = PathBuf::from(std::env::var_os("GATEWARDEN_PEERS")?).join("bin/python");
    let mut child = Command::new(python)
        .arg(root().join("drivers/zpl/tests/labels/decode.py"))
        .args(["812", "1218", "40", "40", "240", "48"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(zpl).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_issued_and_its_tag_stands_for_its_item() {
    let hall = Hall::new().await;
    // Everything that goes on a label; in Chinese where the fonts are there that the peers' environment brings.
    let has_peers = std::env::var_os("GATEWARDEN_PEERS").is_some();
    let template = if has_peers { "pallet" } else { "carton" };
    let data = json!({"item": "BOLT-M8", "name": NAME, "lot": "AB-12", "serial": "S1234567",
        "quantity": "40", "unit": "pcs", "gs1": GS1, "sscc": SSCC});
    let all = hall.queue(template, &data).await;
    let issued = hall.becomes(&all, "issued").await;
    assert_eq!((&issued["printed"], &issued["document"]), (&json!(1), &json!("4500001")));
    let format = hall.printer.printed().remove(0);
    let text = String::from_utf8_lossy(&format).into_owned();
    assert!(text.contains("BOLT-M8 AB-12"), "{text}");
    if let Some(seen) = read_back(&format) {
        let codes: Vec<(String, String)> = seen["codes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| {
                let text = |key: &str| code[key].as_str().unwrap().to_owned();
                (text("aim"), text("bytes"))
            })
            .collect();
        let hex = |text: &str| -> String { text.bytes().map(|b| format!("{b:02x}")).collect() };
        let sscc = codes
            .iter()
            .any(|(aim, bytes)| aim == "]C1" && bytes.to_lowercase() == hex(&format!("00{SSCC}")));
        let lot = hex("10AB-12");
        let gs1 = |aim: &str| {
            codes.iter().any(|(seen, bytes)| seen == aim && bytes.to_lowercase().contains(&lot))
        };
        assert!(sscc && gs1("]C1") && gs1("]d2"), "{seen}");
        assert!(codes.iter().any(|(aim, _)| aim == "]Q1"), "{seen}");
        let dots = seen["dots"].to_string();
        assert!(dots.contains('1'), "the name is drawn: {dots}");
    }
    assert_eq!(hall.life(&all), ["queued", "sending", "issued"]);

    // A tag is encoded, read back and bound, although whoever asked has left meanwhile; a voided one is told.
    let tag = json!({"item": "BOLT-M8", "serial": "77", "epc": epc_hex(77)});
    hall.printer.bad_tags(1);
    let id = hall.queue("plain", &tag).await;
    let unknown = hall.becomes(&id, "unknown").await;
    assert_eq!(unknown["reason"], "the tag was not read back; 1 voided");
    let no = hall.decide(&id, "printed").await;
    assert_eq!((no.status, &no.body["code"]), (422, &json!("label-state")), "{}", no.body);
    assert!(hall.decide(&id, "reprint").await.is_success());
    hall.li.delete("/session").await;
    let issued = hall.becomes(&id, "issued").await;
    assert_eq!(issued["bound"], "bound", "{issued}");
    assert_eq!(issued["encoded"], epc_hex(77));
    let journal = hall.gateway.journal();
    let bound: Vec<&Value> = journal.of_kind("commissioned").collect();
    assert_eq!(bound.len(), 1);
    assert_eq!(
        (&bound[0]["tag"], &bound[0]["item"], &bound[0]["by"]["id"]),
        (&json!(key(BOLT, 77)), &json!("BOLT-M8"), &json!("li.wei"))
    );
    let told = journal.of_kind("label-changed").filter(|body| body["state"] == "issued").last();
    let tid = told.unwrap()["evidence"]["tid"].as_str().unwrap().to_owned();
    assert!(tid.starts_with("E2801190") && tid.len() == 24, "{tid}");
    assert_eq!(
        hall.life(&id),
        ["queued", "sending", "unknown", "reprint by li.wei", "sending", "issued"]
    );
    // The same piece gets no second tag.
    let again = hall.people.sign_in("li.wei", None).await;
    let answer = again.post("/api/v1/labels", &label("plain", &tag)).await;
    assert_eq!((answer.status, &answer.body["code"]), (422, &json!("tag-bound")));
    hall.verifies();

    // A template that can't be read or does what is not its business is found before anybody prints with it.
    hall.gateway.cli_ok(&["check"], "");
    std::fs::write(hall.gateway.dir().join("labels/bad.zpl"), "^XA{{ item ^XZ").unwrap();
    let checked = hall.gateway.cli(&["check"], "");
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(!checked.status.success());
    assert!(told.contains("printer zebra-1") && told.contains("template bad"), "{told}");
    assert!(told.ends_with(": 1 mistake\n"), "{told}");
    let bad = hall.gateway.dir().join("labels/bad.zpl");
    std::fs::write(&bad, "^XA\n^PQ5^XZ").unwrap();
    let checked = hall.gateway.cli(&["check", "--json"], "");
    let told: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(told[0]["code"], "bad-template");
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains("line 2: ^PQ may not stand"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_prints_and_only_a_person_decides() {
    let (gateway, people, printer) = Hall::unapproved().await;
    let li = people.sign_in("li.wei", None).await;
    let body = label("plain", &json!({"item": "BOLT-M8"}));
    let path = "/api/v1/labels";
    // Nobody, people and machines without the right.
    assert_eq!(gateway.anybody().post(path, &body).await.status, 401);
    let sam = people.sign_in("sam.sales", None).await;
    let broken = label("no-such-template", &json!({}));
    for who in [&sam, &people.erp, &people.viewer] {
        for body in [&body, &broken] {
            let answer = who.post(path, body).await;
            assert_eq!((answer.status, &answer.body["code"]), (403, &json!("denied")));
        }
    }
    assert_eq!(gateway.anybody().ask(reqwest::Method::GET, path, None).await.status, 401);
    // Whoever may is told what is wrong.
    let refused = [
        (broken, 422, "label-refused"),
        (label("plain", &json!({"item": "NO-SUCH"})), 422, "unknown-item"),
        (label("plain", &json!({})), 422, "label-refused"),
        (label("plain", &json!({"item": "BOLT-M8", "epc": "zz"})), 422, "label-refused"),
        (json!({"printer": "scanner-1", "template": "plain"}), 404, "not-found"),
        (
            json!({"printer": "zebra-1", "template": "plain", "data": {"item": "BOLT-M8"}, "copies": 0}),
            422,
            "label-refused",
        ),
    ];
    for (body, status, code) in refused {
        let answer = li.post(path, &body).await;
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{body}");
    }
    // A printer that nobody approved gets nothing; it is printed once somebody has.
    let id = li.post_ok(path, &body).await.body["id"].as_str().unwrap().to_owned();
    let waits = people.viewer.get(&format!("{path}/{id}")).await;
    assert!(waits["reason"].as_str().unwrap().contains("not the approved one"), "{waits}");
    let machine = people.machine("label-desk", &["inbound:modify", "inbound:view"]).await;
    let by_machine = machine.post_ok(path, &body).await.body["id"].as_str().unwrap().to_owned();
    for (who, status) in [(&sam, 403), (&people.erp, 403), (&machine, 403), (&gateway.local(), 403)]
    {
        let answer = decide(who, &id, "void").await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let early = decide(&li, &id, "reprint").await;
    assert_eq!((early.status, &early.body["code"]), (422, &json!("label-state")));
    let silent = json!({"decision": "void", "reason": " "});
    let silent = li.post(&format!("{path}/{by_machine}/decide"), &silent).await;
    assert_eq!((silent.status, &silent.body["code"]), (422, &json!("reason-missing")));
    let gone = decide(&li, &by_machine, "void").await;
    assert_eq!((gone.status, &gone.body["state"]), (200, &json!("void")), "{}", gone.body);
    let unknown = decide(&li, &uuid::Uuid::new_v4().to_string(), "void").await;
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    assert_eq!(*printer.count().borrow(), 0);
    people.approve_devices_as_root(gateway.devices()).await;
    let hall = Hall { gateway, people, printer, li };
    hall.becomes(&id, "issued").await;
    assert_eq!(hall.printed("BOLT-M8"), 1, "the one that was voided never came");

    // The command line does the same.
    let who = ["--badge", "OP-2001"];
    let print = ["print", "plain", "--printer", "zebra-1", "--item", "GLOVE-L", "--wait", "20"];
    let told = hall.gateway.cli_ok(&[&print[..], &who].concat(), "8264\n");
    let id = told.split('\t').next().unwrap().to_owned();
    assert!(told.contains("\tissued\tzebra-1\tplain\titem GLOVE-L"), "{told}");
    let listed = hall.gateway.cli_ok(&["labels", "list"], "");
    assert!(listed.lines().any(|line| line.starts_with(&format!("{id}\tissued"))), "{listed}");
    let shown = hall.gateway.cli_ok(&["labels", "show", &id], "");
    assert!(shown.contains("\"by\"") && shown.contains("li.wei"), "{shown}");
    let decide = ["labels", "decide", &id, "void", "--reason", "x"];
    assert!(!hall.gateway.cli(&[&decide[..], &who].concat(), "8264\n").status.success());
    let traced = hall.gateway.cli_ok(&["ledger", "trace", &id], "");
    assert!(traced.contains("plain for GLOVE-L") && traced.contains("1 came out"), "{traced}");
    hall.verifies();
}
