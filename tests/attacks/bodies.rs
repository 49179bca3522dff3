//! Bodies that are too long, too deep, or that two parsers would read differently.

use gatewarden_tests::{Gateway, Settings, receipt};
use serde_json::json;

use super::{raw, staffed};

fn post(gateway: &Gateway, path: &str, token: &str, body: &[u8]) -> raw::Reply {
    let bearer = format!("Authorization: Bearer {token}");
    let headers = ["Host: localhost", "Content-Type: application/json", &bearer];
    let start = format!("POST {path} HTTP/1.1");
    raw::send(gateway.address(), &raw::request(&start, &headers, body))
}

async fn token(gateway: &Gateway) -> String {
    let body = json!({"client": "parser", "scopes": ["inbound:create", "inbound:view"]});
    let token = gateway.token(&body).await;
    // The first use of a day is an entry.
    gateway.anybody().with_token(&token).get("/stations").await;
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_can_be_read_in_two_ways_is_refused() {
    let (gateway, people) = staffed(Settings::default()).await;
    let token = token(&gateway).await;
    let good = receipt("9101", 3).task().to_string();
    let entries = gateway.journal().0.len();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}: {good}");
        good.replacen(from, to, 1).into_bytes()
    };
    let before = |more: &[u8]| [more, good.as_bytes()].concat();
    let deep = |levels: usize| {
        let nested = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        with("\"quantity\":3", &format!("\"quantity\":3,\"x\":{nested}"))
    };
    for (what, body, status, words) in [
        (
            "a name twice",
            with("\"quantity\":3", "\"quantity\":3,\"quantity\":9"),
            400,
            "stands twice",
        ),
        (
            "twice, once in escapes",
            with("\"quantity\":3", "\"quantity\":3,\"quantit\\u0079\":9"),
            400,
            "stands twice",
        ),
        ("a name twice at the top", with("{", "{\"station\":\"counter-1\","), 400, "stands twice"),
        (
            "a hidden name twice",
            with("\"quantity\":3", "\"quantity\":3,\"x\":{\"y\":1,\"y\":2}"),
            400,
            "stands twice",
        ),
        ("nested 40 deep", deep(40), 400, "nested deeper than 32"),
        ("nested 200 deep", deep(200), 400, "nested deeper than 32"),
        ("nested 100,000 deep", deep(100_000), 400, "nested deeper than 32"),
        ("not a number", with("\"quantity\":3", "\"quantity\":NaN"), 400, "expected value"),
        ("infinity", with("\"quantity\":3", "\"quantity\":Infinity"), 400, "expected value"),
        ("beyond a double", with("\"quantity\":3", "\"quantity\":1e999"), 400, "out of range"),
        ("a double", with("\"quantity\":3", "\"quantity\":1e30"), 422, "expected i64"),
        ("beyond 64 bits", with("\"quantity\":3", "\"quantity\":99999999999999999999"), 422, "i64"),
        ("octal", with("\"quantity\":3", "\"quantity\":03"), 400, "invalid number"),
        ("hex", with("\"quantity\":3", "\"quantity\":0x3"), 400, ""),
        ("a comment", before(b"/* 3 */"), 400, "expected value"),
        ("a byte order mark", before(b"\xEF\xBB\xBF"), 400, "byte order mark"),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect(), 400, ""),
        ("broken UTF-8", before(b"\"\xC3\x28\""), 400, "not UTF-8"),
        ("overlong UTF-8", before(b"\"\xC0\xAF\""), 400, "not UTF-8"),
        ("a lone surrogate", with("\"9101\"", "\"\\ud800\""), 400, "hex escape"),
        ("a surrogate as bytes", before(b"\"\xED\xA0\x80\""), 400, "not UTF-8"),
        ("a control character", with("\"9101\"", "\"9\u{1}\""), 400, "control character"),
        ("two values", [good.as_bytes(), b"{}"].concat(), 400, "trailing characters"),
        ("something after it", [good.as_bytes(), b";"].concat(), 400, "trailing characters"),
        ("half of it", good.as_bytes()[..good.len() / 2].to_vec(), 400, ""),
        ("a list of it", format!("[{good}]").into_bytes(), 422, ""),
    ] {
        let reply = post(&gateway, "/tasks", &token, &body);
        assert_eq!((reply.status, reply.code()), (status, "bad-body"), "{what}: {reply:?}");
        let message = reply.body["message"].as_str().unwrap();
        assert!(message.contains(words), "{what}: {message}");
    }
    assert_eq!(gateway.journal().0.len(), entries, "nothing of it was taken");
    let reply = post(&gateway, "/tasks", &token, good.as_bytes());
    assert_eq!(reply.status, 201, "{reply:?}");
    people.viewer.get("/tasks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_cut_and_one_too_long_is_not_awaited() {
    let (gateway, people) = staffed(Settings::default()).await;
    let token = token(&gateway).await;
    let bearer = format!("Authorization: Bearer {token}");
    let head = format!(
        "POST /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         {bearer}\r\n"
    );
    // By its length: nothing of the body is sent, and the answer is there.
    let long = format!("{head}Content-Length: 9999999999\r\n\r\n");
    let reply = raw::send(gateway.address(), long.as_bytes());
    assert_eq!((reply.status, reply.code()), (413, "body-too-large"), "{reply:?}");
    // In pieces without a length: two megabytes of them.
    let mut pieces = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    let piece = vec![b' '; 0x8000];
    for _ in 0..64 {
        pieces.extend(b"8000\r\n");
        pieces.extend(&piece);
        pieces.extend(b"\r\n");
    }
    pieces.extend(b"0\r\n\r\n");
    let reply = raw::send(gateway.address(), &pieces);
    assert_eq!((reply.status, reply.code()), (413, "body-too-large"), "{reply:?}");
    // Two lengths, or a length and pieces: never a second request hidden in the first.
    let hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lengths in [
        "Content-Length: 0\r\nContent-Length: 44\r\n",
        "Content-Length: 44\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: +0\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let bytes = format!("{head}{lengths}\r\n0\r\n\r\n{hidden}");
        let reply = raw::send(gateway.address(), bytes.as_bytes());
        assert!(reply.status == 400 || reply.status == 0, "{lengths}: {reply:?}");
        assert!(!reply.head.contains("200 OK"), "{lengths}: {reply:?}");
    }
    people.viewer.get("/tasks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_before_his_body_is_looked_at() {
    let (gateway, _people) = staffed(Settings::default()).await;
    // A body is promised and never comes: the answer does not wait for it.
    for path in ["/tasks", "/operators", "/clients", "/api/v1/postings", "/api/v1/tags"] {
        let bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\
             \r\nContent-Length: 5000\r\n\r\n{{\"wrong\":"
        );
        let reply = raw::send(gateway.address(), bytes.as_bytes());
        assert_eq!((reply.status, reply.code()), (401, "unauthenticated"), "{path}: {reply:?}");
    }
    // At the doors to sign in he is told that it is wrong, and no field's name.
    for path in ["/session", "/enrol", "/stations/dock-1/session"] {
        for body in ["{}", "{\"badge\": 7}", "{\"x\": 1}", "[]", "{\"a\":1,\"a\":2}"] {
            let headers = ["Host: localhost", "Content-Type: application/json"];
            let start = format!("POST {path} HTTP/1.1");
            let reply =
                raw::send(gateway.address(), &raw::request(&start, &headers, body.as_bytes()));
            assert!(matches!(reply.status, 400 | 422), "{path} {body}: {reply:?}");
            assert_eq!(reply.body["message"], "the body is not what belongs here", "{path} {body}");
        }
    }
}
