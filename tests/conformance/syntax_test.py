"""Request lines and header lines: what RFC 9112 allows passes however it is cut, and nothing else is sent on."""
import weir
from case import BYTEWISE, CLOSED, EVERY_SPLIT, HELLO, KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Forwarded, get, refusal
from scripted_origin import READ
from suite import ConformanceTest, table

_H = b"Host: <origin>\r\n"
_URL = b"http://<origin>/x"

# RFC 9112, section 3: single spaces, an exact version.
_REQUEST_LINES = [
    ("two spaces behind the method", b"GET  http://<origin>/x HTTP/1.1\r\n"),
    ("two spaces behind the target", b"GET http://<origin>/x  HTTP/1.1\r\n"),
    ("a tab behind the method", b"GET\thttp://<origin>/x HTTP/1.1\r\n"),
    ("a tab behind the target", b"GET http://<origin>/x\tHTTP/1.1\r\n"),
    ("a space at its beginning", b" GET http://<origin>/x HTTP/1.1\r\n"),
    ("a space at its end", b"GET http://<origin>/x HTTP/1.1 \r\n"),
    ("a tab at its end", b"GET http://<origin>/x HTTP/1.1\t\r\n"),
    ("a space in the target", b"GET http://<origin>/a b HTTP/1.1\r\n"),
    ("a form feed for a space", b"GET\x0chttp://<origin>/x HTTP/1.1\r\n"),
    ("a vertical tab for a space", b"GET http://<origin>/x\x0bHTTP/1.1\r\n"),
    ("no version", b"GET http://<origin>/x\r\n"), ("an empty version", b"GET http://<origin>/x \r\n"),
    ("a version in lower case", b"GET http://<origin>/x http/1.1\r\n"),
    ("a version of three digits", b"GET http://<origin>/x HTTP/1.10\r\n"),
    ("a version with a leading zero", b"GET http://<origin>/x HTTP/01.1\r\n"),
    ("a version without a minor number", b"GET http://<origin>/x HTTP/1\r\n"),
    ("a version with an empty minor number", b"GET http://<origin>/x HTTP/1.\r\n"),
    ("a version with an empty major number", b"GET http://<origin>/x HTTP/.1\r\n"),
    ("a space in the version", b"GET http://<origin>/x HTTP/1. 1\r\n"),
    ("a space behind HTTP", b"GET http://<origin>/x HTTP /1.1\r\n"),
    ("a comma in the version", b"GET http://<origin>/x HTTP/1,1\r\n"),
    ("a signed version", b"GET http://<origin>/x HTTP/+1.1\r\n"),
    ("a letter in the version", b"GET http://<origin>/x HTTP/1.a\r\n"),
    ("another protocol", b"GET http://<origin>/x ICAP/1.0\r\n"), ("HTTPS as protocol", b"GET http://<origin>/x HTTPS/1.1\r\n"),
    ("RTSP as protocol", b"GET http://<origin>/x RTSP/1.0\r\n"),
    ("a fourth word", b"GET http://<origin>/x HTTP/1.1 x\r\n"), ("a fourth word that is a version",
            b"GET http://<origin>/x HTTP/1.1 HTTP/1.1\r\n"),
    ("no method", b"http://<origin>/x HTTP/1.1\r\n"), ("an empty method", b" http://<origin>/x HTTP/1.1\r\n"),
    ("no target", b"GET HTTP/1.1\r\n"),
    ("an empty target", b"GET  HTTP/1.1\r\n"), ("a method alone", b"GET\r\n"),
    ("a NUL in the target", b"GET http://<origin>/\x00 HTTP/1.1\r\n"),
    ("a tab in the target", b"GET http://<origin>/a\tb HTTP/1.1\r\n"),
    ("a DEL in the target", b"GET http://<origin>/\x7f HTTP/1.1\r\n"),
    ("an escape character in the target", b"GET http://<origin>/\x1b HTTP/1.1\r\n"),
    ("a bare CR in the target", b"GET http://<origin>/a\rb HTTP/1.1\r\n"),
    ("a bare LF in the target", b"GET http://<origin>/a\nb HTTP/1.1\r\n"),
    ("a bare CR at its end", b"GET http://<origin>/x HTTP/1.1\r"),
    ("a bare LF at its end", b"GET http://<origin>/x HTTP/1.1\n"),
    ("CR CR LF at its end", b"GET http://<origin>/x HTTP/1.1\r\r\n"),
    ("a NUL before the method", b"\x00GET http://<origin>/x HTTP/1.1\r\n"),
    ("a byte order mark", b"\xef\xbb\xbfGET http://<origin>/x HTTP/1.1\r\n"),
    ("a raw octet above 127 in the method", b"G\xc9T http://<origin>/x HTTP/1.1\r\n"),
    ("a colon in the method", b"GET: http://<origin>/x HTTP/1.1\r\n"),
    ("a quoted method", b'"GET" http://<origin>/x HTTP/1.1\r\n'),
    ("a parenthesis in the method", b"GE(T http://<origin>/x HTTP/1.1\r\n"),
    ("a slash in the method", b"GE/T http://<origin>/x HTTP/1.1\r\n"),
    ("an equals sign in the method", b"GE=T http://<origin>/x HTTP/1.1\r\n"),
    ("an at sign in the method", b"GE@T http://<origin>/x HTTP/1.1\r\n"),
    ("a bracket in the method", b"GE[T http://<origin>/x HTTP/1.1\r\n"),
    ("a comma in the method", b"GET, http://<origin>/x HTTP/1.1\r\n"),
    ("a question mark in the method", b"GET? http://<origin>/x HTTP/1.1\r\n"),
]

_VERSIONS = [("HTTP/0.9", b"HTTP/0.9"), ("HTTP/2.0", b"HTTP/2.0"), ("HTTP/3.0", b"HTTP/3.0"), ("HTTP/9.9", b"HTTP/9.9"),
             ("HTTP/0.0", b"HTTP/0.0"), ("HTTP/2.1", b"HTTP/2.1")]

# RFC 9112, section 5.
_HEADER_LINES = [
    ("a space before the colon", b"X-A : b\r\n"), ("a tab before the colon", b"X-A\t: b\r\n"), ("no colon", b"X-A b\r\n"),
    ("a name alone", b"X-A\r\n"), ("an empty name", b": b\r\n"),
    ("a colon alone", b":\r\n"), ("a blank for a name", b" : b\r\n"), ("a space in the name", b"X A: b\r\n"),
    ("a line folded with a space", b"X-A: b\r\n c\r\n"),
    ("a line folded with a tab", b"X-A: b\r\n\tc\r\n"), ("an empty line folded", b"X-A:\r\n b\r\n"),
    ("a fold of blanks alone", b"X-A: b\r\n \r\n"), ("a NUL in the value", b"X-A: b\x00c\r\n"),
    ("a NUL in the name", b"X\x00A: b\r\n"), ("a bare CR in the value", b"X-A: b\rc\r\n"),
    ("a bare CR in the name", b"X\rA: b\r\n"), ("a bare CR at the end of the value", b"X-A: b\r\r\n"),
    ("a bare LF at its end", b"X-A: b\n"), ("a bare LF in the value that begins another field", b"X-A: b\nX-B: c\r\n"),
    ("a bare CR that begins another field", b"X-A: b\rX-B: c\r\n"),
    ("a bare LF before the empty line", b"X-A: b\n\r\n"), ("a CR before the empty line", b"X-A: b\r\n\r\r\n"),
    ("a raw octet above 127 in the name", b"X-\xc4: b\r\n"),
    ("a request line", b"GET http://<origin>/smuggled HTTP/1.1\r\n"), ("a no-break space before the colon", b"X-A\xa0: b\r\n"),
    ("a vertical tab before the colon", b"X-A\x0b: b\r\n"),
    ("a form feed before the value", b"X-A: \x0cb\r\n"), ("a null line", b"\x00\r\n"),
    ("a Connection line with a space before its colon", b"Connection : close\r\n"),
    ("a length with a space before its colon", b"Content-Length : 5\r\n"),
    ("a coding with a tab before its colon", b"Transfer-Encoding\t: chunked\r\n"),
]
_CONTROLS = [octet for octet in range(32) if octet not in (9, 10, 13)] + [127]
_NOT_IN_NAMES = b'"(),/;<=>?@[\\]{}'
_NAME_OCTETS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def bad_line(name: str, line: bytes) -> Case:
    return refusal(f"a request line with {name} is refused", line + _H + b"\r\n", 400, 505)


def bad_field(name: str, line: bytes) -> Case:
    return refusal(f"a header line with {name} is refused", get(_URL, line))


def method(name: str, word: bytes) -> Case:
    has_body = word != b"HEAD"
    return Case(f"{name} is a method like any other", [get(_URL, method=word),
                                                       Answer(200, b"hello" if has_body else b"", method=word.decode()), KEPT],
                [Forwarded(word + b" /x HTTP/1.1", fields=[])],
                origin=[READ, HELLO if has_body else HELLO.removesuffix(b"hello")])


def empty_lines(name: str, lines: bytes, is_required: bool = False) -> Case:
    """RFC 9112, section 2.2: at least one CR LF before a request line should be ignored."""
    return Case(f"{name} before a request is tolerated" + ("" if is_required else " or refused"),
                [lines + get(_URL), Answer(200 if is_required else (200, 400)), KEPT if is_required else KEPT_OR_CLOSED])


_WHOLE = get(_URL, b"Accept: */*\r\nX-Empty:\r\nX-Tab:\ta\tb\t\r\n")
_WHOLE_RECEIVED = [Forwarded(b"GET /x HTTP/1.1", fields=[(b"Accept", b"*/*"), (b"X-Empty", b""), (b"X-Tab", b"a\tb")])]


@table(
    [bad_line(name, line) for name, line in _REQUEST_LINES],
    [refusal(f"{name} is refused as a version", get(_URL, version=version), 505, 400) for name, version in _VERSIONS],
    [bad_field(name, line) for name, line in _HEADER_LINES],
    [bad_field(f"the control character {octet:#04x} in its value", b"X-A: b%cc\r\n" % octet) for octet in _CONTROLS],
    [bad_field(f"the control character {octet:#04x} in its name", b"X%cA: b\r\n" % octet) for octet in (*_CONTROLS, 9)],
    [bad_field(f"the octet {octet:#04x} in its name", b"X%cA: b\r\n" % octet) for octet in _NOT_IN_NAMES],
    [method(f"{word.decode()}", word) for word in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH",
                                                   b"PROPFIND", b"REPORT", b"QUERY", b"LOCK",
                                                     b"M-SEARCH", b"G", b"get_lower", b"connect", b"CONNECTX", b"0",
                                                   b"!#$%&'*+-.^_`|~")],
    method("a word of 200 octets", b"LONG" * 50),
    # A higher minor version should be taken as 1.1 (RFC 9110, section 2.5); refusing it is the cautious way.
    Case("a request of HTTP/1.2 is taken as one of 1.1 or refused",
         [get(_URL, version=b"HTTP/1.2"), Answer((200, 400, 505)), KEPT_OR_CLOSED]),
    Case("every octet that a field name may hold passes", [get(_URL, _NAME_OCTETS + b": x\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET /x HTTP/1.1", fields=[(_NAME_OCTETS, b"x")])]),
    Case("every octet that a field value may hold passes", [get(_URL,
            b"X-A: x" + bytes(range(32, 127)) + b"\t" + bytes(range(128, 256)) + b"x\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET /x HTTP/1.1", fields=[(b"X-A", b"x" + bytes(range(32, 127)) + b"\t" + bytes(range(128,
                 256)) + b"x")])]),
    Case("colons in a value are no ends of names", [get(_URL, b"X-A:: b:c:\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET /x HTTP/1.1", fields=[(b"X-A", b": b:c:")])]),
    empty_lines("an empty line", b"\r\n", True),
    empty_lines("two empty lines", b"\r\n\r\n"),
    empty_lines("five empty lines", b"\r\n" * 5),
    empty_lines("a bare LF", b"\n"),
    empty_lines("a bare CR", b"\r"),
    empty_lines("a blank line", b" \r\n"),
    Case("empty lines without end are not waited for in vain", [b"\r\n" * 200, Answer(400, is_own=True), CLOSED], NOTHING),
    Case("an empty line behind a body is no request", [get(_URL, b"Content-Length: 2\r\n", b"POST") + b"ab\r\n" + get(_URL),
                                                       Answer(200), Answer(200), KEPT],
         [Forwarded(b"POST /x HTTP/1.1", body=b"ab"), Forwarded(b"GET /x HTTP/1.1")]),
    refusal("control octets for a request are refused", b"\x01\x02\x03\r\n\r\n"),
    Case("garbage behind a request is refused after its answer",
         [get(_URL) + b"garbage\r\n\r\n", Answer(200, b"hello"), Answer(400, is_own=True), CLOSED],
         [Forwarded(b"GET /x HTTP/1.1")]),
    refusal("a TLS handshake is refused", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(150))),
    refusal("the preface of HTTP/2 is refused", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
    refusal("a SOCKS greeting is refused", b"\x05\x01\x00"),
    refusal("a status line is refused", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    refusal("lines that end in LF are refused", b"GET http://<origin>/x HTTP/1.1\nHost: <origin>\n\n"),
    refusal("an LF for the empty line is refused", b"GET http://<origin>/x HTTP/1.1\r\nHost: <origin>\r\n\n"),
    refusal("lines that end in CR are refused", b"GET http://<origin>/x HTTP/1.1\rHost: <origin>\r\r"),
    refusal("LF CR for CR LF is refused", b"GET http://<origin>/x HTTP/1.1\n\rHost: <origin>\n\r\n\r"),
    refusal("white space between the request line and the fields is refused",
            b"GET http://<origin>/x HTTP/1.1\r\n Content-Length: 5\r\nHost: <origin>\r\n\r\n"),
    refusal("a tab between the request line and the fields is refused",
            b"GET http://<origin>/x HTTP/1.1\r\n\tX: y\r\nHost: <origin>\r\n\r\n"),
    refusal("a header line like a continuation of the target is refused",
            b"GET http://<origin>/\r\n x HTTP/1.1\r\nHost: <origin>\r\n\r\n"),
    # Segments.
    Case("a request may be split at every position", [_WHOLE, Answer(200, b"hello"), KEPT], _WHOLE_RECEIVED,
         segments=EVERY_SPLIT),
    Case("a request may arrive octet by octet", [_WHOLE, Answer(200, b"hello"), KEPT], _WHOLE_RECEIVED, segments=BYTEWISE),
    Case("an empty line and a request may be split at every position", [b"\r\n" + get(_URL), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET /x HTTP/1.1")], segments=EVERY_SPLIT),
    Case("two requests at once may be split at every position", [get(_URL) + get(b"http://<origin>/y"), Answer(200, b"hello"),
            Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET /x HTTP/1.1"), Forwarded(b"GET /y HTTP/1.1")], segments=EVERY_SPLIT),
    [Case(f"{name} is refused octet by octet too", [sent, Answer((400, 505), is_own=True), CLOSED], NOTHING, segments=BYTEWISE)
     for name, sent in (
        ("a bare LF", b"GET http://<origin>/x HTTP/1.1\nHost: <origin>\n\n"), ("a fold", get(_URL, b"X-A: b\r\n c\r\n")),
         ("a bare CR", get(_URL, b"X-A: b\rc\r\n")),
        ("a space before a colon", get(_URL, b"X-A : b\r\n")), ("a missing version",
                b"GET http://<origin>/x\r\nHost: <origin>\r\n\r\n"),
        ("a NUL", get(_URL, b"X-A: \x00\r\n")), ("a line without a colon", get(_URL, b"X-A\r\n")))],
    [Case(f"{name} is refused however it is split", [sent, Answer((400, 505), is_own=True), CLOSED], NOTHING,
          segments=EVERY_SPLIT) for name, sent in (
        ("a bare CR before the empty line", get(_URL, b"X: y\r\r\n")), ("a fold", get(_URL, b"X: y\r\n z\r\n")),
              ("an LF for the empty line", _H.join((b"GET http://<origin>/x HTTP/1.1\r\n", b"\n"))))],
)
class SyntaxTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
