"""imapflow (Node): CONDSTORE and QRESYNC, COMPRESS, mailboxes, streams, flags, moves, IDLE."""

import letters
from house import BOB, PASSWORDS
from programs import check, node

NEEDS = ("node", "node:imapflow")

PROGRAM = """
const { ImapFlow } = require("imapflow");
const [port, how, user, pass] = process.argv.slice(2);
const assert = require("assert");
const options = { host: "localhost", port: Number(port), secure: how === "tls", auth: { user, pass }, logger: false, qresync: true };
if (how === "plain") options.doSTARTTLS = false;
const told = (client, name) => new Promise((done, fail) => {
  const timer = setTimeout(() => fail(new Error("never told: " + name)), 30000);
  client.once(name, (event) => { clearTimeout(timer); done(event); });
});
async function main() {
  const client = new ImapFlow(options), other = new ImapFlow(options);
  await client.connect(); await other.connect();
  await client.mailboxCreate(["Work", "Grüße"]);
  const names = (await client.list({ statusQuery: { messages: true } })).map((one) => one.path);
  assert(names.includes("Work/Grüße"), names.join());
  const box = await client.mailboxOpen("INBOX");
  assert.strictEqual(box.exists, 3);
  const subjects = {};
  for await (const message of client.fetch("1:*", { uid: true, envelope: true, bodyStructure: true, flags: true, size: true, internalDate: true, source: true, threadId: true })) {
    subjects[message.envelope.subject] = message.uid;
    assert.strictEqual(message.source.length, message.size);
  }
  assert.deepStrictEqual(Object.keys(subjects).sort(), ["dots", "ketchup", "large"]);
  const { content } = await client.download(String(subjects.large), "1", { uid: true });
  let size = 0;
  for await (const chunk of content) size += chunk.length;
  assert.strictEqual(size, 256 * 1600);
  await client.messageFlagsAdd({ uid: String(subjects.ketchup) }, ["\\\\Flagged", "Sauce"], { uid: true });
  assert.deepStrictEqual(await client.search({ keyword: "Sauce" }, { uid: true }), [subjects.ketchup]);
  const news = told(client, "exists");
  client.idle();
  await other.append("INBOX", Buffer.from("Subject: new\\r\\n\\r\\nnews\\r\\n"), ["\\\\Seen"]);
  assert.strictEqual((await news).count, 4);
  const moved = await client.messageMove(String(subjects.dots), "Work/Grüße", { uid: true });
  assert(moved.uidMap.get(subjects.dots), "no COPYUID");
  const gone = told(client, "expunge");
  await other.mailboxOpen("INBOX");
  await other.messageDelete(String(subjects.large), { uid: true });
  await gone;
  const status = await client.status("Work/Grüße", { messages: true, unseen: true, uidNext: true });
  assert.strictEqual(status.messages, 1);
  await client.mailboxRename("Work/Grüße", "Work/Kept");
  await client.mailboxDelete("Work/Kept");
  await other.logout(); await client.logout();
  console.log("done");
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


def _case(house, kind, how):
    house.put(letters.PLAIN, letters.DOTS, letters.LARGE)
    said = node(PROGRAM, house.ports[kind], how, BOB, PASSWORDS[BOB], env={"NODE_EXTRA_CA_CERTS": str(house.certificate)})
    check(said.strip().endswith("done"), said)


def case_session(house):
    _case(house, "imap", "plain")


def case_starttls(house):
    _case(house, "imap", "starttls")


def case_tls(house):
    _case(house, "imaps", "tls")
