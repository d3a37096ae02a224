"""WebSocket clients, run by websocket_test.py as a program of its own: LIBRARY SCRIPT URL PROXY CA_FILE.

LIBRARY is aiohttp (absolute-form for http, CONNECT for https) or websocket (python3-websocket, CONNECT for both). SCRIPT is
`talk`, a conversation with websocket_server.py, or `listen`, until the server closes. Prints what was seen as JSON."""
import asyncio
import hashlib
import json
import ssl
import sys
import urllib.parse

_SIZES = (0, 1, 125, 126, 65_535, 65_536, 4_000_000)
_TIMEOUT_S = 60.0


def blob(size: int) -> bytes:
    """Does not compress, so that its size on the wire is its size."""
    return hashlib.shake_256(b"weir").digest(size)


async def with_aiohttp(script: str, url: str, proxy: str, ca_file: str) -> dict:
    import aiohttp
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    tls = ssl.create_default_context(cafile=ca_file)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.ws_connect(url, proxy=proxy, ssl=tls if url.startswith(("https", "wss")) else None, max_msg_size=0,
                                          autoping=False, autoclose=True, compress=15) as connection:
                return await (talk_aiohttp if script == "talk" else listen_aiohttp)(connection)
        except aiohttp.WSServerHandshakeError as error:
            return {"status": error.status}


async def talk_aiohttp(connection) -> dict:
    async def receive():
        return (await connection.receive(_TIMEOUT_S)).data
    seen = {"welcome": await receive(), "echoes": [], "compressed": connection._writer.compress != 0}
    for size in _SIZES:
        await connection.send_bytes(blob(size))
        seen["echoes"].append(await receive() == blob(size))
    await connection.send_str("text ä" * 10_000)
    seen["echoes"].append(await receive() == "text ä" * 10_000)
    await connection.send_str("fragments")
    seen["fragments"] = await receive()
    await connection.send_str("ping")
    seen["ping"] = (await receive()).decode()
    await connection.pong(b"from the server")
    seen["pong"] = await receive()
    await connection.ping(b"from the client")
    seen["own pong"] = (await receive()).decode()
    await connection.send_str("close")
    message = await connection.receive(_TIMEOUT_S)
    return {**seen, "close": [message.data, message.extra]}


async def listen_aiohttp(connection) -> dict:
    texts = []
    while (message := await connection.receive(_TIMEOUT_S)).type.name == "TEXT":
        texts.append(message.data)
    return {"texts": texts, "close": [message.data, message.extra]}


def with_websocket(script: str, url: str, proxy: str, ca_file: str) -> dict:
    import websocket
    from websocket import ABNF
    where = urllib.parse.urlsplit(proxy)
    connection = websocket.create_connection(url, http_proxy_host=where.hostname, http_proxy_port=where.port, proxy_type="http",
                                             sslopt={"ca_certs": ca_file}, timeout=_TIMEOUT_S)
    assert script == "talk"
    seen = {"welcome": connection.recv(), "echoes": []}
    for size in _SIZES:
        connection.send_binary(blob(size))
        seen["echoes"].append(connection.recv() == blob(size))
    parts = [("one ", ABNF.OPCODE_TEXT, 0), ("two ", ABNF.OPCODE_CONT, 0), ("", ABNF.OPCODE_CONT, 0), ("three", ABNF.OPCODE_CONT, 1)]
    for text, code, is_last in parts:
        connection.send_frame(ABNF.create_frame(text, code, is_last))
    seen["fragments sent"] = connection.recv()
    connection.send("fragments")
    seen["fragments"] = connection.recv()
    connection.send("ping")
    seen["pong"] = connection.recv()  # It answers pings by itself.
    connection.ping("from the client")
    code, frame = connection.recv_data_frame(control_frame=True)
    seen["own pong"] = frame.data.decode() if code == ABNF.OPCODE_PONG else None
    connection.close(status=4002, reason=b"enough")
    return seen


def main(library: str, *arguments: str) -> None:
    seen = asyncio.run(with_aiohttp(*arguments)) if library == "aiohttp" else with_websocket(*arguments)
    print(json.dumps(seen))


main(*sys.argv[1:])
