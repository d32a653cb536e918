"""What TLS is spoken, as openssl s_client sees it: 1.2 and 1.3 with AEAD, no compression."""

import programs
from programs import check

NEEDS = ("openssl",)

# How openssl names what a client may offer. @SECLEVEL=0 lets it offer what it would itself refuse by now.
AEAD_1_2 = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305")
OTHERS_1_2 = (
    "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES128-SHA:AES128-SHA:AES256-SHA256:AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-NULL-SHA",
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA256:ADH-AES128-GCM-SHA256",
)


def shake_hands(house, *options, port="pop3s", given=b"QUIT\r\n", start=()):
    """What openssl says of a handshake, whether or not it comes about."""
    address = f"127.0.0.1:{house.ports[port]}"
    words = ("openssl", "s_client", "-connect", address, *start, "-ign_eof", *options)
    return programs.run(*words, given=given, allowed=(0, 1))


def agreed(said):
    """Whether the two came to terms: there is a cipher, and the server spoke."""
    return "Cipher is (NONE)" not in said and "+OK" in said


def case_versions(house):
    for version in ("-tls1_2", "-tls1_3"):
        said = shake_hands(house, version)
        check(agreed(said), said)
        check("Compression: NONE" in said, said)
    for version in ("-tls1", "-tls1_1"):
        said = shake_hands(house, version, "-cipher", "ALL:@SECLEVEL=0")
        check(not agreed(said), said)
        check("SSL alert number" in said or "no protocols available" in said, said)


def case_ciphers(house):
    for cipher in AEAD_1_2:
        said = shake_hands(house, "-tls1_2", "-cipher", cipher)
        check(agreed(said) and f"Cipher is {cipher}" in said, said)
    for ciphers in OTHERS_1_2:
        said = shake_hands(house, "-tls1_2", "-cipher", f"{ciphers}:@SECLEVEL=0")
        check(not agreed(said), said)
        check("handshake failure" in said, said)


def case_starttls(house):
    for start in (("-starttls", "smtp"), ("-starttls", "pop3")):
        port = {"smtp": "submission", "pop3": "pop3"}[start[1]]
        said = shake_hands(house, "-tls1_2", port=port, start=start)
        check("Cipher is ECDHE-ECDSA-" in said, said)
        said = shake_hands(house, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384", port=port, start=start)
        check("Cipher is (NONE)" in said, said)
