//! TLS and certificates of callers, tried by OpenSSL, which shares no code with the daemon.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use gatewarden_tests::{Gateway, Settings, until};

use super::raw;

/// Authorities, certificates and keys in a folder of the gateway's.
struct Shop(PathBuf);

impl Shop {
    fn new(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let shop = Self(folder);
        shop.authority("ca");
        shop.authority("other-ca");
        shop.certificate("server", "ca", "server", "serverAuth", 30);
        shop.certificate("erp", "ca", "erp", "clientAuth", 30);
        shop.certificate("stranger", "other-ca", "erp", "clientAuth", 30);
        shop.certificate("late", "ca", "erp", "clientAuth", -1);
        shop
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(&self.0).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "openssl {}: {told}", arguments.join(" "));
    }

    fn authority(&self, name: &str) {
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let curve = "ec_paramgen_curve:prime256v1";
        self.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            curve,
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &pem,
            "-subj",
            &subject,
            "-days",
            "30",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ]);
    }

    fn certificate(&self, name: &str, authority: &str, subject: &str, usage: &str, days: i32) {
        let file = |kind: &str| format!("{name}.{kind}");
        let (key, csr, pem, more) = (file("key"), file("csr"), file("pem"), file("ext"));
        let text = format!(
            "basicConstraints=critical,CA:FALSE\nextendedKeyUsage={usage}\n\
             subjectAltName=DNS:localhost,IP:127.0.0.1\n"
        );
        std::fs::write(self.0.join(&more), text).unwrap();
        let subject = format!("/CN={subject}");
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &csr,
            "-subj",
            &subject,
        ]);
        let (ca, ca_key) = (format!("{authority}.pem"), format!("{authority}.key"));
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            &days.to_string(),
            "-extfile",
            &more,
            "-out",
            &pem,
        ]);
    }
}

async fn secured(clients: &str) -> (Gateway, Shop) {
    let more = format!(
        "\n[gateway.tls]\ncertificate = \"tls/server.pem\"\nkey = \"tls/server.key\"\n\
         client_ca = \"tls/ca.pem\"\nclients = \"{clients}\"\n"
    );
    let mut gateway = Gateway::prepare(Settings { more, ..Settings::default() }).await;
    let shop = Shop::new(gateway.dir().join("tls"));
    gateway.spawn();
    let local = gateway.local();
    until("the daemon answers on the control socket", || async {
        local.try_ask(reqwest::Method::GET, "/health", None).await.ok()
    })
    .await;
    (gateway, shop)
}

/// Sends a request through `openssl s_client`, which trusts our authority alone.
fn ask(gateway: &Gateway, shop: &Shop, more: &[&str], request: &[u8]) -> raw::Reply {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-quiet", "-verify_return_error", "-servername", "localhost"]);
    client.args(["-connect", &gateway.address().to_string(), "-CAfile", &shop.path("ca.pem")]);
    let request_file = shop.0.join("request");
    std::fs::write(&request_file, request).unwrap();
    client.args(more).stdin(std::fs::File::open(&request_file).unwrap());
    let output = client.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    raw::parse(&output.stdout)
}

fn shown<'a>(certificate: &'a str, key: &'a str) -> Vec<&'a str> {
    vec!["-cert", certificate, "-key", key]
}

fn health() -> Vec<u8> {
    raw::request("GET /health HTTP/1.1", &["Host: localhost"], b"")
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_must_show_a_certificate_of_our_authority_where_that_is_required() {
    let (gateway, shop) = secured("required").await;
    let names = ["erp", "stranger", "late"];
    let files = names.map(|n| (shop.path(&format!("{n}.pem")), shop.path(&format!("{n}.key"))));
    for (version, [erp, stranger, late]) in
        [("-tls1_3", files.each_ref()), ("-tls1_2", files.each_ref())]
    {
        let with = |(certificate, key): &(String, String)| {
            let mut all = shown(certificate, key);
            all.push(version);
            ask(&gateway, &shop, &all, &health())
        };
        let right = with(erp);
        assert_eq!(right.status, 200, "{version}: {right:?}");
        let hsts = right.header("strict-transport-security");
        assert_eq!(hsts, Some("max-age=31536000"), "{version}");
        assert_eq!(with(stranger).status, 0, "{version}: another authority's certificate");
        assert_eq!(with(late).status, 0, "{version}: a certificate whose time is over");
        assert_eq!(ask(&gateway, &shop, &[version], &health()).status, 0, "{version}: none");
        // The certificate alone without its key is nothing.
        let (certificate, _) = erp;
        let stolen = shown(certificate, &stranger.1);
        assert_eq!(
            ask(&gateway, &shop, &stolen, &health()).status,
            0,
            "{version}: without its key"
        );
    }
    // What is old, and what is no TLS, gets nothing.
    let old =
        [shown(&files[0].0, &files[0].1), vec!["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]].concat();
    assert_eq!(ask(&gateway, &shop, &old, &health()).status, 0, "TLS 1.1");
    assert_eq!(raw::send(gateway.address(), &health()).status, 0, "plain HTTP");
    // Many that never shake hands hold nobody up, and the box's own socket is as before.
    let silent: Vec<_> =
        (0..50).map(|_| std::net::TcpStream::connect(gateway.address()).unwrap()).collect();
    let right = ask(&gateway, &shop, &shown(&files[0].0, &files[0].1), &health());
    assert_eq!(right.status, 200, "{right:?}");
    drop(silent);
    gateway.local().get("/health").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_over_tls_stays_there() {
    let (gateway, shop) = secured("optional").await;
    let body = serde_json::json!({"operator": "li.wei", "name": "Li Wei", "roles": ["storekeeper"],
        "badges": ["OP-2001"], "pin": "8264"});
    gateway.enrolled(std::slice::from_ref(&body)).await;
    let credentials = br#"{"badge": "OP-2001", "pin": "8264"}"#;
    let headers = ["Host: localhost", "Content-Type: application/json"];
    let sign_in = raw::request("POST /session HTTP/1.1", &headers, credentials);
    let reply = ask(&gateway, &shop, &[], &sign_in);
    assert_eq!(reply.status, 201, "{reply:?}");
    let set = reply.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-gatewarden_session=gwt_"), "{set}");
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = format!("Cookie: {}", set.split(';').next().unwrap());
    let tasks = raw::request("GET /tasks HTTP/1.1", &["Host: localhost", &cookie], b"");
    assert_eq!(ask(&gateway, &shop, &[], &tasks).status, 200);
    // Without its prefix, which only a page over TLS of this very host can set, it is nothing.
    let plain = cookie.replace("__Host-", "");
    let tasks = raw::request("GET /tasks HTTP/1.1", &["Host: localhost", &plain], b"");
    assert_eq!(ask(&gateway, &shop, &[], &tasks).status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tls_lacks_is_told_before_anything_starts() {
    let gateway = Gateway::prepare(Settings::default()).await;
    let check = |wanted_ok: bool| {
        let output = gateway.cli(&["check"], "");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), wanted_ok, "{text}");
        text
    };
    check(true);
    gateway.reconfigure("listen = \"127.0.0.1:", "listen = \"0.0.0.0:");
    let told = check(true);
    assert!(told.contains("plain HTTP and would be open to the network"), "{told}");
    assert!(told.contains("set [gateway.tls]"), "{told}");

    let text = std::fs::read_to_string(gateway.config()).unwrap();
    let with = |tls: &str| {
        std::fs::write(gateway.config(), format!("{text}\n[gateway.tls]\n{tls}\n")).unwrap();
        check(false)
    };
    let shop = Shop::new(gateway.dir().join("tls"));
    let told = with("certificate = \"tls/none.pem\"\nkey = \"tls/server.key\"");
    assert!(told.contains("none.pem can't be read"), "{told}");
    let told = with("certificate = \"tls/server.pem\"");
    assert!(told.contains("the certificate's key is missing"), "{told}");
    let told = with("key = \"tls/server.key\"");
    assert!(told.contains("TLS needs a certificate"), "{told}");
    let both = "certificate = \"tls/server.pem\"\nkey = \"tls/server.key\"";
    let told = with(&format!("{both}\nkey_credential = \"tls-key\""));
    assert!(told.contains("as a file and as a credential"), "{told}");
    let told = with(&format!("{both}\nclients = \"required\""));
    assert!(told.contains("no authority is named"), "{told}");
    assert!(Path::new(&shop.path("ca.pem")).exists());

    // A key that is not the certificate's stops the start with the reason.
    let wrong = "certificate = \"tls/server.pem\"\nkey = \"tls/erp.key\"";
    std::fs::write(gateway.config(), format!("{text}\n[gateway.tls]\n{wrong}\n")).unwrap();
    let run = gateway.cli(&["run"], "");
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && told.contains("do not fit each other"), "{told}");
}
