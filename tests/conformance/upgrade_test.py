"""WebSocket through a plain Upgrade and through CONNECT: the handshake and every frame, whenever they come
(RFC 6455; RFC 9110, section 7.8)."""
import base64
import hashlib
import os
import struct

import weir
import wire
from case import BYTEWISE, CLOSED, EVERY_SPLIT, GONE, HELLO, KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Forwarded, Octets, get
from scripted_origin import CLOSE, FIN, READ, READ_HEAD, RESET, STAY, Pause, ReadOctets, Signal, Wait
from suite import ConformanceTest, table

_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_ACCEPT = base64.b64encode(hashlib.sha1(_KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
_OFFER = b"Sec-WebSocket-Key: " + _KEY + b"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate\r\nOrigin: http://a.test\r\n"
_UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
_ASK = get(b"http://<origin>/chat", _UPGRADE + _OFFER)
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + _ACCEPT + b"\r\nSec-WebSocket-Protocol: chat\r\n\r\n"


def frame(payload: bytes, opcode: int = 1, is_masked: bool = False, is_last: bool = True) -> bytes:
    """RFC 6455, section 5.2."""
    size = len(payload)
    mask_bit = 0x80 if is_masked else 0
    head = bytes([(0x80 if is_last else 0) | opcode])
    head += (bytes([mask_bit | size]) if size < 126 else bytes([mask_bit | 126]) + struct.pack("!H", size) if size < 1 << 16
             else bytes([mask_bit | 127]) + struct.pack("!Q", size))
    if not is_masked:
        return head + payload
    mask = b"\x11\x22\x33\x44"
    return head + mask + bytes(octet ^ mask[at % 4] for at, octet in enumerate(payload))


def _is_handshake(message: wire.Message) -> None:
    assert message.tokens("upgrade") == ["websocket"] and "upgrade" in message.tokens("connection"), message.fields
    assert message.one("sec-websocket-accept") == _ACCEPT and message.one("sec-websocket-protocol") == b"chat", message.fields


def _tells_of_upgrade(message: wire.Message) -> None:
    assert message.tokens("upgrade") == ["websocket"] and "upgrade" in message.tokens("connection"), message.fields


_SWITCHED = Answer(101, b"", check=_is_handshake)


def offered(run) -> None:
    """The origin was asked for the upgrade on this hop, with all that belongs to it."""
    request = wire.parse_request(bytes(run.origin.connections[0].received))
    assert request.start_line == b"GET /chat HTTP/1.1", request.start_line
    assert request.tokens("upgrade") == ["websocket"] and request.tokens("connection") == ["upgrade"], request.fields
    assert request.one("sec-websocket-key") == _KEY and request.one("sec-websocket-version") == b"13", request.fields
    assert request.one("sec-websocket-protocol") == b"chat, superchat", request.fields


def _has_read(data: bytes):
    def step(connection) -> bool:
        assert connection.received.endswith(data), f"{bytes(connection.received[-300:])!r} instead of {data[:300]!r}"
        return True
    return step


def _no_h2c(run) -> None:
    request = run.requests()[0]
    assert "h2c" not in request.tokens("upgrade") and not request.all("http2-settings"), request.fields


def switches(name: str, sent: bytes) -> Case:
    return Case(name, [sent, _SWITCHED, frame(b"hi", is_masked=True), Octets(frame(b"hello"))], offered,
                origin=[READ, _SWITCH, ReadOctets(8), frame(b"hello"), STAY])


def not_offered(name: str, fields: bytes, version: bytes = b"HTTP/1.1") -> Case:
    """The request goes on without the upgrade, and is answered like any other."""
    return Case(f"{name} is not offered on", [get(fields=fields, version=version), Answer(200, b"hello"), KEPT_OR_CLOSED],
                [Forwarded(b"GET / HTTP/1.1", absent=("upgrade", "http2-settings"))])


def declined(status: int, body: bytes = b"plain", fields: bytes = b"") -> Case:
    return Case(f"an upgrade that is declined with {status} stays plain HTTP",
                [_ASK, Answer(status, body), get(b"http://<origin>/next"), Answer(200, b"hello"), KEPT],
                origin=[READ, b"HTTP/1.1 %d Declined\r\n" % status + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body,
                        READ, HELLO])


_LONG = os.urandom(1 << 20)
_FRAMES = [("a text frame", frame(b"hello")), ("an empty frame", frame(b"")), ("a ping", frame(b"p", 9)),
           ("a pong", frame(b"p", 10)), ("a binary frame of all octets", frame(bytes(range(256)), 2)),
           ("a frame of 126 octets", frame(b"x" * 126)),
           ("a frame of 65,536 octets", frame(b"x" * 65_536, 2)), ("a frame of a megabyte", frame(_LONG, 2)),
           ("a message in fragments", frame(b"a", 1, is_last=False) + frame(b"b", 0, is_last=False) + frame(b"c", 0)),
           ("a ping among fragments", frame(b"a", 1, is_last=False) + frame(b"p", 9) + frame(b"c", 0)),
           ("what looks like HTTP", frame(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
           ("octets that are no frame", b"\xff\x00\r\n\r\n" * 9)]


@table(
    switches("an upgrade to WebSocket is offered on and switches", _ASK),
    switches("an upgrade among keep-alive, as Firefox sends it",
             get(b"http://<origin>/chat", b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" + _OFFER)),
    switches("an upgrade in lower case", get(b"http://<origin>/chat",
                                             b"connection: upgrade\r\nupgrade: websocket\r\n" + _OFFER)),
    switches("an upgrade in two Connection lines", get(b"http://<origin>/chat",
                                                       b"Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + _OFFER)),
    switches("an upgrade whose name has capitals", get(b"http://<origin>/chat",
                                                       b"Connection: Upgrade\r\nUpgrade: WebSocket\r\n" + _OFFER)),
    switches("an upgrade whose Upgrade stands before Connection",
             get(b"http://<origin>/chat", b"Upgrade: websocket\r\n" + _OFFER + b"Connection: Upgrade\r\n")),
    switches("an upgrade with a cookie and credentials", get(b"http://<origin>/chat",
            _UPGRADE + _OFFER + b"Cookie: a=b\r\nAuthorization: Basic eDp5\r\n")),
    [Case(f"{name} sent together with the 101 reaches the client", [_ASK, _SWITCHED, Octets(data)], offered,
          origin=[READ, _SWITCH + data, STAY]) for name, data in _FRAMES],
    [Case(f"{name} passes from client to origin", [_ASK, _SWITCHED, data, Octets(frame(b"got it"))], offered,
          origin=[READ, _SWITCH, ReadOctets(len(data)), _has_read(data), frame(b"got it"), STAY]) for name, data in _FRAMES],
    [Case(f"the 101 and its frame may be split {what}", [_ASK, _SWITCHED, Octets(frame(b"hello"))], offered,
          origin=[READ, *pieces, STAY]) for what, pieces in (
        ("octet by octet", [piece for octet in _SWITCH + frame(b"hello") for piece in (bytes([octet]), Pause(0.0003))]),
              ("before its empty line", [_SWITCH[:-2], Pause(0.01), b"\r\n" + frame(b"hello")]),
        ("within its empty line", [_SWITCH[:-1], Pause(0.01), b"\n" + frame(b"hello")]),
              ("behind its head", [_SWITCH, Pause(0.01), frame(b"hello")]),
              ("within its frame", [_SWITCH + frame(b"hello")[:3], Pause(0.01), frame(b"hello")[3:]]))],
    Case("the offer may be split at every position", [_ASK, _SWITCHED, Octets(frame(b"hello"))], offered,
         origin=[READ, _SWITCH + frame(b"hello"), STAY], segments=EVERY_SPLIT),
    Case("the offer may arrive octet by octet", [_ASK, _SWITCHED, Octets(frame(b"hello"))], offered,
         origin=[READ, _SWITCH + frame(b"hello"), STAY], segments=BYTEWISE),
    Case("an interim response before the 101 passes", [_ASK, Answer(101, interim=[103], check=_is_handshake),
                                                       Octets(frame(b"x"))], offered,
         origin=[READ, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _SWITCH + frame(b"x"), STAY]),
    Case("a 101 without a reason passes", [_ASK, Answer(101, check=_is_handshake), Octets(frame(b"x"))], offered,
         origin=[READ, _SWITCH.replace(b"Switching Protocols", b"") + frame(b"x"), STAY]),
    Case("a 101 with a length or a coding is passed on without them or is a 502", [_ASK, Answer((101, 502))], None,
         origin=[READ, _SWITCH.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"), STAY]),
    # Ends (RFC 6455, section 7).
    Case("a closing handshake begun by the client", [_ASK, _SWITCHED, frame(b"\x03\xe8", 8, True),
                                                     Octets(frame(b"\x03\xe8", 8)), CLOSED], offered,
         origin=[READ, _SWITCH, ReadOctets(len(frame(b"\x03\xe8", 8, True))), frame(b"\x03\xe8", 8), CLOSE]),
    Case("a closing handshake begun by the origin", [_ASK, _SWITCHED, Octets(frame(b"\x03\xe9bye", 8)),
                                                     frame(b"\x03\xe9", 8, True), CLOSED], offered,
         origin=[READ, _SWITCH + frame(b"\x03\xe9bye", 8), ReadOctets(len(frame(b"\x03\xe9", 8, True))), CLOSE]),
    Case("an origin that ends behind the 101 ends the client's connection", [_ASK, _SWITCHED, Octets(b"last"), CLOSED], offered,
         origin=[READ, _SWITCH + b"last", CLOSE]),
    Case("an origin that is reset behind the 101 resets the client's connection",
         [_ASK, _SWITCHED, Octets(b"last"), Signal("heard"), GONE], offered,
         origin=[READ, _SWITCH + b"last", Wait("heard"), RESET]),
    Case("a client's half-close behind the 101 reaches the origin, which can still send",
         [_ASK, _SWITCHED, FIN, Octets(b"still here"), CLOSED], offered,
         origin=[READ, _SWITCH, lambda connection: connection.fill() or True, b"still here", CLOSE]),
    # Declined.
    declined(200), declined(400), declined(403), declined(404), declined(503),
    declined(426, b"plain"),
    Case("a 426 says which upgrade is required", [_ASK, Answer(426, b"", check=_tells_of_upgrade), get(b"http://<origin>/next"),
                                                 Answer(200, b"hello"), KEPT],
         origin=[READ, b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
                 READ, HELLO]),
    Case("a 426 before the connection closes says which upgrade is required",
         [get(b"http://<origin>/", b"Connection: close\r\n"), Answer(426, b"", check=_tells_of_upgrade), CLOSED],
         origin=[READ, b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\nContent-Length: 0\r\n\r\n"]),
    Case("a 426 tells a client of HTTP/1.0 of no upgrade",
         [get(b"http://<origin>/", version=b"HTTP/1.0"), Answer(426, b"", fields={"upgrade": None}), KEPT_OR_CLOSED],
         origin=[READ, b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"]),
    Case("an upgrade that is declined with chunks stays plain HTTP", [_ASK, Answer(200, b"hello"), KEPT], offered,
         origin=[READ, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]),
    Case("an upgrade that is declined with a redirect stays plain HTTP", [_ASK, Answer(302, b""), KEPT], offered,
         origin=[READ, b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"]),
    Case("an upgrade to a dead origin is a 502", [get(b"http://<dead>/chat", _UPGRADE + _OFFER), Answer(502, is_own=True),
                                                  KEPT_OR_CLOSED], NOTHING),
    Case("an upgrade whose origin ends is a 502", [_ASK, Answer(502, is_own=True), KEPT_OR_CLOSED], None, origin=[READ, CLOSE]),
    # Not offered.
    not_offered("Upgrade without Connection", b"Upgrade: websocket\r\n" + _OFFER),
    not_offered("Upgrade with another Connection", b"Connection: keep-alive\r\nUpgrade: websocket\r\n" + _OFFER),
    not_offered("Upgrade of a client of HTTP/1.0", _UPGRADE + _OFFER, b"HTTP/1.0"),
    not_offered("Connection: Upgrade without Upgrade", b"Connection: Upgrade\r\n"),
    not_offered("h2c", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
    Case("h2c beside WebSocket is not offered on", [get(b"http://<origin>/chat",
                                                        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, websocket\r\nHTTP2-Settings: AAMA\r\n" + _OFFER), Answer(200, b"hello"), KEPT], _no_h2c),
    # A 101 that has no right to be.
    Case("a 101 before the body of the request is complete is a 502",
         [get(b"http://<origin>/chat", _UPGRADE + _OFFER + b"Content-Length: 100\r\n", b"POST") + b"begun",
          Answer(502, is_own=True), GONE], None, origin=[READ_HEAD, _SWITCH, STAY]),
    Case("a 101 behind the body of the request switches", [get(b"http://<origin>/chat",
            _UPGRADE + _OFFER + b"Content-Length: 5\r\n", b"POST") + b"world", _SWITCHED, Octets(b"raw")],
         [Forwarded(b"POST /chat HTTP/1.1", body=b"world")], origin=[READ, _SWITCH + b"raw", STAY]),
    Case("a 101 for a client of HTTP/1.0 is a 502", [get(b"http://<origin>/chat", _UPGRADE + _OFFER, version=b"HTTP/1.0"),
                                                     Answer(502, is_own=True), GONE], None, origin=[READ, _SWITCH, STAY]),
    Case("a 101 in answer to an ordinary request is a 502", [get(b"http://<origin>/chat"), Answer(502, is_own=True),
            KEPT_OR_CLOSED], None, origin=[READ, _SWITCH + b"raw", STAY]),
    # Through CONNECT.
    Case("a handshake and frames pass through CONNECT", [b"CONNECT <origin> HTTP/1.1\r\nHost: <origin>\r\n\r\n",
                                                         Answer(200, method="CONNECT"),
                                                         b"GET /chat HTTP/1.1\r\nHost: x\r\n" + _UPGRADE + _OFFER + b"\r\n",
                                                         Octets(_SWITCH + frame(_LONG, 2)), frame(b"bye", 8, True), CLOSED],
         None, origin=[READ, _SWITCH + frame(_LONG, 2), ReadOctets(9), CLOSE]),
    Case("frames sent behind the handshake through CONNECT are kept",
         [b"CONNECT <origin> HTTP/1.1\r\nHost: <origin>\r\n\r\nGET /chat HTTP/1.1\r\nHost: x\r\n" + _UPGRADE + _OFFER + b"\r\n",
          Answer(200, method="CONNECT"), Octets(_SWITCH)], None, origin=[READ, _SWITCH, STAY]),
)
class UpgradeTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
