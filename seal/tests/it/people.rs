//! People with keys, made once for all tests, and what they write.

use message::{Address, Time};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, RsaKeySize, SanType, date_time_ymd,
};
use seal::{Certificate, Identity, Reader, Roots};
use std::sync::OnceLock;

/// 2026-11-22 00:00 UTC.
pub const NOW: Time = Time(1_795_305_600_000);
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub struct People {
    pub authority: Authority,
    pub roots: Roots,
    /// RSA.
    pub alice: Identity,
    /// P-256.
    pub bob: Identity,
    /// P-384, below an authority in between.
    pub carol: Identity,
    /// Ed25519.
    pub dora: Identity,
    /// P-521.
    pub emil: Identity,
    /// P-256; ended in 2025.
    pub old: Identity,
    /// P-256; begins in 2030.
    pub young: Identity,
    /// P-256; of an authority nobody trusts.
    pub mallory: Identity,
    /// P-256; for servers.
    pub server: Identity,
}

pub struct Authority {
    pub pem: String,
    pub issuer: Issuer<'static, KeyPair>,
}

pub fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let params = authority_params(name);
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2045, 1, 1);
    params
}

/// A person's certificate before it is signed.
pub fn person(name: &str, address: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into().unwrap())];
    params.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyAgreement];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    params.not_before = date_time_ymd(2021, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

pub fn identity(params: &CertificateParams, key: &KeyPair, by: &Issuer<'static, KeyPair>, between: &str) -> Identity {
    let mut params = params.clone();
    let id = params.key_identifier(key);
    let id = [&[4, u8::try_from(id.len()).unwrap()], id.as_slice()].concat();
    params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 14], id));
    let certificate = params.signed_by(key, by).unwrap();
    let pem = format!("{}{}{between}", key.serialize_pem(), certificate.pem());
    Identity::from_pem(pem.as_bytes(), None).unwrap()
}

pub fn people() -> &'static People {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    PEOPLE.get_or_init(|| {
        let authority = authority("Hamburger Authority");
        let stranger = self::authority("Stranger Authority");
        let between_key = KeyPair::generate().unwrap();
        let mut between = authority_params("Hamburger Authority Two");
        between.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let between_pem = between.signed_by(&between_key, &authority.issuer).unwrap().pem();
        let between = Issuer::new(between, between_key);
        let small = || KeyPair::generate().unwrap();
        let of = |algorithm| KeyPair::generate_for(algorithm).unwrap();
        let root = &authority.issuer;
        let dated = |name: &str, from, to| {
            let mut params = person(name, &format!("{}@hamburger.edu", name.to_lowercase()));
            (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
            identity(&params, &small(), root, "")
        };
        let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let mut server = person("Server", "server@hamburger.edu");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let carol = person("Carol", "carol@crepes.fr");
        People {
            roots: Roots::from_pem(authority.pem.as_bytes()).unwrap(),
            alice: identity(&person("Alice", "alice@hamburger.edu"), &rsa, root, ""),
            bob: identity(&person("Bob", "bob@crepes.fr"), &small(), root, ""),
            carol: identity(&carol, &of(&rcgen::PKCS_ECDSA_P384_SHA384), &between, &between_pem),
            dora: identity(&person("Dora", "dora@hamburger.edu"), &of(&rcgen::PKCS_ED25519), root, ""),
            emil: identity(&person("Emil", "emil@hamburger.edu"), &of(&rcgen::PKCS_ECDSA_P521_SHA512), root, ""),
            old: dated("Old", 2021, 2025),
            young: dated("Young", 2030, 2035),
            mallory: identity(&person("Alice", "alice@hamburger.edu"), &small(), &stranger.issuer, ""),
            server: identity(&server, &small(), root, ""),
            authority,
        }
    })
}

impl People {
    /// Somebody with these keys, who trusts the authority.
    pub fn reader<'a>(&'a self, identities: &'a [Identity]) -> Reader<'a> {
        Reader { identities, roots: &self.roots, known: &[], at: NOW }
    }
}

/// A letter in two languages with an attachment, as composed here.
pub fn letter(from: &str) -> Vec<u8> {
    format!(
        "Date: Sat, 21 Nov 2026 05:17:44 +0100\r\nFrom: Alice <{from}>\r\nTo: bob@crepes.fr\r\n\
         Subject: The secret of the hamburger\r\nMessage-ID: <1@hamburger.edu>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Crêpes are thin.\r\nDo you like ketchup?\r\n--=_b\r\nContent-Type: application/octet-stream\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n--=_b--\r\n"
    )
    .into_bytes()
}

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub fn certificate_of(identity: &Identity) -> &Certificate {
    &identity.certificate
}

pub fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
