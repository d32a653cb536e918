"""jmapc, the Python client: session, mailboxes, reading, searching, uploading, sending, events."""

import letters
from house import ALICE, BOB, PASSWORDS
from programs import check, python

NEEDS = ("python:jmapc",)

BEGIN = """
import os, sys
host, user, password, certificate = sys.argv[1:5]
os.environ["REQUESTS_CA_BUNDLE"] = certificate
from jmapc import Client, Ref, Comparator, EmailQueryFilterCondition, MailboxQueryFilterCondition
from jmapc import Address, Email, EmailAddress, EmailBodyPart, EmailBodyValue, EmailSubmission, Envelope, Mailbox
from jmapc.methods import *
client = Client.create_with_password(host=host, user=user, password=password)
"""

READ = BEGIN + """
answers = client.request([
    MailboxQuery(filter=MailboxQueryFilterCondition(role="inbox")),
    MailboxGet(ids=Ref("/ids")),
], raise_errors=True)
inbox = answers[1].response.data[0]
assert (inbox.name, inbox.total_emails, inbox.unread_emails) == ("INBOX", 3, 3), inbox
query = EmailQuery(collapse_threads=True, filter=EmailQueryFilterCondition(in_mailbox=inbox.id),
                   sort=[Comparator(property="receivedAt", is_ascending=False)], limit=10)
answers = client.request([query, EmailGet(ids=Ref("/ids"), fetch_text_body_values=True)], raise_errors=True)
emails = {email.subject: email for email in answers[1].response.data}
assert set(emails) == {"ketchup", "letters", "large"}, emails
ketchup = emails["ketchup"]
assert ketchup.mail_from[0].email == "alice@hamburger.edu", ketchup
assert "ketchup" in ketchup.body_values[ketchup.text_body[0].part_id].value
found = client.request(EmailQuery(filter=EmailQueryFilterCondition(text="привет")), raise_errors=True)
assert found.ids == [emails["letters"].id], found
state = answers[1].response.state
done = client.request(EmailSet(update={ketchup.id: {"keywords/$seen": True, "keywords/$flagged": True}}), raise_errors=True)
assert ketchup.id in done.updated, done
changes = client.request(EmailChanges(since_state=state), raise_errors=True)
assert (changes.created, changes.updated, changes.destroyed) == ([], [ketchup.id], []), changes
threads = client.request(ThreadGet(ids=[ketchup.thread_id]), raise_errors=True)
assert threads.data[0].email_ids == [ketchup.id], threads
snippet = client.request(SearchSnippetGet(filter=EmailQueryFilterCondition(text="ketchup"), ids=[ketchup.id]), raise_errors=True)
assert "<mark>ketchup</mark>" in snippet.data[0].subject, snippet
"""

SEND = BEGIN + """
to = sys.argv[5]
open("letter.bin", "wb").write(bytes(range(256)) * 4)
blob = client.upload_blob("letter.bin")
identity = client.request(IdentityGet(), raise_errors=True).data[0]
assert identity.email == user, identity
boxes = {box.role: box for box in client.request(MailboxGet(ids=None), raise_errors=True).data if box.role}
email = Email(
    mail_from=[EmailAddress(name="Alice", email=user)], to=[EmailAddress(email=to)], subject="sent by jmapc \\N{SNOWMAN}",
    keywords={"$draft": True}, mailbox_ids={boxes["drafts"].id: True},
    body_values={"text": EmailBodyValue(value="Do you like ketchup?\\n")},
    text_body=[EmailBodyPart(part_id="text", type="text/plain")],
    attachments=[EmailBodyPart(blob_id=blob.id, type="application/octet-stream", name="letter.bin", disposition="attachment")],
)
answers = client.request([
    EmailSet(create={"draft": email}),
    EmailSubmissionSet(
        create={"sub": EmailSubmission(email_id="#draft", identity_id=identity.id,
                envelope=Envelope(mail_from=Address(email=user), rcpt_to=[Address(email=to)]))},
        on_success_update_email={"#sub": {"mailboxIds": {boxes["sent"].id: True}, "keywords/$draft": None}},
    ),
], raise_errors=True)
created = answers[0].response.created["draft"]
assert answers[1].response.created["sub"], answers
after = client.request(EmailGet(ids=[created.id], properties=["mailboxIds", "keywords"]), raise_errors=True).data[0]
assert list(after.mailbox_ids) == [boxes["sent"].id] and not after.keywords, after
"""

EVENTS = BEGIN + """
from jmapc import EventSourceConfig
from jmapc.methods import MailboxSet
client = Client.create_with_password(host=host, user=user, password=password,
                                     event_source_config=EventSourceConfig(types="*", closeafter="state", ping=5))
import threading
def change():
    other = Client.create_with_password(host=host, user=user, password=password)
    other.request(MailboxSet(create={"a": Mailbox(name="Sauces")}), raise_errors=True)
timer = threading.Timer(0.2, change)
timer.start()
event = next(client.events)
timer.join()
assert event.data.changed[client.account_id].mailbox, event
"""


def case_read_search_change(house):
    house.put(letters.PLAIN, letters.EIGHT_BIT, letters.LARGE)
    python(READ, f"localhost:{house.ports['https']}", BOB, PASSWORDS[BOB], house.certificate)


def case_send_with_attachment(house):
    folder = house.folder / "work"
    folder.mkdir()
    program = f"import os\nos.chdir({str(folder)!r})\n" + SEND
    python(program, f"localhost:{house.ports['https']}", ALICE, PASSWORDS[ALICE], house.certificate, BOB)
    found = house.take_one()
    check(b"=?utf-8?" in found.lower() and b"letter.bin" in found, found[:2000])


def case_events(house):
    python(EVENTS, f"localhost:{house.ports['https']}", BOB, PASSWORDS[BOB], house.certificate)
