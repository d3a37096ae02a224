"""CONNECT: a clean 2xx once there is a connection, and from then on octets in both directions until their proper end
(RFC 9110, section 9.3.6)."""
import time

import weir
import wire
from case import (BYTEWISE, CLOSED, EVERY_SPLIT, GONE, KEPT, KEPT_OR_CLOSED, NOTHING, SMUGGLED, Answer, Case, Octets, get,
                  refusal)
from dns import NameServer
from patience import await_that, scaled
from scripted_origin import CLOSE, FIN, READ, RESET, STAY, Pause, ReadOctets, Signal, Wait
from suite import ConformanceTest, table

_HOST = b"Host: <origin>\r\n"
_CONNECT = b"CONNECT <origin> HTTP/1.1\r\n" + _HOST + b"\r\n"
_ALL = bytes(range(256))
_MUCH = _ALL * 4096  # 1 MiB
def _is_clean(message: wire.Message) -> None:
    """No length, no coding (RFC 9110, section 9.3.6), nothing that speaks of persistence."""
    for name in ("content-length", "transfer-encoding", "trailer", "content-type"):
        assert not message.all(name), message.fields
    assert "close" not in message.tokens("connection"), message.fields


_OPEN = Answer(200, b"", method="CONNECT", check=_is_clean)


def connect(fields: bytes = b"", version: bytes = b"HTTP/1.1", target: bytes = b"<origin>") -> bytes:
    return b"CONNECT " + target + b" " + version + b"\r\n" + _HOST + fields + b"\r\n"


def received(data: bytes, end: str | None = None):
    """All that the origin got, and how its connection ended."""
    def check(run):
        def has_all():
            connections = run.origin.connections
            return len(connections) == 1 and bytes(connections[0].received) == data and (end is None or connections[0].end)
        try:
            await_that(has_all, "the origin has what it must get", 10)
        except AssertionError:
            found = [(bytes(connection.received[:200]), connection.end) for connection in run.origin.connections]
            raise AssertionError(f"the origin has {found}") from None
        assert end is None or run.origin.connections[0].end == end, run.origin.connections[0].end
    return check


def opens(name: str, sent: bytes) -> Case:
    """A tunnel that carries both ways; nothing of the request itself reaches the origin."""
    return Case(name, [sent, _OPEN, Octets(b"welcome"), b"hello", Octets(b"bye"), CLOSED], received(b"hello"),
                origin=[b"welcome", ReadOctets(5), b"bye", CLOSE])


def fails(name: str, sent: bytes, *statuses: int) -> Case:
    return Case(name, [sent, Answer(statuses or 502, method="CONNECT", is_own=True), KEPT_OR_CLOSED], NOTHING)


def _ping_pong(connection) -> None:
    for _ in range(200):
        if not connection.read_octets(1):
            return
        connection.socket.sendall(b"p")


def _ping(run) -> None:
    """Two hundred turns: a delay of 40 ms in each, as Nagle's algorithm makes it, would exceed the limit of the sockets."""
    began = time.monotonic()
    for _ in range(200):
        run.client.send(b"p")
        run.take(Octets(b"p"))
    assert time.monotonic() - began < scaled(6), "a tunnel that waits for more before it sends"


def _not_smuggled(run) -> None:
    for connection in run.origin.connections:
        assert not connection.received, f"octets meant for a tunnel were executed: {bytes(connection.received)!r}"


def _await_end(connection) -> bool:
    connection.fill()
    return True


def _is_reset(run) -> None:
    run.client.read_to_end()
    assert run.client.end == "reset", f"the origin was reset, the client's connection ended by {run.client.end}"


def _again(run) -> None:
    """On the same connection, if it was kept."""
    if "close" not in run.last.tokens("connection"):
        run.client.send(run.fill_in(_CONNECT) + b"x")
        run.take(_OPEN)
        run.take(Octets(b"y"))


_AFTER_FAILURE = [
    ("to a dead port", b"CONNECT <dead> HTTP/1.1\r\nHost: <dead>\r\n\r\n", 502),
    ("to a name that does not exist", b"CONNECT nowhere.test:443 HTTP/1.1\r\nHost: nowhere.test:443\r\n\r\n", 502),
    ("to a place without a port", b"CONNECT 127.0.0.1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    ("to the proxy itself", b"CONNECT <proxy> HTTP/1.1\r\nHost: <proxy>\r\n\r\n", 403),
    ("to a denied destination", b"CONNECT 169.254.1.1:443 HTTP/1.1\r\nHost: x\r\n\r\n", 403),
]


@table(
    opens("a tunnel opens and carries both ways", _CONNECT),
    opens("a tunnel opens for a client of HTTP/1.0", connect(version=b"HTTP/1.0")),
    opens("a tunnel opens in spite of Connection: close", connect(b"Connection: close\r\n")),
    opens("a tunnel opens with Proxy-Connection", connect(b"Proxy-Connection: keep-alive\r\n")),
    opens("a tunnel opens with a length of 0", connect(b"Content-Length: 0\r\n")),
    opens("no field of CONNECT reaches the origin",
          connect(b"Proxy-Authorization: Basic eDp5\r\nUser-Agent: x\r\nCookie: a=b\r\nVia: 1.1 x\r\n")),
    opens("a tunnel opens to a name", connect(target=b"localhost:<port>")),
    opens("a tunnel opens to a name in capitals", connect(target=b"LocalHost:<port>")),
    opens("a tunnel opens to a name with a trailing dot", connect(target=b"localhost.:<port>")),
    opens("a tunnel opens with a large head", connect(b"X: " + b"y" * 16_000 + b"\r\n")),
    opens("a tunnel opens behind an empty line", b"\r\n" + _CONNECT),
    Case("CONNECT may arrive octet by octet", [_CONNECT, _OPEN, Octets(b"welcome"), b"x"], received(b"x"),
         origin=[b"welcome", STAY], segments=BYTEWISE),
    Case("CONNECT with early data may be split at every position", [_CONNECT + b"early", _OPEN, Octets(b"welcome")],
         received(b"early"), origin=[b"welcome", STAY], segments=EVERY_SPLIT),
    # RFC 9110, section 9.3.6: CONNECT has no content.
    refusal("CONNECT with a length is refused", connect(b"Content-Length: 5\r\n") + b"hello", method="CONNECT"),
    refusal("CONNECT with chunks is refused", connect(b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", method="CONNECT"),
    refusal("CONNECT with two lengths is refused", connect(b"Content-Length: 0\r\nContent-Length: 5\r\n"), method="CONNECT"),
    # Data.
    *[Case(f"{name} sent with CONNECT reaches the origin", [_CONNECT + data, _OPEN, b"!", Octets(b"done")],
           received(data + b"!"), origin=[ReadOctets(len(data) + 1), b"done", STAY])
      for name, data in (("one octet", b"x"), ("what looks like a request",
                                               b"GET http://elsewhere.test/ HTTP/1.1\r\nHost: x\r\n\r\n"),
                         ("what looks like the end of a head", b"\r\n\r\n"),
                         ("a TLS handshake", b"\x16\x03\x01\x00\xa5" + _ALL),
                         ("60,000 octets", _ALL * 234), ("a megabyte", _MUCH))],
    Case("all octets pass from client to origin", [_CONNECT, _OPEN, _ALL, Octets(b"done")], received(_ALL),
         origin=[ReadOctets(256), b"done", STAY]),
    Case("all octets pass from origin to client", [_CONNECT, _OPEN, Octets(_ALL)], received(b""), origin=[_ALL, STAY]),
    Case("an origin that speaks at once is heard behind the answer", [_CONNECT, _OPEN, Octets(b"220 ready\r\n"), CLOSED],
         received(b""), origin=[b"220 ready\r\n", CLOSE]),
    Case("what looks like HTTP in a tunnel is not touched", [_CONNECT, _OPEN,
            b"GET / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: x\r\n\r\n", Octets(b"HTTP/1.1 100\nfoo\r\r\n")],
         received(b"GET / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: x\r\n\r\n"),
         origin=[ReadOctets(20), b"HTTP/1.1 100\nfoo\r\r\n", STAY]),
    Case("single octets go to and fro without a delay", [_CONNECT, _OPEN, _ping], None, origin=[_ping_pong]),
    Case("a large answer to a small question arrives whole", [_CONNECT, _OPEN, b"?", Octets(_MUCH), CLOSED], received(b"?"),
         origin=[ReadOctets(1), _MUCH, CLOSE]),
    # Ends.
    Case("the client's half-close reaches the origin, which can still answer",
         [_CONNECT, _OPEN, b"question", FIN, Octets(b"answer"), CLOSED], received(b"question"),
         origin=[ReadOctets(8), _await_end, Pause(0.02), b"answer", CLOSE]),
    Case("the origin's half-close reaches the client, which can still send",
         [_CONNECT, _OPEN, Octets(b"bye"), CLOSED, b"more", FIN], received(b"more", "fin"), origin=[b"bye", FIN, STAY]),
    Case("a half-close before any octet passes", [_CONNECT, _OPEN, FIN, Octets(b"answer"), CLOSED], received(b""),
         origin=[_await_end, b"answer", CLOSE]),
    Case("a half-close sent together with CONNECT passes", [_CONNECT, FIN, _OPEN, Octets(b"answer"), CLOSED],
         received(b"", "left"), origin=[_await_end, b"answer", CLOSE]),
    Case("a half-close sent together with CONNECT and data passes", [_CONNECT + b"data", FIN, _OPEN, Octets(b"answer"), CLOSED],
         received(b"data", "left"), origin=[ReadOctets(4), _await_end, b"answer", CLOSE]),
    Case("all that the client sent before its end arrives", [_CONNECT, _OPEN, _MUCH, FIN, CLOSED], received(_MUCH, "fin"),
         origin=[Pause(0.1), STAY]),
    Case("all that the origin sent before its end arrives", [_CONNECT, _OPEN, Pause(0.1), Octets(_MUCH), CLOSED], received(b""),
         origin=[_MUCH, CLOSE]),
    Case("a close of the client ends the origin's connection", [_CONNECT, _OPEN, b"x"], received(b"x", "fin")),
    Case("a reset by the client reaches the origin", [_CONNECT, _OPEN, b"x", Wait("read"), RESET], received(b"x", "reset"),
         origin=[ReadOctets(1), Signal("read"), STAY]),
    Case("a reset by the origin reaches the client", [_CONNECT, _OPEN, b"x", _is_reset], None, origin=[ReadOctets(1), RESET]),
    Case("what the origin sent before its reset is not held back",
         [_CONNECT, _OPEN, Octets(b"last words"), Signal("heard"), GONE], None, origin=[b"last words", Wait("heard"), RESET]),
    # Failures.
    fails("CONNECT to a dead port is a 502", b"CONNECT <dead> HTTP/1.1\r\nHost: x\r\n\r\n"),
    fails("CONNECT to a name that does not exist is a 502", b"CONNECT nowhere.test:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
    fails("CONNECT to a dead port from a client of HTTP/1.0 is a 502", b"CONNECT <dead> HTTP/1.0\r\n\r\n"),
    fails("CONNECT to the proxy itself is refused", b"CONNECT <proxy> HTTP/1.1\r\nHost: x\r\n\r\n", 403, 502, 508),
    fails("CONNECT to a denied destination is refused", b"CONNECT 169.254.1.1:443 HTTP/1.1\r\nHost: x\r\n\r\n", 403),
    fails("CONNECT to the unspecified address is refused", b"CONNECT 0.0.0.0:<port> HTTP/1.1\r\nHost: x\r\n\r\n", 403, 502),
    fails("CONNECT to a multicast address is refused", b"CONNECT 224.0.0.1:<port> HTTP/1.1\r\nHost: x\r\n\r\n", 403, 502),
    fails("CONNECT to the metadata service is refused", b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n", 403),
    # What came with a CONNECT was meant for the tunnel: it is never a request, whatever became of the tunnel.
    *[Case(f"early data of a CONNECT {name} is never executed", [sent + SMUGGLED,
            Answer((status, 502), method="CONNECT", is_own=True), CLOSED], _not_smuggled) for name, sent,
      status in _AFTER_FAILURE],
    *[Case(f"early data that comes behind a CONNECT {name} is never executed octet by octet",
           [sent + SMUGGLED, Answer((status, 502), method="CONNECT", is_own=True), CLOSED], _not_smuggled, segments=BYTEWISE)
      for name, sent, status in _AFTER_FAILURE[2:3]],
    Case("a client may try another CONNECT when one has failed",
         [b"CONNECT <dead> HTTP/1.1\r\nHost: x\r\n\r\n", Answer(502, method="CONNECT", is_own=True), _again], None,
         origin=[ReadOctets(1), b"y", STAY]),
    Case("a tunnel opens behind ordinary requests", [get(b"http://<second>/"), Answer(200, b"hello"), _CONNECT, _OPEN, b"x",
                                                     Octets(b"y")], None, origin=[ReadOctets(1), b"y", STAY],
         second=[READ, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]),
    Case("a CONNECT pipelined behind a request opens its tunnel after the answer",
         [get(b"http://<second>/") + _CONNECT + b"x", Answer(200, b"hello"), _OPEN, Octets(b"y")], None,
         origin=[ReadOctets(1), b"y", STAY],
         second=[READ, Pause(0.05), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]),
    Case("a request to an origin does not use a tunnel's connection", [get(b"http://<origin>/"), Answer(200, b"hello"), KEPT],
         None),
)
class ConnectTest(ConformanceTest):
    @classmethod
    def prepare(cls, host):
        NameServer(host, {})


if __name__ == "__main__":
    weir.main()
