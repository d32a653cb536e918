#!/usr/bin/env python3
"""Mail programs of the terminal, started over the same mail: how long until the list is drawn, how much memory then.

    bench/terminal/run.py PILLARBOX BENCH [MESSAGES]

PILLARBOX and BENCH are release binaries of this project. Beside ours run, where they are installed (Debian), neomutt with
its header cache, aerc on the same Maildir, alpine on an mbox. Each is started several times; the first start, in which they
make their caches, is told apart. Prints figures; gates nothing.
"""
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROUNDS = 5
WAIT_S = 60
ROWS, COLUMNS = 40, 120


def letter(number):
    """A letter of about 1.5 KiB; the newest has the subject that is waited for."""
    words = " ".join(f"w{(number * 31 + place * place) % 5000}" for place in range(200))
    lines = "\n".join(words[start:start + 70] for start in range(0, len(words), 70))
    return (f"From: Person {number % 500} <person{number % 500}@hamburger.edu>\nTo: bob@crepes.fr\n"
            f"Subject: Letter number {number}\nMessage-ID: <{number}@hamburger.edu>\n"
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime(1_700_000_000 + number * 60))}\n\n"
            f"{lines}\n")


def fill(folder, count):
    """The same letters as a Maildir and as an mbox."""
    maildir = folder / "boxes" / "INBOX"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    with open(folder / "mbox", "w") as mbox:
        for number in range(count):
            text = letter(number)
            when = 1_700_000_000 + number * 60
            path = maildir / "cur" / f"{when}.{number}.bench:2,S"
            path.write_text(text)
            os.utime(path, (when, when))
            mbox.write(f"From person@hamburger.edu {time.asctime(time.gmtime(when))}\n{text}\n")
    return maildir


def start(command, environment, awaited):
    """Seconds until `awaited` is on the screen, and MiB of memory at that moment, of the program and its children."""
    began = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen = b""
    try:
        while awaited not in seen:
            left = WAIT_S - (time.monotonic() - began)
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                return None
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                piece = b""
            if not piece:
                print("   ", seen[-300:], file=sys.stderr)
                return None
            # Some programs ask the terminal who it is and where the cursor stands.
            if b"\x1b[c" in piece:
                os.write(terminal, b"\x1b[?62;22c")
            if b"\x1b[6n" in piece:
                os.write(terminal, b"\x1b[1;1R")
            seen += piece
        return time.monotonic() - began, memory(pid)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def memory(pid):
    kib = 0
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            kib = int(line.split()[1])
    return kib / 1024


def measure(name, command, environment, awaited):
    first = start(command, environment, awaited)
    again = [start(command, environment, awaited) for _ in range(ROUNDS)]
    if first is None or None in again:
        print(f"{name:10} the list was not drawn")
        return
    times = sorted(time for time, _ in again)
    print(f"{name:10} first {first[0] * 1000:8.0f} ms   then {times[0] * 1000:7.1f} to {times[-1] * 1000:7.1f} ms, "
          f"median {times[len(times) // 2] * 1000:7.1f}   memory {max(size for _, size in again):6.1f} MiB")


def ours(folder, binary, bench, count):
    home = folder / "home"
    (home / "config").mkdir(parents=True)
    (home / "config" / "accounts.toml").write_text(
        '[[account]]\nname = "bob"\naddress = "bob@crepes.fr"\n'
        '[account.incoming]\nkind = "imap"\nhost = "127.0.0.1"\nport = 9\nsecurity = "plain"\n')
    (home / "data" / "mirrors").mkdir(parents=True)
    filled = [bench, "mirror", str(count), str(home / "data" / "mirrors" / "bob.sqlite")]
    subprocess.run(filled, check=True, stdout=subprocess.DEVNULL)
    return [binary, "tui", "--home", str(home)], b"About w"


def neomutt(folder, maildir):
    (folder / "neomuttrc").write_text(
        f'set folder="{folder}"\nset spoolfile="{maildir}"\nset header_cache="{folder}/hcache"\nset sort=reverse-date\n'
        "set confirmappend=no\n")
    return ["neomutt", "-n", "-F", str(folder / "neomuttrc")]


def aerc(folder):
    config = folder / "config" / "aerc"
    config.mkdir(parents=True)
    for name in ("aerc.conf", "binds.conf"):
        for share in (Path("/usr/share/aerc"), Path("/usr/local/share/aerc")):
            if (share / name).exists():
                shutil.copy(share / name, config / name)
    (config / "accounts.conf").write_text(
        f"[bench]\nsource = maildir://{folder / 'boxes'}\ndefault = INBOX\nfrom = bob@crepes.fr\n")
    os.chmod(config / "accounts.conf", 0o600)
    return ["aerc"]


def alpine(folder):
    (folder / "pinerc").write_text(
        f"inbox-path={folder}/mbox\nsort-key=arrival/reverse\nlast-time-prune-questioned=999.1\nlast-version-used=9.99\n"
        "feature-list=enable-suspend,quell-folder-internal-msg\n")
    return ["alpine", "-p", str(folder / "pinerc"), "-i"]


def main():
    binary, bench = sys.argv[1], sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    folder = Path(tempfile.mkdtemp(prefix="bench-terminal-"))
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "TERM": "xterm-256color"}
    newest = f"Letter number {count - 1}"[:18].encode()
    try:
        maildir = fill(folder, count)
        command, awaited = ours(folder, binary, bench, count)
        measure("pillarbox", command, environment, awaited)
        peers = {"neomutt": lambda: neomutt(folder, maildir), "aerc": lambda: aerc(folder),
                 "alpine": lambda: alpine(folder)}
        for name, peer in peers.items():
            if shutil.which(name):
                measure(name, peer(), environment, newest)
            else:
                print(f"{name:10} is not installed")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
