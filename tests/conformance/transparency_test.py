"""What a proxy has no business with passes as it is: values, order, names, reasons and bodies (RFC 9110, section 7.7)."""
import email.utils
import gzip

import weir
import wire
from case import KEPT, Answer, Case, Forwarded, get, post
from scripted_origin import READ
from suite import ConformanceTest, table

_OWN = (b"via", b"connection", b"date", b"transfer-encoding")
_ALL_OCTETS = bytes(range(256))

_FIELDS = [
    ("an empty value", [(b"X-Empty", b"")]), ("a value of one octet", [(b"X", b"y")]),
    ("duplicates apart from each other", [(b"X-A", b"1"), (b"X-B", b"2"), (b"X-A", b"3"), (b"x-a", b"4")]),
    ("equal duplicates", [(b"X-A", b"1"), (b"X-A", b"1")]),
    ("names in every case", [(b"x-lower", b"1"), (b"X-UPPER", b"2"), (b"X-mIxEd", b"3")]),
    ("names of odd octets", [(b"!#$%&'*+-.^_`|~", b"1"), (b"_", b"2"), (b"0", b"3")]),
    ("a name of 300 octets", [(b"X-" + b"n" * 300, b"1")]),
    ("white space inside a value", [(b"X-A", b"a  b\tc \t d")]), ("commas and semicolons", [(b"X-A", b",,a;;b=,;")]),
    ("quotes and backslashes", [(b"X-A", b'"a \\" b", \'c\', \\d')]), ("a quote without its end", [(b"X-A", b'"a')]),
    ("Latin-1", [(b"X-A", "äöü ß".encode("latin-1"))]), ("UTF-8", [(b"X-A", "日本語 ✓".encode())]),
    ("every octet above 127", [(b"X-A", bytes(range(128, 256)))]), ("colons", [(b"X-A", b"a:b::c:")]),
    ("what looks like another field", [(b"X-A", b"y\\r\\nX-B: z")]),
    ("percent-encoded line ends", [(b"X-A", b"%0d%0aX-B:%20z")]),
    ("a hundred fields", [(b"X-%d" % number, b"v%d" % number) for number in range(100)]),
    ("two hundred fields", [(b"X-%d" % number, b"v") for number in range(200)]),
    ("16 KiB of fields", [(b"X-%d" % number, b"v" * 150) for number in range(100)]),
    ("a value of 16,000 octets", [(b"X-A", b"v" * 16_000)]), ("forty fields of one name",
            [(b"X-A", b"%d" % number) for number in range(40)]),
    ("Accept-Encoding", [(b"Accept-Encoding", b"gzip, br;q=0.5, *;q=0")]),
    ("Range", [(b"Range", b"bytes=0-10,20-"), (b"If-Range", b'"x"')]),
    ("Cache-Control", [(b"Cache-Control", b"no-store, max-age=0"), (b"Pragma", b"no-cache")]),
    ("conditions", [(b"If-None-Match", b'W/"a", "b"'), (b"If-Modified-Since", b"Sat, 29 Oct 1994 19:43:31 GMT"),
                    (b"If-Match", b"*")]),
]

_REQUEST_FIELDS = [
    ("Authorization", [(b"Authorization", b"Bearer a.b-c~d+/==")]), ("an 8 KiB cookie", [(b"Cookie", b"a=" + b"c" * 8190)]),
    ("several Cookies", [(b"Cookie", b"a=1; b=2"), (b"Cookie", b"c=3")]), ("an empty User-Agent", [(b"User-Agent", b"")]),
    ("Referer and Origin", [(b"Referer", b"http://a.test/b?c#d"), (b"Origin", b"null")]),
    ("Forwarded", [(b"Forwarded", b"for=192.0.2.1"), (b"X-Forwarded-For", b"192.0.2.1")]),
    ("Accept", [(b"Accept", b"*/*"), (b"Accept", b"text/html")]),
    ("Upgrade-Insecure-Requests", [(b"Upgrade-Insecure-Requests", b"1")]),
    ("Sec-Fetch fields", [(b"Sec-Fetch-Mode", b"navigate"), (b"Sec-CH-UA", b'"A";v="1"')]),
    ("Expect that is not 100-continue is not touched", [(b"X-Expect", b"x")]), ("Early-Data", [(b"Early-Data", b"1")]),
    ("DNT and Save-Data", [(b"DNT", b"1"), (b"Save-Data", b"on")]), ("From", [(b"From", b"a@b.test")]),
]

_RESPONSE_FIELDS = [
    ("separate Set-Cookies", [(b"Set-Cookie", b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"), (b"X", b"y"),
                              (b"Set-Cookie", b"b=2; Path=/; HttpOnly"), (b"Set-Cookie", b"a=3")]),
    ("several WWW-Authenticates", [(b"WWW-Authenticate", b"Negotiate"), (b"WWW-Authenticate", b'Basic realm="a, b"')]),
    ("Server", [(b"Server", b"Apache/2.4 (Debian)")]), ("Age and Expires", [(b"Age", b"0"), (b"Expires", b"0")]),
    ("Warning", [(b"Warning", b'110 - "Response is stale"')]), ("ETag", [(b"ETag", b'W/"x"')]),
    ("Vary", [(b"Vary", b"*"), (b"Vary", b"Accept")]),
    ("Location with a fragment", [(b"Location", b"/a/../b?c#d")]),
    ("Link", [(b"Link", b"</a>; rel=preload, </b>"), (b"Link", b"</c>")]),
    ("Proxy-Status of another proxy", [(b"Proxy-Status", b"other; error=dns_error")]),
    ("Content-Disposition", [(b"Content-Disposition", b"attachment; filename=\"\xe4.txt\"")]),
    ("Strict-Transport-Security", [(b"Strict-Transport-Security", b"max-age=1")]), ("Alt-Svc", [(b"Alt-Svc", b'h3=":443"')]),
    ("Cache-Status", [(b"Cache-Status", b"x; hit")]), ("Retry-After", [(b"Retry-After", b"120")]),
    ("a Content-Type of odd form", [(b"Content-Type", b"text/html;;charset")]),
    ("two Content-Types", [(b"Content-Type", b"a/b"), (b"Content-Type", b"c/d")]),
    ("Content-Range", [(b"Content-Range", b"bytes 0-4/10"), (b"Accept-Ranges", b"bytes")]),
]

_BODIES = [
    ("all octets", _ALL_OCTETS * 4), ("zeros", bytes(3000)), ("line ends", b"\r\n" * 1000),
    ("what looks like chunks", b"5\r\nhello\r\n0\r\n\r\n"), ("what looks like a response",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ("one octet", b"x"),
    ("a gzip stream", gzip.compress(_ALL_OCTETS, mtime=0)), ("UTF-16 with a byte order mark", "héllo".encode("utf-16")),
    ("100,000 octets", _ALL_OCTETS * 391), ("an HTML page", b"<html><head><meta http-equiv=refresh content=0></head></html>"),
]

_REASONS = [("an empty reason", b""), ("a reason of one word", b"Yes"),
            ("a reason of many words", b"It is all right, thank you"), ("a reason in Latin-1", "schön".encode("latin-1")),
            ("a reason with a tab", b"a\tb"), ("a reason of digits", b"404 Not Found"),
            ("a reason of 1,000 octets", b"r" * 1000), ("a reason in another case", b"ok"),
            ("a reason that belongs to another status", b"Not Found")]


def _lines(fields: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in fields)


def to_origin(name: str, fields: list[tuple[bytes, bytes]]) -> Case:
    return Case(f"{name} in a request", [get(fields=_lines(fields)), Answer(200, b"hello"), KEPT],
                [Forwarded(b"GET / HTTP/1.1", fields)])


def to_client(name: str, fields: list[tuple[bytes, bytes]], status: bytes = b"200 OK") -> Case:
    def check(message: wire.Message) -> None:
        found = [field for field in message.fields if field[0].lower() not in (*_OWN, b"content-length")]
        assert found == fields, f"the client received {found}"
    return Case(f"{name} in a response", [get(), Answer(int(status[:3]), b"hello", check=check), KEPT],
                origin=[READ, b"HTTP/1.1 " + status + b"\r\n" + _lines(fields) + b"Content-Length: 5\r\n\r\nhello"])


def bodies(name: str, body: bytes) -> list[Case]:
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    length, coding = b"Content-Length: %d\r\n" % len(body), b"Transfer-Encoding: chunked\r\n"
    ways = [("of known length", length, body), ("in chunks", coding, chunked)]
    return [Case(f"a body of {name} passes both ways {how}", [post(fields, wired), Answer(200, body), KEPT],
                 [Forwarded(b"POST / HTTP/1.1", body=body)],
                 origin=[READ, b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + wired]) for how, fields, wired in ways]


def _date(name: str, fields: bytes, check) -> Case:
    return Case(name, [get(), Answer(200, b"hello", check=check), KEPT],
                origin=[READ, b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 5\r\n\r\nhello"])


def _has_a_date(message: wire.Message) -> None:
    """RFC 9110, section 6.6.1: IMF-fixdate."""
    value = message.one("date")
    assert value is not None and value.endswith(b" GMT") and len(value) == 29, f"Date: {value!r}"
    assert email.utils.parsedate(value.decode()) is not None, value


def _only_via(run) -> None:
    names = [name.lower() for name, _ in run.requests()[0].fields]
    assert set(names) - {b"connection"} == {b"host", b"via"} and len(names) <= 3, names


def _only_own(message: wire.Message) -> None:
    names = {name.lower() for name, _ in message.fields}
    assert names - {b"date", b"connection"} == {b"via", b"content-length"}, names


def _is_date(message: wire.Message, value: bytes) -> None:
    assert message.all("date") == [value], message.all("date")


@table(
    [to_origin(name, fields) for name, fields in (*_FIELDS, *_REQUEST_FIELDS)],
    [to_client(name, fields) for name, fields in (*_FIELDS, *_RESPONSE_FIELDS)],
    [case for name, body in _BODIES for case in bodies(name, body)],
    [Case(f"{name} passes", [get(), Answer(200, b"hello", start_line=b"HTTP/1.1 200 " + reason), KEPT],
          origin=[READ, b"HTTP/1.1 200 " + reason + b"\r\nContent-Length: 5\r\n\r\nhello"]) for name, reason in _REASONS],
    Case("a request gets no field but Via from the proxy", [get(host=b"Host: <origin>\r\n"), Answer(200, b"hello"), KEPT],
         _only_via),
    Case("a response gets no field but Via and Date from the proxy", [get(), Answer(200, b"hello", check=_only_own), KEPT]),
    to_client("a redirect is not followed", [(b"Location", b"http://elsewhere.test/")], b"302 Found"),
    to_client("a 401 with its challenge", [(b"WWW-Authenticate", b"Basic realm=x")], b"401 Unauthorized"),
    to_client("a 206 of several ranges", [(b"Content-Type", b"multipart/byteranges; boundary=x")], b"206 Partial Content"),
    _date("Date is added to a response that has none", b"", _has_a_date),
    _date("a Date that is there stays as it is", b"Date: Sat, 29 Oct 1994 19:43:31 GMT\r\n",
          lambda message: _is_date(message, b"Sat, 29 Oct 1994 19:43:31 GMT")),
    _date("a Date that is not valid stays as it is", b"Date: yesterday\r\n", lambda message: _is_date(message, b"yesterday")),
    Case("an answer of the proxy's own has a Date", [get(b"http://<dead>/"), Answer(502, is_own=True, check=_has_a_date)], []),
    Case("a refusal of a malformed request has a Date", [get(b"ftp://<dead>/"), Answer(400, is_own=True, check=_has_a_date)],
         []),
    Case("a HEAD response keeps the fields of its GET", [get(method=b"HEAD"),
                                                         Answer(200, b"", method="HEAD",
                                                                 fields={"Content-Length": [b"123456"],
                                                                         "Content-Type": [b"a/b"], "ETag": [b'"x"']}), KEPT],
         origin=[READ, b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nETag: \"x\"\r\nContent-Length: 123456\r\n\r\n"]),
)
class TransparencyTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
