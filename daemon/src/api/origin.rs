//! Whose page a request comes from, and whom it thinks it speaks to.
//!
//! A browser in the house may carry out what somebody else's page wants. So what comes by the network
//! is looked at before anything else:
//!
//! - `Host` names an address, `localhost` or a name of `[gateway] names`, exactly once. A page whose
//!   own name was made to mean this box (DNS rebinding) names another: 421. Without a name that can
//!   be read (RFC 9112, 3.2): 400.
//! - `Origin`, or what the browser says by `Sec-Fetch-Site` (Fetch Metadata), or else `Referer`, is
//!   this very door, else 403. Only following a link to a page is free. There is no CORS: no answer
//!   ever has an `Access-Control-` header, so a preflight fails.
//! - What changes anything is JSON or has no body: a form (`text/plain`, `multipart/form-data`,
//!   `application/x-www-form-urlencoded`), which any page may send, is 415.
//! - No WebSocket, whose handshake is under no such rule.
//!
//! The control socket is behind the rights of its file and needs none of it.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Api, Peer, problem::Problem};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Lets in what may be a request of our own.
pub(super) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let by_network = !matches!(
        request.extensions().get::<ConnectInfo<Peer>>(),
        Some(ConnectInfo(Peer::Local(_)))
    );
    let judged = if by_network { judge(&request, &api.names) } else { Ok(()) };
    match judged {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            metrics::counter!("gatewarden_requests_turned_away_total").increment(1);
            problem.into_response()
        }
    }
}

fn judge(request: &Request, names: &[String]) -> Result<(), Problem> {
    let own = host(request)?;
    if !is_ours(own.host(), names) {
        let message = "this name is not one of this gateway's: ask it by its address, or add the \
                       name to `names` of [gateway]";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", message));
    }
    let headers = request.headers();
    let upgrade = one(headers, &header::UPGRADE).unwrap_or_default();
    if upgrade.to_ascii_lowercase().contains("websocket") {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "no-websocket",
            "there is no WebSocket here",
        ));
    }
    let safe = request.method().is_safe();
    if !is_from_here(headers, &own, safe) {
        let message = "this came from another site's page: open the gateway's own page, or send no \
                       `Origin`";
        return Err(Problem::new(StatusCode::FORBIDDEN, "cross-site", message));
    }
    // No form can be sent as text/csv: a browser asks first (CORS preflight), and is answered nothing.
    let is_file = request.uri().path() == "/api/v1/documents/check" && is_csv(headers);
    if !safe && headers.contains_key(header::CONTENT_TYPE) && !is_json(headers) && !is_file {
        let message = "expected `Content-Type: application/json`: forms are not taken";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad-body", message));
    }
    Ok(())
}

/// Whether the body says that it is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = one(headers, &header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        let rest = kind.strip_prefix("application/");
        rest.is_some_and(|rest| rest == "json" || rest.ends_with("+json"))
    })
}

/// Whether the body says that it is comma-separated values.
pub(super) fn is_csv(headers: &HeaderMap) -> bool {
    let kind = one(headers, &header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"))
}

/// The only value of a header, as text.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

/// Whom the request thinks it speaks to: `Host`, and with it the target where that is absolute.
fn host(request: &Request) -> Result<Authority, Problem> {
    let wrong = || {
        let message = "a request names its host exactly once, as `Host: name:port`";
        Problem::new(StatusCode::BAD_REQUEST, "bad-host", message)
    };
    let text = one(request.headers(), &header::HOST).ok_or_else(wrong)?;
    let named: Authority = text.parse().map_err(|_| wrong())?;
    if named.as_str().contains('@') || named.host().is_empty() {
        return Err(wrong());
    }
    match request.uri().authority() {
        Some(target) if !target.as_str().eq_ignore_ascii_case(named.as_str()) => Err(wrong()),
        _ => Ok(named),
    }
}

/// Whether a host is an address, this machine, or one of the gateway's names.
fn is_ours(host: &str, names: &[String]) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse::<std::net::IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// Whether nothing says that another site's page sent it.
fn is_from_here(headers: &HeaderMap, own: &Authority, safe: bool) -> bool {
    if headers.contains_key(header::ORIGIN) {
        return one(headers, &header::ORIGIN).is_some_and(|origin| is_same(origin, own));
    }
    if headers.contains_key(FETCH_SITE) {
        let site = one(headers, &FETCH_SITE).unwrap_or_default();
        let follows_link = safe && one(headers, &FETCH_MODE) == Some("navigate");
        return matches!(site, "same-origin" | "none") || follows_link;
    }
    if safe || !headers.contains_key(header::REFERER) {
        return true;
    }
    let referer = one(headers, &header::REFERER).unwrap_or_default();
    let end = referer.find("://").map_or(0, |scheme| scheme + 3);
    let end = referer[end..].find(['/', '?', '#']).map_or(referer.len(), |path| end + path);
    is_same(&referer[..end], own)
}

/// Whether an origin is this door: the scheme may be that of a TLS proxy before it.
fn is_same(origin: &str, own: &Authority) -> bool {
    let (rest, port) = match origin.split_once("://") {
        Some(("http", rest)) => (rest, 80),
        Some(("https", rest)) => (rest, 443),
        _ => return false,
    };
    let Ok(theirs) = rest.parse::<Authority>() else { return false };
    let port_of = |authority: &Authority| authority.port_u16().unwrap_or(port);
    theirs.host().eq_ignore_ascii_case(own.host()) && port_of(&theirs) == port_of(own)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use axum::body::Body;

    use super::*;

    fn status(method: &str, uri: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let judged = judge(&request, &["gw1.example".to_owned()]);
        judged.map_or_else(|problem| problem.into_response().status().as_u16(), |()| 200)
    }

    #[test]
    fn a_host_is_an_address_or_a_name_of_ours() {
        for (host, wanted) in [
            ("127.0.0.1:8420", 200),
            ("192.168.20.5", 200),
            ("[::1]:8420", 200),
            ("localhost:8420", 200),
            ("LOCALHOST", 200),
            ("gw1.example", 200),
            ("GW1.example.:8420", 200),
            ("evil.example", 421),
            ("gw1.example.evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("localhost.evil.example", 421),
            ("me@127.0.0.1", 400),
            ("", 400),
            ("a b", 400),
        ] {
            assert_eq!(status("GET", "/health", &[("host", host)]), wanted, "{host}");
        }
        assert_eq!(status("GET", "/health", &[]), 400);
        assert_eq!(status("GET", "/health", &[("host", "localhost"), ("host", "localhost")]), 400);
        let absolute = "http://evil.example/health";
        assert_eq!(status("GET", absolute, &[("host", "localhost")]), 400);
        assert_eq!(status("GET", absolute, &[("host", "evil.example")]), 421);
        assert_eq!(status("GET", "http://localhost/health", &[("host", "localhost")]), 200);
    }

    #[test]
    fn another_sites_page_is_told_apart() {
        let host = ("host", "127.0.0.1:8420");
        for (method, headers, wanted) in [
            ("POST", vec![], 200),
            ("POST", vec![("origin", "http://127.0.0.1:8420")], 200),
            ("POST", vec![("origin", "https://127.0.0.1:8420")], 200),
            ("POST", vec![("origin", "http://127.0.0.1:9999")], 403),
            ("POST", vec![("origin", "http://evil.example")], 403),
            ("POST", vec![("origin", "http://evil.example:8420")], 403),
            ("POST", vec![("origin", "null")], 403),
            ("POST", vec![("origin", "http://127.0.0.1:8420"), ("origin", "null")], 403),
            ("GET", vec![("origin", "http://evil.example")], 403),
            ("OPTIONS", vec![("origin", "http://evil.example")], 403),
            ("POST", vec![("sec-fetch-site", "cross-site")], 403),
            ("POST", vec![("sec-fetch-site", "same-site")], 403),
            ("POST", vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], 403),
            ("POST", vec![("sec-fetch-site", "same-origin")], 200),
            ("GET", vec![("sec-fetch-site", "none")], 200),
            ("GET", vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], 403),
            ("GET", vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], 200),
            ("POST", vec![("referer", "http://evil.example/page")], 403),
            ("POST", vec![("referer", "http://127.0.0.1:8420/stations/dock-1/page")], 200),
            ("POST", vec![("referer", "http://127.0.0.1:8420")], 200),
            ("POST", vec![("referer", "")], 403),
            ("GET", vec![("referer", "http://evil.example/page")], 200),
            ("GET", vec![("upgrade", "websocket"), ("connection", "Upgrade")], 400),
            ("GET", vec![("upgrade", "h2c"), ("connection", "Upgrade, HTTP2-Settings")], 200),
        ] {
            let all: Vec<_> = std::iter::once(host).chain(headers.clone()).collect();
            assert_eq!(status(method, "/tasks", &all), wanted, "{method} {headers:?}");
        }
    }

    #[test]
    fn a_form_is_no_json() {
        for (kind, wanted) in [
            ("application/json", 200),
            ("Application/JSON; charset=utf-8", 200),
            ("application/merge-patch+json", 200),
            ("text/plain", 415),
            ("text/plain; application/json", 415),
            ("multipart/form-data; boundary=x", 415),
            ("application/x-www-form-urlencoded", 415),
            ("application/jsonp", 415),
        ] {
            let headers = [("host", "localhost"), ("content-type", kind)];
            assert_eq!(status("POST", "/tasks", &headers), wanted, "{kind}");
            assert_eq!(status("GET", "/tasks", &headers), 200, "{kind}");
        }
    }
}
