//! From an administrator's `init-postgres` to a gateway that works over TLS with a password, and what
//! is told where one of them is wrong.

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use gatewarden_tests::{Gateway, People, Settings, until};

use crate::{
    cluster::{ADMIN, Cluster},
    tls,
};

const PASSWORD: &str = "correct horse battery staple";

/// Runs `init-postgres` with these arguments besides, and this line on standard input.
fn init(gateway: &Gateway, url: &str, more: &[&str], line: &str) -> Output {
    let mut command = gateway.command();
    command.args(["ledger", "init-postgres", "--url", url, "--gateway", "gw-test"]).args(more);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// The ledger of the configuration is this one.
fn point_to(gateway: &Gateway, url: &str, password: &str) {
    let file = gateway.dir().join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    let ledger =
        format!("[ledger]\nurl = \"{url}\"\npassword = {{ file = \"{}\" }}", file.display());
    let text = fs::read_to_string(gateway.config()).unwrap();
    let (before, after) = text.split_once("[ledger]").unwrap();
    let after = after.split_once("reserve_mb").unwrap().1;
    fs::write(gateway.config(), format!("{before}{ledger}\nreserve_mb{after}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_works_over_tls_with_the_password_that_it_was_given() {
    let Some((cluster, authority)) = tls::cluster() else { return };
    let database = cluster.database();
    let mut gateway = Gateway::prepare(Settings::default()).await;
    let admin = cluster.url(ADMIN, &database);
    let first = told(&init(&gateway, &admin, &[], ""));
    assert!(first.contains("run this again with --set-password or --password-file"), "{first}");
    let second = init(&gateway, &admin, &["--set-password"], &format!("{PASSWORD}\n"));
    assert!(second.status.success(), "{}", told(&second));
    assert!(told(&second).contains("the role gatewarden_gw_test has a new password"));
    assert!(!told(&second).contains(PASSWORD) && !cluster.log().contains(PASSWORD));

    let (port, roots) = (cluster.port(), authority.display());
    let way = format!("localhost:{port}/{database}?sslmode=verify-full");
    let url = format!("postgres://gatewarden_gw_test@{way}&sslrootcert={roots}");
    point_to(&gateway, &url, PASSWORD);
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "8001", 1..3).await;
    gateway.cli_ok(&["ledger", "verify"], "");
    let encrypted = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl \
        JOIN pg_stat_activity USING (pid) WHERE usename = 'gatewarden_gw_test'";
    assert_eq!(cluster.sql(ADMIN, &database, encrypted).unwrap(), "t");
    system_roots(&gateway, &cluster, &format!("postgres://gatewarden_gw_test@{way}"));

    // The administrator changes it, by a file, and nobody tells the gateway.
    let file = gateway.dir().join("new-password");
    fs::write(&file, "another one\n").unwrap();
    let changed = init(&gateway, &admin, &["--password-file", file.to_str().unwrap()], "");
    assert!(changed.status.success(), "{}", told(&changed));
    gateway.kill();
    gateway.run().await;
    let words = "does not let this gateway in: password authentication failed for user \
        \"gatewarden_gw_test\": see to [ledger] password, or PGPASSWORD";
    until("it says why", || async { gateway.has_logged(words).then_some(()) }).await;
    let refused = gateway.cli(&["ledger", "checkpoint"], "");
    assert!(!refused.status.success() && told(&refused).contains(words), "{}", told(&refused));
    for secret in [PASSWORD, "another one"] {
        assert!(!told(&refused).contains(secret) && !gateway.has_logged(secret));
        assert!(!cluster.log().contains(secret));
    }
}

/// Without a root of its own a URL trusts those of the system, which a variable names here.
fn system_roots(gateway: &Gateway, cluster: &Cluster, url: &str) {
    let read = |roots: &str| {
        let mut command = gateway.command();
        command.args(["ledger", "stock", "--ledger", url]).env("PGPASSWORD", PASSWORD);
        told(&command.env("SSL_CERT_FILE", cluster.folder().join(roots)).output().unwrap())
    };
    assert!(read("ca.pem").contains("BOLT-M8"), "{}", read("ca.pem"));
    tls::authority(cluster.folder(), "stranger");
    let words = "no trusted root signed the server's certificate";
    assert!(read("stranger.pem").contains(words), "{}", read("stranger.pem"));
}
