"""Types a dialogue into a terminal program, a line at a time, each after the answer to the one before, as a person would."""

import subprocess
import threading

from programs import Failed, text

ANSWER_LIMIT_S = 30


class Typist:
    """A running telnet or nc. Its input is a pipe, which both take; neither wants a terminal for what is done here."""

    def __init__(self, *command):
        words = [str(word) for word in command]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.timer = threading.Timer(ANSWER_LIMIT_S, self.process.kill)
        self.timer.start()
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()

    def type(self, line):
        """Types a line and Enter."""
        self.seen.append(f"C: {line}")
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def line(self):
        """The next line that came."""
        octets = self.process.stdout.readline()
        if not octets:
            raise Failed("the connection ended early\n" + "\n".join(self.seen))
        self.seen.append("S: " + text(octets).rstrip("\r\n"))
        return text(octets).rstrip("\r\n")

    def hear(self, begin):
        """Fails unless the next line begins so; returns it. telnet's own chatter before the first is passed over."""
        line = self.line()
        while not any(heard.startswith("C: ") for heard in self.seen) and line.split(" ")[0] in ("Trying", "Connected", "Escape"):
            line = self.line()
        if not line.startswith(begin):
            raise Failed(f"expected {begin!r}\n" + "\n".join(self.seen))
        return line

    def lines(self):
        """What comes up to a line with a dot, which is taken too."""
        found = []
        while (line := self.line()) != ".":
            found.append(line)
        return found

    def hear_the_end(self):
        """Fails unless the server closes the connection now. telnet leaves by itself then; nc once its input ends too."""
        if self.process.args[0] == "nc":
            self.process.stdin.close()
        rest = [text(line).rstrip() for line in self.process.stdout if not line.startswith(b"Connection closed by foreign host")]
        if rest:
            raise Failed(f"still talking: {rest}\n" + "\n".join(self.seen))
        if self.process.wait() < 0:
            raise Failed("the server did not close the connection\n" + "\n".join(self.seen))
