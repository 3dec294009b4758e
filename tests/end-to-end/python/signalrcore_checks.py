"""What signalrcore can do with the server.

    signalrcore_checks.py PROTOCOL TRANSPORT SERVER WIRE CONTROL
"""

import logging
import os
import queue
import threading
from contextlib import contextmanager

from signalrcore.hub_connection_builder import HubConnectionBuilder
from signalrcore.subject import Subject
from signalrcore.types import HttpTransportType, HubProtocolEncoding

from checks import PATIENCE, UNICODE, arguments, command, contains, equal, report, token

protocol, transport, server, wire, control = arguments()
encoding = HubProtocolEncoding.text if protocol == "json" else HubProtocolEncoding.binary


class Peer:
    """A connection and what it hears."""

    def __init__(self, url, options, reconnect):
        builder = (
            HubConnectionBuilder()
            .with_url(url, options={"transport": HttpTransportType(transport), **options})
            .configure_logging(logging.CRITICAL + 1)
            .with_hub_protocol(encoding)
        )
        if reconnect:
            builder = builder.with_automatic_reconnect({"type": "interval", "intervals": [0.2] * 20, "keep_alive_interval": 5})
        self.opened, self.notes, self.errors = (queue.Queue() for _ in range(3))
        self.connection = builder.build()
        self.connection.on_reconnect(lambda: self.opened.put(True))
        self.connection.on_open(lambda: self.opened.put(True))
        self.connection.on_error(self.errors.put)
        self.connection.on("Note", lambda values: self.notes.put(values[0]))

    def call(self, method, *values):
        answers = queue.Queue()
        self.connection.send(method, list(values), answers.put)
        return answers.get(timeout=PATIENCE).result

    def fails(self, method, *values):
        """The client tells errors in one place, whoever asked."""
        self.connection.send(method, list(values))
        return self.errors.get(timeout=PATIENCE).error


@contextmanager
def connected(path="/hubs/conformance", via=server, options=None, reconnect=False):
    peer = Peer(f"{via}{path}", options or {}, reconnect)
    peer.connection.start()
    try:
        peer.opened.get(timeout=PATIENCE)
        yield peer
    finally:
        # The client waits for its reader, and that for the server's next word: a ping, at the latest.
        threading.Thread(target=peer.connection.stop, daemon=True).start()


def starts():
    with connected() as peer:
        equal(peer.call("TransportName"), transport)


def headers():
    with connected(options={"headers": {"X-Color": "green"}}) as peer:
        equal(peer.call("Header", "x-color"), "green")


def values():
    with connected() as peer:
        for value in [None, True, 0, -1, 2**31 - 1, -0.125, "", UNICODE, [], [1, [2, "3"]], {"a": {"b": [None]}}]:
            equal(peer.call("Echo", value), value)
        equal(peer.call("Nothing"), None)


def large():
    with connected() as peer:
        # The client escapes what is not ASCII.
        text = "x" * 32_000
        equal(peer.call("EchoString", text), text)


def errors():
    with connected() as peer:
        equal(peer.fails("Fail", "secret"), "An unexpected error occurred invoking 'Fail' on the server.")
        contains(peer.fails("FailHub", "told"), "HubException: told")
        contains(peer.fails("Missing"), "HubException: Method does not exist.")
        equal(peer.call("Add", 1, 2), 3)


def sends():
    with connected() as peer:
        for i in range(100):
            peer.connection.send("SendToCaller", ["Note", i])
        for i in range(100):
            equal(peer.notes.get(timeout=PATIENCE), i)


def groups():
    with connected() as one, connected() as two:
        group = f"signalrcore {one.call('CallerId')}"
        one.call("Join", group)
        two.call("Join", group)
        one.call("SendToOthersInGroup", group, "Note", 1)
        two.call("Leave", group)
        one.call("SendToGroup", group, "Note", 2)
        one.call("SendToClient", two.call("CallerId"), "Note", 3)
        equal([one.notes.get(timeout=PATIENCE), two.notes.get(timeout=PATIENCE), two.notes.get(timeout=PATIENCE)], [2, 1, 3])


def streams():
    with connected() as peer:
        items, end = [], threading.Event()
        # This client listens for items only after it has sent its call, in another thread than it reads: the first ones may
        # be lost to it. So they come slowly, and what it hears has to be all from there on.
        peer.connection.stream("Counter", [100, 10]).subscribe(
            {"next": items.append, "complete": lambda _: end.set(), "error": lambda _: end.set()}
        )
        assert end.wait(PATIENCE), "the stream has no end"
        assert items, "the stream has no items"
        equal(items, list(range(items[0], 100)))


def uploads():
    with connected() as peer:
        # The client has no way to learn the result of an upload: it is enough that the server takes it.
        upload = Subject()
        peer.connection.send("Concat", upload)
        for part in ["a", "æ", "🦀"]:
            upload.next(part)
        upload.complete()
        equal(peer.call("Add", 1, 2), 3)
        equal(peer.errors.qsize(), 0)


def users():
    options = {"access_token_factory": lambda: token(server, "core")}
    with connected("/hubs/authorized", options=options) as peer:
        equal(peer.call("UserId"), "core")


def reconnects():
    with connected(via=wire, reconnect=True) as peer:
        before = peer.call("CallerId")
        command(control, "cut")
        peer.opened.get(timeout=PATIENCE)
        after = peer.call("CallerId")
        assert before != after, "the same connection id"


# What the client writes as an upload in MessagePack, the original does not understand either.
for feature, title, check in [
    ("connection", "start over the transport", starts),
    ("connection", "headers reach the hub", headers),
    ("invoke", "values of every kind come back as they were", values),
    ("large messages", "a message just below the limit comes back whole", large),
    ("errors", "errors of hub methods are hidden, hub errors are told", errors),
    ("sends", "100 messages come in the order in which they were sent", sends),
    ("groups", "join, send to the group, leave", groups),
    ("streaming", "all items of a stream, in order", streams),
    *([("uploads", "an upload is taken", uploads)] if protocol == "json" else []),
    ("users", "a token makes a user", users),
    ("reconnect", "a cut wire: another connection by itself", reconnects),
]:
    try:
        check()
    except BaseException as error:
        report(feature, title, error)
    else:
        report(feature, title)
print("done", flush=True)
# The client leaves threads behind.
os._exit(0)
