//! `notify` against the messengers' simulators: what arrived, and what the person at the command line is told.

use std::{fs, process::Command};

use gatewarden_simulators::messenger::{DingTalkOptions, SimDingTalk, SimWeCom, WeComOptions};
use gatewarden_tests::gatewarden;
use serde_json::Value;

use super::{err, out};

struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new(dingtalk: &str, wecom: &str) -> Self {
        let text = format!(
            r#"[gateway]
name = "gw"
[[channels]]
name = "group"
kind = "dingtalk-robot"
url = "{dingtalk}"
access_token = {{ file = "robot-token" }}
secret = {{ file = "robot-secret" }}
[[channels]]
name = "work"
kind = "wecom-app"
url = "{wecom}"
corp_id = "corp-id"
corp_secret = {{ file = "corp-secret" }}
agent_id = 1000002
[[contacts]]
operator = "li.wei"
wecom = "LiWei"
[[contacts]]
operator = "wang.fang"
mail = "wang.fang@example.com"
"#
        );
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("gateway.toml", text.as_str()),
            ("robot-token", "robot-token"),
            ("robot-secret", "SECtest"),
            ("corp-secret", "corp-secret"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    /// Whether it succeeded, and what was printed to each.
    async fn notify(&self, arguments: &[&str]) -> (bool, String, String) {
        let mut command = Command::new(gatewarden());
        let config = self.folder.path().join("gateway.toml");
        command.args(["notify", "--config"]).arg(config).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let told = out(&output) + &err(&output);
        for secret in ["robot-token", "SECtest", "corp-secret", "token-0"] {
            assert!(!told.contains(secret), "{told}");
        }
        (output.status.success(), out(&output), err(&output))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_by_a_channel_and_its_outcome_is_told() {
    let dingtalk = SimDingTalk::start(DingTalkOptions::default()).await.unwrap();
    let users = Some(vec!["LiWei".to_owned()]);
    let options = WeComOptions { users, ..WeComOptions::default() };
    let wecom = SimWeCom::start(options).await.unwrap();
    let house = House::new(&dingtalk.url(), &wecom.url());

    let (good, told, _) = house.notify(&["--channel", "group", "--text", "门已打开"]).await;
    assert!(good && told.starts_with("delivered: "), "{told}");
    assert!(dingtalk.posted()[0].text.starts_with("gatewarden\n门已打开\n#"));

    let id = "01900000-0000-7000-8000-00001234abcd";
    let to_li = ["--channel", "work", "--to", "li.wei", "--text", "x", "--id", id, "--json"];
    let (good, told, _) = house.notify(&to_li).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(good, "{told}");
    assert_eq!((&told["outcome"], &told["id"]), (&"delivered".into(), &id.into()));
    assert_eq!(wecom.posted()[0].to, ["LiWei"], "a contact is called as the channel calls him");
    // The same once more reaches nobody twice.
    assert!(house.notify(&to_li).await.0);
    assert_eq!((wecom.posted().len(), wecom.repeats()), (1, 1));

    let both = ["--channel", "work", "--to", "li.wei", "--to", "Nobody", "--text", "y"];
    let (good, told, _) = house.notify(&both).await;
    assert!(!good && told.contains("not to Nobody: no such user id"), "{told}");
    dingtalk.answer(130_101, Some(1));
    let (good, told, _) = house.notify(&["--channel", "group", "--text", "x"]).await;
    assert!(!good && told.contains("again in 600 s"), "{told}");
    wecom.go_away().await;
    let (good, told, _) = house.notify(&to_li).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert!(!good, "{told}");
    assert_eq!((&told["outcome"], &told["uncertain"]), (&"retry".into(), &false.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_what_is_not_there_is_told_what_is() {
    let house = House::new("http://127.0.0.1:9", "http://127.0.0.1:9");
    let (good, _, told) = house.notify(&["--channel", "sms", "--text", "x"]).await;
    assert!(!good && told.contains("no channel \"sms\": there are group, work"), "{told}");
    let to = ["--channel", "work", "--to", "wang.fang", "--text", "x"];
    let (good, _, told) = house.notify(&to).await;
    assert!(!good && told.contains("wang.fang has no address for wecom-app"), "{told}");
}
