//! PLAIN (RFC 4616), and what a name may hold, for all mechanisms.

use super::{Ask, Secret};

/// The longest name, in octets (RFC 4616 §2: names of up to 255 octets).
pub const NAME_MAX: usize = 255;

/// A user's name: UTF-8 without control characters, not empty.
pub(super) fn name(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let sound = !text.is_empty() && text.len() <= NAME_MAX && !text.chars().any(char::is_control);
    sound.then(|| text.to_owned())
}

/// A password: UTF-8 without NUL, not empty (RFC 4616 §2, RFC 8265 §4.2).
pub(super) fn secret(bytes: &[u8]) -> Option<Secret> {
    let sound = !bytes.is_empty() && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    sound.then(|| Secret(bytes.to_vec()))
}

/// RFC 4616 §2: authorization identity, NUL, name, NUL, password.
pub(super) fn read(bytes: &[u8]) -> Result<Ask, &'static str> {
    let parts: Vec<&[u8]> = bytes.split(|octet| *octet == 0).collect();
    let [authorization, username, password] = parts.as_slice() else {
        return Err("PLAIN takes a name and a password, NUL before each");
    };
    let authorization = match authorization {
        [] => None,
        given => Some(name(given).ok_or("the authorization identity is no name")?),
    };
    let username = name(username).ok_or("PLAIN takes a name")?;
    let password = secret(password).ok_or("PLAIN takes a password in UTF-8")?;
    Ok(Ask::Password { authorization, username, password })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_limit() {
        assert!(name(&[b'a'; NAME_MAX]).is_some());
        assert!(name(&[b'a'; NAME_MAX + 1]).is_none());
        assert!(name(b"").is_none() && name(b"a\nb").is_none() && name(b"\xff").is_none());
    }

    #[test]
    fn plain_is_read_strictly() {
        let password = |text: &[u8]| Secret(text.to_vec());
        let ask = |authorization: Option<&str>| Ask::Password {
            authorization: authorization.map(str::to_owned),
            username: "bob".to_owned(),
            password: password(b"hungry"),
        };
        assert_eq!(read(b"\0bob\0hungry"), Ok(ask(None)));
        assert_eq!(read(b"al\0bob\0hungry"), Ok(ask(Some("al"))));
        for wrong in [&b"bob\0hungry"[..], b"\0bob\0", b"\0\0hungry", b"\0bob\0a\0b", b"", b"\0bob\0\xff"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
