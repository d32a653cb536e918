//! An authenticator in software: makes keys and signs as WebAuthn says, and, where a test wants it, otherwise.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{digest, rsa};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};

/// What can be wrong with an answer.
#[derive(Clone)]
pub(super) struct Manner {
    pub origin: String,
    pub party: String,
    pub kind: Option<&'static str>,
    pub cross_origin: bool,
    pub flags: u8,
    pub counter: u32,
    pub format: &'static str,
}

impl Manner {
    /// As it should be, at our own page.
    pub fn good() -> Manner {
        Manner {
            origin: "https://mx.hamburger.edu".to_owned(),
            party: "mx.hamburger.edu".to_owned(),
            kind: None,
            cross_origin: false,
            flags: 0x05,
            counter: 1,
            format: "none",
        }
    }
}

pub(super) enum Key {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

pub(super) struct Authenticator {
    pub id: Vec<u8>,
    pub key: Key,
}

fn head(major: u8, length: usize) -> Vec<u8> {
    match length {
        0..24 => vec![major << 5 | u8::try_from(length).unwrap()],
        24..256 => vec![major << 5 | 24, u8::try_from(length).unwrap()],
        _ => [vec![major << 5 | 25], u16::try_from(length).unwrap().to_be_bytes().to_vec()].concat(),
    }
}

fn octets(octets: &[u8]) -> Vec<u8> {
    [head(2, octets.len()), octets.to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [head(3, text.len()), text.as_bytes().to_vec()].concat()
}

fn negative(number: usize) -> Vec<u8> {
    head(1, number - 1)
}

impl Key {
    pub fn all() -> [Key; 3] {
        [
            Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            Key::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Key::Rs256(RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap()),
        ]
    }

    pub fn new() -> Key {
        Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Key::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let fields =
                    [head(5, 5), head(0, 1), head(0, 2), head(0, 3), negative(7), negative(1), head(0, 1)].concat();
                [fields, negative(2), octets(&point[1..33]), negative(3), octets(&point[33..65])].concat()
            }
            Key::Ed25519(pair) => {
                let fields =
                    [head(5, 4), head(0, 1), head(0, 1), head(0, 3), negative(8), negative(1), head(0, 6)].concat();
                [fields, negative(2), octets(pair.public_key().as_ref())].concat()
            }
            Key::Rs256(pair) => {
                // DER of RSAPublicKey with 2048 bits: two heads and a zero, the modulus, then 65537.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[9..265], [1, 0, 1]);
                assert_eq!(der[265..], [2, 3, 1, 0, 1]);
                let fields = [head(5, 4), head(0, 1), head(0, 3), head(0, 3), negative(257)].concat();
                [fields, negative(1), octets(n), negative(2), octets(&e)].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Key::Es256(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Key::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Key::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }
}

fn client_data(challenge: &str, kind: &str, manner: &Manner) -> Vec<u8> {
    let kind = manner.kind.unwrap_or(kind);
    let data =
        json!({ "type": kind, "challenge": challenge, "origin": manner.origin, "crossOrigin": manner.cross_origin });
    data.to_string().into_bytes()
}

impl Authenticator {
    pub fn new(key: Key) -> Authenticator {
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        Authenticator { id, key }
    }

    fn data(&self, manner: &Manner, attested: bool) -> Vec<u8> {
        let party = digest::digest(&digest::SHA256, manner.party.as_bytes());
        let flags = manner.flags | if attested { 0x40 } else { 0 };
        let mut data = [party.as_ref(), &[flags], &manner.counter.to_be_bytes()[..]].concat();
        if attested {
            data.extend([0; 16]);
            data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
            data.extend(&self.id);
            data.extend(self.key.cose());
        }
        data
    }

    /// `navigator.credentials.create(options).toJSON()`.
    pub fn create(&self, options: &Value, manner: &Manner) -> Value {
        let client_data = client_data(options["challenge"].as_str().unwrap(), "webauthn.create", manner);
        let statement =
            if manner.format == "none" { head(5, 0) } else { [head(5, 1), text("sig"), octets(&[1; 70])].concat() };
        let object = [
            head(5, 3),
            text("fmt"),
            text(manner.format),
            text("attStmt"),
            statement,
            text("authData"),
            octets(&self.data(manner, true)),
        ]
        .concat();
        json!({
            "id": B64.encode(&self.id), "rawId": B64.encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": B64.encode(client_data), "attestationObject": B64.encode(object),
                "transports": ["internal"],
            },
        })
    }

    /// `navigator.credentials.get(options).toJSON()`.
    pub fn get(&self, options: &Value, user: Option<&Value>, manner: &Manner) -> Value {
        let client_data = client_data(options["challenge"].as_str().unwrap(), "webauthn.get", manner);
        let data = self.data(manner, false);
        let hash = digest::digest(&digest::SHA256, &client_data);
        let signature = self.key.sign(&[&data[..], hash.as_ref()].concat());
        json!({
            "id": B64.encode(&self.id), "rawId": B64.encode(&self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": B64.encode(client_data), "authenticatorData": B64.encode(data),
                "signature": B64.encode(signature), "userHandle": user,
            },
        })
    }
}
