//! Fields with parameters: `Content-Type`, `Content-Disposition`. Owns quoting (RFC 2045 §5.1) and the form for what is not
//! ASCII or too long (RFC 2231 §3, §4).

use super::Entity;
use crate::build::fold::Folder;
use std::fmt::Write;

/// Octets of a quoted value that stand in one piece; a longer one is parted, so that no line passes 78.
const QUOTED_MAX: usize = 50;
/// Octets of one section of a parted value.
const SECTION_MAX: usize = 48;

/// The parameters of the `Content-Type`, that file name included which has no other place.
pub(super) fn of(entity: &Entity) -> Vec<(String, String)> {
    let mut list = entity.parameters.clone();
    list.retain(|(name, _)| !name.eq_ignore_ascii_case("boundary"));
    if let (None, Some(name)) = (&entity.disposition, &entity.file_name) {
        list.push(("name".to_owned(), name.clone()));
    }
    list
}

/// The whole field.
pub(super) fn field(name: &str, value: &str, parameters: &[(String, String)]) -> Vec<u8> {
    let mut words: Vec<String> = vec![value.chars().filter(|c| is_token_char(*c) || *c == '/').collect()];
    parameters.iter().for_each(|(name, value)| parameter(name, value, &mut words));
    let mut folder = Folder::new(name);
    let last = words.len() - 1;
    for (index, word) in words.iter().enumerate() {
        folder.word(&if index == last { word.clone() } else { format!("{word};") });
    }
    folder.finish()
}

fn parameter(name: &str, value: &str, words: &mut Vec<String>) {
    let name: String = name.chars().filter(|c| is_token_char(*c) && !"*'%".contains(*c)).collect();
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() {
        return;
    }
    // Readers trim what stands in quotes.
    let is_trimmed = value.trim() == value;
    let plain = value.is_ascii() && is_trimmed && !value.contains("=?") && value.len() <= QUOTED_MAX;
    if plain && !value.is_empty() && value.chars().all(is_token_char) {
        words.push(format!("{name}={value}"));
    } else if plain {
        words.push(format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
    } else {
        extended(&name, &value, words);
    }
}

/// `name*=utf-8''...`, or in sections `name*0*=utf-8''...` (RFC 2231 §4.1).
fn extended(name: &str, value: &str, words: &mut Vec<String>) {
    let mut sections = vec![String::new()];
    for c in value.chars() {
        // Some readers decode each section alone, so none parts a character.
        let mut encoded = String::new();
        for octet in c.encode_utf8(&mut [0; 4]).bytes() {
            if octet.is_ascii_alphanumeric() || b"-._~!#$&+^`{|}".contains(&octet) {
                encoded.push(char::from(octet));
            } else {
                let _ = write!(encoded, "%{octet:02X}");
            }
        }
        match sections.last_mut() {
            Some(section) if section.len() + encoded.len() <= SECTION_MAX => section.push_str(&encoded),
            _ => sections.push(encoded),
        }
    }
    if let [section] = sections.as_slice() {
        words.push(format!("{name}*=utf-8''{section}"));
        return;
    }
    for (number, section) in sections.iter().enumerate() {
        let charset = if number == 0 { "utf-8''" } else { "" };
        words.push(format!("{name}*{number}*={charset}{section}"));
    }
}

/// RFC 2045 §5.1 `token`.
fn is_token_char(c: char) -> bool {
    c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c)
}
