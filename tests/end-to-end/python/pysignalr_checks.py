"""What pysignalr can do with the server.

    pysignalr_checks.py PROTOCOL SERVER WIRE CONTROL
"""

import asyncio
import logging
from contextlib import asynccontextmanager

from pysignalr.client import SignalRClient
from pysignalr.exceptions import ServerError
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol

from checks import PATIENCE, UNICODE, arguments, command, contains, equal, report, token

protocol, server, wire, control = arguments()
logging.getLogger("pysignalr").setLevel(logging.CRITICAL + 1)


class Peer:
    """A connection, its answers by the ids of the calls, and its notes."""

    def __init__(self, url, **more):
        kind = JSONProtocol if protocol == "json" else MessagepackProtocol
        self.client = SignalRClient(url, protocol=kind(), **more)
        self.opened = asyncio.Queue()
        self.closed = asyncio.Queue()
        self.notes = asyncio.Queue()
        self.errors = asyncio.Queue()
        self.client.on_open(lambda: self.opened.put(True))
        self.client.on_close(lambda: self.closed.put(True))
        self.client.on_error(lambda message: self.errors.put(message.error))
        self.client.on("Note", lambda values: self.notes.put(values[0]))

    async def call(self, method, *values):
        answer = asyncio.get_running_loop().create_future()

        async def answered(message):
            if not answer.done():
                answer.set_result(message)

        await self.client.send(method, list(values), answered)
        message = await asyncio.wait_for(answer, PATIENCE)
        if message.error:
            raise ServerError(message.error)
        return message.result

    async def stream(self, method, *values):
        """The items, and the error or None."""
        items, end = [], asyncio.get_running_loop().create_future()

        async def item(value):
            items.append(value)

        async def complete(_):
            end.done() or end.set_result(None)

        async def error(message):
            end.done() or end.set_result(message.error)

        await self.client.stream(method, list(values), item, complete, error)
        return items, await asyncio.wait_for(end, PATIENCE)


async def soon(queue):
    return await asyncio.wait_for(queue.get(), PATIENCE)


@asynccontextmanager
async def connected(url=None, **more):
    peer = Peer(url or f"{server}/hubs/conformance", **more)
    running = asyncio.ensure_future(peer.client.run())
    opened = asyncio.ensure_future(soon(peer.opened))
    try:
        await asyncio.wait([running, opened], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        await opened
        peer.running = running
        yield peer
    finally:
        opened.cancel()
        running.cancel()
        await asyncio.gather(running, opened, return_exceptions=True)


async def fails(call):
    try:
        value = await call
    except Exception as error:
        return str(error)
    raise AssertionError(f"{value} in place of a failure")


async def starts():
    async with connected() as peer:
        equal(await peer.call("TransportName"), "WebSockets")


async def headers():
    async with connected(f"{server}/hubs/conformance", headers={"X-Color": "green"}) as peer:
        equal(await peer.call("Header", "x-color"), "green")


async def pings():
    async with connected(f"{server}/hubs/impatient", signalr_ping_interval=1) as peer:
        await asyncio.sleep(4.2)
        equal(await peer.call("Add", 1, 2), 3)
        equal(peer.closed.qsize(), 0)


async def values():
    async with connected() as peer:
        for value in [None, True, 0, -1, 2**31 - 1, -0.125, "", UNICODE, [], [1, [2, "3"]], {"a": {"b": [None]}}]:
            equal(await peer.call("Echo", value), value)
        equal(await peer.call("Nothing"), None)


async def many_calls():
    async with connected() as peer:
        equal(await asyncio.gather(*(peer.call("Add", i, 1000) for i in range(200))), list(range(1000, 1200)))


async def large():
    async with connected() as peer:
        # The client escapes what is not ASCII.
        text = "x" * 32_000
        equal(await peer.call("EchoString", text), text)


async def errors():
    async with connected() as peer:
        equal(await fails(peer.call("Fail", "secret")), "An unexpected error occurred invoking 'Fail' on the server.")
        equal(await soon(peer.errors), "An unexpected error occurred invoking 'Fail' on the server.")
        contains(await fails(peer.call("FailHub", "told")), "HubException: told")
        contains(await fails(peer.call("Missing")), "HubException: Method does not exist.")
        equal(await peer.call("Add", 1, 2), 3)


async def sends():
    async with connected() as peer:
        for i in range(300):
            await peer.client.send("SendToCaller", ["Note", i])
        for i in range(300):
            equal(await soon(peer.notes), i)


async def groups():
    async with connected() as one, connected() as two:
        group = f"pysignalr {await one.call('CallerId')}"
        await one.call("Join", group)
        await two.call("Join", group)
        await one.call("SendToOthersInGroup", group, "Note", 1)
        await two.call("Leave", group)
        await one.call("SendToGroup", group, "Note", 2)
        await one.call("SendToClient", await two.call("CallerId"), "Note", 3)
        equal([await soon(one.notes), await soon(two.notes), await soon(two.notes)], [2, 1, 3])


async def streams():
    async with connected() as peer:
        equal(await peer.stream("Counter", 300, 0), (list(range(300)), None))
        items, error = await peer.stream("FailingHubStream", 2, "told")
        equal(items, [0, 1])
        contains(error, "HubException: told")


async def uploads():
    async with connected() as peer:
        # The client has no way to learn the result of an upload: it is enough that the server takes it.
        async with peer.client.client_stream("Concat") as upload:
            for part in ["a", "æ", "🦀"]:
                await upload.send(part)
        equal(await peer.call("Add", 1, 2), 3)
        equal(peer.errors.qsize(), 0)


async def results():
    async def double(values):
        return 2 * values[0]

    async with connected() as peer:
        contains(await peer.call("AskCallerCatching", 1), "Client didn't provide a result.")
        peer.client.on("Double", double)
        equal(await peer.call("AskCaller", 21), 42)


async def users():
    name = token(server, "py")
    async with connected(f"{server}/hubs/authorized", headers={"Authorization": f"Bearer {name}"}) as peer:
        equal(await peer.call("UserId"), "py")


async def reconnects():
    async with connected(f"{wire}/hubs/conformance") as peer:
        before = await peer.call("CallerId")
        await asyncio.to_thread(command, control, "cut")
        await soon(peer.closed)
        await soon(peer.opened)
        after = await peer.call("CallerId")
        assert before != after, "the same connection id"


async def main():
    for feature, title, check in [
        ("connection", "negotiate in version 0 and start over WebSockets", starts),
        ("connection", "headers reach the hub", headers),
        ("connection", "the server's pings and the client's keep an idle connection", pings),
        ("invoke", "values of every kind come back as they were", values),
        ("invoke", "200 calls at once are answered each with its own result", many_calls),
        ("large messages", "a message just below the limit comes back whole", large),
        ("errors", "errors of hub methods are hidden, hub errors are told", errors),
        ("sends", "300 messages come in the order in which they were sent", sends),
        ("groups", "join, send to the group, leave", groups),
        ("streaming", "all items of a stream, and the error at its end", streams),
        ("uploads", "an upload is taken", uploads),
        ("client results", "the caller answers, or says that it has no answer", results),
        ("users", "a token makes a user", users),
        ("reconnect", "a cut wire: another connection by itself", reconnects),
    ]:
        try:
            await asyncio.wait_for(check(), 2 * PATIENCE)
        except BaseException as error:
            report(feature, title, error)
        else:
            report(feature, title)
    print("done", flush=True)


asyncio.run(main())
