"""node-pop3: reads and keeps, reads and deletes, without TLS and with TLS from the start (it has no STLS)."""

import letters
from house import BOB, PASSWORDS, same, with_crlf
from programs import check, node

NEEDS = ("node", "node:node-pop3")

PROGRAM = """
const [port, how, user, password, folder, remove] = process.argv.slice(2);
const fs = require("fs");
const Pop3Command = require("node-pop3").default || require("node-pop3");
async function main() {
  const pop3 = new Pop3Command({
    host: "localhost", port: Number(port), user, password, tls: how === "tls", servername: "localhost", timeout: 60000,
  });
  const list = await pop3.LIST();
  const ids = await pop3.UIDL();
  if (list.length !== ids.length) throw new Error("LIST and UIDL differ");
  for (const [number] of list) {
    const message = await pop3.RETR(number);
    fs.writeFileSync(folder + "/" + number, message, "utf8");
    if (remove === "true") await pop3.command("DELE", number);
  }
  await pop3.QUIT();
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


def fetch(house, kind, how, remove=False):
    """Bob's messages in order, as text that node read."""
    folder = house.folder / "read"
    folder.mkdir(exist_ok=True)
    words = (house.ports[kind], how, BOB, PASSWORDS[BOB], folder, str(remove).lower())
    node(PROGRAM, *words, env={"NODE_EXTRA_CA_CERTS": str(house.certificate)})
    paths = sorted(folder.iterdir(), key=lambda path: int(path.name))
    found = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    return found


def check_all(found):
    """All messages, as sent."""
    check(len(found) == len(letters.ALL), f"{len(found)} messages")
    for one, sent in zip(found, letters.ALL):
        # node-pop3 leaves stuffed dots in and, most times, the last line end out.
        whole = one.replace(b"\r\n..", b"\r\n.")
        same(whole if whole.endswith(with_crlf(sent)) else whole + b"\r\n", sent)


def case_keep_then_delete(house):
    house.put(*letters.ALL)
    check_all(fetch(house, "pop3", "plain"))
    check(house.count() == len(letters.ALL), "reading deleted")
    check_all(fetch(house, "pop3", "plain", remove=True))
    check(house.count() == 0, "the messages are still there")


def case_tls_from_the_start(house):
    house.put(*letters.ALL)
    check_all(fetch(house, "pop3s", "tls", remove=True))
    check(house.count() == 0, "the messages are still there")
