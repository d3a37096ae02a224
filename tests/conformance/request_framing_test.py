"""Request bodies: one unambiguous length or a refusal, and never a complete request made of an incomplete one (RFC 9112,
sections 6 and 7)."""
import weir
import wire
from case import (BYTEWISE, CLOSED, EVERY_SPLIT, GONE, HELLO, KEPT, KEPT_OR_CLOSED, NOTHING, SMUGGLED, Answer, Case, Forwarded,
                  Incomplete, get, post, refusal)
from scripted_origin import FIN, READ, READ_HEAD, RESET, STAY, Mark, Signal, Wait
from suite import ConformanceTest, table

_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_AS_IF_CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"

# RFC 9112, section 6.3. Behind each comes what would be a body by one reading and a request by another.
_BAD_LENGTHS = [
    ("a length and a coding", b"Content-Length: 5\r\n" + _CHUNKED),
    ("a coding and a length", _CHUNKED + b"Content-Length: 5\r\n"),
    ("a coding and a length of 0", _CHUNKED + b"Content-Length: 0\r\n"),
    ("a length far from its coding", b"Content-Length: 5\r\nAccept: */*\r\nX: y\r\n" + _CHUNKED),
    ("a length and an unknown coding", b"Content-Length: 5\r\nTransfer-Encoding: x\r\n"),
    ("a length and an empty coding", b"Content-Length: 5\r\nTransfer-Encoding:\r\n"),
    ("two different lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n"),
    ("two equal lengths", b"Content-Length: 5\r\nContent-Length: 5\r\n"),
    ("two different lengths in one line", b"Content-Length: 5, 6\r\n"),
    ("two equal lengths in one line", b"Content-Length: 5, 5\r\n"),
    ("an empty length", b"Content-Length:\r\n"), ("a blank length", b"Content-Length:  \t\r\n"),
    ("a negative length", b"Content-Length: -1\r\n"), ("minus zero", b"Content-Length: -0\r\n"),
    ("a length with a plus sign", b"Content-Length: +5\r\n"), ("a hexadecimal length", b"Content-Length: 0x5\r\n"),
    ("a length of letters", b"Content-Length: five\r\n"),
    ("a length with a letter behind it", b"Content-Length: 5a\r\n"),
    ("a length with a space inside", b"Content-Length: 1 5\r\n"), ("a fractional length", b"Content-Length: 5.0\r\n"),
    ("a length in exponent form", b"Content-Length: 5e0\r\n"), ("a length with an underscore", b"Content-Length: 1_0\r\n"),
    ("a quoted length", b'Content-Length: "5"\r\n'),
    ("a length with a semicolon", b"Content-Length: 5;\r\n"), ("a length with a comma behind it", b"Content-Length: 5,\r\n"),
    ("a length with a comma before it", b"Content-Length: ,5\r\n"),
    ("a length of 2 to the 63", b"Content-Length: 9223372036854775808\r\n"),
    ("a length of 2 to the 64", b"Content-Length: 18446744073709551616\r\n"),
    ("a length that is 5 modulo 2 to the 64", b"Content-Length: 18446744073709551621\r\n"),
    ("a length that is 5 modulo 2 to the 32, signed", b"Content-Length: -4294967291\r\n"),
    ("a length of 40 digits", b"Content-Length: " + b"9" * 40 + b"\r\n"),
    ("a length in Arabic digits", "Content-Length: ٥\r\n".encode()),
    ("a length with a raw octet", b"Content-Length: 5\xa0\r\n"),
    ("a length with a vertical tab", b"Content-Length: \x0b5\r\n"), ("a length with a NUL", b"Content-Length: 5\x00\r\n"),
    ("a folded length", b"Content-Length:\r\n 5\r\n"),
    ("a length continued on the next line", b"Content-Length: 1\r\n 5\r\n"),
]

_BAD_CODINGS = [
    ("chunked twice", b"Transfer-Encoding: chunked, chunked\r\n"),
    ("chunked before another coding", b"Transfer-Encoding: chunked, gzip\r\n"),
    ("chunked before identity", b"Transfer-Encoding: chunked, identity\r\n"),
    ("gzip alone", b"Transfer-Encoding: gzip\r\n"), ("identity alone", b"Transfer-Encoding: identity\r\n"),
    ("gzip before chunked", b"Transfer-Encoding: gzip, chunked\r\n"),
    ("an unknown coding", b"Transfer-Encoding: x\r\n"), ("xchunked", b"Transfer-Encoding: xchunked\r\n"),
    ("chunkedx", b"Transfer-Encoding: chunkedx\r\n"), ("chunked in quotes", b'Transfer-Encoding: "chunked"\r\n'),
    ("chunked with a parameter", b"Transfer-Encoding: chunked;q=1\r\n"),
    ("chunked with a semicolon", b"Transfer-Encoding: chunked;\r\n"),
    ("chunked and identity with a space", b"Transfer-Encoding: chunked identity\r\n"),
    ("an empty coding", b"Transfer-Encoding:\r\n"), ("a blank coding", b"Transfer-Encoding: \t\r\n"),
    ("a comma for a coding", b"Transfer-Encoding: ,\r\n"),
    ("two lines of chunked", _CHUNKED * 2), ("a line of chunked and one of identity",
                                             _CHUNKED + b"Transfer-Encoding: identity\r\n"),
    ("a line of gzip and one of chunked", b"Transfer-Encoding: gzip\r\n" + _CHUNKED),
    ("a line of chunked and an empty one", _CHUNKED + b"Transfer-Encoding:\r\n"),
    ("chunked behind a vertical tab", b"Transfer-Encoding: \x0bchunked\r\n"),
    ("chunked before a vertical tab", b"Transfer-Encoding: chunked\x0b\r\n"),
    ("chunked with a NUL", b"Transfer-Encoding: chunked\x00\r\n"),
    ("chunked before a raw octet", b"Transfer-Encoding: chunked\xa0\r\n"),
    ("a folded chunked", b"Transfer-Encoding:\r\n chunked\r\n"),
    ("chunked cut by a fold", b"Transfer-Encoding: chun\r\n ked\r\n"),
    ("chunked with a bare CR", b"Transfer-Encoding: chunked\r\r\n"),
    ("chunked with a backslash", b"Transfer-Encoding: \\chunked\r\n"),
    ("chunked with long s letters", "Transfer-Encoding: \u017fchunked\r\n".encode()),
]

# Each is a whole chunked body with one fault, RFC 9112, section 7.1.
_BAD_CHUNKS = [
    ("an empty size", b"\r\nhello\r\n0\r\n\r\n"), ("a size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a plus sign", b"+5\r\nhello\r\n0\r\n\r\n"), ("a negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a letter that is no digit", b"5g\r\nhello\r\n0\r\n\r\n"),
    ("a size with h behind it", b"5h\r\nhello\r\n0\r\n\r\n"), ("a size behind a space", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("a size behind a tab", b"\t5\r\nhello\r\n0\r\n\r\n"),
    ("a size with an underscore", b"0_5\r\nhello\r\n0\r\n\r\n"), ("a size in quotes", b'"5"\r\nhello\r\n0\r\n\r\n'),
    ("a size with a point", b"5.\r\nhello\r\n0\r\n\r\n"), ("two sizes", b"5 5\r\nhello\r\n0\r\n\r\n"),
    ("two sizes with a comma", b"5,5\r\nhello\r\n0\r\n\r\n"),
    ("a space behind the size", b"5 \r\nhello\r\n0\r\n\r\n"), ("a tab behind the size", b"5\t\r\nhello\r\n0\r\n\r\n"),
    ("a vertical tab behind the size", b"5\x0b\r\nhello\r\n0\r\n\r\n"),
    ("a NUL behind the size", b"5\x00\r\nhello\r\n0\r\n\r\n"),
    ("a size of 2 to the 64", b"10000000000000000\r\nhello\r\n0\r\n\r\n"),
    ("a size that is 5 modulo 2 to the 64", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("a size of 2 to the 64, less one", b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
    ("a size of 32 digits", b"F" * 32 + b"\r\nhello\r\n0\r\n\r\n"), ("a size without end", b"1" * 5000 + b"\r\n"),
    ("an LF behind the size", b"5\nhello\r\n0\r\n\r\n"), ("a CR behind the size", b"5\rhello\r\n0\r\n\r\n"),
    ("CR CR LF behind the size", b"5\r\r\nhello\r\n0\r\n\r\n"), ("LF CR behind the size", b"5\n\rhello\r\n0\r\n\r\n"),
    ("an LF behind its data", b"5\r\nhello\n0\r\n\r\n"), ("a CR behind its data", b"5\r\nhello\r0\r\n\r\n"),
    ("nothing behind its data", b"5\r\nhello0\r\n\r\n"), ("a space behind its data", b"5\r\nhello \r\n0\r\n\r\n"),
    ("two line ends behind its data", b"5\r\nhello\r\n\r\n0\r\n\r\n"),
    ("data longer than its size", b"5\r\nhello!\r\n0\r\n\r\n"), ("data shorter than its size", b"6\r\nhello\r\n0\r\n\r\n"),
    ("letters behind its data", b"5\r\nhelloXX0\r\n\r\n"),
    ("an LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"), ("a bare CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("a NUL in an extension", b"5;a\x00\r\nhello\r\n0\r\n\r\n"),
    ("an LF at the end of an extension", b"5;a\nhello\r\n0\r\n\r\n"),
    ("an LF in a quoted extension", b'5;a="\n"\r\nhello\r\n0\r\n\r\n'),
    ("a quote without its end in an extension", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    ("a control character in an extension", b"5;\x1b\r\nhello\r\n0\r\n\r\n"),
    ("a size with a letter before an extension", b"5x;a=b\r\nhello\r\n0\r\n\r\n"),
    ("an equals sign for a semicolon", b"5=a\r\nhello\r\n0\r\n\r\n"),
    ("an LF behind the last size", b"5\r\nhello\r\n0\n\r\n"), ("an LF for the last empty line", b"5\r\nhello\r\n0\r\n\n"),
    ("a negative last size", b"5\r\nhello\r\n-0\r\n\r\n"), ("a space behind the last size", b"5\r\nhello\r\n0 \r\n\r\n"),
    ("a trailer line without a colon", b"0\r\nX\r\n\r\n"), ("a trailer with a space before its colon", b"0\r\nX : y\r\n\r\n"),
    ("a trailer without a name", b"0\r\n: y\r\n\r\n"), ("a folded trailer", b"0\r\nX: y\r\n z\r\n\r\n"),
    ("a fold for a trailer", b"0\r\n X: y\r\n\r\n"), ("a NUL in a trailer", b"0\r\nX: \x00\r\n\r\n"),
    ("a bare CR in a trailer", b"0\r\nX: a\rb\r\n\r\n"), ("a bare LF at the end of a trailer", b"0\r\nX: y\n\r\n"),
    ("a trailer name with a space", b"0\r\nX Y: z\r\n\r\n"), ("a request line for a trailer",
            b"0\r\nGET http://<origin>/smuggled HTTP/1.1\r\n\r\n"),
    ("an LF for the empty line behind a trailer", b"0\r\nX: y\r\n\n"),
    ("a control character in a trailer", b"0\r\nX: \x1b\r\n\r\n"), ("a chunk's data for a size", b"hello\r\n0\r\n\r\n"),
]

_GOOD_CHUNKS = [
    ("one chunk", b"5\r\nhello\r\n0\r\n\r\n", b"hello"), ("several chunks", b"1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n",
                                                          b"hello"), ("no chunk but the last", b"0\r\n\r\n", b""),
    ("a last size of many zeros", b"5\r\nhello\r\n0000\r\n\r\n", b"hello"),
    ("a size with leading zeros", b"0005\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("a size in capitals", b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    ("a size in lower case", b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    ("an extension", b"5;a\r\nhello\r\n0\r\n\r\n", b"hello"), ("an extension with a value", b"5;a=b\r\nhello\r\n0\r\n\r\n",
            b"hello"), ("an extension with a quoted value", b'5;a="b c;\td"\r\nhello\r\n0\r\n\r\n', b"hello"),
    ("an extension with an escaped quote", b'5;a="\\"\\\\"\r\nhello\r\n0\r\n\r\n', b"hello"),
    ("several extensions", b"5;a=b;c;d=e\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("an extension of the last chunk", b"5\r\nhello\r\n0;a=b\r\n\r\n", b"hello"),
    ("line ends as data", b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    ("data that looks like the end", b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    ("all octets as data", b"100\r\n" + bytes(range(256)) + b"\r\n0\r\n\r\n", bytes(range(256))),
    ("a thousand chunks of one octet", b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n", b"x" * 1000),
    ("a chunk of 100,000 octets", b"186a0\r\n" + b"y" * 100_000 + b"\r\n0\r\n\r\n", b"y" * 100_000),
]

# RFC 9110, section 5.6.3: bad white space, and lengths that RFC 9112 does not bound: either is lawful.
_DOUBTFUL_CHUNKS = [
    ("white space before an extension", b"5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    ("white space in an extension", b"5; a = b\r\nhello\r\n0\r\n\r\n"), ("an empty extension", b"5;\r\nhello\r\n0\r\n\r\n"),
    ("an extension without a name", b"5;=b\r\nhello\r\n0\r\n\r\n"),
    ("an extension without a value", b"5;a=\r\nhello\r\n0\r\n\r\n"), ("two semicolons", b"5;;a\r\nhello\r\n0\r\n\r\n"),
    ("a size of 30 zeros and a digit", b"0" * 30 + b"5\r\nhello\r\n0\r\n\r\n"),
    ("an extension of 3,000 octets", b"5;a=" + b"b" * 3000 + b"\r\nhello\r\n0\r\n\r\n"),
]


def chunks_pass(name: str, body: bytes, content: bytes) -> Case:
    return Case(f"a chunked body with {name} passes", [post(_CHUNKED, body), Answer(200, b"hello"), KEPT],
                [Forwarded(b"POST / HTTP/1.1", [], content)])


def chunks_refused(name: str, body: bytes) -> Case:
    """The head may have been sent on before, but the request never becomes complete."""
    return Case(f"a chunked body with {name} is refused", [post(_CHUNKED, body) + SMUGGLED,
                                                           Answer((400, 413, 431), is_own=True), CLOSED], [Incomplete()])


def chunks_refused_late(name: str, body: bytes) -> Case:
    """As before, but the fault comes when the head is with the origin already."""
    return Case(f"a chunked body with {name} is refused after its head was sent on",
                [post(_CHUNKED, b"3\r\nabc\r\n"), Wait("head"), body + SMUGGLED, Answer((400, 413, 431), is_own=True), CLOSED],
                [Incomplete(b"POST / HTTP/1.1")],
                origin=[READ_HEAD, Signal("head"), READ])


def chunks_doubtful(name: str, body: bytes) -> Case:
    def check(run):
        complete = [request.body for request in run.requests() if request.is_complete]
        assert complete == ([b"hello"] if run.last.status == 200 else []), complete
    return Case(f"a chunked body with {name} passes or is refused", [post(_CHUNKED, body), Answer((200, 400)), KEPT_OR_CLOSED],
                check)


def abort(name: str, sent: bytes, end: Mark) -> Case:
    """What the client leaves behind is never completed towards the origin (RFC 9112, section 8)."""
    return Case(f"an upload is never completed: {name}", [sent, Wait("head"), end] + ([] if end is RESET else [_read_rest]),
                [Incomplete()],
                origin=[READ_HEAD, Signal("head"), READ])


def _read_rest(run) -> None:
    """An answer, or none, and the end."""
    run.client.read_to_end()


def _trailer_is_harmless(run) -> None:
    """It may be dropped, sent on as a trailer, or be refused."""
    for request in run.requests():
        assert request.framing == wire.CHUNKED, f"framed by {request.framing}"
        assert b"hello" == request.body or not request.is_complete, request
        names = {name.lower() for name, _ in request.fields}
        assert names <= {b"host", b"via", b"transfer-encoding", b"connection"}, f"header fields {names}"
        assert request.one("host") == run.origin.authority.encode()


def _nothing_smuggled(run) -> None:
    assert not run.origins[1].requests(), "octets of a body were executed"


def _next_or_nothing(run) -> None:
    lines = [request.start_line for request in run.origins[1].requests()]
    assert lines in ([], [b"GET /next HTTP/1.1"]), lines


@table(
    [refusal(f"a request with {name} is refused", post(fields, _AS_IF_CHUNKED)) for name, fields in _BAD_LENGTHS],
    [refusal(f"a request with {name} as its coding is refused", post(fields, _AS_IF_CHUNKED), 400, 501) for name,
     fields in _BAD_CODINGS],
    [refusal(f"a GET with {name} is refused", post(fields, _AS_IF_CHUNKED, b"GET")) for name,
     fields in (*_BAD_LENGTHS[:2], _BAD_LENGTHS[6])],
    refusal("a coding in HTTP/1.0 is refused", post(_CHUNKED, _AS_IF_CHUNKED, version=b"HTTP/1.0")),
    refusal("a coding in HTTP/1.0 that keeps its connection is refused",
            post(_CHUNKED + b"Connection: keep-alive\r\n", _AS_IF_CHUNKED, version=b"HTTP/1.0")),
    refusal("a length and a coding in HTTP/1.0 are refused", post(b"Content-Length: 5\r\n" + _CHUNKED, _AS_IF_CHUNKED,
            version=b"HTTP/1.0")),
    [chunks_pass(*case) for case in _GOOD_CHUNKS],
    [chunks_refused(*case) for case in _BAD_CHUNKS],
    [chunks_refused_late(*case) for case in _BAD_CHUNKS],
    [chunks_doubtful(*case) for case in _DOUBTFUL_CHUNKS],
    [Case(f"chunked {name} is the same coding", [post(b"Transfer-Encoding: " + coding + b"\r\n", _AS_IF_CHUNKED),
                                                 Answer(200, b"hello"), KEPT],
          [Forwarded(b"POST / HTTP/1.1", [], b"hello")]) for name,
     coding in (("in capitals", b"CHUNKED"), ("with a capital", b"Chunked"), ("with white space around", b"\tchunked \t"))],
    [Case(f"a length {name} passes", [post(b"Content-Length:" + length + b"\r\n", b"hello"), Answer(200, b"hello"), KEPT],
          [Forwarded(b"POST / HTTP/1.1", body=b"hello")]) for name,
     length in (("without a space before it", b"5"), ("behind two spaces", b"  5"), ("with tabs around", b"\t5\t"))],
    [Case(f"{method.decode()} may carry a body of known length",
          [post(b"Content-Length: 5\r\n", b"world", method), Answer(200, b"hello"), KEPT],
          [Forwarded(method + b" / HTTP/1.1", [(b"Content-Length", b"5")], b"world")])
     for method in (b"GET", b"DELETE", b"OPTIONS", b"PUT", b"PATCH", b"SEARCH", b"X")],
    [Case(f"{method.decode()} may carry a chunked body", [post(_CHUNKED, b"5\r\nworld\r\n0\r\n\r\n", method),
                                                          Answer(200, b"hello"), KEPT],
          [Forwarded(method + b" / HTTP/1.1", [], b"world")]) for method in (b"GET", b"DELETE", b"OPTIONS", b"PUT", b"PATCH",
                  b"SEARCH", b"X")],
    Case("HEAD may carry a body", [post(b"Content-Length: 5\r\n", b"world", b"HEAD"), Answer(200, b"", method="HEAD"), KEPT],
         [Forwarded(b"HEAD / HTTP/1.1", body=b"world")],
         origin=[READ, HELLO.removesuffix(b"hello")]),
    Case("a POST without a length has no body", [post(), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", absent=("transfer-encoding",))]),
    Case("a POST with a length of 0 has no body", [post(b"Content-Length: 0\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", [(b"Content-Length", b"0")])]),
    Case("a length with leading zeros passes or is refused", [post(b"Content-Length: 0005\r\n", b"hello"), Answer((200, 400)),
            KEPT_OR_CLOSED]),
    Case("a POST of HTTP/1.0 with a length passes", [post(b"Content-Length: 5\r\n", b"world", version=b"HTTP/1.0"),
                                                     Answer(200, b"hello"), CLOSED],
         [Forwarded(b"POST / HTTP/1.1", body=b"world")]),
    Case("Connection cannot remove the length", [post(b"Connection: content-length\r\nContent-Length: 5\r\n", b"world"),
                                                 Answer((200, 400)), KEPT_OR_CLOSED],
         [Forwarded(b"POST / HTTP/1.1", body=b"world")]),
    Case("Connection cannot remove the coding", [post(b"Connection: transfer-encoding\r\n" + _CHUNKED, _AS_IF_CHUNKED),
                                                 Answer((200, 400)), KEPT_OR_CLOSED],
         [Forwarded(b"POST / HTTP/1.1", body=b"hello")]),
    Case("a field that resembles Transfer-Encoding is no coding",
         [post(b"Transfer_Encoding: chunked\r\nXTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"world"),
          Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=b"world")]),
    Case("a field that resembles Content-Length is no length",
         [post(b"Content_Length: 100\r\nContent-Lengths: 100\r\nX-Content-Length: 100\r\nContent-Length: 5\r\n", b"world"),
          Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=b"world")]),
    # Trailers (RFC 9110, section 6.5).
    Case("trailers reach the origin as trailers or not at all", [post(_CHUNKED + b"Trailer: X-Sum\r\n",
            b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", [], b"hello", trailers=[(b"X-Sum", b"1")], absent=("x-sum",))]),
    [Case(f"the trailer {name.decode()} never becomes a header field or changes the framing",
          [post(_CHUNKED, b"5\r\nhello\r\n0\r\n" + name + b": " + value + b"\r\n\r\n"), Answer((200, 400)), KEPT_OR_CLOSED],
          _trailer_is_harmless) for name, value in ((b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked"),
                                                    (b"Host", b"elsewhere.test"), (b"Connection", b"close"),
                                                    (b"Authorization", b"Basic eDp5"),
                                                    (b"Proxy-Authorization", b"Basic eDp5"), (b"Cookie", b"a=b"),
                                                    (b"Expect", b"100-continue"), (b"Via", b"1.1 x"),
                                                    (b"Upgrade", b"websocket"))],
    Case("a hundred trailers pass or are refused", [post(_CHUNKED,
                                                         b"0\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100)) + b"\r\n"),
                                                    Answer((200, 400, 431)), KEPT_OR_CLOSED]),
    # Cut off.
    [abort(f"{name}, {'half-closed' if end is FIN else 'reset'}", post(fields, body), end) for name, fields, body in (
        ("a body of known length", b"Content-Length: 10\r\n", b"hello"),
        ("a body of known length of which nothing came", b"Content-Length: 10\r\n", b""), ("a chunk", _CHUNKED, b"a\r\nhello"),
        ("between two chunks", _CHUNKED, b"5\r\nhello\r\n"), ("a last chunk without its empty line", _CHUNKED,
                b"5\r\nhello\r\n0\r\n"), ("a last chunk with half its empty line", _CHUNKED, b"5\r\nhello\r\n0\r\n\r"),
        ("a trailer", _CHUNKED, b"0\r\nX: y\r\n"), ("a chunk's size", _CHUNKED, b"5\r\nhello\r\n1"),
        ("a chunk without its line end", _CHUNKED, b"5\r\nhello")) for end in (FIN, RESET)],
    # Unread bodies are never executed.
    Case("a body that its origin did not read is no request", [post(b"Content-Length: 61\r\n"), Answer(403, b"no"),
            get(b"http://<second>/smuggled"), GONE],
         _nothing_smuggled, origin=[READ_HEAD, b"HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", STAY],
         second=[READ, HELLO]),
    Case("a body sent after an early answer is taken as a body or not at all",
         [post(_CHUNKED, b"5\r\nhello\r\n"), Answer(403, b"no"), b"0\r\n\r\n" + get(b"http://<second>/next"), _read_rest],
         _next_or_nothing, origin=[READ_HEAD, b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", STAY], second=[READ, HELLO]),
    Case("the body of a request that was refused is no request",
         [get(b"https://<origin>/", b"Content-Length: 61\r\n", b"POST") + SMUGGLED, Answer(400, is_own=True), CLOSED], NOTHING),
    Case("the chunked body of a request that was refused is no request",
         [get(b"https://<origin>/", _CHUNKED, b"POST") + b"3d\r\n" + SMUGGLED + b"\r\n0\r\n\r\n", Answer(400, is_own=True),
          CLOSED], NOTHING),
    Case("the body of a request whose origin is dead is no request",
         [get(b"http://<dead>/", b"Content-Length: 1000\r\n", b"POST") + SMUGGLED, Answer(502, is_own=True), CLOSED], NOTHING),
    Case("a whole body of a request whose origin is dead is skipped",
         [get(b"http://<dead>/", b"Content-Length: 5\r\n", b"POST") + b"hello" + get(), Answer(502, is_own=True),
          Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1")]),
    Case("a body that looks like a request stays a body", [post(b"Content-Length: 49\r\n",
            b"GET http://elsewhere.test/ HTTP/1.1\r\nHost: x\r\n\r\nx"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=b"GET http://elsewhere.test/ HTTP/1.1\r\nHost: x\r\n\r\nx")]),
    # Segments.
    Case("a body of known length may be split at every position",
         [post(b"Content-Length: 12\r\n", b"hello, world"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", [(b"Content-Length", b"12")], b"hello, world")], segments=EVERY_SPLIT),
    Case("a chunked body may be split at every position", [post(_CHUNKED,
            b'5;a="b;\\""\r\nhello\r\n00A\r\n, world\r\n!\r\n0;c\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n'), Answer(200, b"hello"),
                                                           KEPT],
         [Forwarded(b"POST / HTTP/1.1", [], b"hello, world\r\n!", trailers=[(b"X-Sum", b"1"), (b"X-More", b"2")])],
         segments=EVERY_SPLIT),
    Case("a chunked body may arrive octet by octet", [post(_CHUNKED,
                                                           b'5;a="b;\\""\r\nhello\r\n00A\r\n, world\r\n!\r\n0;c\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n'), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", [], b"hello, world\r\n!", trailers=[(b"X-Sum", b"1"), (b"X-More", b"2")])],
         segments=BYTEWISE),
    Case("a chunked body with a request behind it may be split at every position",
         [post(_CHUNKED, _AS_IF_CHUNKED) + get(b"http://<origin>/next"), Answer(200, b"hello"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", [], b"hello"), Forwarded(b"GET /next HTTP/1.1", [])], segments=EVERY_SPLIT),
    [Case(f"a chunked body with {name} is refused however it is split",
          [post(_CHUNKED, body), Answer(400, is_own=True), CLOSED], [Incomplete()], segments=EVERY_SPLIT)
     for name, body in (_BAD_CHUNKS[22], _BAD_CHUNKS[26], _BAD_CHUNKS[34], _BAD_CHUNKS[44])],
)
class RequestFramingTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
