//! Where text, HTML and attachments go in the tree (RFC 8621 §4.1.4 read backwards, RFC 2046 §5.1, RFC 2387): what is taken
//! apart by that section's algorithm comes back as it was put together here.

use super::{Content, Entity};

/// Puts the parts of a message together: alternatives of the body, what the HTML shows inside it, and the attachments.
#[must_use]
pub fn arrange(text: Option<Entity>, html: Option<Entity>, attachments: Vec<Entity>) -> Entity {
    let (inside, beside): (Vec<Entity>, Vec<Entity>) =
        attachments.into_iter().partition(|part| html.is_some() && is_shown_inside(part));
    let html = html.map(|html| if inside.is_empty() { html } else { multipart("related", html, inside) });
    let body = match (text, html) {
        (Some(text), Some(html)) => Some(multipart("alternative", text, vec![html])),
        (text, html) => text.or(html),
    };
    match body {
        Some(body) if beside.is_empty() => body,
        Some(body) => multipart("mixed", body, beside),
        None if beside.is_empty() => {
            Entity { media_type: "text/plain".to_owned(), content: Content::Text(String::new()), ..Entity::default() }
        }
        None => {
            Entity { media_type: "multipart/mixed".to_owned(), content: Content::Parts(beside), ..Entity::default() }
        }
    }
}

/// Something the HTML names by its id (RFC 2392).
fn is_shown_inside(part: &Entity) -> bool {
    let attached = part.disposition.as_ref().is_some_and(|kind| kind.eq_ignore_ascii_case("attachment"));
    part.content_id.is_some() && !attached
}

fn multipart(kind: &str, first: Entity, rest: Vec<Entity>) -> Entity {
    let mut parameters = Vec::new();
    if kind == "related" {
        // RFC 2387 §3.1
        parameters.push(("type".to_owned(), first.media_type.clone()));
    }
    let mut parts = vec![first];
    parts.extend(rest);
    Entity { media_type: format!("multipart/{kind}"), parameters, content: Content::Parts(parts), ..Entity::default() }
}
