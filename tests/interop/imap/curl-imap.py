"""curl: imap:// and imaps://: listing, examining, reading whole and in part, searching, appending, changing flags."""

import letters
from house import BOB, PASSWORDS
from imap_side import contents, subjects
from programs import check, run

NEEDS = ("curl",)


def curl(house, scheme, path, *options):
    """curl at bob's mailboxes; returns the octets it read."""
    kept = house.folder / "read"
    kept.unlink(missing_ok=True)
    login = ("--user", f"{BOB}:{PASSWORDS[BOB]}", "--cacert", house.certificate)
    url = f"{scheme}://localhost:{house.ports[scheme]}/{path}"
    run("curl", "--silent", "--show-error", *login, "--output", kept, "--url", url, *options)
    return kept.read_bytes() if kept.exists() else b""


def case_reads_whole_and_in_part(house):
    house.put(*letters.ALL)
    stored = contents(house)
    for uid, (_, octets) in enumerate(stored, 1):
        check(curl(house, "imap", f"INBOX;UID={uid}") == octets, f"UID {uid} is not what is stored")
    check(b"Do you like ketchup?" in curl(house, "imap", "INBOX;UID=1;SECTION=TEXT"), "no text")
    check(curl(house, "imaps", "INBOX;MAILINDEX=1;SECTION=HEADER").endswith(b"\r\n\r\n"), "no header")


def case_lists_and_searches(house):
    house.put(letters.PLAIN, letters.DOTS)
    check(b"INBOX" in curl(house, "imap", ""), "INBOX is not listed")
    check(b"* 2 EXISTS" in curl(house, "imaps", "", "--request", "EXAMINE INBOX"), "not examined")
    check(curl(house, "imap", "INBOX?SUBJECT%20dots").strip() == b"* SEARCH 2", "not found")


def case_appends_and_flags(house):
    house.put(letters.PLAIN)
    new = house.file("new", letters.DOTS.replace(b"\n", b"\r\n"))
    curl(house, "imap", "INBOX", "--upload-file", new)
    curl(house, "imap", "INBOX", "--request", "STORE 1 +FLAGS (\\Flagged)")
    check(contents(house)[1][1] == new.read_bytes(), "not what was appended")
    check(dict(subjects(house))["ketchup"] == ["\\Flagged"], f"{subjects(house)}")


def case_logins(house):
    house.put(letters.PLAIN)
    for how in ("PLAIN", "LOGIN"):
        found = curl(house, "imap", "INBOX;UID=1;SECTION=TEXT", "--ssl-reqd", "--login-options", f"AUTH={how}")
        check(b"ketchup" in found, f"{how}: {found!r}")
