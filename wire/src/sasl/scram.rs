//! The messages of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), server end. Reads and writes them and
//! checks the channel binding (RFC 9266); proofs are checked by the desk, which has the keys.

use super::exchange::Channel;
use super::{Ask, Mechanism, plain};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest nonce of a client, in octets: real ones have some dozens.
pub const NONCE_MAX: usize = 512;

/// What the client said first (RFC 5802 §7: client-first-message).
#[derive(Clone, Debug)]
pub(super) struct ClientFirst {
    authorization: Option<String>,
    username: String,
    nonce: String,
    /// `client-first-message-bare`, for the AuthMessage.
    bare: String,
    /// What `c=` of the last message must say, decoded: the gs2 header and the channel binding data.
    binding: Vec<u8>,
}

/// An exchange after the server's first message.
#[derive(Debug)]
pub(super) struct Scram {
    first: ClientFirst,
    nonce: String,
    server_first: String,
}

/// What the client said last.
pub(super) struct ClientFinal {
    pub auth_message: Vec<u8>,
    pub proof: [u8; 32],
}

impl ClientFirst {
    pub fn read(bytes: &[u8], mechanism: Mechanism, channel: Channel) -> Result<ClientFirst, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "SCRAM speaks UTF-8")?;
        let mut parts = text.splitn(3, ',');
        let (flag, identity, bare) = (parts.next(), parts.next(), parts.next());
        let (Some(flag), Some(identity), Some(bare)) = (flag, identity, bare) else {
            return Err("the first message of SCRAM is gs2 header and name and nonce");
        };
        let data = binding_data(flag, mechanism, channel)?;
        let authorization = match identity {
            "" => None,
            given => Some(saslname(given.strip_prefix("a=").ok_or("an authorization identity begins with a=")?)?),
        };
        let (username, nonce) = name_and_nonce(bare)?;
        let binding = [flag.as_bytes(), b",", identity.as_bytes(), b",", data.as_slice()].concat();
        Ok(ClientFirst { authorization, username, nonce, bare: bare.to_owned(), binding })
    }

    pub fn ask(&self) -> Ask {
        Ask::ScramStart { authorization: self.authorization.clone(), username: self.username.clone() }
    }
}

/// RFC 5802 §6: `p=` must name our type and only goes with PLUS; `y` (the client could, and thinks we cannot) betrays
/// somebody in between who cut the offer.
fn binding_data(flag: &str, mechanism: Mechanism, channel: Channel) -> Result<Vec<u8>, &'static str> {
    let plus = mechanism == Mechanism::ScramSha256Plus;
    match (flag, channel.exporter) {
        ("n", _) if !plus => Ok(Vec::new()),
        ("y", _) if !plus && !channel.plus_offered => Ok(Vec::new()),
        ("y", _) if !plus => Err("SCRAM-SHA-256-PLUS was offered: somebody changed the offer on its way"),
        ("p=tls-exporter", Some(exporter)) if plus => Ok(exporter.to_vec()),
        ("p=tls-exporter", _) if plus => Err("there is no channel to bind to"),
        _ => Err("that channel binding does not go with the mechanism"),
    }
}

/// RFC 5802 §7: client-first-message-bare.
fn name_and_nonce(bare: &str) -> Result<(String, String), &'static str> {
    let mut attributes = bare.split(',');
    let name = attributes.next().and_then(|attribute| attribute.strip_prefix("n="));
    let nonce = attributes.next().and_then(|attribute| attribute.strip_prefix("r="));
    let (Some(name), Some(nonce)) = (name, nonce) else {
        return Err("the first message of SCRAM names n= and r=, and no extension is known here");
    };
    let printable = nonce.bytes().all(|octet| octet.is_ascii_graphic());
    if nonce.is_empty() || nonce.len() > NONCE_MAX || !printable {
        return Err("the nonce is empty, too long or not printable");
    }
    pass_over_extensions(attributes)?;
    Ok((saslname(name)?, nonce.to_owned()))
}

/// The attributes RFC 5802 §5.1 gives a meaning, all of them out of place among extensions.
const DEFINED: &[u8] = b"anmrcsipve";

/// RFC 5802 §5.1: unknown extensions are ignored; `m`, which must be understood, fails wherever it stands. An attribute
/// that has a place elsewhere is none: it would mean one thing here and another to whoever reads the last one.
fn pass_over_extensions<'a>(mut attributes: impl Iterator<Item = &'a str>) -> Result<(), &'static str> {
    let extension = |attribute: &str| match attribute.as_bytes() {
        [name, b'=', value @ ..] => {
            name.is_ascii_alphabetic() && !DEFINED.contains(name) && !value.is_empty() && !value.contains(&0)
        }
        _ => false,
    };
    if attributes.all(extension) { Ok(()) } else { Err("that extension of SCRAM is not known here") }
}

/// RFC 5802 §5.1: `,` is written `=2C` and `=` is written `=3D`.
fn saslname(text: &str) -> Result<String, &'static str> {
    let mut rest = text.split('=');
    let mut name = rest.next().unwrap_or_default().to_owned();
    for piece in rest {
        let (sign, after) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(after), _) => (',', after),
            (_, Some(after)) => ('=', after),
            _ => return Err("a name holds = only as =2C or =3D"),
        };
        name.push(sign);
        name.push_str(after);
    }
    plain::name(name.as_bytes()).ok_or("that is no name")
}

impl Scram {
    pub fn new(first: ClientFirst, server_nonce: &str, salt: &[u8], iterations: u32) -> Scram {
        let nonce = format!("{}{server_nonce}", first.nonce);
        let server_first = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        Scram { first, nonce, server_first }
    }

    pub fn server_first(&self) -> &[u8] {
        self.server_first.as_bytes()
    }

    pub fn server_final(signature: &[u8; 32]) -> Vec<u8> {
        format!("v={}", STANDARD.encode(signature)).into_bytes()
    }

    /// Reads client-final-message and checks all of it but the proof.
    pub fn client_final(&self, bytes: &[u8]) -> Result<ClientFinal, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "SCRAM speaks UTF-8")?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or("the last message of SCRAM ends with p=")?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|attribute| attribute.strip_prefix("c="));
        let nonce = attributes.next().and_then(|attribute| attribute.strip_prefix("r="));
        let (Some(binding), Some(nonce)) = (binding, nonce) else {
            return Err("the last message of SCRAM names c= and r=");
        };
        pass_over_extensions(attributes)?;
        if STANDARD.decode(binding).ok().as_deref() != Some(self.first.binding.as_slice()) {
            return Err("the channel binding is not that of this channel");
        }
        if nonce != self.nonce {
            return Err("the nonce is not the one we gave");
        }
        let proof = STANDARD.decode(proof).ok().and_then(|proof| <[u8; 32]>::try_from(proof).ok());
        let proof = proof.ok_or("the proof is not 32 octets in base64")?;
        let auth_message = format!("{},{},{without_proof}", self.first.bare, self.server_first).into_bytes();
        Ok(ClientFinal { auth_message, proof })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sasl::{Answer, Exchange, Next};
    use proptest::prelude::*;

    const PLUS: Mechanism = Mechanism::ScramSha256Plus;
    const BARE: Mechanism = Mechanism::ScramSha256;
    const BOUND: Channel = Channel { exporter: Some([7; 32]), plus_offered: true };
    const UNBOUND: Channel = Channel { exporter: None, plus_offered: false };

    /// RFC 7677 §3.
    #[test]
    fn the_example_of_the_rfc_goes_through() {
        let first = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO".to_vec();
        let mut exchange = Exchange::start(BARE, Some(first), UNBOUND);
        assert!(matches!(exchange.next(), Next::Ask(Ask::ScramStart { username, .. }) if username == "user"));
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned();
        exchange.answer(Answer::Scram { nonce, salt, iterations: 4096 });
        let expected = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(exchange.next(), Next::Challenge(expected.as_bytes().to_vec()));
        exchange.response(
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        );
        let Next::Ask(Ask::ScramProof { auth_message, .. }) = exchange.next() else { panic!("no proof asked") };
        assert!(auth_message.starts_with(b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hv"));
        let signature: [u8; 32] =
            STANDARD.decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap().try_into().unwrap();
        exchange.answer(Answer::Accepted { server_signature: Some(signature) });
        let last = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_vec();
        assert_eq!(exchange.next(), Next::Accepted { final_data: Some(last) });
    }

    #[test]
    fn bindings_go_with_their_mechanism() {
        let read = |text: &[u8], mechanism, channel| ClientFirst::read(text, mechanism, channel).is_ok();
        assert!(read(b"p=tls-exporter,,n=a,r=x", PLUS, BOUND));
        assert!(read(b"n,a=b,n=a,r=x", BARE, BOUND));
        assert!(read(b"y,,n=a,r=x", BARE, UNBOUND));
        assert!(!read(b"y,,n=a,r=x", BARE, BOUND), "an offer that was cut is noticed");
        assert!(!read(b"p=tls-unique,,n=a,r=x", PLUS, BOUND));
        assert!(!read(b"p=tls-exporter,,n=a,r=x", PLUS, UNBOUND));
        assert!(!read(b"p=tls-exporter,,n=a,r=x", BARE, BOUND));
        assert!(!read(b"n,,n=a,r=x", PLUS, BOUND));
        assert!(!read(b"n,,m=1,n=a,r=x", BARE, UNBOUND), "an extension that must be understood");
        assert!(!read(b"n,b,n=a,r=x", BARE, UNBOUND));
    }

    #[test]
    fn names_and_nonces_have_limits() {
        assert_eq!(saslname("a=2Cb=3D").as_deref(), Ok("a,b="));
        assert!(saslname("a=2c").is_err() && saslname("a=").is_err() && saslname("").is_err());
        let nonce = |length| name_and_nonce(&format!("n=a,r={}", "x".repeat(length))).is_ok();
        assert!(nonce(NONCE_MAX) && !nonce(NONCE_MAX + 1) && !nonce(0));
    }

    #[test]
    fn the_last_message_must_fit_the_first() {
        let first = ClientFirst::read(b"n,,n=a,r=x", BARE, UNBOUND).unwrap();
        let scram = Scram::new(first, "y", b"salt", 4096);
        let proof = STANDARD.encode([1; 32]);
        assert!(scram.client_final(format!("c=biws,r=xy,p={proof}").as_bytes()).is_ok());
        for wrong in [
            format!("c=biws,r=xz,p={proof}"),
            format!("c=biws,r=x,p={proof}"),
            format!("c=biws,r=xyy,p={proof}"),
            format!("c=eSws,r=xy,p={proof}"),
            format!("c=biw,r=xy,p={proof}"),
            format!("r=xy,c=biws,p={proof}"),
            format!("c=biws,r=xy,p={}", STANDARD.encode([1; 31])),
            format!("c=biws,r=xy,p={}", STANDARD.encode([1; 33])),
            format!("c=biws,r=xy,p={proof},x=1"),
            "c=biws,r=xy".into(),
            String::new(),
        ] {
            assert!(scram.client_final(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    /// RFC 5802 §6, RFC 9266 §2: `c=` repeats the gs2 header and goes on with what this channel exports.
    #[test]
    fn the_binding_is_the_header_and_the_channel() {
        let first = ClientFirst::read(b"p=tls-exporter,a=al,n=a,r=x", PLUS, BOUND).unwrap();
        let scram = Scram::new(first, "y", b"salt", 4096);
        let last = |header: &[u8], data: &[u8]| {
            let proof = STANDARD.encode([1; 32]);
            let binding = STANDARD.encode([header, data].concat());
            scram.client_final(format!("c={binding},r=xy,p={proof}").as_bytes()).is_ok()
        };
        assert!(last(b"p=tls-exporter,a=al,", &[7; 32]));
        assert!(!last(b"p=tls-exporter,a=al,", &[8; 32]), "another channel");
        assert!(!last(b"p=tls-exporter,a=al,", &[]), "no channel");
        assert!(!last(b"p=tls-exporter,a=al,", &[7; 33]));
        assert!(!last(b"p=tls-exporter,,", &[7; 32]), "another identity");
        assert!(!last(b"n,a=al,", &[7; 32]));
    }

    #[test]
    fn only_unknown_extensions_are_passed_over() {
        let first = |rest: &str| name_and_nonce(&format!("n=a,r=x{rest}")).is_ok();
        let scram = Scram::new(ClientFirst::read(b"n,,n=a,r=x", BARE, UNBOUND).unwrap(), "y", b"salt", 4096);
        let proof = STANDARD.encode([1; 32]);
        let last = |rest: &str| scram.client_final(format!("c=biws,r=xy{rest},p={proof}").as_bytes());
        for known_to_none in ["", ",x=1", ",Z==,t=p=q", ",M=1"] {
            assert!(first(known_to_none) && last(known_to_none).is_ok(), "{known_to_none}");
        }
        for wrong in [",m=1", ",x=1,m=1", ",r=z", ",n=b", ",p=AA==", ",x=", ",x", ",", ",=1", ",1=1", ",xy=1", ",x=\0"]
        {
            assert!(!first(wrong) && last(wrong).is_err(), "{wrong}");
        }
        let signed = last(",x=1").unwrap().auth_message;
        assert!(signed.ends_with(b",c=biws,r=xy,x=1"), "an extension is signed with the rest");
    }

    proptest! {
        /// Whatever octets come last, a proof is asked only for our nonce and our binding.
        #[test]
        fn no_last_message_breaks_it(octets: Vec<u8>, text in "(c=biws|c=biwt|x=1)(,(r=xy|r=x|c=biws|m=1|x=1)){0,3}") {
            let scram = Scram::new(ClientFirst::read(b"n,,n=a,r=x", BARE, UNBOUND).unwrap(), "y", b"salt", 4096);
            prop_assert!(scram.client_final(&octets).is_err());
            let signed = format!("{text},p={}", STANDARD.encode([1; 32]));
            let sound = text.strip_prefix("c=biws,r=xy").is_some_and(|rest| rest.replace(",x=1", "").is_empty());
            prop_assert_eq!(scram.client_final(signed.as_bytes()).is_ok(), sound);
        }

        #[test]
        fn any_name_comes_back(name in "[^\\p{Cc}]{1,60}") {
            let written = name.replace('=', "=3D").replace(',', "=2C");
            prop_assert_eq!(saslname(&written), Ok(name));
        }

        #[test]
        fn no_octets_break_it(messages in proptest::collection::vec(any::<Vec<u8>>(), 1..4), plus: bool) {
            let mut exchange = Exchange::start(if plus { PLUS } else { BARE }, None, BOUND);
            for message in messages {
                exchange.response(&message);
                let _ = exchange.next();
            }
        }
    }
}
