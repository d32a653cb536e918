//! Does with the crate jmap-client what a mail program does; ends with an error where an answer is not what it must be.
//! `peer-jmap-client read|write|send|events|socket URL USER PASSWORD [TO]`; three letters lie in the inbox.

use futures_util::StreamExt;
use jmap_client::client::Client;
use jmap_client::client_ws::WebSocketMessage;
use jmap_client::core::query::Filter;
use jmap_client::core::set::SetObject;
use jmap_client::event_source::PushNotification;
use jmap_client::mailbox::Role;
use jmap_client::{DataType, URI, email, mailbox};
use std::error::Error;
use std::time::Duration;

type Outcome = Result<(), Box<dyn Error>>;

/// Longer than that no news is late, but lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one waits before one says it again.
const A_WHILE: Duration = Duration::from_millis(300);

const LETTER: &str = "From: alice@hamburger.edu\r\nTo: bob@crepes.fr\r\nSubject: imported\r\n\r\nHello.\r\n";

#[tokio::main]
async fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [verb, url, user, password, rest @ ..] = &words[..] else { return Err("too few words".into()) };
    // Redirects are followed to hosts that are named: /.well-known/jmap leads to the session.
    let client = Client::new().credentials((user.as_str(), password.as_str())).timeout(PATIENCE);
    let client = client.follow_redirects(["localhost"]).accept_invalid_certs(true).connect(url).await?;
    match verb.as_str() {
        "read" => read(&client).await,
        "write" => write(&client).await,
        "send" => send(&client, user, rest.first().ok_or("no recipient")?).await,
        "events" => events(&client).await,
        "socket" => socket(&client).await,
        other => Err(format!("no verb {other}").into()),
    }
}

async fn folder(client: &Client, role: Role) -> Result<String, Box<dyn Error>> {
    let mut found = client.mailbox_query(mailbox::query::Filter::role(role).into(), None::<Vec<_>>).await?;
    Ok(found.take_ids().pop().ok_or("no such mailbox")?)
}

async fn find(client: &Client, word: &str) -> Result<String, Box<dyn Error>> {
    let inbox = folder(client, Role::Inbox).await?;
    let filter = Filter::and([email::query::Filter::subject(word), email::query::Filter::in_mailbox(&inbox)]);
    let mut found = client.email_query(filter.into(), [email::query::Comparator::from()].into()).await?;
    Ok(found.take_ids().pop().ok_or("not found")?)
}

async fn read(client: &Client) -> Outcome {
    let mut request = client.build();
    let query = request.query_email().sort([email::query::Comparator::received_at().descending()]).result_reference();
    let get = request.get_email().ids_ref(query);
    get.properties([email::Property::Subject, email::Property::BodyValues]).arguments().fetch_all_body_values(true);
    let mut answers = request.send().await?.unwrap_method_responses();
    let mut emails = answers.pop().ok_or("no answer")?.unwrap_get_email()?.take_list();
    emails.sort_unstable_by_key(|email| email.subject().unwrap_or_default().to_owned());
    let subjects: Vec<&str> = emails.iter().filter_map(|email| email.subject()).collect();
    assert_eq!(subjects, ["ketchup", "large", "letters"]);
    let id = find(client, "ketchup").await?;
    let shown = [email::Property::Subject, email::Property::ThreadId, email::Property::BlobId, email::Property::Size];
    let found = client.email_get(&id, shown.into()).await?.ok_or("gone")?;
    assert_eq!(found.subject(), Some("ketchup"));
    let octets = client.download(found.blob_id().ok_or("no blob")?).await?;
    assert_eq!(octets.len(), found.size());
    let thread = client.thread_get(found.thread_id().ok_or("no thread")?).await?.ok_or("no thread")?;
    assert_eq!(thread.email_ids(), [id.as_str()]);
    let snippets = client.search_snippet_get(email::query::Filter::text("ketchup").into(), [id.as_str()]).await?;
    let snippet = snippets.snippet(&id).ok_or("no snippet")?;
    assert!(snippet.subject().is_some_and(|subject| subject.contains("<mark>")));
    Ok(())
}

async fn write(client: &Client) -> Outcome {
    let [inbox, trash] = [folder(client, Role::Inbox).await?, folder(client, Role::Trash).await?];
    let mut request = client.build();
    request.get_email().ids(Vec::<String>::new()).properties([email::Property::Id]);
    let state = request.send_get_email().await?.take_state();
    let made = client.email_import(LETTER.as_bytes().to_vec(), [&inbox], ["$draft"].into(), None).await?;
    let id = made.id().ok_or("no id")?.to_owned();
    // Not `email_set_keyword(.., false)`: it says false where RFC 8621 §4.1.1 knows true and RFC 8620 §5.3 null.
    client.email_set_keyword(&id, "$flagged", true).await?;
    client.email_set_keywords(&id, ["$seen", "important"]).await?;
    client.email_set_mailboxes(&id, [&trash]).await?;
    let shown = [email::Property::Keywords, email::Property::MailboxIds];
    let found = client.email_get(&id, shown.into()).await?.ok_or("gone")?;
    let mut keywords = found.keywords();
    keywords.sort_unstable();
    assert_eq!((keywords, found.mailbox_ids()), (vec!["$seen", "important"], vec![trash.as_str()]));
    let changes = client.email_changes(&state, None).await?;
    assert_eq!((changes.created(), changes.updated().len()), (&[id.clone()][..], 0));
    client.email_destroy(&id).await?;
    assert!(client.email_get(&id, None::<Vec<_>>).await?.is_none());
    let folder = client.mailbox_create("Sauces", None::<String>, Role::None).await?;
    let folder = folder.id().ok_or("no id")?.to_owned();
    client.mailbox_rename(&folder, "Soßen").await?;
    client.mailbox_subscribe(&folder, false).await?;
    let shown = client.mailbox_get(&folder, None::<Vec<_>>).await?.ok_or("gone")?;
    assert_eq!((shown.name(), shown.is_subscribed()), (Some("Soßen"), false));
    client.mailbox_destroy(&folder, true).await?;
    client.vacation_response_enable("Away", "I am away.".into(), None::<String>).await?;
    assert!(client.vacation_response_get(None::<Vec<_>>).await?.is_some_and(|one| one.is_enabled()));
    client.vacation_response_disable().await?;
    Ok(())
}

async fn send(client: &Client, user: &str, to: &str) -> Outcome {
    let mut request = client.build();
    request.add_capability(URI::Submission);
    request.get_identity();
    let identity = request.send_get_identity().await?.take_list().pop().ok_or("no identity")?;
    let identity = identity.id().ok_or("no id")?.to_owned();
    let drafts = folder(client, Role::Drafts).await?;
    let text = format!("From: {user}\r\nTo: {to}\r\nSubject: sent by jmap-client\r\n\r\nDo you like ketchup?\r\n");
    let made = client.email_import(text.into_bytes(), [&drafts], ["$draft"].into(), None).await?;
    let id = made.id().ok_or("no id")?.to_owned();
    let sent = client.email_submission_create_envelope(&*id, &*identity, user, [to.to_owned()]).await?;
    assert!(sent.id().is_some());
    Ok(())
}

async fn events(client: &Client) -> Outcome {
    let types = [DataType::Email, DataType::EmailDelivery, DataType::Mailbox];
    let mut stream = Box::pin(client.event_source(types.into(), false, 60.into(), None).await?);
    client.mailbox_create("Told", None::<String>, Role::None).await?;
    let event = tokio::time::timeout(PATIENCE, stream.next()).await?.ok_or("the stream ended")??;
    let PushNotification::StateChange(changes) = event else { return Err("not a change".into()) };
    assert!(changes.has_type(DataType::Mailbox));
    Ok(())
}

async fn socket(client: &Client) -> Outcome {
    let mut stream = client.connect_ws().await?;
    let mut request = client.build();
    let made = request.set_mailbox().create().name("Socket").create_id().ok_or("no creation id")?;
    let asked = request.send_ws().await?;
    let answer = tokio::time::timeout(PATIENCE, stream.next()).await?.ok_or("closed")??;
    let WebSocketMessage::Response(mut response) = answer else { return Err("not an answer".into()) };
    assert_eq!(response.request_id(), Some(asked.as_str()));
    let id = response.pop_method_response().ok_or("no answer")?.unwrap_set_mailbox()?.created(&made)?.take_id();
    client.enable_push_ws(None::<Vec<_>>, None::<&str>).await?;
    // What is changed before the server has read that is not told: then the next change is.
    for sort_order in 1..100 {
        client.mailbox_update_sort_order(&id, sort_order).await?;
        match tokio::time::timeout(A_WHILE, stream.next()).await {
            Ok(told) => {
                assert!(matches!(told.ok_or("closed")??, WebSocketMessage::PushNotification(_)));
                return Ok(());
            }
            Err(_) => continue,
        }
    }
    Err("nothing was told".into())
}
