"""A WebSocket server (python3-websockets), run by websocket_test.py as a program of its own: CERTIFICATE KEY.

Prints the ports of ws:// and wss:// as a JSON line, then one for each connection that ended. It says "welcome" at once, and
sends back what it gets, but for these texts: fragments, ping, close. /declined is no WebSocket."""
import asyncio
import http
import json
import ssl
import sys

import websockets.server

_MESSAGE_BYTES_MAX = 1 << 25


def say(**what) -> None:
    print(json.dumps(what), flush=True)


async def talk(connection, _path) -> None:
    try:
        await connection.send("welcome")
        async for message in connection:
            if message == "fragments":
                await connection.send(["one ", "two ", "", "three"])
            elif message == "ping":
                await asyncio.wait_for(await connection.ping(b"from the server"), 30)
                await connection.send("the pong has come")
            elif message == "close":
                await connection.close(4001, "as asked")
            else:
                await connection.send(message)
    finally:
        say(path=connection.path, close_code=connection.close_code, close_reason=connection.close_reason,
            via=connection.request_headers.get("Via"))


async def decline(path, _headers):
    return (http.HTTPStatus.FORBIDDEN, [("Content-Type", "text/plain")], b"not here\n") if path == "/declined" else None


async def main(certificate: str, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    servers = [await websockets.server.serve(talk, "127.0.0.1", 0, ssl=context, max_size=_MESSAGE_BYTES_MAX,
                                             process_request=decline) for context in (None, tls)]
    say(ports=[server.sockets[0].getsockname()[1] for server in servers])
    await asyncio.Future()


asyncio.run(main(*sys.argv[1:]))
