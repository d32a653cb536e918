//! `Rendering/get` of the capability `urn:pillarbox:jmap:webmail`: what docs/webmail-safety.md says of it. Owns arguments and
//! JSON; rendering is beside it.

use super::frame::{self, Theme};
use super::letter::Rendered;
use super::signed::Claim;
use super::{FRAME_PREFIX, reading};
use crate::jmap::{Answer, Arguments, Context, MethodError, answer, ids};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::types::AccountId;

/// Messages of one call: a conversation, a page of it at a time.
pub const MESSAGES_MAX: usize = 50;
/// Octets of HTML and text of one answer: more than fifty newsletters, less than memory.
pub const ANSWER_MAX: usize = 24 * 1024 * 1024;

/// `Rendering/get`.
///
/// # Errors
/// `accountNotFound`, `invalidArguments`, `requestTooLarge`, the store's.
pub async fn get(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let wanted: Vec<String> = arguments.need("ids")?;
    let allow_remote = arguments.flag("allowRemote", false)?;
    let theme: Theme = arguments.take("theme")?.unwrap_or_default();
    arguments.end()?;
    if wanted.len() > MESSAGES_MAX {
        return Err(MethodError::request_too_large());
    }
    let trusted = super::trusted(context.caller.address.domain().cloned().as_slice());
    let (mut list, mut not_found, mut octets) = (Vec::new(), Vec::new(), 0);
    let mut seen = BTreeSet::new();
    for id in wanted.into_iter().map(|id| context.resolve(&id).map(str::to_owned).unwrap_or(id)) {
        if !seen.insert(id.clone()) {
            continue;
        }
        let claim = ids::email(account, &id).map(|email| Claim {
            account,
            email,
            part: None,
            allow_remote,
            dark: theme == Theme::Dark,
        });
        let rendered = match claim {
            Some(claim) => reading::render(context.web, claim, trusted.clone()).await?.map(|own| (claim, own)),
            None => None,
        };
        let Some((claim, rendered)) = rendered else {
            not_found.push(id);
            continue;
        };
        octets += rendered.html.as_ref().map_or(0, String::len) + rendered.plain.len() + rendered.text.len();
        if octets > ANSWER_MAX {
            return Err(MethodError::request_too_large().because("Ask for fewer of these messages at once."));
        }
        list.push(tell(context, &id, claim, rendered));
    }
    finish(account, list, not_found)
}

fn finish(account: AccountId, list: Vec<Value>, not_found: Vec<String>) -> Answer {
    answer("Rendering/get", json!({"accountId": ids::of_account(account), "list": list, "notFound": not_found}))
}

fn tell(context: &Context<'_>, id: &str, claim: Claim, rendered: Rendered) -> Value {
    let frame = rendered.html.as_ref().map(|_| {
        let token = context.web.rendering().signer().token(&claim, context.now);
        format!("{FRAME_PREFIX}{token}")
    });
    let policy = frame.as_ref().map(|_| frame::policy(None, claim.allow_remote));
    let plain = rendered.html.is_none().then_some(rendered.plain);
    let lines = rendered.text.lines().count();
    let characters = rendered.text.chars().count();
    json!({
        "id": id,
        "html": rendered.html,
        "plain": plain,
        "text": rendered.text,
        "frame": frame,
        "frameCsp": policy,
        "remoteCount": rendered.remote,
        "remoteHosts": rendered.remote_hosts,
        "trackers": rendered.trackers,
        "trackerHosts": rendered.tracker_hosts,
        "links": rendered.links,
        "sender": rendered.sender,
        "extent": {"characters": characters, "lines": lines, "pictures": rendered.picture_height},
        "coloured": rendered.coloured,
        "shortened": rendered.shortened,
    })
}
