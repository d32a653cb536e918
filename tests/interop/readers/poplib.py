"""Python's poplib: every command, STLS, TLS from the start, what QUIT and its absence do."""

import hashlib
import poplib

import letters
from house import BOB, PASSWORDS, same
from programs import check

NEEDS = ("python3",)


def login(house, client=None):
    """A session with bob's maildrop open."""
    client = client or poplib.POP3("127.0.0.1", house.ports["pop3"])
    client.user(BOB)
    client.pass_(PASSWORDS[BOB])
    return client


def refused(call, *arguments):
    """What the server says in refusing."""
    try:
        call(*arguments)
    except poplib.error_proto as said:
        return str(said)
    return check(False, f"{call} {arguments} was not refused")


def case_every_message_whole(house):
    house.put(*letters.ALL)
    client = login(house)
    count, octets = client.stat()
    check(count == len(letters.ALL), f"{count} messages")
    _, sizes, _ = client.list()
    sizes = [int(line.split()[1]) for line in sizes]
    check(sum(sizes) == octets, f"{sizes} is not {octets} in all")
    for number, sent in enumerate(letters.ALL, 1):
        _, lines, _ = client.retr(number)
        found = b"".join(line + b"\r\n" for line in lines)
        check(len(found) == sizes[number - 1], f"{len(found)} octets, listed {sizes[number - 1]}")
        same(found, sent)
    client.quit()


def case_top(house):
    house.put(letters.DOTS)
    client = login(house)
    _, whole, _ = client.retr(1)
    header = whole.index(b"") + 1
    for lines in (0, 1, 3, 10000):
        _, found, _ = client.top(1, lines)
        check(found == whole[: header + lines], f"TOP 1 {lines}: {found!r}")
    client.quit()


def case_uidl_stays(house):
    house.put(letters.PLAIN, letters.DOTS, letters.BLANKS)
    client = login(house)
    _, first, _ = client.uidl()
    client.dele(2)
    client.quit()
    client = login(house)
    _, second, _ = client.uidl()
    ids = lambda lines: [line.split()[1] for line in lines]
    check(len(set(ids(first))) == 3, f"{first}")
    check(ids(second) == [ids(first)[0], ids(first)[2]], f"{first} then {second}")
    client.quit()


def case_only_quit_deletes(house):
    house.put(letters.PLAIN, letters.DOTS)
    client = login(house)
    client.dele(1)
    client.close()
    check(house.count() == 2, "a connection that broke deleted a message")
    client = login(house)
    client.dele(1)
    check("-ERR" in refused(client.retr, 1), "a deleted message was read")
    client.rset()
    client.retr(1)
    client.quit()
    check(house.count() == 2, "RSET did not bring the message back")
    client = login(house)
    client.dele(1)
    client.quit()
    same(house.take_one(), letters.DOTS)


def case_stls(house):
    house.put(letters.PLAIN)
    client = poplib.POP3("localhost", house.ports["pop3"])
    check("STLS" in client.capa(), f"{client.capa()}")
    client.stls(context=house.tls())
    login(house, client)
    check(client.stat()[0] == 1, "no message")
    client.quit()


def case_tls_from_the_start(house):
    house.put(letters.PLAIN)
    client = login(house, poplib.POP3_SSL("localhost", house.ports["pop3s"], context=house.tls()))
    check("STLS" not in client.capa(), "STLS is offered inside TLS")
    check(client.stat()[0] == 1, "no message")
    client.quit()


def case_refusals(house):
    house.put(letters.PLAIN)
    client = poplib.POP3("127.0.0.1", house.ports["pop3"])
    client.user(BOB)
    check("[AUTH]" in refused(client.pass_, "wrong"), "no [AUTH]")
    client.user("nobody@hamburger.edu")
    check("[AUTH]" in refused(client.pass_, "wrong"), "no [AUTH]")
    login(house, client)
    for number in (0, 2, 99999999999):
        refused(client.retr, number)
    refused(client._shortcmd, "LSIT")
    check(client.stat()[0] == 1, "the session did not go on")
    client.quit()


def case_apop_only_with_a_secret(house):
    client = poplib.POP3("127.0.0.1", house.ports["pop3"])
    digest = hashlib.md5(client.welcome + b"hungry").hexdigest()
    check("-ERR" in refused(client._shortcmd, f"APOP {BOB} {digest}"), "APOP without a secret")
    client.close()
