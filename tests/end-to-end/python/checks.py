"""What the checks of both clients share. What is printed is described at `prove`, in `src/checks.rs`."""

import socket
import sys
import urllib.request

PATIENCE = 20
UNICODE = "naïve 日本語 🦀 \u0000\u001e\u2028 <b>&amp;'\"\\/ \r\n\t"


def report(feature, title, error=None):
    if error is None:
        parts = ["ok", feature, title]
    else:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        parts = ["failed", feature, title, reason]
    print("\t".join(parts), flush=True)


def equal(actual, expected):
    assert actual == expected, f"{str(actual)[:300]} in place of {str(expected)[:300]}"


def contains(text, part):
    assert part in str(text), f"{text} without {part}"


def token(server, user):
    with urllib.request.urlopen(f"{server}/token?user={user}") as answer:
        return answer.read().decode()


def command(control, it):
    """Tells the wire."""
    host, port = control.split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as wire:
        wire.sendall(f"{it}\n".encode())
        assert wire.recv(16), "the wire does not answer"


def arguments():
    return sys.argv[1:]
