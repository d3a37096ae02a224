"""What a case is: the octets a client sends, what its origin does, and what both must see.

In all octets `<origin>` stands for host:port of the case's origin, `<port>` for its port, `<second>` for its second
origin, `<dead>` for a place where nobody listens, `<proxy>` for the proxy itself.
"""
import dataclasses
from typing import Callable

import wire
from scripted_origin import Mark, Step

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SMUGGLED = b"GET http://<origin>/smuggled HTTP/1.1\r\nHost: <origin>\r\n\r\n"

# Fates of the client's connection, and other steps of a client.
CLOSED = Mark("the proxy closes the connection in order, with nothing more on it")
GONE = Mark("the proxy ends the connection, in order or by a reset, with nothing more on it")
KEPT = Mark("the connection serves another request")
KEPT_OR_CLOSED = Mark("the connection serves another request, or is closed in order")
CUT_OFF = Mark("what came is not a complete response, and the connection is over")

# What an origin must have received.
NOTHING: list = []

# Ways to cut what the client sends first into segments.
WHOLE, BYTEWISE, EVERY_SPLIT = "whole", "octet by octet", "split at every position"


@dataclasses.dataclass
class Answer:
    """A final response that the client must get. `fields` names values that must stand there, None for none at all."""
    status: int | tuple[int, ...] = 200
    body: bytes | None = None
    fields: dict[str, list[bytes] | None] = dataclasses.field(default_factory=dict)
    method: str = "GET"
    start_line: bytes | None = None
    interim: list[int] | None = None  # statuses of the 1xx before it
    check: Callable[[wire.Message], None] | None = None
    is_own: bool = False  # made by the proxy


@dataclasses.dataclass
class Interim:
    """A 1xx that must come now."""
    status: int
    fields: dict[str, list[bytes] | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Octets:
    """Exactly these must come: a tunnel's."""
    data: bytes


@dataclasses.dataclass
class Content:
    """The part of the body that must have come by now, before the rest."""
    data: bytes
    method: str = "GET"


@dataclasses.dataclass
class Forwarded:
    """A request as an origin must have received it: `fields` are all of them but Host, the proxy's Via and Connection."""
    start_line: bytes
    fields: list[tuple[bytes, bytes]] | None = None
    body: bytes | None = b""
    host: bytes = b"<origin>"
    absent: tuple[str, ...] = ()
    trailers: list[tuple[bytes, bytes]] | None = None


@dataclasses.dataclass
class Incomplete:
    """A request that must never have become complete, and whose connection is over."""
    start_line: bytes | None = None


@dataclasses.dataclass
class Case:
    name: str
    client: list
    received: list | Callable | None = None  # None: whatever
    origin: list[Step] | list[list[Step]] | None = None
    second: list[Step] | list[list[Step]] | None = None
    segments: str = WHOLE
    address: str = "127.0.0.1"
    port: int = 0


def refused(*statuses: int, method: str = "GET") -> list:
    """An answer of the proxy's own, after which the connection is closed."""
    return [Answer(statuses or 400, method=method, is_own=True), CLOSED]


def refusal(name: str, sent: bytes, *statuses: int, method: str = "GET", segments: str = WHOLE) -> Case:
    """What is sent is refused as a whole, and the request behind it is never executed."""
    return Case(name, [sent + SMUGGLED, *refused(*statuses, method=method)], NOTHING, segments=segments)


def get(target: bytes = b"http://<origin>/", fields: bytes = b"", method: bytes = b"GET", version: bytes = b"HTTP/1.1",
        host: bytes = b"Host: <origin>\r\n") -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + host + fields + b"\r\n"


def post(fields: bytes = b"", body: bytes = b"", method: bytes = b"POST", version: bytes = b"HTTP/1.1") -> bytes:
    return get(fields=fields, method=method, version=version) + body
