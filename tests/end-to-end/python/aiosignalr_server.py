"""A SignalR server that this project did not write: aiosignalr, with the methods of the conformance hub that it can offer.

It says where it listens, and ends when its standard input does.
"""

import asyncio
import sys

from aiosignalr.errors import HubException
from aiosignalr.server import Hub, IncomingStream, ServerOptions, SignalRServer


class ConformanceHub(Hub):
    async def CallerId(self) -> str:
        return self.context.connection_id

    async def Header(self, name) -> str:
        return self.context.http_headers.get(name.lower())

    async def Add(self, a, b) -> int:
        return a + b

    async def EchoString(self, value) -> str:
        return value

    async def Nothing(self):
        pass

    async def FailHub(self, message):
        raise HubException(message)

    async def SendToCaller(self, method, value):
        await self.clients.caller.send(method, value)

    async def Join(self, group):
        await self.groups.add(group)

    async def SendToGroup(self, group, method, value):
        await self.clients.group(group).send(method, value)

    async def Counter(self, count, delay):
        for number in range(count):
            yield number

    async def FailingHubStream(self, after, message):
        for number in range(after):
            yield number
        raise HubException(message)

    async def InfiniteStream(self, cancellation_token):
        caller = self.clients.caller

        async def tell():
            await cancellation_token.wait()
            await caller.send("StreamCanceled")

        self.context.state["telling"] = asyncio.create_task(tell())
        await asyncio.Event().wait()
        yield ""

    async def ConcatWithPrefix(self, prefix, parts: IncomingStream) -> str:
        return prefix + "".join([part async for part in parts])

    async def CatchUploadError(self, numbers: IncomingStream) -> str:
        try:
            async for _ in numbers:
                pass
        except HubException as error:
            return f"HubException: {error}"
        return "no error"

    async def Doubled(self, numbers: IncomingStream):
        async for number in numbers:
            yield 2 * number

    async def AskCaller(self, value) -> int:
        return await self.clients.caller.invoke("Double", value)


async def main():
    server = SignalRServer(ConformanceHub, options=ServerOptions())
    host, port = await server.serve(path="/hubs/conformance")
    print(f"Now listening on: http://{host}:{port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.close()


asyncio.run(main())
