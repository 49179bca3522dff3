//! Requests that another site's page makes somebody's browser send, and names that are not ours.

use gatewarden_tests::{Gateway, People, Settings};

use super::raw::{self, Reply};

const EVIL: &str = "Origin: http://evil.example";
const JSON: &str = "Content-Type: application/json";

fn send(gateway: &Gateway, start: &str, headers: &[&str], body: &str) -> Reply {
    let reply = raw::send(gateway.address(), &raw::request(start, headers, body.as_bytes()));
    let head = reply.head.to_ascii_lowercase();
    assert!(!head.contains("access-control-"), "{start} {headers:?}: {head}");
    reply
}

/// A gateway that is also called `gw1.example`.
async fn named() -> (Gateway, People) {
    let mut gateway = Gateway::prepare(Settings::default()).await;
    gateway.reconfigure("listen = ", "names = [\"gw1.example\"]\nlisten = ");
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    (gateway, people)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_does_nothing_with_somebodys_cookie() {
    let (gateway, _people) = named().await;
    let host = format!("Host: {}", gateway.address());
    let credentials = r#"{"badge": "OP-1000", "pin": "6925"}"#;
    let signed_in = send(&gateway, "POST /session HTTP/1.1", &[&host, JSON], credentials);
    let set = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let cookie = format!("Cookie: {set}");
    let entries = gateway.journal().0.len();

    let client = r#"{"client": "evil", "scopes": ["system:create"]}"#;
    let post = "POST /clients HTTP/1.1";
    let own = format!("Origin: http://{}", gateway.address());
    let neighbour = "Origin: http://127.0.0.1:1";
    for (what, headers, status, code) in [
        ("another site", vec![EVIL, JSON], 403, "cross-site"),
        ("another port of this machine", vec![neighbour, JSON], 403, "cross-site"),
        ("a sandboxed frame", vec!["Origin: null", JSON], 403, "cross-site"),
        ("both origins", vec![&own, EVIL, JSON], 403, "cross-site"),
        ("a browser says so", vec!["Sec-Fetch-Site: cross-site", JSON], 403, "cross-site"),
        ("a neighbour, as it says", vec!["Sec-Fetch-Site: same-site", JSON], 403, "cross-site"),
        ("an old browser", vec!["Referer: http://evil.example/x", JSON], 403, "cross-site"),
        ("a form as text", vec!["Content-Type: text/plain"], 415, "bad-body"),
        ("a form", vec!["Content-Type: application/x-www-form-urlencoded"], 415, "bad-body"),
        ("a form in parts", vec!["Content-Type: multipart/form-data; boundary=x"], 415, "bad-body"),
        ("no type", vec![], 415, "bad-body"),
    ] {
        let all: Vec<&str> =
            [&host, &cookie].into_iter().map(String::as_str).chain(headers).collect();
        let reply = send(&gateway, post, &all, client);
        assert_eq!((reply.status, reply.code()), (status, code), "{what}: {reply:?}");
    }
    // Without a body a form needs no type; its origin gives it away.
    let delete = send(&gateway, "DELETE /clients/erp HTTP/1.1", &[&host, &cookie, EVIL], "");
    assert_eq!((delete.status, delete.code()), (403, "cross-site"));
    let read = send(&gateway, "GET /operators HTTP/1.1", &[&host, &cookie, EVIL], "");
    assert_eq!((read.status, read.code()), (403, "cross-site"));
    let image = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"];
    let all: Vec<&str> = [&host, &cookie].into_iter().map(String::as_str).chain(image).collect();
    assert_eq!(send(&gateway, "GET /operators HTTP/1.1", &all, "").status, 403);
    assert_eq!(gateway.journal().0.len(), entries, "a forged request left an entry");

    // The gateway's own page does.
    let all = [&host, &cookie, &own, JSON, "Sec-Fetch-Site: same-origin"];
    assert_eq!(send(&gateway, post, &all, client).status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_preflight_succeeds_and_no_socket_is_upgraded() {
    let (gateway, _people) = named().await;
    let host = format!("Host: {}", gateway.address());
    let asks =
        ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"];
    for path in ["/tasks", "/session", "/health", "/nothing"] {
        let start = format!("OPTIONS {path} HTTP/1.1");
        let reply = send(&gateway, &start, &[&host, EVIL, asks[0], asks[1]], "");
        assert_eq!((reply.status, reply.code()), (403, "cross-site"), "{path}");
        let reply = send(&gateway, &start, &[&host], "");
        assert!(matches!(reply.status, 404 | 405), "{path}: {reply:?}");
    }
    let upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let all: Vec<&str> = std::iter::once(host.as_str()).chain(upgrade).collect();
    let reply = send(&gateway, "GET /stations/dock-1/page HTTP/1.1", &all, "");
    assert_eq!((reply.status, reply.code()), (400, "no-websocket"), "{reply:?}");
    // What Java's client offers by itself is no attack.
    let reply = send(&gateway, "GET /health HTTP/1.1", &[&host, "Upgrade: h2c"], "");
    assert_eq!(reply.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_made_to_mean_this_box_is_refused() {
    let (gateway, _people) = named().await;
    let port = gateway.address().port();
    let get = "GET /health HTTP/1.1";
    for (host, status) in [
        (format!("Host: 127.0.0.1:{port}"), 200),
        (format!("Host: localhost:{port}"), 200),
        (format!("Host: [::1]:{port}"), 200),
        ("Host: gw1.example".to_owned(), 200),
        (format!("Host: GW1.EXAMPLE:{port}"), 200),
        (format!("Host: evil.example:{port}"), 421),
        ("Host: gw1.example.evil.example".to_owned(), 421),
        (format!("Host: 127.0.0.1.nip.io:{port}"), 421),
        ("Host: gw2.example".to_owned(), 421),
        ("Host: user@127.0.0.1".to_owned(), 400),
    ] {
        let reply = send(&gateway, get, &[&host], "");
        let code = match status {
            421 => "misdirected",
            400 => "bad-host",
            _ => "",
        };
        assert_eq!((reply.status, reply.code()), (status, code), "{host}: {reply:?}");
    }
    for (what, start, headers, status) in [
        ("HTTP/1.0 without a host", "GET /health HTTP/1.0", vec![], 400),
        ("HTTP/1.1 without a host", get, vec![], 400),
        ("two hosts", get, vec!["Host: localhost", "Host: evil.example"], 400),
        ("the same twice", get, vec!["Host: localhost", "Host: localhost"], 400),
        ("another target", "GET http://evil.example/health HTTP/1.1", vec!["Host: localhost"], 400),
        (
            "another target and host",
            "GET http://evil.example/health HTTP/1.1",
            vec!["Host: evil.example"],
            421,
        ),
        ("our own target", "GET http://localhost/health HTTP/1.1", vec!["Host: localhost"], 200),
    ] {
        let reply = send(&gateway, start, &headers, "");
        assert_eq!(reply.status, status, "{what}: {reply:?}");
    }
    // Whoever asks under a wrong name learns nothing, whatever he has.
    let headers = ["Host: evil.example", "Authorization: Bearer gwt_x"];
    let reply = send(&gateway, "GET /stock HTTP/1.1", &headers, "");
    assert_eq!((reply.status, reply.code()), (421, "misdirected"));
}
