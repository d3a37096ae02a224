"""A client that sends exactly the octets it is told to, and reads responses strictly."""
import dataclasses
import hashlib
import re
import socket
import ssl
import struct

import patience

_READ_BYTES = 1 << 18


class Ended(Exception):
    """The connection ended before what was waited for had arrived."""


@dataclasses.dataclass
class Response:
    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    head: bytes  # with the empty line
    body: bytes = b""
    framing: str = "none"  # none | length | chunked | close
    interim: list["Response"] = dataclasses.field(default_factory=list)  # 1xx before it
    wire_bytes: int = 0  # everything that was read for it: interim responses, heads, body with its framing
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None


def parse_head(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    """First line and fields, in order, in their own case. Latin-1, so that every octet survives."""
    lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise AssertionError(f"not a header line: {line!r}")
        fields.append((name, value.strip(" \t")))
    return lines[0], fields


class RawClient:
    def __init__(self, address: tuple[str, int], source: str | None = None, timeout_s: float = 20.0,
                 receive_buffer: int | None = None):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(patience.scaled(timeout_s))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        self.bytes_sent = 0
        self._buffer = bytearray()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def send(self, data: bytes) -> "RawClient":
        self.socket.sendall(data)
        self.bytes_sent += len(data)
        return self

    def request(self, method: str, target: str, headers: list[tuple[str, str]] | None = None, body: bytes = b"",
                host: str | None = None, version: str = "HTTP/1.1") -> bytes:
        """Sends a request with a Host field from the target; gives the octets that were sent."""
        host = host if host is not None else re.split("[/?]", target.split("://", 1)[-1])[0]
        lines = [f"{method} {target} {version}", f"Host: {host}", *(f"{name}: {value}" for name, value in headers or [])]
        if body and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers or []):
            lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        self.send(data)
        return data

    def get(self, url: str, headers: list[tuple[str, str]] | None = None) -> Response:
        self.request("GET", url, headers)
        return self.response()

    def connect_tunnel(self, authority: str) -> Response:
        """CONNECT; what follows the response's head belongs to the tunnel."""
        self.request("CONNECT", authority)
        return self.response("CONNECT")

    def response(self, method: str = "GET") -> Response:
        """The next response with its body, whatever 1xx come before it."""
        interim, wire_bytes = [], 0
        while True:
            response = self._head()
            wire_bytes += len(response.head)
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        response.interim = interim
        wire_bytes += self._body(response, method)
        response.wire_bytes = wire_bytes
        return response

    def read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        return self._take(count)

    def read_until(self, mark: bytes, bytes_max: int = 1 << 20) -> bytes:
        while mark not in self._buffer:
            if len(self._buffer) > bytes_max:
                raise AssertionError(f"{len(self._buffer)} octets without {mark!r}: {bytes(self._buffer[:200])!r}...")
            self._fill()
        return self.read_exactly(self._buffer.index(mark) + len(mark))

    def read_to_end(self) -> bytes:
        """All until the other side closes in order."""
        try:
            while True:
                self._fill()
        except Ended:
            return self._take(len(self._buffer))

    def hash_to_end_of(self, count: int) -> str:
        """sha256 of the next `count` octets, without keeping them."""
        digest = hashlib.sha256()
        while count:
            if not self._buffer:
                self._fill()
            part = self._take(min(count, len(self._buffer)))
            digest.update(part)
            count -= len(part)
        return digest.hexdigest()

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def is_closed_by_proxy(self) -> bool:
        """True when nothing but the end comes; waits for it."""
        try:
            return self.read_to_end() == b""
        except ConnectionResetError:
            return True

    def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        assert not self._buffer
        self.socket = context.wrap_socket(self.socket, server_hostname=name)

    def reset(self) -> None:
        """Leaves rudely: RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def head(self) -> Response:
        """A response's head alone; its body is left to the caller."""
        return self._head()

    def _take(self, count: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _fill(self) -> None:
        data = self.socket.recv(_READ_BYTES)
        if not data:
            raise Ended(f"connection closed after {bytes(self._buffer[:200])!r}")
        self._buffer += data

    def _head(self) -> Response:
        head = self.read_until(b"\r\n\r\n")
        line, headers = parse_head(head)
        version, _, rest = line.partition(" ")
        status, _, reason = rest.partition(" ")
        if version not in ("HTTP/1.0", "HTTP/1.1") or not status.isdigit():
            raise AssertionError(f"not a status line: {line!r}")
        return Response(version, int(status), reason, headers, head)

    def _body(self, response: Response, method: str) -> int:
        if method == "HEAD" or response.status in (101, 204, 304) or (method == "CONNECT" and response.status < 300):
            return 0
        if any("chunked" in value.lower() for value in response.all("transfer-encoding")):
            response.framing = "chunked"
            return self._chunks(response)
        if response.header("content-length") is not None:
            response.framing = "length"
            response.body = self.read_exactly(int(response.header("content-length")))
        else:
            response.framing = "close"
            response.body = self.read_to_end()
        return len(response.body)

    def _chunks(self, response: Response) -> int:
        wire_bytes = 0
        parts = []
        while True:
            line = self.read_until(b"\r\n")
            size = int(line.split(b";")[0], 16)
            wire_bytes += len(line)
            if size == 0:
                break
            parts.append(self.read_exactly(size))
            if self.read_exactly(2) != b"\r\n":
                raise AssertionError("a chunk does not end with CRLF")
            wire_bytes += size + 2
        response.body = b"".join(parts)
        while (line := self.read_until(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            response.trailers.append((name, value.strip()))
            wire_bytes += len(line)
        return wire_bytes + 2
