"""What both ends of a case see, read as strictly as RFC 9112 allows: whatever the proxy writes has to pass this parser."""
import dataclasses
import re

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_FIELD_TEXT = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\x00-\x20\x7f]+) (HTTP/1\.[01])\Z")
_STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([0-9]{3}) ([\t\x20-\x7e\x80-\xff]*)\Z")

NONE, LENGTH, CHUNKED, UNTIL_CLOSE = "none", "length", "chunked", "until close"


class Malformed(AssertionError):
    """The proxy wrote something that HTTP/1.1 does not allow."""


@dataclasses.dataclass
class Message:
    start_line: bytes
    fields: list[tuple[bytes, bytes]]
    framing: str = NONE
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = dataclasses.field(default_factory=list)
    is_complete: bool = False
    size: int = 0  # octets of it, framing included
    interim: list["Message"] = dataclasses.field(default_factory=list)

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def one(self, name: str) -> bytes | None:
        """The value of a field that may stand only once."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} stands {len(values)} times: {values}")
        return values[0] if values else None

    def tokens(self, name: str) -> list[str]:
        return [token.strip().decode("latin-1").lower() for value in self.all(name) for token in value.split(b",")
                if token.strip()]

    @property
    def status(self) -> int:
        return int(self.start_line.split(b" ")[1])

    @property
    def method(self) -> str:
        return self.start_line.split(b" ")[0].decode()


def parse_request(data: bytes) -> Message | None:
    """The request at the beginning of `data`; None while its head is not complete. Its body may be incomplete."""
    message, rest = _parse_head(data, _REQUEST_LINE)
    if message is None:
        return None
    if len(message.all("host")) != 1:
        raise Malformed(f"Host stands {len(message.all('host'))} times in {message.fields}")
    _take_body(message, rest, _framing(message, NONE))
    return message


def parse_response(data: bytes, method: str, has_ended: bool) -> Message | None:
    """The response, interim or final, at the beginning of `data`; None while its head is not complete."""
    message, rest = _parse_head(data, _STATUS_LINE)
    if message is None:
        return None
    framing = _framing(message, UNTIL_CLOSE)
    has_no_body = message.status < 200 or message.status in (204, 304) or method == "HEAD"
    if method == "CONNECT" and message.status // 100 == 2:
        has_no_body = True
    if (message.status < 200 or message.status == 204) and framing != UNTIL_CLOSE:
        raise Malformed(f"{message.start_line!r} must have no Content-Length or Transfer-Encoding (RFC 9110, 8.6)")
    if has_no_body:
        message.is_complete = True
    else:
        _take_body(message, rest, framing)
        if framing == UNTIL_CLOSE:
            message.is_complete = has_ended
    return message


def _parse_head(data: bytes, start_line: re.Pattern) -> tuple[Message | None, bytes]:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None, b""
    lines = data[:end].split(b"\r\n")
    if not start_line.match(lines[0]):
        raise Malformed(f"not a start line: {lines[0][:200]!r}")
    return Message(lines[0], [_parse_field(line) for line in lines[1:]], size=end + 4), data[end + 4:]


def _parse_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.match(name) or not _FIELD_TEXT.match(value):
        raise Malformed(f"not a header line: {line[:200]!r}")
    return name, value.strip(b" \t")


def _framing(message: Message, without_fields: str) -> str:
    length, coding = message.one("content-length"), message.one("transfer-encoding")
    if length is not None and coding is not None:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if coding is not None:
        if coding.lower() != b"chunked" or b"HTTP/1.0" in (message.start_line[:8], message.start_line[-8:]):
            raise Malformed(f"Transfer-Encoding: {coding!r} in {message.start_line!r}")
        return CHUNKED
    if length is not None:
        if not re.fullmatch(rb"[0-9]+", length):
            raise Malformed(f"Content-Length: {length!r}")
        return LENGTH
    return without_fields


def _take_body(message: Message, rest: bytes, framing: str) -> None:
    message.framing = framing
    if framing == CHUNKED:
        _take_chunks(message, rest)
        return
    count = {NONE: 0, UNTIL_CLOSE: len(rest)}.get(framing)
    if count is None:
        count = int(message.one("content-length"))
    message.body = rest[:count]
    message.is_complete = len(message.body) == count
    message.size += len(message.body)


def _take_chunks(message: Message, rest: bytes) -> None:
    at, parts = 0, []
    while (end := rest.find(b"\r\n", at)) >= 0:
        line = rest[at:end]
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}(;[\t\x20-\x7e\x80-\xff]*)?", line):
            raise Malformed(f"not a chunk's size: {line[:100]!r}")
        size = int(line.split(b";")[0], 16)
        at = end + 2
        if size == 0:
            _take_trailers(message, rest, at)
            break
        parts.append(rest[at:at + size])
        if rest[at + size:at + size + 2] not in (b"", b"\r", b"\r\n"):
            raise Malformed("a chunk does not end with CR LF")
        at += size + 2
        if at > len(rest):
            break
    message.body = b"".join(parts)


def _take_trailers(message: Message, rest: bytes, at: int) -> None:
    while (end := rest.find(b"\r\n", at)) >= 0:
        line = rest[at:end]
        at = end + 2
        if not line:
            message.is_complete = True
            message.size += at
            return
        message.trailers.append(_parse_field(line))
