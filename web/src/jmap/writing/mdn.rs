//! Receipts (RFC 9007): `MDN/send` and `MDN/parse`.

use super::mdn_form::{Disposition, EXTENSIONS_MAX, Receipt, is_extension};
use super::objects::{self, text};
use super::parse::told;
use super::set as email_set;
use super::store_email::store_fault;
use crate::blobs::Blob;
use crate::jmap::blob::BlobId;
use crate::jmap::error::{MethodError, SetError};
use crate::jmap::generic::set::Set;
use crate::jmap::limits::{GET_MAX, SET_MAX};
use crate::jmap::{Answer, Arguments, Context, Invocation, answer, ids};
use message::build::report::Report;
use message::build::{self, Mailbox};
use message::text::body_text;
use message::{Address, TransferEncoding, encoding, header, parse as parse_message};
use office::identity::Identity;
use office::jmap::Content;
use office::receipt::ReceiptFault;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::types::{AccountId, EmailId};

const SENT: &str = "$mdnsent";
/// Octets of the words for people.
const TEXT_OCTETS_MAX: usize = 64 * 1024;
const SUBJECT_OCTETS_MAX: usize = 1000;
/// Octets of a message that go back whole; of a larger one its header does.
const RETURNED_OCTETS_MAX: u64 = 1024 * 1024;
/// Octets of a header section that are read.
const HEADER_OCTETS_MAX: u64 = 256 * 1024;
/// Octets of a blob that is read as a receipt.
const PARSED_OCTETS_MAX: u64 = 8 * 1024 * 1024;

/// `MDN/send`, and the `Email/set` that notes it (RFC 9007 §2.1).
///
/// # Errors
/// The method's.
pub async fn send(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let identity: String = arguments.need("identityId")?;
    let asked: BTreeMap<String, Map<String, Value>> = arguments.need("send")?;
    let updates: BTreeMap<String, Map<String, Value>> = arguments.take("onSuccessUpdateEmail")?.unwrap_or_default();
    arguments.end()?;
    if asked.len() > SET_MAX {
        return Err(MethodError::request_too_large());
    }
    let number = context.resolve(&identity).and_then(|id| objects::read('I', id));
    let all = context.web.office().identities(context.now, account).await?;
    let identity = all.into_iter().find(|(id, _)| Some(*id) == number).map(|(_, identity)| identity);
    let identity = identity.ok_or_else(|| MethodError::invalid_arguments("There is no such identity."))?;
    // RFC 9007 §2.1: what does not set $mdnsent is not sent.
    if let Some(creation) = asked.keys().find(|creation| !updates.get(&format!("#{creation}")).is_some_and(marks)) {
        return Err(MethodError::invalid_arguments(format!(
            "onSuccessUpdateEmail does not set {SENT} for {creation:?}."
        )));
    }
    let (mut sent, mut not_sent, mut patches) = (Map::new(), Map::new(), Map::new());
    for (creation, mdn) in &asked {
        match send_one(context, account, &identity, mdn).await {
            Ok((email, told)) => {
                sent.insert(creation.clone(), told);
                let patch = updates.get(&format!("#{creation}")).cloned().unwrap_or_default();
                patches.insert(ids::of_email(account, email), Value::Object(patch));
            }
            Err(error) => {
                not_sent.insert(creation.clone(), error.json());
            }
        }
    }
    let or_null = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
    let said = json!({"accountId": ids::of_account(account), "sent": or_null(sent), "notSent": or_null(not_sent)});
    let mut answers = answer("MDN/send", said)?;
    if !patches.is_empty() {
        answers.extend(note(context, account, patches).await);
    }
    Ok(answers)
}

fn marks(patch: &Map<String, Value>) -> bool {
    let whole = patch.get("keywords").and_then(Value::as_object);
    let in_whole = whole.is_some_and(|keywords| keywords.iter().any(|(name, _)| name.eq_ignore_ascii_case(SENT)));
    let path = format!("keywords/{SENT}");
    in_whole || patch.iter().any(|(name, value)| name.eq_ignore_ascii_case(&path) && value == &Value::Bool(true))
}

async fn note(context: &mut Context<'_>, account: AccountId, patches: Map<String, Value>) -> Vec<Invocation> {
    let mut arguments = Map::new();
    arguments.insert("accountId".to_owned(), json!(ids::of_account(account)));
    arguments.insert("update".to_owned(), Value::Object(patches));
    let mut arguments = Arguments::new(arguments);
    let done = match Set::read(context, &mut arguments) {
        Ok(asked) => email_set::carry_out(context, asked).await,
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| vec![Invocation { name: "error".into(), arguments: error.json() }])
}

/// What a client asks to be said.
struct Asked {
    email: EmailId,
    subject: Option<String>,
    text: Option<String>,
    with_message: bool,
    receipt: Receipt,
}

fn read(context: &Context<'_>, account: AccountId, mdn: &Map<String, Value>) -> Result<Asked, SetError> {
    const KNOWN: [&str; 8] = [
        "forEmailId",
        "subject",
        "textBody",
        "includeOriginalMessage",
        "reportingUA",
        "disposition",
        "finalRecipient",
        "extensionFields",
    ];
    let mut wrong: Vec<&str> = mdn.keys().map(String::as_str).filter(|name| !KNOWN.contains(name)).collect();
    let mut of = |name: &'static str, octets_max| {
        text(mdn, name, octets_max).unwrap_or_else(|name| {
            wrong.push(name);
            None
        })
    };
    let (subject, body) = (of("subject", SUBJECT_OCTETS_MAX), of("textBody", TEXT_OCTETS_MAX));
    let (reporting_ua, final_recipient) =
        (of("reportingUA", SUBJECT_OCTETS_MAX), of("finalRecipient", SUBJECT_OCTETS_MAX));
    let disposition = mdn.get("disposition").and_then(Disposition::of_json);
    let with_message = mdn.get("includeOriginalMessage").map_or(Some(false), Value::as_bool);
    let extensions = match mdn.get("extensionFields") {
        None | Some(Value::Null) => Some(BTreeMap::new()),
        Some(value) => serde_json::from_value::<BTreeMap<String, String>>(value.clone())
            .ok()
            .filter(|map| map.len() <= EXTENSIONS_MAX && map.keys().all(|name| is_extension(name))),
    };
    for (name, is_wrong) in [
        ("disposition", disposition.is_none()),
        ("includeOriginalMessage", with_message.is_none()),
        ("extensionFields", extensions.is_none()),
    ] {
        if is_wrong {
            wrong.push(name);
        }
    }
    let (Some(disposition), Some(extensions), true) = (disposition, extensions, wrong.is_empty()) else {
        return Err(SetError::invalid_properties(&wrong, "They are missing, cannot be set, or have another form."));
    };
    let email = mdn.get("forEmailId").and_then(Value::as_str).and_then(|id| context.resolve(id));
    let email = email.and_then(|id| ids::email(account, id)).ok_or_else(SetError::not_found)?;
    let receipt = Receipt { reporting_ua, final_recipient, disposition, extensions, ..Receipt::default() };
    Ok(Asked { email, subject, text: body, with_message: with_message.unwrap_or(false), receipt })
}

async fn send_one(
    context: &Context<'_>,
    account: AccountId,
    identity: &Identity,
    mdn: &Map<String, Value>,
) -> Result<(EmailId, Value), SetError> {
    let mut asked = read(context, account, mdn)?;
    let office = context.web.office();
    let fault = |error: store::StoreError| store_fault(&error);
    let catalogue = office.catalogue(account, context.now).await.map_err(fault)?.ok_or_else(SetError::not_found)?;
    let row = catalogue.email(asked.email).ok_or_else(SetError::not_found)?;
    if catalogue.keywords(row.flags).iter().any(|keyword| keyword == SENT) {
        return Err(SetError::of("mdnAlreadySent").because("A receipt was sent for this e-mail before."));
    }
    let content = office.email_content(account, asked.email).await.map_err(fault)?.ok_or_else(SetError::not_found)?;
    let section = header_of(&content).await.map_err(fault)?;
    let from = Address::parse(&identity.email).map_err(|_| SetError::of("forbiddenFrom"))?;
    let to = wanted_by(&section);
    if to.is_empty() {
        return Err(SetError::not_found().because("Nobody asked for a receipt."));
    }
    complete(context, account, &mut asked.receipt, (&from, &section)).await?;
    let mut told = asked.receipt.properties();
    told.retain(|name, value| !mdn.contains_key(name) && !value.is_null());
    let message = compose(context, identity, (&from, &to), &asked, (&content, &section)).await.map_err(fault)?;
    office.send_receipt(context.now, account, (&from, &to), &message).await.map_err(|fault| match fault {
        ReceiptFault::ForbiddenFrom => SetError::of("forbiddenFrom"),
        ReceiptFault::Refused(why) => SetError::forbidden(why),
        ReceiptFault::Store(error) => store_fault(&error),
    })?;
    Ok((asked.email, Value::Object(told)))
}

async fn header_of(content: &Content) -> Result<Vec<u8>, store::StoreError> {
    let mut octets = content.read(0..content.octets(), HEADER_OCTETS_MAX).await?;
    let end = header::section_end(&octets, 0).unwrap_or(octets.len());
    octets.truncate(end);
    Ok(octets)
}

/// Who asked for a receipt (RFC 8098 §2.1).
fn wanted_by(section: &[u8]) -> Vec<Address> {
    let field = header::fields(section).find(|field| field.is("Disposition-Notification-To"));
    let entries = field.map(|field| header::addresses(field.value)).unwrap_or_default();
    message::summary::Envelope::mailboxes(&entries).filter_map(header::Mailbox::address).collect()
}

/// What the server says: for whom, of which message, and who it was first addressed to.
async fn complete(
    context: &Context<'_>,
    account: AccountId,
    receipt: &mut Receipt,
    (from, section): (&Address, &[u8]),
) -> Result<(), SetError> {
    let value = |name: &str| {
        let field = header::fields(section).find(|field| field.is(name))?;
        Some(String::from_utf8_lossy(&header::unfold(field.value)).into_owned())
    };
    receipt.original_message_id = value("Message-ID");
    receipt.original_recipient = value("Original-Recipient");
    let Some(given) = &receipt.final_recipient else {
        receipt.final_recipient = Some(format!("rfc822; {from}"));
        return Ok(());
    };
    // RFC 9007 §5: nobody says that mail of others was shown.
    let email = given.split_once(';').map_or(given.as_str(), |(_, email)| email).trim();
    match context.web.office().check_identity(account, email).await {
        Ok(_) => Ok(()),
        Err(_) => Err(SetError::of("forbiddenFrom").because("finalRecipient is not yours.")),
    }
}

/// RFC 8098 §3: words for people, fields for machines, and the message or its header.
async fn compose(
    context: &Context<'_>,
    identity: &Identity,
    (from, to): (&Address, &[Address]),
    asked: &Asked,
    (content, section): (&Content, &[u8]),
) -> Result<Vec<u8>, store::StoreError> {
    let office = context.web.office();
    let mailbox = |name: &str, address: &Address| Mailbox { name: name.to_owned(), address: address.clone() };
    let to: Vec<Mailbox> = to.iter().map(|address| mailbox("", address)).collect();
    let subject = asked.subject.clone().unwrap_or_else(|| {
        let field = header::fields(section).find(|field| field.is("Subject"));
        format!("Read: {}", field.map(|field| header::text(field.value)).unwrap_or_default())
    });
    let id = format!("<{}>", office.new_message_id(from));
    let mut head = [
        build::date(context.now, 0),
        build::addresses("From", &[mailbox(&identity.name, from)]),
        build::addresses("To", &to),
        build::text("Subject", &subject),
        build::message_id(&id),
    ]
    .concat();
    if let Some(original) = &asked.receipt.original_message_id {
        head.extend(build::message_ids("References", &[original.as_str()]));
    }
    // RFC 3834 §5
    head.extend_from_slice(b"Auto-Submitted: auto-replied\r\n");
    let whole = asked.with_message && content.octets() <= RETURNED_OCTETS_MAX;
    let returned = if whole { content.read(0..content.octets(), RETURNED_OCTETS_MAX).await? } else { section.to_vec() };
    let eight_bit = asked.with_message && build::report::is_eight_bit(&returned);
    let random = [office.draw(), office.draw()];
    let mut report = Report::begin(head, "disposition-notification", random, eight_bit);
    let usual = "The message was shown to its recipient. Whether it was read or understood nobody can say.";
    report.text(asked.text.as_deref().unwrap_or(usual));
    report.part("message/disposition-notification", &asked.receipt.write());
    if asked.with_message {
        report.part(if whole { "message/rfc822" } else { "text/rfc822-headers" }, &returned);
    }
    Ok(report.finish())
}

/// `MDN/parse` (RFC 9007 §2.2).
///
/// # Errors
/// The method's.
pub async fn parse(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let account = arguments.account(context)?;
    let blobs: Vec<String> = arguments.need("blobIds")?;
    arguments.end()?;
    if blobs.len() > GET_MAX {
        return Err(MethodError::request_too_large());
    }
    let (mut parsed, mut not_parsable, mut not_found) = (Map::new(), Vec::new(), Vec::new());
    for text in blobs {
        let id = context.resolve(&text).and_then(|text| BlobId::read(account, text));
        let blob = match id {
            Some(id) => Blob::find(context.web.office(), account, &id).await?,
            None => None,
        };
        let Some(blob) = blob else {
            not_found.push(text);
            continue;
        };
        let octets = if blob.octets().await? <= PARSED_OCTETS_MAX { blob.read_all().await? } else { Vec::new() };
        match parse_one(&octets) {
            Some(mdn) => drop(parsed.insert(text, mdn)),
            None => not_parsable.push(text),
        }
    }
    told("MDN/parse", account, parsed, (not_parsable, not_found))
}

fn parse_one(octets: &[u8]) -> Option<Value> {
    let summary = message::Summary::of(&parse_message(octets));
    let top = summary.parts.first().filter(|part| part.media_type == "multipart" && part.subtype == "report")?;
    let kind = header::parameter_text(&top.parameters, "report-type")?;
    if !kind.eq_ignore_ascii_case("disposition-notification") {
        return None;
    }
    let body = |part: &message::summary::SummaryPart| {
        let range = usize::try_from(part.body.start).ok()?..usize::try_from(part.body.end).ok()?;
        octets.get(range)
    };
    let is_for_machines = |sub: &str| matches!(sub, "disposition-notification" | "global-disposition-notification");
    let fields = summary.parts.iter().find(|part| part.media_type == "message" && is_for_machines(&part.subtype))?;
    let fields = encoding::decode(TransferEncoding::from_name(fields.encoding.as_bytes()), body(fields)?);
    let receipt = Receipt::read(&fields)?;
    let words = summary.parts.iter().find(|part| part.media_type == "text" && part.subtype == "plain");
    let words = words.and_then(|part| body_text(part, body(part)?)).map(|text| text.replace("\r\n", "\n"));
    let subject = top.envelope.as_ref().and_then(|envelope| envelope.subject.as_deref()).map(header::text);
    let returned = |part: &message::summary::SummaryPart| part.media_type == "message" && part.subtype == "rfc822";
    let mut mdn = receipt.properties();
    mdn.insert("forEmailId".to_owned(), Value::Null);
    mdn.insert("subject".to_owned(), json!(subject));
    mdn.insert("textBody".to_owned(), json!(words));
    mdn.insert("includeOriginalMessage".to_owned(), json!(summary.parts.iter().any(returned)));
    Some(Value::Object(mdn))
}
