"""Finding and running foreign programs."""

import os
import shutil
import subprocess
from pathlib import Path

# No program here needs longer on a slow machine; one that does is stuck.
LIMIT_S = 120
PEERS = Path(os.environ.get("PILLARBOX_PEERS", "target/peers"))
PYTHON = PEERS / "python/bin/python"
NODE_MODULES = PEERS / "node/node_modules"
# Debian keeps programs for administrators out of the ordinary search path.
os.environ["PATH"] += ":/usr/sbin"


class Failed(Exception):
    """A program, or what came of it, is not as it should be."""


def is_here(need):
    """`name` is a program, `python:name` a Python package, `node:name` a Node package, `rust:name` a program around a
    crate, `debian:path` a file of a Debian package that is unpacked beside, `user:root` root's rights."""
    kind, _, name = need.rpartition(":")
    if kind == "python":
        return PYTHON.exists() and subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True).returncode == 0
    if kind == "rust":
        return (PEERS / "rust/bin" / name).exists()
    if kind == "debian":
        return (PEERS / "debian" / name).exists()
    if kind == "user":
        return name == "root" and os.geteuid() == 0
    if kind == "node":
        return shutil.which("node") is not None and (NODE_MODULES / name).is_dir()
    return shutil.which(name) is not None


def run(*command, given=b"", allowed=(0,), env=None, limit_s=LIMIT_S):
    """Runs a program to its end and returns what it printed; fails if its status is not one of those allowed."""
    words = [str(word) for word in command]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    try:
        done = subprocess.run(words, input=given, capture_output=True, timeout=limit_s, env=environment)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{' '.join(words)}\nstill running after {limit_s} s\n{text(late.stdout)}{text(late.stderr)}") from None
    if done.returncode not in allowed:
        raise Failed(f"{' '.join(words)}\nended with {done.returncode}\n{text(done.stdout)}{text(done.stderr)}")
    return text(done.stdout) + text(done.stderr)


def python(source, *arguments):
    """Runs a Python program that may import the packages of the venv."""
    return run(PYTHON, "-", *arguments, given=source.encode())


def node(source, *arguments, env=None):
    """Runs a Node program that may require the packages installed beside it."""
    return run("node", "-", *arguments, given=source.encode(), env={"NODE_PATH": str(NODE_MODULES), **(env or {})})


def text(octets):
    """For people to read."""
    return (octets or b"").decode("utf-8", "replace")


def check(holds, what):
    """Fails with `what` unless it holds."""
    if not holds:
        raise Failed(what)
