//! Letters that are signed and encrypted, cut and changed in any way, and files of certificates. The keys in `people/` are for
//! this alone and protect nothing.

use message::Time;
use seal::{Certificate, Extent, Identity, LAYERS_MAX, Opened, Reader, Roots, Standing, open};
use std::sync::OnceLock;

/// 2030-01-01 00:00 UTC, within the time of all certificates.
const NOW: Time = Time(1_893_456_000_000);
/// Octets of a certificate that is held several times at once, to be compared: real ones have two thousand.
const COPIED_MAX: usize = 4096;

/// Letters as they were sealed, by Alice for Bob.
const SEALED: [&[u8]; 6] = [
    include_bytes!("../corpus/seal/signed"),
    include_bytes!("../corpus/seal/signed-whole"),
    include_bytes!("../corpus/seal/encrypted-gcm"),
    include_bytes!("../corpus/seal/encrypted-cbc"),
    include_bytes!("../corpus/seal/encrypted-3des"),
    include_bytes!("../corpus/seal/signed-encrypted"),
];

struct People {
    bob: [Identity; 1],
    roots: Roots,
    /// What was sealed, without white space.
    sealed: Vec<Vec<u8>>,
}

fn people() -> &'static People {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    PEOPLE.get_or_init(|| {
        let bob = Identity::from_pem(include_bytes!("../people/bob.pem"), None).expect("Bob's key");
        let roots = Roots::from_pem(include_bytes!("../people/authority.pem")).expect("an authority");
        let mut people = People { bob: [bob], roots, sealed: Vec::new() };
        people.sealed = SEALED
            .iter()
            .map(|letter| {
                let opened = opened(letter, &people).expect("a sealed letter");
                assert_eq!(opened.closed(), None);
                bare(&opened.entity)
            })
            .collect();
        people
    })
}

fn opened(letter: &[u8], people: &People) -> Option<Opened> {
    open(letter, &Reader { identities: &people.bob, roots: &people.roots, known: &[], at: NOW })
}

/// Line ends are none of what is signed.
fn bare(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect()
}

/// A letter is opened so far or not at all; what is called signed and valid, or authenticated by its cipher, is what was
/// sealed.
///
/// # Panics
/// When a law is broken.
pub fn letter(data: &[u8]) {
    let people = people();
    let Some(opened) = opened(data, people) else { return };
    assert!(!opened.layers.is_empty() && opened.layers.len() <= LAYERS_MAX + 1);
    let words = opened.words();
    assert!(!words.proved.iter().chain(&words.not_proved).any(|line| line.contains(char::is_control)), "{words:?}");
    let is_known = people.sealed.contains(&bare(&opened.entity));
    if opened.standing() == Some(Standing::Valid) {
        assert!(is_known, "forged: {}", wire::dialogue::show(&opened.entity));
    }
    let was_encrypted = opened.encrypted().next().is_some();
    if was_encrypted && opened.closed().is_none() && opened.encrypted().all(|layer| layer.is_authenticated) {
        assert!(is_known, "tampered with: {}", wire::dialogue::show(&opened.entity));
    }
    if was_encrypted && opened.may_render_html() {
        assert!(opened.extent == Extent::Whole && opened.is_authenticated());
    }
    let message = opened.message(data);
    assert!(message::header::section_end(&message, 0).is_some(), "no header");
}

/// A file of certificates: each that is read can be written and read again.
///
/// # Panics
/// When a law is broken.
pub fn certificates(data: &[u8]) {
    let all = seal::certificates(data).unwrap_or_default();
    for certificate in all.iter().filter(|certificate| certificate.der().len() <= COPIED_MAX) {
        assert_eq!(Certificate::from_der(certificate.der()).as_ref(), Ok(certificate));
        let text = certificate.to_pem().expect("what was read is written");
        assert_eq!(seal::certificates(text.as_bytes()), Ok(vec![certificate.clone()]));
        let shown = [certificate.subject(), certificate.issuer(), certificate.serial(), certificate.fingerprint()];
        assert!(!shown.iter().any(|text| text.is_empty() || text.contains(char::is_control)), "{shown:?}");
    }
}
