"""nodemailer, what most programs in JavaScript send with: STARTTLS by itself, TLS from the start, a pool."""

import letters
from house import ALICE, BOB, PASSWORDS, same, with_crlf
from programs import check, node

NEEDS = ("node", "node:nodemailer")

PROGRAM = """
const [port, how, user, password, to, path, count] = process.argv.slice(2);
const fs = require("fs");
const secure = how === "tls";
const transport = require("nodemailer").createTransport({
  host: "localhost", port: Number(port), secure, requireTLS: how === "starttls", ignoreTLS: how === "plain",
  pool: Number(count) > 1, maxConnections: 3, auth: user ? { user, pass: password } : undefined,
});
const from = user || "carol@crepes.fr";
const message = path
  ? { envelope: { from, to: [to] }, raw: fs.readFileSync(path) }
  : { from, to, subject: "Grüße", text: "one\\n.\\n..two\\n", html: "<p>one</p>", attachments: [{ filename: "a.bin", content: Buffer.alloc(99999, 7) }] };
Promise.all(Array.from({ length: Number(count) }, () => transport.sendMail(message)))
  .then((all) => { all.forEach((one) => console.log(one.response)); transport.close(); })
  .catch((error) => { console.error(error); process.exit(1); });
"""


def send(house, kind, how, user="", sent=letters.PLAIN, count=1):
    """Copies of a message to bob; without `sent`, one that nodemailer makes."""
    path = house.file("letter", with_crlf(sent)) if sent else ""
    words = (house.ports[kind], how, user, PASSWORDS.get(user, ""), BOB, path, count)
    return node(PROGRAM, *words, env={"NODE_EXTRA_CA_CERTS": str(house.certificate)})


def case_plain(house):
    for sent in letters.ALL:
        said = send(house, "smtp", "plain", sent=sent)
        check("queued as" in said, said)
        same(house.take_one(), sent)


def case_starttls(house):
    send(house, "submission", "starttls", user=ALICE)
    same(house.take_one(), letters.PLAIN)


def case_tls_from_the_start(house):
    send(house, "submissions", "tls", user=ALICE, sent=letters.DOTS)
    same(house.take_one(), letters.DOTS)


def case_a_message_of_its_own(house):
    send(house, "submissions", "tls", user=ALICE, sent=None)
    found = house.take_one()
    check(b"\r\n..two\r\n" in found and b"\r\n.\r\n" in found, f"{found!r}")


def case_pool(house):
    send(house, "smtp", "plain", count=30)
    found = house.take()
    check(len(found) == 30, f"{len(found)} messages")
    for one in found:
        same(one, letters.PLAIN)
