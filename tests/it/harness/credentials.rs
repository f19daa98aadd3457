//! The files of a control plane that say who may do what: keys, users and kubeconfigs.

use std::fmt::Write as _;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

/// The users: name (their token is the same word) and groups.
///
/// `admin` may do everything, `viewer` may read everything, `nobody` may nothing.
pub(crate) const USERS: [(&str, &str); 3] = [("admin", "system:masters"), ("viewer", ""), ("nobody", "")];

/// What comes before the point of a P-256 key in a SubjectPublicKeyInfo.
const P256_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Writes the key pair that service account tokens are signed with.
pub(crate) fn write_service_account_keys(private: &Path, public: &Path) {
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let info = [&P256_HEADER, pair.public_key().as_ref()].concat();
    std::fs::write(private, pem::encode(&pem::Pem::new("PRIVATE KEY", document.as_ref()))).unwrap();
    std::fs::write(public, pem::encode(&pem::Pem::new("PUBLIC KEY", info))).unwrap();
}

/// Writes the API server's file of users.
pub(crate) fn write_tokens(path: &Path) {
    let mut lines = String::new();
    for (name, groups) in USERS {
        writeln!(lines, "{name},{name},{name},\"{groups}\"").unwrap();
    }
    std::fs::write(path, lines).unwrap();
}

/// Writes a kubeconfig with one context, called as the user.
pub(crate) fn write_kubeconfig(path: &Path, server: &str, authority: &Path, user: &str, token: &str) {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": { "server": server, "certificate-authority": authority } }],
        "users": [{ "name": user, "user": { "token": token } }],
        "contexts": [{ "name": user, "context": { "cluster": "test", "user": user } }],
        "current-context": user,
    });
    std::fs::write(path, format!("{config:#}\n")).unwrap();
}
