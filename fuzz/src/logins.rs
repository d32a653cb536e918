//! Exchanges of SASL under any input: whatever is said, only a yes to the right question lets anybody in.

use wire::sasl::line::{self, Line};
use wire::sasl::{Answer, Ask, Channel, Exchange, Mechanism, NAME_MAX, Next, Refusal};

/// An exchange. The first octet chooses mechanism and channel and what the desk says; each line after it is a response,
/// octets as they are.
///
/// # Panics
/// When a law is broken.
pub fn sasl(data: &[u8]) {
    let Some((choice, said)) = data.split_first() else { return };
    let mechanism = match choice & 3 {
        0 => Mechanism::Plain,
        1 => Mechanism::Login,
        2 => Mechanism::ScramSha256,
        _ => Mechanism::ScramSha256Plus,
    };
    let channel = Channel { exporter: (choice & 4 != 0).then_some([7; 32]), plus_offered: choice & 8 != 0 };
    let mut responses = said.split(|octet| *octet == b'\n').map(<[u8]>::to_vec);
    let initial = if choice & 16 != 0 { responses.next() } else { None };
    let mut exchange = Exchange::start(mechanism, initial, channel);
    let mut asked = None;
    // No mechanism has more than two responses and two questions.
    for _ in 0..6 {
        match exchange.next() {
            Next::Challenge(challenge) => {
                assert!(challenge.len() < 12_288 * 3 / 4, "a challenge longer than a line");
                let Some(response) = responses.next() else { return };
                exchange.response(&response);
            }
            Next::Ask(ask) => {
                sound(&ask);
                exchange.answer(answer(*choice, &ask));
                asked = Some(ask);
            }
            Next::Accepted { final_data } => {
                let right = match asked {
                    Some(Ask::Password { .. }) => final_data.is_none(),
                    Some(Ask::ScramProof { .. }) => final_data.is_some(),
                    _ => false,
                };
                assert!(right && choice & 32 == 0, "in by {asked:?}");
                return;
            }
            Next::Refused(_) | Next::Malformed(_) => return,
        }
    }
    panic!("the exchange goes round in circles");
}

/// What the desk is asked holds names that are names.
fn sound(ask: &Ask) {
    let names = match ask {
        Ask::Password { authorization, username, password } => {
            assert!(!password.0.is_empty() && !password.0.contains(&0));
            [Some(username), authorization.as_ref()]
        }
        Ask::ScramStart { authorization, username } => [Some(username), authorization.as_ref()],
        Ask::ScramProof { .. } => [None, None],
    };
    for name in names.into_iter().flatten() {
        assert!(!name.is_empty() && name.len() <= NAME_MAX && !name.contains(char::is_control), "{name:?}");
    }
}

fn answer(choice: u8, ask: &Ask) -> Answer {
    match ask {
        Ask::ScramStart { .. } => Answer::Scram { nonce: "abc".to_owned(), salt: vec![1; 16], iterations: 4096 },
        _ if choice & 32 != 0 => Answer::Refused(Refusal::Credentials),
        Ask::Password { .. } => Answer::Accepted { server_signature: None },
        Ask::ScramProof { proof, .. } => Answer::Accepted { server_signature: Some(*proof) },
    }
}

/// A line of an exchange: there is one way to write each response.
///
/// # Panics
/// When a law is broken.
pub fn line(data: &[u8]) {
    assert_eq!(line::decode(line::encode(data).as_bytes()), Ok(Line::Response(data.to_vec())));
    assert_eq!(line::decode_initial(line::encode_initial(data).as_bytes()), Ok(data.to_vec()));
    if let Ok(Line::Response(response)) = line::decode(data) {
        assert_eq!(line::encode(&response).as_bytes(), data);
    }
    if let Ok(response) = line::decode_initial(data) {
        assert!(line::encode_initial(&response).as_bytes() == data || data.is_empty());
    }
}
