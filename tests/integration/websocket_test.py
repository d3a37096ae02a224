"""WebSocket (RFC 6455) between real clients and a real server: through an upgrade of a plain request, and through CONNECT.

The server is python3-websockets, the clients are aiohttp and python3-websocket; they run as programs of Debian's Python."""
import base64
import hashlib
import json
import pathlib
import socket
import struct

import client_program
import weir
from certificates import CertificateAuthority
from dns import NameServer
from echo import ScriptedOrigin
from patience import await_that

_PYTHON = "/usr/bin/python3"  # the one that has Debian's packages
_SUPPORT = pathlib.Path(weir.__file__).parent
_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ECHOES = 7


class WebSocketTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {"ws.test": ["127.0.0.1"]})
        self.authority = CertificateAuthority(self.folder / "certificates", ["ws.test"])
        self.server = self.start("websocket_server", [_PYTHON, _SUPPORT / "websocket_server.py", self.authority.certificate_file,
                                                      self.authority.key_file])
        self.weir = weir.Weir(self)
        self.port, self.secure_port = await_that(self._events, "the server's ports", 30)[0]["ports"]

    def _events(self) -> list[dict]:
        if not self.server.is_running():
            self.fail("the WebSocket server has ended")
        return [json.loads(line) for line in self.server.stdout.splitlines(keepends=True) if line.endswith("\n")]

    def _client(self, library: str, script: str, url: str) -> dict:
        done = client_program.run(self, _PYTHON, "python3", _SUPPORT / "websocket_client.py", library, script, url, self.weir.url,
                                  self.authority.ca_file)
        return json.loads(done.stdout)

    def _expect_closed(self, path: str, code: int, reason: str, is_forwarded: bool) -> None:
        """What the client ended the connection with; it has Via when its request was forwarded and not tunnelled."""
        def ended():
            return [said for said in self._events() if said.get("path") == path]
        said, = await_that(ended, "the connection's end at the server")
        self.assertEqual((said["close_code"], said["close_reason"], said["via"] is not None), (code, reason, is_forwarded))

    def _talk_with_aiohttp(self, url: str) -> None:
        seen = self._client("aiohttp", "talk", url)
        self.assertEqual(seen, {"welcome": "welcome", "echoes": [True] * (_ECHOES + 1), "compressed": True,
                                "fragments": "one two three", "ping": "from the server", "pong": "the pong has come",
                                "own pong": "from the client", "close": [4001, "as asked"]})

    def test_an_upgrade_of_a_plain_request(self):
        self._talk_with_aiohttp(f"http://ws.test:{self.port}/plain")
        self._expect_closed("/plain", 1000, "", is_forwarded=True)
        row, = self.weir.wait_for_rows(1)
        self.assertEqual((row["method"], row["path"], row["status"], row["outcome"]), ("GET", "/plain", 101, "served"))
        self.assertGreater(min(row["bytes_sent"], row["bytes_received"]), 4_000_000)

    def test_wss_through_a_tunnel(self):
        self._talk_with_aiohttp(f"https://ws.test:{self.secure_port}/secure")
        self._expect_closed("/secure", 1000, "", is_forwarded=False)
        row, = self.weir.wait_for_rows(1)
        self.assertEqual((row["method"], row["host"], row["port"], row["outcome"]), ("CONNECT", "ws.test", self.secure_port, "served"))

    def test_another_client_through_tunnels(self):
        for scheme, port in (("ws", self.port), ("wss", self.secure_port)):
            with self.subTest(scheme=scheme):
                seen = self._client("websocket", "talk", f"{scheme}://ws.test:{port}/{scheme}")
                self.assertEqual(seen, {"welcome": "welcome", "echoes": [True] * _ECHOES, "fragments sent": "one two three",
                                        "fragments": "one two three", "pong": "the pong has come", "own pong": "from the client"})
                self._expect_closed(f"/{scheme}", 4002, "enough", is_forwarded=False)
        self.assertEqual([row["method"] for row in self.weir.wait_for_rows(2)], ["CONNECT", "CONNECT"])

    def test_a_declined_upgrade_is_a_plain_answer(self):
        self.assertEqual(self._client("aiohttp", "talk", f"http://ws.test:{self.port}/declined"), {"status": 403})
        row, = self.weir.wait_for_rows(1)
        self.assertEqual((row["status"], row["outcome"]), (403, "served"))

    def test_frames_in_one_packet_with_the_101_arrive(self):
        texts = [f"frame {number}" for number in range(5)]
        def serve(connection: socket.socket) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            key = next(line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(hashlib.sha1(key + _KEY_SUFFIX).digest()).decode()
            answer = f"HTTP/1.1 101 Go On\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            frames = b"".join(bytes([0x81, len(text)]) + text.encode() for text in texts)
            closing = struct.pack("!BBH", 0x88, 2 + len(b"done"), 4003) + b"done"
            connection.sendall(answer.encode() + frames + closing)
            while connection.recv(65536):
                pass
        origin = ScriptedOrigin(self, serve)
        seen = self._client("aiohttp", "listen", f"http://{origin.authority}/at-once")
        self.assertEqual(seen, {"texts": texts, "close": [4003, "done"]})


if __name__ == "__main__":
    weir.main()
