"""A byte relay between unix sockets: the shortest honest one that asyncio's streams allow.

usage: relay.py LISTEN-PATH CONNECT-PATH
"""

import asyncio
import sys

BACKLOG = 4096
BYTES_PER_READ = 65536


async def copy(reader, writer):
    try:
        while data := await reader.read(BYTES_PER_READ):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(listen_path, connect_path):
    async def relay(reader, writer):
        try:
            monitor_reader, monitor_writer = await asyncio.open_unix_connection(connect_path)
        except OSError as error:
            print(error, file=sys.stderr)
            writer.close()
            return
        await asyncio.gather(copy(reader, monitor_writer), copy(monitor_reader, writer))

    server = await asyncio.start_unix_server(relay, listen_path, backlog=BACKLOG)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
