"""A way to a server that a test can cut: a TCP proxy on loopback, in a thread of its own."""

import asyncio
import contextlib
import threading


class TcpProxy:
    """A context manager; `port` is the same before and after a cut."""

    def __init__(self, target_port):
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server = None
        self._pipes = set()
        self.port = 0

    def __enter__(self):
        self._thread.start()
        self.mend()
        return self

    def __exit__(self, *_):
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self):
        """Ends every connection in the middle of what it carries, and refuses new ones."""
        self._run(self._cut())

    def mend(self):
        self._run(self._mend())

    def lead_to(self, target_port):
        """Ends what there is; new connections go there."""
        self.cut()
        self._target_port = target_port
        self.mend()

    def _run(self, step):
        asyncio.run_coroutine_threadsafe(step, self._loop).result(10)

    async def _cut(self):
        self._server.close()
        pipes = list(self._pipes)
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)

    async def _mend(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        pipe = asyncio.current_task()
        self._pipes.add(pipe)
        try:
            with contextlib.suppress(OSError):
                await self._connect_through(reader, writer)
        finally:
            writer.transport.abort()
            self._pipes.discard(pipe)

    async def _connect_through(self, reader, writer):
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1",
                                                                     self._target_port)
        try:
            await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))
        finally:
            target_writer.transport.abort()


async def _copy(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    raise ConnectionResetError  # one side's end is the other's
