//! A PostgreSQL that speaks TLS: a certificate authority made by `openssl`, and a server's certificate
//! that it signed.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test helper; not every test uses all of it"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::cluster::Cluster;

/// A cluster that speaks TLS on its port as `localhost`, and the file of the authority that signed for it.
pub fn cluster() -> Option<(Cluster, PathBuf)> {
    let cluster = Cluster::start_on_port(|cluster| {
        let folder = cluster.folder();
        authority(folder, "ca");
        sign(folder, "ca", "server", "DNS:localhost");
        let files = ["server.pem", "server.key"].map(|name| folder.join(name));
        files.iter().for_each(|file| cluster.own(file));
        let [certificate, key] = files.map(|file| file.display().to_string());
        vec!["ssl=on".into(), format!("ssl_cert_file={certificate}"), format!("ssl_key_file={key}")]
    })?;
    let authority = cluster.folder().join("ca.pem");
    Some((cluster, authority))
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let done = command.args(arguments.split(' ')).current_dir(folder).output();
    let done = done.expect("openssl is installed (apt-get install openssl)");
    assert!(
        done.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// Makes a certificate authority: `NAME.pem` and `NAME.key`.
pub fn authority(folder: &Path, name: &str) {
    let subject = format!("-subj /CN={name} -days 30 -keyout {name}.key -out {name}.pem");
    openssl(folder, &format!("req -x509 {KEY} {subject}"));
}

/// Makes a certificate for `names` that the authority `by` signed: `NAME.pem` and `NAME.key`.
fn sign(folder: &Path, by: &str, name: &str, names: &str) {
    fs::write(folder.join("names"), format!("subjectAltName={names}\n")).unwrap();
    openssl(folder, &format!("req {KEY} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
    let by = format!("-CA {by}.pem -CAkey {by}.key -CAcreateserial -extfile names");
    openssl(folder, &format!("x509 -req -in {name}.csr -days 30 {by} -out {name}.pem"));
}
