//! Certificates of an authority that exists for one test.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;

/// An authority, and the folder in which all that it signs is kept.
pub struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, its certificate in `ca.pem`.
    pub fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("it signs itself");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("it can be written");
        Self { folder, issuer: Issuer::new(params, key) }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in its folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("a plain path").to_owned()
    }

    /// The path of its own certificate.
    pub fn ca(&self) -> String {
        self.path("ca.pem")
    }

    /// Signs a broker's certificate: `NAME.pem` and `NAME.key`.
    pub fn sign_broker(&self, name: &str, hosts: &[&str]) {
        self.sign(name, hosts, ExtendedKeyUsagePurpose::ServerAuth, 2099);
    }

    /// The same, but its time is over.
    pub fn sign_expired(&self, name: &str, hosts: &[&str]) {
        self.sign(name, hosts, ExtendedKeyUsagePurpose::ServerAuth, 2021);
    }

    /// Signs a client's certificate, with its name as common name.
    pub fn sign_client(&self, name: &str) {
        self.sign(name, &[], ExtendedKeyUsagePurpose::ClientAuth, 2099);
    }

    fn sign(&self, name: &str, hosts: &[&str], usage: ExtendedKeyUsagePurpose, until: i32) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("it signs");
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).expect("it can be written");
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).expect("it can be written");
    }

    /// The settings of a mosquitto listener with the certificate of that name.
    pub fn mosquitto(&self, name: &str) -> String {
        let (ca, cert, key) = (self.ca(), self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        // Without another user it reads the files that this one has written.
        format!("user root\nallow_anonymous true\ncafile {ca}\ncertfile {cert}\nkeyfile {key}\n")
    }
}
