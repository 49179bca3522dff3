//! Channels and contacts: each kind is taken as it stands, and every mistake is told at its place.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{ChannelKind, Checked, Config, Language, MailTls, Severity, parse, render};
use surroundings::Surroundings;

fn parsed(text: &str) -> Checked {
    parse(Path::new("/etc/gw/gateway.toml"), text.as_bytes(), &Surroundings::new())
}

fn config(text: &str) -> Config {
    let checked = parsed(text);
    assert!(checked.mistakes.is_empty(), "{}", render(&checked.mistakes, &checked.source));
    checked.config.unwrap()
}

const ALL: &str = r#"
[gateway]
name = "gw"
[[channels]]
name = "group"
kind = "dingtalk-robot"
access_token = { env = "TOKEN" }
secret = { env = "SIGN" }
per_minute = 10
[[channels]]
name = "work"
kind = "dingtalk-work"
url = "http://127.0.0.1:8080"
app_key = "ding1"
app_secret = { env = "APP" }
agent_id = 12345678901
[[channels]]
name = "wgroup"
kind = "wecom-robot"
robot_key = { env = "KEY" }
[[channels]]
name = "wapp"
kind = "wecom-app"
corp_id = "ww1"
corp_secret = { env = "CORP" }
agent_id = 1000002
[[channels]]
name = "post"
kind = "mail"
address = "smtp.example.com:465"
tls = "tls"
ca = "house.pem"
from = "gw@example.com"
username = "gw"
password = { env = "MAIL" }
[[channels]]
name = "bus"
kind = "mqtt"
address = "127.0.0.1:1883"
topic = "gw/notices"
client_id = "gw-notices"
[[channels]]
name = "hook"
kind = "webhook"
url = "https://hook.example/notices"
secret = { env = "HOOK" }
receipt = "/id"
[[contacts]]
operator = "li.wei"
mail = "li.wei@example.com"
dingtalk = "manager4220"
[[contacts]]
operator = "j.smith"
wecom = "JSmith"
language = "en"
"#;

#[test]
fn every_kind_is_taken_and_knows_what_people_are_called_there() {
    let config = config(ALL);
    let kinds: Vec<_> = config.channels.iter().map(|channel| channel.kind.name()).collect();
    let all =
        ["dingtalk-robot", "dingtalk-work", "wecom-robot", "wecom-app", "mail", "mqtt", "webhook"];
    assert_eq!(kinds, all);
    assert_eq!(config.channels[0].per_minute, Some(10));
    assert_eq!(config.channels[1].per_minute, None);
    let ChannelKind::DingTalkRobot { url, .. } = &config.channels[0].kind else { panic!() };
    assert_eq!(url, "https://oapi.dingtalk.com");
    let ChannelKind::DingTalkWork { url, agent_id, .. } = &config.channels[1].kind else {
        panic!()
    };
    assert_eq!((url.as_str(), *agent_id), ("http://127.0.0.1:8080", 12_345_678_901));
    let ChannelKind::Mail(mail) = &config.channels[4].kind else { panic!() };
    assert_eq!(mail.tls, MailTls::Wrapped);
    assert_eq!(mail.ca.as_deref(), Some(Path::new("/etc/gw/house.pem")));
    let (user, password) = mail.login.as_ref().unwrap();
    assert_eq!((user.as_str(), password.expose()), ("gw", "variable MAIL"));
    let called = |contact: usize| {
        let contact = &config.contacts[contact];
        let of = |index: usize| config.channels[index].kind.address_of(contact);
        [of(0), of(1), of(2), of(3), of(4), of(6)]
    };
    let ding = Some("manager4220");
    let mail = Some("li.wei@example.com");
    assert_eq!(called(0), [ding, ding, None, None, mail, Some("li.wei")]);
    let wecom = Some("JSmith");
    assert_eq!(called(1), [None, None, wecom, wecom, None, Some("j.smith")]);
    assert_eq!(config.contacts[0].language, Language::Zh);
    assert_eq!(config.contacts[1].language.name(), "en");
    let one_place: Vec<_> = config.channels.iter().map(|c| c.kind.is_one_place()).collect();
    assert_eq!(one_place, [true, false, true, false, false, true, true]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("variable"), "Debug shows no secret");
}

const WRONG: &str = r#"[gateway]
name = "gw"
[[channels]]
name = "group"
kind = "dingtalk-robto"
[[channels]]
name = "group"
kind = "wecom-robot"
robot_key = "693a91f6-7xxx"
[[channels]]
name = "work"
kind = "dingtalk-work"
app_key = "ding1"
app_secret = { env = "MISSING" }
agentid = 5
[[channels]]
name = "post"
kind = "mail"
address = "smtp.example.com"
tls = "ssl"
from = "gatewarden"
[[channels]]
name = "clear"
kind = "mail"
address = "smtp.example.com:25"
tls = "none"
from = "gw@example.com"
username = "gw"
[[channels]]
name = "house"
kind = "mail"
address = "127.0.0.1:25"
ca = "missing.pem"
from = "gw@example.com"
password = { env = "MAIL" }
per_minute = 0
[[channels]]
name = "hook"
kind = "webhook"
url = "http://hook.example/"
secret = { env = "HOOK" }
[[contacts]]
operator = "Li Wei"
mail = "li.wei"
[[contacts]]
operator = "wang"
dingtalk = "a,b"
wecom = "@all"
[[contacts]]
operator = "wang"
language = "fr"
"#;

#[test]
fn every_mistake_is_told_at_its_place() {
    let checked = parsed(WRONG);
    assert!(checked.config.is_none());
    let found: Vec<_> = checked.mistakes.iter().map(|m| (m.line, m.column, m.code)).collect();
    let expect = [
        (5, 8, "unknown-kind"),
        (7, 8, "duplicate-name"),
        (9, 13, "plain-secret"),
        (10, 1, "missing-key"),
        (14, 22, "unreadable-secret"),
        (15, 1, "unknown-key"),
        (19, 11, "bad-address"),
        (20, 7, "unknown-choice"),
        (21, 8, "bad-mail"),
        (26, 7, "plain-mail"),
        (28, 12, "conflict"),
        (33, 6, "unreadable"),
        (35, 12, "conflict"),
        (36, 14, "out-of-range"),
        (40, 7, "plain-http"),
        (43, 12, "bad-name"),
        (44, 8, "bad-mail"),
        (47, 12, "bad-user-id"),
        (48, 9, "bad-user-id"),
        (49, 1, "no-address"),
        (50, 12, "duplicate-name"),
        (51, 12, "unknown-choice"),
    ];
    assert_eq!(found, expect, "{}", render(&checked.mistakes, &checked.source));
    let hint = |line: u32| {
        let at = checked.mistakes.iter().find(|mistake| mistake.line == line);
        at.and_then(|mistake| mistake.hint.clone()).unwrap_or_default()
    };
    assert_eq!(hint(5), "did you mean \"dingtalk-robot\"?");
    assert_eq!(hint(15), "did you mean \"agent_id\"?");
    let warned = |line: u32| {
        let at = checked.mistakes.iter().find(|mistake| mistake.line == line);
        at.is_some_and(|mistake| mistake.severity == Severity::Warning)
    };
    assert!(warned(40) && warned(49) && !warned(26));
    let printed = render(&checked.mistakes, &checked.source);
    assert!(!printed.contains("variable MAIL") && !printed.contains("693a91f6"), "{printed}");
}

#[test]
fn a_broker_has_one_client_of_a_name_and_the_gateway_its_own_port() {
    let checked = parsed(
        r#"[gateway]
name = "gw"
[[adapters]]
name = "bus"
kind = "mqtt"
address = "mq:1883"
topic = "movements"
client_id = "gw"
[[channels]]
name = "bus"
kind = "mqtt"
address = "MQ:1883"
topic = "notices"
client_id = "gw"
[[channels]]
name = "self"
kind = "webhook"
url = "http://127.0.0.1:8420/x"
secret = { env = "HOOK" }
"#,
    );
    let found: Vec<_> = checked.mistakes.iter().map(|m| (m.line, m.column, m.code)).collect();
    assert_eq!(found, [(14, 13, "address-in-use"), (18, 7, "listen-clash")]);
}
