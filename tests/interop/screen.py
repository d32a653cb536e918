"""A program on a terminal, as a person sees it: tmux runs it, keys are typed, and what stands on the screen is read."""

import os
import subprocess
import time

from programs import Failed

WIDTH, HEIGHT = 120, 40
LIMIT_S = 30
LOOK_S = 0.05


class Screen:
    """`with Screen(house, "mutt", ...) as screen`. `env` adds to the environment; HOME is the house's folder."""

    def __init__(self, house, *command, env=None):
        self.words, self.house = [str(word) for word in command], house
        self.env = {"HOME": str(house.folder), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TMUX_TMPDIR": str(house.folder), **(env or {})}

    def _tmux(self, *words):
        full = {**{key: value for key, value in os.environ.items() if key != "TMUX"}, **self.env}
        done = subprocess.run(["tmux", "-f", "/dev/null", "-L", "screen", *words], capture_output=True, env=full)
        return done.stdout.decode("utf-8", "replace")

    def __enter__(self):
        size = ("-x", str(WIDTH), "-y", str(HEIGHT))
        # A program that ends leaves its last words to be read.
        self._tmux("new-session", "-d", *size, *self.words, ";", "set", "-g", "remain-on-exit", "on", ";", "set", "-g", "escape-time", "0")
        return self

    def __exit__(self, *_):
        self._tmux("kill-server")

    def shown(self):
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p")

    def type(self, *keys):
        """Types keys by tmux's names for them: `Enter`, `C-x`; other words letter by letter."""
        for key in keys:
            self._tmux("send-keys", key)

    def see(self, *texts, gone=()):
        """Waits until all texts stand on the screen and none of `gone`; returns the screen."""
        end = time.monotonic() + LIMIT_S
        while True:
            shown = self.shown()
            if all(text in shown for text in texts) and not any(text in shown for text in gone):
                return shown
            if time.monotonic() > end:
                raise Failed(f"never on the screen: {texts}{f', or still there: {gone}' if gone else ''}\n{shown}")
            time.sleep(LOOK_S)

    def ended(self):
        """Waits until the program has ended."""
        end = time.monotonic() + LIMIT_S
        while self._tmux("list-panes", "-F", "#{pane_dead}").strip() == "0":
            if time.monotonic() > end:
                raise Failed(f"the program does not end\n{self.shown()}")
            time.sleep(LOOK_S)

    def line(self, text):
        """The line of the screen with this text."""
        return next((line for line in self.shown().splitlines() if text in line), "")
