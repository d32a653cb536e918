"""jmap-jam, the JavaScript client, with an app password as its bearer token."""

import json
import urllib.request
import base64
import ssl

import letters
from house import BOB, PASSWORDS
from programs import NODE_MODULES, check, node

NEEDS = ("node", "node:jmap-jam")

PROGRAM = """
const [sessionUrl, bearerToken, modules] = process.argv.slice(2);
const { pathToFileURL } = require("node:url");
const assert = require("node:assert/strict");
async function main() {
  const { default: JamClient } = await import(pathToFileURL(require.resolve("jmap-jam")).href);
  const jam = new JamClient({ sessionUrl, bearerToken });
  const accountId = await jam.getPrimaryAccount();
  const [boxes] = await jam.api.Mailbox.get({ accountId });
  const inbox = boxes.list.find((box) => box.role === "inbox");
  assert.equal(inbox.totalEmails, 3);
  const [{ ids, emails }] = await jam.requestMany((t) => {
    const ids = t.Email.query({ accountId, filter: { inMailbox: inbox.id }, sort: [{ property: "size" }], limit: 10 });
    const emails = t.Email.get({ accountId, ids: ids.$ref("/ids"), properties: ["subject", "size", "blobId", "preview"] });
    return { ids, emails };
  });
  assert.deepEqual(emails.list.map((email) => email.subject).sort(), ["ketchup", "large", "letters"]);
  assert.equal(ids.ids.length, 3);
  const ketchup = emails.list.find((email) => email.subject === "ketchup");
  const response = await jam.downloadBlob({ accountId, blobId: ketchup.blobId, mimeType: "message/rfc822", fileName: "a b.eml" });
  const octets = Buffer.from(await response.arrayBuffer());
  assert.equal(octets.length, ketchup.size);
  const blob = await jam.uploadBlob(accountId, "one two three");
  assert.equal(blob.size, 13);
  const [made] = await jam.api.Mailbox.set({ accountId, create: { a: { name: "Soßen", parentId: null } } });
  const id = made.created.a.id;
  const [moved] = await jam.api.Email.set({ accountId, update: { [ketchup.id]: { mailboxIds: { [id]: true } } } });
  assert.ok(ketchup.id in moved.updated);
  const [after] = await jam.api.Mailbox.get({ accountId, ids: [id] });
  assert.equal(after.list[0].totalEmails, 1);
  await assert.rejects(jam.request(["Email/nonsense", { accountId }]));
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


def app_password(house):
    """A password for one program, made as the settings page makes one."""
    context = ssl.create_default_context(cafile=house.certificate)
    login = base64.b64encode(f"{BOB}:{PASSWORDS[BOB]}".encode()).decode()
    request = urllib.request.Request(
        f"https://localhost:{house.ports['https']}/api/account/app-passwords",
        data=json.dumps({"name": "jam", "scope": "mail", "password": PASSWORDS[BOB]}).encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        return json.load(answer)["secret"]


def case_all(house):
    house.put(letters.PLAIN, letters.EIGHT_BIT, letters.LARGE)
    url = f"https://localhost:{house.ports['https']}/.well-known/jmap"
    secret = app_password(house)
    check(secret != PASSWORDS[BOB], "an app password is no password of the user")
    node(PROGRAM, url, secret, NODE_MODULES, env={"NODE_EXTRA_CA_CERTS": str(house.certificate)})
