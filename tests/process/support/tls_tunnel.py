"""For clients without TLS: a port on loopback whose plain connections go on to a server in TLS."""

import asyncio
import contextlib
import ssl
import threading

from support.net import Address


@contextlib.contextmanager
def tls_tunnel(address):
    """The Address to connect to instead of `address`, of the same family."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    tunnel = _Tunnel(address)
    try:
        yield asyncio.run_coroutine_threadsafe(tunnel.listen(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(tunnel.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Tunnel:
    def __init__(self, address):
        self._to = address.pair
        self._context = ssl.create_default_context()
        # Whose certificate it is does not matter here.
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._tasks = set()

    async def listen(self):
        self._server = await asyncio.start_server(self._accept, self._to[0], 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address.parse(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    async def close(self):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_connection(*self._to, ssl=self._context)
        ways = [asyncio.ensure_future(_pass_on(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for each in (writer, far_writer):
                each.close()


async def _pass_on(reader, writer):
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
