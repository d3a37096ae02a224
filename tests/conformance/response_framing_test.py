"""Responses: the same strictness towards origins; nothing cut off looks complete, nothing surplus reaches a client
(RFC 9112, sections 4, 6, 7 and 9)."""
import weir
import wire
from case import CLOSED, GONE, HELLO, KEPT, KEPT_OR_CLOSED, Answer, Case, Content, Forwarded, Interim, get
from scripted_origin import CLOSE, FIN, READ, RESET, STAY, Mark, Pause, Signal, Wait
from suite import ConformanceTest, table

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_GET = get()
_BODY = b"5\r\nhello\r\n0\r\n\r\n"


def bad(name: str, answer: bytes, *statuses: int) -> Case:
    """A 502 before anything of it reaches the client; the next request goes to a new connection."""
    return Case(f"{name} is a 502", [_GET, Answer(statuses or 502, is_own=True), get(b"http://<origin>/next"),
                                     Answer(200, b"hello"), KEPT],
                origin=[[READ, answer, STAY], [READ, HELLO]])


def mended(name: str, answer: bytes, check=None) -> Case:
    """RFC 9112 lets an intermediary mend it or answer 502; what the client gets is well-formed either way."""
    def is_sound(message):
        if message.status != 502 and check is not None:
            check(message)
    return Case(f"{name} is mended or a 502", [_GET, Answer((200, 502), check=is_sound), KEPT_OR_CLOSED],
                origin=[READ, answer, CLOSE])


def cut(name: str, answer: bytes, end: Mark, version: bytes = b"HTTP/1.1") -> Case:
    """A 502, or what is no complete response to whoever counts."""
    kind = {CLOSE: "closed", RESET: "reset"}[end]
    return Case(f"{name} that is {kind} never looks complete to a client of {version.decode()}",
                [get(version=version), _expect_cut], origin=[READ, answer, Pause(0.01), end])


def _expect_cut(run) -> None:
    """Behind interim responses, if any."""
    client = run.client
    while (message := wire.parse_response(bytes(client.received), "GET", False)) is None or message.status < 200:
        if message is not None:
            del client.received[:message.size]
        elif not client.fill():
            return
    if message.status == 502:
        client.response("GET")
    else:
        run.expect_cut_off()


def passes(name: str, answer: bytes, body: bytes, status: int = 200, fate: Mark = KEPT, end: Mark = STAY, sent: bytes = _GET,
           **expected) -> Case:
    return Case(f"{name} passes", [sent, Answer(status, body, **expected), fate], origin=[READ, answer, end])


def poison(name: str, first: bytes, answer: bytes, expected: list) -> Case:
    """What is behind the response is thrown away with its connection: the next request's answer comes on a new one."""
    return Case(f"{name} never reaches a client", [first, *expected, get(b"http://<origin>/next"), Answer(200, b"hello"), KEPT],
                [Forwarded(first.split(b" ")[0] + b" / HTTP/1.1"), Forwarded(b"GET /next HTTP/1.1")],
                origin=[[READ, answer, STAY], [READ, HELLO]])


def _is_clean(message: wire.Message) -> None:
    assert message.body == b"hello", message
    for name, value in message.fields:
        assert not set(name + value) & set(b"\x00\x01\r\n\x7f"), message.fields


def _has_links(message: wire.Message) -> None:
    assert message.interim[0].all("link") == [b"</a>; rel=preload", b"</b>"], message.interim
    assert message.interim[0].all("via"), "an interim response without Via"
    assert message.interim[0].start_line == b"HTTP/1.1 103 Early Hints"


def _has_trailer(message: wire.Message) -> None:
    assert message.trailers in ([], [(b"X-Sum", b"1")]), message.trailers


_STATUS_LINES = [
    ("no space behind the status", b"HTTP/1.1 200OK\r\n"), ("two spaces before the status", b"HTTP/1.1  200 OK\r\n"),
    ("a tab before the status", b"HTTP/1.1\t200 OK\r\n"), ("a status of two digits", b"HTTP/1.1 20 OK\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\n"), ("a status of letters", b"HTTP/1.1 abc OK\r\n"),
    ("a negative status", b"HTTP/1.1 -20 OK\r\n"), ("a status of 0", b"HTTP/1.1 000 OK\r\n"),
    ("a status of 99", b"HTTP/1.1 099 OK\r\n"),
    ("no status", b"HTTP/1.1\r\n"), ("an empty status", b"HTTP/1.1 \r\n"), ("a hexadecimal status", b"HTTP/1.1 0xC8 OK\r\n"),
    ("a status with a point", b"HTTP/1.1 200.1 OK\r\n"), ("a version in lower case", b"http/1.1 200 OK\r\n"),
    ("another protocol", b"ICY 200 OK\r\n"), ("a version without a minor number", b"HTTP/1 200 OK\r\n"),
    ("a version of three digits", b"HTTP/1.10 200 OK\r\n"), ("HTTP/2.0", b"HTTP/2.0 200 OK\r\n"),
    ("HTTP/0.9", b"HTTP/0.9 200 OK\r\n"),
    ("a space before the version", b" HTTP/1.1 200 OK\r\n"), ("no space behind the version", b"HTTP/1.1200 OK\r\n"),
    ("a NUL in the reason", b"HTTP/1.1 200 O\x00K\r\n"), ("a bare CR in the reason", b"HTTP/1.1 200 O\rK\r\n"),
    ("an escape character in the reason", b"HTTP/1.1 200 \x1b[2J\r\n"), ("a comma for a space", b"HTTP/1.1,200 OK\r\n"),
    ("an HTML page", b"<html><body>hello</body></html>\r\n"), ("a request line", b"GET / HTTP/1.1\r\n"),
    ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x50"), ("an SSH greeting", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("a raw octet before the version", b"\xffHTTP/1.1 200 OK\r\n"), ("a byte order mark", b"\xef\xbb\xbfHTTP/1.1 200 OK\r\n"),
]

_BAD_FRAMINGS = [
    ("a length and a coding", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    ("a coding and a length", b"Transfer-Encoding: chunked\r\nContent-Length: 15\r\n"),
    ("two different lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n"),
    ("two different lengths in one line", b"Content-Length: 5, 6\r\n"), ("an empty length", b"Content-Length:\r\n"),
    ("a negative length", b"Content-Length: -1\r\n"), ("a length with a plus sign", b"Content-Length: +5\r\n"),
    ("a hexadecimal length", b"Content-Length: 0x5\r\n"), ("a length with a letter", b"Content-Length: 5a\r\n"),
    ("a length with a space inside", b"Content-Length: 1 5\r\n"),
    ("a length of 2 to the 64 and 5", b"Content-Length: 18446744073709551621\r\n"),
    ("a length of 40 digits", b"Content-Length: " + b"9" * 40 + b"\r\n"), ("a fractional length", b"Content-Length: 5.0\r\n"),
    ("a length with a comma behind it", b"Content-Length: 5,\r\n"), ("a quoted length", b'Content-Length: "5"\r\n'),
    ("an unknown coding", b"Transfer-Encoding: x\r\n"), ("gzip as coding", b"Transfer-Encoding: gzip\r\n"),
    ("gzip and chunked", b"Transfer-Encoding: gzip, chunked\r\n"),
    ("identity and chunked", b"Transfer-Encoding: identity, chunked\r\n"),
    ("chunked twice", b"Transfer-Encoding: chunked, chunked\r\n"),
    ("two lines of chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    ("chunked before gzip", b"Transfer-Encoding: chunked, gzip\r\n"), ("an empty coding", b"Transfer-Encoding:\r\n"),
    ("chunked with a parameter", b"Transfer-Encoding: chunked;a=b\r\n"),
    ("chunked in quotes", b'Transfer-Encoding: "chunked"\r\n'), ("a coding with a vertical tab",
            b"Transfer-Encoding: \x0bchunked\r\n"),
]

_BAD_FIELDS = [
    ("a line without a colon", b"X-A\r\n"), ("a line without a name", b": b\r\n"), ("a space in a name", b"X A: b\r\n"),
    ("a raw octet above 127 in a name", b"X\xc4: b\r\n"), ("a NUL in a name", b"X\x00: b\r\n"),
    ("a parenthesis in a name", b"X(): b\r\n"),
    ("a bare CR in a name", b"X\rA: b\r\n"), ("a CR before the empty line", b"\r\r\n"),
    ("a status line among the fields", b"HTTP/1.1 200 OK\r\n"),
]

# RFC 9112, section 5.1 and 5.2, RFC 9110, section 5.5.
_MENDABLE_FIELDS = [
    ("a space before a colon", b"X-A : b\r\n"), ("a tab before a colon", b"X-A\t: b\r\n"),
    ("a fold with a space", b"X-A: b\r\n c\r\n"), ("a fold with a tab", b"X-A: b\r\n\tc\r\n"),
    ("a NUL in a value", b"X-A: b\x00c\r\n"),
    ("a bare CR in a value", b"X-A: b\rc\r\n"), ("a bare LF at the end of a line", b"X-A: b\n"),
    ("a control character in a value", b"X-A: b\x01c\r\n"), ("a DEL in a value", b"X-A: b\x7fc\r\n"),
    ("two equal lengths", b"Content-Length: 5\r\n"),
]

_BAD_CHUNKS = [
    ("an empty size", b"\r\nhello\r\n0\r\n\r\n"), ("a size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("a negative size", b"-5\r\nhello\r\n0\r\n\r\n"), ("a size with a letter", b"5g\r\nhello\r\n0\r\n\r\n"),
    ("a size behind a space", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("a size of 2 to the 64 and 5", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("a size with a NUL", b"5\x00\r\nhello\r\n0\r\n\r\n"), ("an LF behind the size", b"5\nhello\r\n0\r\n\r\n"),
    ("an LF behind its data", b"5\r\nhello\n0\r\n\r\n"), ("a CR behind its data", b"5\r\nhello\r0\r\n\r\n"),
    ("nothing behind its data", b"5\r\nhello0\r\n\r\n"), ("data longer than its size", b"5\r\nhello!\r\n0\r\n\r\n"),
    ("data shorter than its size", b"6\r\nhello\r\n0\r\n\r\n"), ("an LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("a bare CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("a quote without its end", b'5;a="b\r\nhello\r\n0\r\n\r\n'), ("an LF behind the last size", b"5\r\nhello\r\n0\n\r\n"),
    ("an LF for the last empty line", b"5\r\nhello\r\n0\r\n\n"), ("a trailer without a colon", b"5\r\nhello\r\n0\r\nX\r\n\r\n"),
    ("a folded trailer", b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"),
    ("a trailer with a NUL", b"5\r\nhello\r\n0\r\nX: \x00\r\n\r\n"),
    ("a trailer with a bare LF", b"5\r\nhello\r\n0\r\nX: y\n\r\n"), ("a response for a size", _OK + b"\r\n"),
    ("a trailer with a space before its colon", b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"),
]

_GOOD_CHUNKS = [
    ("several chunks", b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"), ("leading zeros", b"0005\r\nhello\r\n000\r\n\r\n"),
    ("an extension", b"5;a=b\r\nhello\r\n0;c\r\n\r\n"), ("a quoted extension", b'5;a="b;\\""\r\nhello\r\n0\r\n\r\n'),
]

_CUT = [
    ("a body of known length", _OK + b"Content-Length: 10\r\n\r\nhello"),
    ("a body of known length of which nothing came", _OK + b"Content-Length: 10\r\n\r\n"),
    ("a body of known length but its last octet", _OK + b"Content-Length: 6\r\n\r\nhello"),
    ("a chunked body without its end", _CHUNKED + b"5\r\nhello\r\n"), ("a chunked body without anything", _CHUNKED),
    ("a chunk", _CHUNKED + b"a\r\nhello"), ("a chunk's size", _CHUNKED + b"5\r\nhello\r\n5"),
    ("a last chunk without its empty line", _CHUNKED + b"5\r\nhello\r\n0\r\n"),
    ("a last chunk with half its empty line", _CHUNKED + b"5\r\nhello\r\n0\r\n\r"),
    ("a trailer", _CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n"),
    ("a head", _OK + b"Content-Length: 5\r\n"), ("a status line", b"HTTP/1.1 20"),
    ("a head without its last octet", _OK + b"Content-Length: 0\r\n\r"), ("nothing at all", b""),
    ("an interim response", b"HTTP/1.1 100 Continue\r\n\r\n"),
]

_OTHER_STATUSES = [200, 201, 202, 203, 206, 207, 226, 299, 300, 301, 302, 303, 307, 308, 399, 400, 401, 402, 403, 404, 405, 406,
                   408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 425, 426, 428,
                   429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 599]


def _absent(*names: str):
    return {name: None for name in names}


def _interims(*heads: bytes) -> bytes:
    return b"".join(b"HTTP/1.1 " + head + b"\r\n\r\n" for head in heads)


@table(
    [bad(f"a status line with {name}", line + b"Content-Length: 5\r\n\r\nhello") for name, line in _STATUS_LINES],
    [bad(f"a response with {name}", _OK + fields + b"\r\n" + _BODY) for name, fields in _BAD_FRAMINGS],
    [bad(f"a response's head with {name}", _OK + line + b"Content-Length: 5\r\n\r\nhello") for name, line in _BAD_FIELDS],
    [mended(f"a response with {name}", _OK + line + b"Content-Length: 5\r\n\r\nhello", _is_clean) for name,
     line in _MENDABLE_FIELDS],
    [cut(f"a chunked response with {name}", _CHUNKED + body, CLOSE) for name, body in _BAD_CHUNKS],
    [cut(f"a chunked response with {name}", _CHUNKED + body, CLOSE, b"HTTP/1.0") for name, body in _BAD_CHUNKS],
    [passes(f"a chunked response with {name}", _CHUNKED + body, b"hello") for name, body in _GOOD_CHUNKS],
    [cut(name, answer, end, version) for name, answer in _CUT for end in (CLOSE, RESET)
     for version in (b"HTTP/1.1", b"HTTP/1.0")],
    [cut("a body until the end of the connection", _OK + b"\r\nhello", RESET, version)
     for version in (b"HTTP/1.1", b"HTTP/1.0")],
    [passes(f"status {status}", b"HTTP/1.1 %d As It Is\r\nContent-Length: 5\r\n\r\nhello" % status, b"hello", status,
            start_line=b"HTTP/1.1 %d As It Is" % status) for status in _OTHER_STATUSES],
    # RFC 9110, section 15: an unknown class is still a response.
    [passes(f"status {status}", b"HTTP/1.1 %d Odd\r\nContent-Length: 5\r\n\r\nhello" % status, b"hello", status)
     for status in (600, 666, 799, 999)],
    mended("a status line of HTTP/1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    mended("lines that end in LF", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    mended("an empty line before the response", b"\r\n" + HELLO),
    passes("a status line without a reason", b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    passes("a status line without a reason and its space", b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    passes("a reason of odd octets", b"HTTP/1.1 200 \xe4\t!\"'<>\\ ok \r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    # A coding in HTTP/1.0 is faulty framing (RFC 9112, section 6.1).
    Case("a chunked response of HTTP/1.0 is a 502, or its connection is not used again",
         [_GET, Answer((200, 502)), get(b"http://<origin>/next"), Answer(200, b"hello"), KEPT_OR_CLOSED],
         origin=[[READ, b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _BODY, CLOSE], [READ, HELLO]]),
    # No body where there is none (RFC 9112, section 6.3).
    passes("HEAD with a length", _OK + b"Content-Length: 5000\r\n\r\n", b"", sent=get(method=b"HEAD"), method="HEAD",
           fields={"Content-Length": [b"5000"]}),
    passes("HEAD with a coding", _CHUNKED, b"", sent=get(method=b"HEAD"), method="HEAD", fields=_absent("Content-Length")),
    passes("HEAD without a framing", _OK + b"\r\n", b"", sent=get(method=b"HEAD"), method="HEAD"),
    passes("204", b"HTTP/1.1 204 No Content\r\n\r\n", b"", 204, fields=_absent("Content-Length", "Transfer-Encoding")),
    passes("204 with a length", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b"", 204,
           fields=_absent("Content-Length", "Transfer-Encoding")),
    passes("304", b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", b"", 304, fields={"ETag": [b'"x"']}),
    passes("304 with a length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n", b"", 304),
    passes("304 with a coding", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", b"", 304),
    passes("205 with a length of 0", b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", b"", 205),
    passes("an empty body of known length", _OK + b"Content-Length: 0\r\n\r\n", b"", fields={"Content-Length": [b"0"]}),
    passes("an empty chunked body", _CHUNKED + b"0\r\n\r\n", b""),
    poison("a body of HEAD", get(method=b"HEAD"), HELLO, [Answer(200, b"", method="HEAD")]),
    poison("a chunked body of HEAD", get(method=b"HEAD"), _CHUNKED + _BODY, [Answer(200, b"", method="HEAD")]),
    poison("a body of 204", _GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", [Answer(204, b"")]),
    poison("a chunked body of 204", _GET, b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + _BODY,
           [Answer(204, b"")]),
    poison("a body of 304", _GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", [Answer(304, b"")]),
    poison("a second response", _GET, HELLO + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", [Answer(200, b"hello")]),
    poison("an octet behind a body", _GET, HELLO + b"!", [Answer(200, b"hello")]),
    poison("a line end behind a body", _GET, HELLO + b"\r\n", [Answer(200, b"hello")]),
    poison("a second response behind chunks", _GET, _CHUNKED + _BODY + HELLO, [Answer(200, b"hello")]),
    poison("a second response behind HEAD", get(method=b"HEAD"), _OK + b"Content-Length: 0\r\n\r\n" + HELLO,
           [Answer(200, b"", method="HEAD")]),
    poison("an interim response behind a body", _GET, HELLO + b"HTTP/1.1 100 Continue\r\n\r\n", [Answer(200, b"hello")]),
    Case("an unsolicited response on an idle connection never reaches a client",
         [_GET, Answer(200, b"hello"), Signal("answered"), Wait("sent"), Pause(0.02), get(b"http://<origin>/next"),
          Answer(200, b"hello"), KEPT],
         origin=[[READ, HELLO, Wait("answered"), b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", Signal("sent"), STAY],
                 [READ, HELLO]]),
    Case("an unsolicited 408 on an idle connection never reaches a client",
         [_GET, Answer(200, b"hello"), Signal("answered"), Wait("sent"), Pause(0.02),
          get(b"http://<origin>/next", method=b"POST", fields=b"Content-Length: 0\r\n"), Answer(200, b"hello"), KEPT],
         origin=[[READ, HELLO, Wait("answered"), b"HTTP/1.1 408 Too Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                  Signal("sent"), CLOSE], [READ, HELLO]]),
    # Interim responses (RFC 9110, section 15.2).
    passes("a 100 that was not asked for", _interims(b"100 Continue") + HELLO, b"hello"),
    passes("a 103 with fields", _interims(b"103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>") + HELLO, b"hello",
           interim=[103],
           check=_has_links),
    passes("a 102 and two 103", _interims(b"102 Processing", b"103 Early Hints\r\nLink: </a>",
                                          b"103 Early Hints\r\nLink: </b>") + HELLO, b"hello", interim=[102, 103, 103]),
    passes("an unknown interim status", _interims(b"199 Odd\r\nX: y") + HELLO, b"hello", interim=[199]),
    passes("an interim response with a length", _interims(b"103 Early Hints\r\nContent-Length: 5") + HELLO, b"hello",
           interim=[103]),
    passes("an interim response with a coding", _interims(b"103 Early Hints\r\nTransfer-Encoding: chunked") + HELLO, b"hello",
           interim=[103]),
    passes("an interim response with Connection: close",
           _interims(b"103 Early Hints\r\nConnection: close, X-Hop\r\nX-Hop: 1") + HELLO, b"hello", interim=[103]),
    passes("ten interim responses", _interims(b"102 Processing") * 10 + HELLO, b"hello", interim=[102] * 10),
    Case("interim responses are not sent to a client of HTTP/1.0",
         [get(version=b"HTTP/1.0"), Answer(200, b"hello", interim=[]), CLOSED],
         origin=[READ, _interims(b"100 Continue", b"103 Early Hints\r\nLink: </a>") + HELLO]),
    Case("an interim response is sent on before the final one exists",
         [_GET, Interim(103, {"Link": [b"</a>"]}), Signal("seen"), Answer(200, b"hello", interim=[]), KEPT],
         origin=[READ, _interims(b"103 Early Hints\r\nLink: </a>"), Wait("seen"), HELLO]),
    Case("interim responses without end are cut off", [_GET, _expect_cut],
         origin=[READ, _interims(b"102 Processing") * 5000, STAY]),
    Case("a 101 that nobody asked for is a 502", [_GET, Answer(502, is_own=True), KEPT_OR_CLOSED],
         origin=[READ, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nraw", STAY]),
    Case("a 101 behind a 103 that nobody asked for is never sent on", [_GET, _expect_cut],
         origin=[READ, _interims(b"103 Early Hints", b"101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x"), STAY]),
    bad("a malformed interim response", b"HTTP/1.1 100 Continue\r\nX\r\n\r\n" + HELLO),
    # Bodies until the end of the connection.
    passes("a body until the end of the connection", _OK + b"\r\nhello", b"hello", fate=KEPT_OR_CLOSED, end=CLOSE),
    passes("an empty body until the end of the connection", _OK + b"\r\n", b"", fate=KEPT_OR_CLOSED, end=CLOSE),
    passes("a body until the origin's half-close", _OK + b"\r\nhello", b"hello", fate=KEPT_OR_CLOSED, end=FIN),
    passes("a body of HTTP/1.0 until the end of the connection", b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello", fate=KEPT_OR_CLOSED,
           end=CLOSE, start_line=b"HTTP/1.1 200 OK"),
    passes("a body of HTTP/1.0 of known length", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello",
           start_line=b"HTTP/1.1 200 OK"),
    passes("a 500 until the end of the connection", b"HTTP/1.1 500 Oh\r\n\r\nhello", b"hello", 500, fate=KEPT_OR_CLOSED,
           end=CLOSE),
    Case("a body that looks like chunks but is none is not unchunked", [_GET, Answer(200, _BODY), KEPT_OR_CLOSED],
         origin=[READ, _OK + b"\r\n" + _BODY, CLOSE]),
    Case("a client of HTTP/1.0 gets a body until the end as it is",
         [get(version=b"HTTP/1.0"), Answer(200, b"hello", fields=_absent("Transfer-Encoding")), CLOSED],
         origin=[READ, _OK + b"\r\nhello", CLOSE]),
    Case("chunks are taken off for a client of HTTP/1.0", [get(version=b"HTTP/1.0"),
                                                           Answer(200, b"hello", fields=_absent("Transfer-Encoding",
                                                                   "Trailer")), CLOSED],
         origin=[READ, _OK + b"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"]),
    Case("chunks are taken off for a client of HTTP/1.0 that would keep its connection",
         [get(version=b"HTTP/1.0", fields=b"Connection: keep-alive\r\n"),
          Answer(200, b"hello", fields=_absent("Transfer-Encoding")), CLOSED],
         origin=[READ, _CHUNKED + _BODY]),
    Case("trailers of a response arrive as trailers or not at all",
         [_GET, Answer(200, b"hello", fields=_absent("X-Sum"), check=_has_trailer), KEPT],
         origin=[READ, _OK + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"]),
    [Case(f"the trailer {name} of a response never becomes a header field",
          [_GET, Answer((200, 502), fields=_absent(name)), KEPT_OR_CLOSED],
          origin=[READ, _CHUNKED + b"5\r\nhello\r\n0\r\n" + name.encode() + b": x\r\n\r\n"])
     for name in ("Set-Cookie", "Content-Length", "Location", "WWW-Authenticate", "Content-Encoding")],
    # Streaming.
    [Case(f"{name} arrives as it comes", [get(version=version), Content(b"", "GET"), Signal("head"), Content(b"one"),
                                          Signal("one"), Content(b"onetwo"), Signal("two"), Answer(200, b"onetwo!"),
                                          KEPT_OR_CLOSED],
          origin=[READ, head, Wait("head"), parts[0], Wait("one"), parts[1], Wait("two"), parts[2], CLOSE]) for name, version,
     head, parts in (
        ("a body of known length", b"HTTP/1.1", _OK + b"Content-Length: 7\r\n\r\n", (b"one", b"two", b"!")),
         ("a chunked body", b"HTTP/1.1", _CHUNKED, (b"3\r\none\r\n", b"3\r\ntwo\r\n", b"1\r\n!\r\n0\r\n\r\n")),
        ("a body until the end", b"HTTP/1.1", _OK + b"\r\n", (b"one", b"two", b"!")),
         ("a body of known length for HTTP/1.0", b"HTTP/1.0", _OK + b"Content-Length: 7\r\n\r\n", (b"one", b"two", b"!")),
        ("a chunked body for HTTP/1.0", b"HTTP/1.0", _CHUNKED, (b"3\r\none\r\n", b"3\r\ntwo\r\n", b"1\r\n!\r\n0\r\n\r\n")),
         ("a body until the end for HTTP/1.0", b"HTTP/1.0", _OK + b"\r\n", (b"one", b"two", b"!")),
        ("half a chunk", b"HTTP/1.1", _CHUNKED, (b"7\r\none", b"two", b"!\r\n0\r\n\r\n")),
         ("an event stream", b"HTTP/1.1", _OK + b"Content-Type: text/event-stream\r\n\r\n", (b"one", b"two", b"!")))],
    Case("an answer that comes before the request is complete arrives at once",
         [get(method=b"POST", fields=b"Content-Length: 100\r\n"), Answer(413, b"big"), GONE],
         origin=[lambda connection: connection.read_request(only_head=True),
                 b"HTTP/1.1 413 Big\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", STAY]),
)
class ResponseFramingTest(ConformanceTest):
    pass


def _split_responses() -> list[Case]:
    answers = [
        ("a response of known length", _OK + b"Content-Length: 5\r\nX: y\r\n\r\nhello", []),
        ("a chunked response", _OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=\"\\\"\"\r\nhe\r\n003\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n", []),
        ("a response behind interim ones", _interims(b"100 Continue", b"103 Early Hints\r\nLink: </a>") + HELLO, [100, 103]),
    ]
    return [_every_split(f"{name} may be split at every position", answer, interim) for name, answer, interim in answers]


def _every_split(name: str, answer: bytes, interim: list[int]) -> Case:
    """All of them over one connection of the client and one of the origin."""
    places = range(1, len(answer))
    asked = [step for at in places for step in (get(b"http://<origin>/%d" % at), Answer(200, b"hello", interim=interim))]
    given = [step for at in places for step in (READ, answer[:at], Pause(0.0004), answer[at:])]
    return Case(name, [*asked, KEPT], [Forwarded(b"GET /%d HTTP/1.1" % at) for at in places], origin=given)


def _octet_by_octet(name: str, answer: bytes, interim: list[int]) -> Case:
    pieces = [piece for octet in answer for piece in (bytes([octet]), Pause(0.0003))]
    return Case(f"{name} may arrive octet by octet", [_GET, Answer(200, b"hello", interim=interim), KEPT],
                origin=[READ, *pieces])


@table(
    _split_responses(),
    _octet_by_octet("a response of known length", HELLO, []),
    _octet_by_octet("a chunked response", _CHUNKED + b"2;a\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n", []),
    _octet_by_octet("a response behind interim ones", _interims(b"100 Continue", b"103 Early Hints\r\nLink: </a>") + HELLO,
                    [100, 103]),
)
class SegmentsTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
