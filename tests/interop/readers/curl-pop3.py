"""curl: pop3:// with and without TLS, pop3s://, listing, reading, deleting, logins by PLAIN and LOGIN."""

import letters
from house import BOB, PASSWORDS, same
from programs import check, run

NEEDS = ("curl",)


def curl(house, scheme, kind, path, *options):
    """curl at bob's maildrop; what it read goes to a file, so that every octet is seen."""
    kept = house.folder / "read"
    kept.unlink(missing_ok=True)
    login = ("--user", f"{BOB}:{PASSWORDS[BOB]}", "--cacert", house.certificate)
    url = f"{scheme}://localhost:{house.ports[kind]}/{path}"
    run("curl", "--silent", "--show-error", *login, "--output", kept, "--url", url, *options)
    return kept.read_bytes() if kept.exists() else b""


def case_list_and_keep(house):
    house.put(*letters.ALL)
    listed = curl(house, "pop3", "pop3", "").split()
    check(len(listed) == 2 * len(letters.ALL), f"{listed}")
    for number, sent in enumerate(letters.ALL, 1):
        found = curl(house, "pop3", "pop3", number)
        check(len(found) == int(listed[2 * number - 1]), f"{len(found)} octets, listed {listed[2 * number - 1]}")
        same(found, sent)
    check(house.count() == len(letters.ALL), "reading deleted")


def case_delete(house):
    house.put(letters.PLAIN, letters.DOTS)
    curl(house, "pop3", "pop3", 1, "--request", "DELE", "--list-only")
    same(house.take_one(), letters.DOTS)


def case_stls(house):
    house.put(letters.DOTS)
    for how in ("PLAIN", "LOGIN"):
        same(curl(house, "pop3", "pop3", 1, "--ssl-reqd", "--login-options", f"AUTH={how}"), letters.DOTS)


def case_pop3s(house):
    house.put(letters.DOTS)
    same(curl(house, "pop3s", "pop3s", 1), letters.DOTS)


def case_uidl_and_top(house):
    house.put(letters.PLAIN)
    uidl = curl(house, "pop3", "pop3", "", "--request", "UIDL")
    check(len(uidl.split()) == 2, f"{uidl!r}")
    top = curl(house, "pop3", "pop3", "", "--request", "TOP 1 1")
    check(b"Do you like ketchup?\r\n" in top and b"pickles" not in top, f"{top!r}")
