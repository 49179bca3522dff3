//! `check` and `schema`: every mistake with its place, no mistake in the examples.

use std::{fs, process::Command};

use gatewarden_tests::{gatewarden, root};
use serde_json::Value;

use super::{err, out, run};

#[test]
fn many_mistakes_are_told_at_once() {
    let file = root().join("config/tests/mistakes.toml");
    let file = file.to_str().unwrap();
    let plain = run(&["check", "--config", file]);
    assert_eq!(plain.status.code(), Some(1));
    assert!(out(&plain).contains("34 mistakes"), "{}", out(&plain));

    let json = run(&["check", "--json", "--config", file]);
    assert_eq!(json.status.code(), Some(1));
    let mistakes: Vec<Value> = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(mistakes.len(), 34, "{}", out(&json));
    for mistake in &mistakes {
        assert_eq!(mistake["file"], file, "{mistake}");
        assert!(mistake["line"].as_u64() > Some(0), "{mistake}");
        assert!(mistake["column"].as_u64() > Some(0), "{mistake}");
        for text in ["code", "message", "expected"] {
            assert!(mistake[text].as_str().is_some_and(|t| !t.is_empty()), "{text}: {mistake}");
        }
        let place = format!("{file}:{}:{}", mistake["line"], mistake["column"]);
        assert!(out(&plain).contains(&place), "{place} is not told in words");
    }
    let nearest = mistakes.iter().filter_map(|m| m["hint"].as_str());
    assert!(
        nearest.clone().any(|hint| hint.contains("scanner-1")),
        "{:?}",
        nearest.collect::<Vec<_>>()
    );
}

#[test]
fn nothing_is_started_with_a_mistake() {
    let file = root().join("config/tests/mistakes.toml");
    let output = run(&["run", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("nothing was started"), "{}", err(&output));
    let output = run(&["check", "--config", "/nowhere/gateway.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!((out(&output) + &err(&output)).contains("/nowhere/gateway.toml"));
}

#[test]
fn every_example_has_no_mistake_once_its_secrets_are_there() {
    let secrets = tempfile::tempdir().unwrap();
    for name in [
        "webhook-key",
        "tryton-password",
        "dingtalk-app-secret",
        "dingtalk-robot-token",
        "dingtalk-robot-secret",
        "wecom-app-secret",
        "smtp-password",
    ] {
        fs::write(secrets.path().join(name), "a-secret-of-the-test").unwrap();
    }
    let mut count = 0;
    for example in fs::read_dir(root().join("config/examples")).unwrap() {
        let example = example.unwrap().path();
        let without = Command::new(gatewarden())
            .args(["check", "--config"])
            .arg(&example)
            .env_remove("CREDENTIALS_DIRECTORY")
            .output()
            .unwrap();
        assert_eq!(without.status.code(), Some(1), "{}", example.display());
        let with = Command::new(gatewarden())
            .args(["check", "--config"])
            .arg(&example)
            .env("CREDENTIALS_DIRECTORY", secrets.path())
            .env("GATEWARDEN_MQTT_PASSWORD", "m")
            .env("GATEWARDEN_WEBHOOK_KEY", "w")
            .output()
            .unwrap();
        assert!(with.status.success(), "{}: {}", example.display(), out(&with));
        count += 1;
    }
    assert!(count >= 3);
}

#[test]
fn the_schema_is_json_that_knows_the_sections() {
    let output = run(&["schema"]);
    assert!(output.status.success());
    let schema: Value = serde_json::from_str(&out(&output)).unwrap();
    for section in [
        "gateway",
        "items",
        "valuation",
        "accounts",
        "locations",
        "stations",
        "adapters",
        "channels",
    ] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
    assert!(schema["$schema"].is_string());
}

#[test]
fn witnesses_that_can_not_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let check = |witnesses: &str| {
        let text = format!("[gateway]\nname = \"gw\"\n\n[witnesses]\n{witnesses}\n");
        fs::write(&file, text).unwrap();
        run(&["check", "--config", file.to_str().unwrap()])
    };
    for (witnesses, words) in [
        ("quorum = 2", "a quorum of 2 needs as many witnesses; 0 are listed"),
        (
            "quorum = 1\nlist = [{ name = \"hq\", url = \"https://hq.example/w1\", key = \"x\" }]",
            "hq",
        ),
    ] {
        let refused = check(witnesses);
        assert_eq!(refused.status.code(), Some(1), "{witnesses}");
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    assert_eq!(check("quorum = 0").status.code(), Some(0));
}
