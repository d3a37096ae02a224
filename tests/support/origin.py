"""An HTTP/1.1 origin whose answers are scripted to the octet, over plain TCP or TLS.

One thread for each connection. A route is a function of an Exchange; without one a path answers by its own name:
  /echo           what arrived, as JSON           /bytes/N   N octets of known length
  /chunked/N      the same in chunks              /close/N   the same, ended by closing
  /status/N       that status without a body      anything else  200 "hello from PATH"
"""
import dataclasses
import hashlib
import json
import socket
import ssl
import struct
import threading
from typing import Callable, Iterable

from raw_client import parse_head

_READ_BYTES = 1 << 18
_HEAD_BYTES_MAX = 1 << 20
_CHUNK_BYTES = 7919  # prime, so that chunk borders meet no other borders
_IDLE_S = 300.0
_BLOCK = hashlib.shake_256(b"weir").digest((1 << 20) + 1)  # an odd length, so that no two repeats fall on a page border


def content(count: int) -> bytes:
    """`count` octets that are the same each time."""
    return (_BLOCK * (count // len(_BLOCK) + 1))[:count]


def content_blocks(count: int) -> Iterable[bytes]:
    """The same octets, in blocks, for sizes that memory should not hold."""
    while count > 0:
        yield _BLOCK[:count] if count < len(_BLOCK) else _BLOCK
        count -= len(_BLOCK)


def content_hash(count: int) -> str:
    digest = hashlib.sha256()
    for block in content_blocks(count):
        digest.update(block)
    return digest.hexdigest()


@dataclasses.dataclass
class Request:
    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    head: bytes
    connection: int  # from 1, in the order of acceptance
    body: bytes = b""
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    body_bytes: int = 0
    body_sha256: str = ""
    framing: str = "none"  # none | length | chunked
    is_complete: bool = False  # its body came to its proper end
    bytes_sent: int = 0  # what the origin answered, heads and framing included

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None


class ConnectionOver(Exception):
    """Raised inside a route to leave a connection that is done."""


class Exchange:
    """One request and its answer."""

    def __init__(self, request: Request, connection: "_Connection"):
        self.request = request
        self._connection = connection

    def send(self, data: bytes) -> None:
        self._connection.socket.sendall(data)
        self.request.bytes_sent += len(data)

    def respond(self, status: int = 200, body: bytes = b"", headers: Iterable[tuple[str, str]] = (), reason: str = "OK"
                ) -> None:
        """With a Content-Length; as HEAD and 304 have it, without the body."""
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        if status != 204:
            lines.append(f"Content-Length: {len(body)}")
        has_body = self.request.method != "HEAD" and status not in (204, 304)
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body if has_body else b""))

    def respond_chunked(self, parts: Iterable[bytes], headers: Iterable[tuple[str, str]] = (),
                        trailers: Iterable[tuple[str, str]] = ()) -> None:
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers), "Transfer-Encoding: chunked"]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        for part in parts:
            self.send(b"%x\r\n%b\r\n" % (len(part), part))
        last = "".join(f"{name}: {value}\r\n" for name, value in trailers)
        self.send(f"0\r\n{last}\r\n".encode("latin-1"))

    def respond_until_close(self, parts: Iterable[bytes], version: str = "HTTP/1.1",
                            headers: Iterable[tuple[str, str]] = ()) -> None:
        lines = [f"{version} 200 OK", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        for part in parts:
            self.send(part)
        self.leave()

    def read_body(self) -> None:
        """For routes that read late: see Origin.late_reading."""
        self._connection.read_body(self.request)

    def await_close(self) -> None:
        """Until the other side ends the connection; what it sends is ignored."""
        try:
            while self._connection.socket.recv(_READ_BYTES):
                pass
        except OSError:
            pass
        raise ConnectionOver

    def leave(self) -> None:
        """Closes in order."""
        raise ConnectionOver

    def reset(self) -> None:
        """RST instead of FIN."""
        self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionOver


Route = Callable[[Exchange], None]


class Origin:
    def __init__(self, test, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None, port: int = 0,
                 keeps_bodies: bool = True):
        self.requests: list[Request] = []
        self.connections = 0
        self.failures: list[str] = []
        self.keeps_bodies = keeps_bodies
        self._tls = tls
        self._routes: dict[str, Route] = {}
        self._late: set[str] = set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((address, port), backlog=1024, family=socket.AF_INET6 if ":" in address
                                              else socket.AF_INET)
        self.address = address
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        test.addCleanup(self.close)

    def authority(self, name: str | None = None) -> str:
        host = name or self.address
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def url(self, path: str = "/", name: str | None = None) -> str:
        return f"{'https' if self._tls else 'http'}://{self.authority(name)}{path}"

    def on(self, path: str, route: Route) -> None:
        """The path without its query decides."""
        self._routes[path] = route

    def late_reading(self, path: str, route: Route) -> None:
        """The route is called as soon as the head is there; it reads the body itself, or does not."""
        self._routes[path] = route
        self._late.add(path)

    def seen(self, path: str) -> list[Request]:
        return [request for request in list(self.requests) if request.target == path]

    def close(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(10)
        with self._lock:
            for connection in self._sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._sockets.add(accepted)
                thread = threading.Thread(target=self._serve, args=(accepted, self.connections), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        accepted.settimeout(_IDLE_S)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = accepted
        try:
            if self._tls:
                wrapped = self._tls.wrap_socket(accepted, server_side=True)
                with self._lock:
                    self._sockets.discard(accepted)
                    self._sockets.add(wrapped)
            connection = _Connection(wrapped, number, self.keeps_bodies)
            while (request := connection.read_head()) is not None:
                if not self._answer(request, connection):
                    break
        except (OSError, ssl.SSLError, ConnectionOver):
            pass
        except Exception as error:  # A test looks at `failures` when an answer is missing.
            self.failures.append(repr(error))
        finally:
            with self._lock:
                self._sockets.discard(wrapped)
                self._sockets.discard(accepted)
            wrapped.close()

    def _answer(self, request: Request, connection: "_Connection") -> bool:
        """False when the connection has to end."""
        with self._lock:
            self.requests.append(request)
        path = request.target.split("?")[0]
        if path not in self._late:
            connection.read_body(request)
        self._routes.get(path, answer_by_name)(Exchange(request, connection))
        return request.version == "HTTP/1.1" and request.is_complete and "close" not in request.all("connection")


def answer_by_name(exchange: Exchange) -> None:
    path = exchange.request.target.split("?")[0]
    kind, _, number = path.strip("/").partition("/")
    if kind == "echo":
        exchange.respond(body=_description(exchange.request), headers=[("Content-Type", "application/json")])
    elif number.isdigit() and kind == "bytes":
        exchange.respond(body=content(int(number)), headers=[("Content-Type", "application/octet-stream")])
    elif number.isdigit() and kind == "chunked":
        body = content(int(number))
        exchange.respond_chunked(body[at:at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES))
    elif number.isdigit() and kind == "close":
        exchange.respond_until_close([content(int(number))])
    elif number.isdigit() and kind == "status":
        exchange.respond(int(number), reason="As Asked")
    else:
        exchange.respond(body=f"hello from {path}\n".encode(), headers=[("Content-Type", "text/plain")])


def _description(request: Request) -> bytes:
    return json.dumps({"method": request.method, "target": request.target, "version": request.version,
                       "headers": request.headers, "body_bytes": request.body_bytes,
                       "body_sha256": request.body_sha256, "framing": request.framing,
                       "trailers": request.trailers}).encode()


class _Connection:
    """The reading half: heads and bodies out of one socket."""

    def __init__(self, stream: socket.socket, number: int, keeps_bodies: bool):
        self.socket = stream
        self._number = number
        self._keeps_bodies = keeps_bodies
        self._buffer = bytearray()

    def read_head(self) -> Request | None:
        """None when the other side has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_BYTES_MAX or not self._fill():
                return None
        head = self._take(self._buffer.index(b"\r\n\r\n") + 4)
        line, headers = parse_head(head)
        method, target, version = line.split(" ")
        return Request(method, target, version, headers, head, self._number)

    def read_body(self, request: Request) -> None:
        digest = hashlib.sha256()
        kept: list[bytes] = []
        for part in self._body_parts(request):
            digest.update(part)
            request.body_bytes += len(part)
            if self._keeps_bodies:
                kept.append(part)
        request.body = b"".join(kept)
        request.body_sha256 = digest.hexdigest()
        request.is_complete = True

    def _body_parts(self, request: Request) -> Iterable[bytes]:
        if "chunked" in (request.header("transfer-encoding") or "").lower():
            request.framing = "chunked"
            while size := int(self._line().split(b";")[0], 16):
                yield from self._octets(size)
                if self._line() != b"":
                    raise ConnectionOver
            while line := self._line():
                name, _, value = line.decode("latin-1").partition(":")
                request.trailers.append((name, value.strip()))
        elif request.header("content-length") is not None:
            request.framing = "length"
            yield from self._octets(int(request.header("content-length")))

    def _octets(self, count: int) -> Iterable[bytes]:
        while count:
            if not self._buffer and not self._fill():
                raise ConnectionOver
            part = self._take(min(count, len(self._buffer)))
            count -= len(part)
            yield part

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not self._fill():
                raise ConnectionOver
        return self._take(self._buffer.index(b"\r\n") + 2)[:-2]

    def _take(self, count: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _fill(self) -> bool:
        data = self.socket.recv(_READ_BYTES)
        self._buffer += data
        return bool(data)
