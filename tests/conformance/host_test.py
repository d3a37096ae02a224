"""Host: exactly one valid field in HTTP/1.1, and the target's host is what the origin is told (RFC 9112, section 3.2)."""
import weir
from case import BYTEWISE, CLOSED, EVERY_SPLIT, KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Forwarded, Octets, get, refusal
from dns import NameServer
from suite import ConformanceTest, table

_ECHOED = b"\x00\x01tunnel"


def rewritten(name: str, host: bytes, version: bytes = b"HTTP/1.1", fate=KEPT) -> Case:
    return Case(f"{name} is ignored for the target's host", [get(host=host, version=version), Answer(200, b"hello"), fate],
                [Forwarded(b"GET / HTTP/1.1", fields=[], host=b"<origin>")])


def invalid(name: str, value: bytes) -> Case:
    return refusal(f"{name} as Host is refused", get(host=b"Host: " + value + b"\r\n"))


def doubtful(name: str, host: bytes) -> Case:
    """Where both are lawful: refused, or ignored as absolute-form has it; but never sent on."""
    def check(run):
        hosts = [request.one("host") for request in run.requests()]
        assert hosts == ([run.origin.authority.encode()] if run.last.status == 200 else []), hosts
    return Case(f"{name} is refused or ignored", [get(host=host), Answer((200, 400)), KEPT_OR_CLOSED], check)


_VALID = [("another name", b"Host: elsewhere.test\r\n"), ("another name with a port", b"Host: elsewhere.test:8443\r\n"),
          ("an IPv6 literal", b"Host: [2001:db8::1]:80\r\n"),
          ("an IPv4 address", b"Host: 192.0.2.1\r\n"), ("a name in capitals", b"HOST: ELSEWHERE.TEST\r\n"),
          ("a field name in lower case", b"host: elsewhere.test\r\n"),
          ("white space around the value", b"Host: \t elsewhere.test \t\r\n"),
          ("no space before the value", b"Host:elsewhere.test\r\n"),
          ("a trailing dot", b"Host: elsewhere.test.\r\n"), ("the proxy's own address", b"Host: <proxy>\r\n"),
          ("a dead origin", b"Host: <dead>\r\n"),
          ("a hyphen and an underscore", b"Host: a-b_c.test\r\n"),
          ("a label of 63 octets", b"Host: " + b"a" * 63 + b".test\r\n")]

_INVALID = [("a URL", b"http://<origin>"), ("userinfo", b"user@<origin>"), ("a host and a path", b"<origin>/"),
            ("a host and a query", b"<origin>?q"),
            ("a host and a fragment", b"<origin>#f"), ("two hosts with a comma", b"<origin>, elsewhere.test"),
            ("two hosts with a space", b"<origin> elsewhere.test"),
            ("a port that is no number", b"127.0.0.1:http"), ("port 65536", b"127.0.0.1:65536"),
            ("a negative port", b"127.0.0.1:-1"), ("two ports", b"127.0.0.1:1:2"),
            ("an IPv6 literal without its end", b"[::1"), ("an empty IPv6 literal", b"[]"),
            ("an IPv6 literal and more", b"[::1]x"), ("a bare IPv6 address", b"2001:db8::1"),
            ("a backslash", b"127.0.0.1\\x"), ("angle brackets", b"<script>"), ("a quoted host", b'"127.0.0.1"'),
            ("a tab inside", b"127.0.0.1\tx"),
            ("a raw octet above 127", b"\xe4.test"), ("a NUL", b"127.0.0.1\x00.test"), ("a bare CR", b"127.0.0.1\r.test"),
            ("a DEL", b"127.0.0.1\x7f"),
            ("an escape character", b"\x1b[0m"), ("a parenthesis", b"(x)"), ("a semicolon", b"127.0.0.1;x"),
            ("an equals sign and a caret", b"a^b"), ("a port of letters behind digits", b"127.0.0.1:80a")]


@table(
    [rewritten(name, host) for name, host in _VALID],
    [invalid(name, value) for name, value in _INVALID],
    refusal("a request of HTTP/1.1 without Host is refused", get(host=b"")),
    refusal("a request of HTTP/1.1 without Host is refused although there are other fields",
            get(host=b"X-Host: <origin>\r\nHosts: <origin>\r\n")),
    refusal("two equal Hosts are refused", get(host=b"Host: <origin>\r\nHost: <origin>\r\n")),
    refusal("two different Hosts are refused", get(host=b"Host: <origin>\r\nHost: elsewhere.test\r\n")),
    refusal("two Hosts apart from each other are refused",
            get(host=b"Host: <origin>\r\nAccept: */*\r\nX: y\r\nhOST: <origin>\r\n")),
    refusal("two Hosts of which one is empty are refused", get(host=b"Host:\r\nHost: <origin>\r\n")),
    refusal("three Hosts are refused", get(host=b"Host: a\r\nHost: b\r\nHost: c\r\n")),
    refusal("two Hosts of an HTTP/1.0 client are refused", get(host=b"Host: a\r\nHost: b\r\n", version=b"HTTP/1.0")),
    refusal("an invalid Host of an HTTP/1.0 client is refused", get(host=b"Host: a/b\r\n", version=b"HTTP/1.0")),
    refusal("a space before the colon of Host is refused", get(host=b"Host : <origin>\r\n")),
    refusal("a tab before the colon of Host is refused", get(host=b"Host\t: <origin>\r\n")),
    refusal("a folded Host is refused", get(host=b"Host:\r\n <origin>\r\n")),
    refusal("a Host continued on the next line is refused", get(host=b"Host: <origin>\r\n\t.elsewhere.test\r\n")),
    refusal("a space before Host is refused", get(host=b" Host: <origin>\r\n")),
    refusal("an underscore for the colon is refused", get(host=b"Host_ <origin>\r\n")),
    doubtful("an empty Host", b"Host:\r\n"),
    doubtful("a Host of blanks", b"Host: \t \r\n"),
    doubtful("a Host of a port alone", b"Host: :80\r\n"),
    doubtful("a Host with an empty port", b"Host: elsewhere.test:\r\n"),
    doubtful("a Host with an empty label", b"Host: a..test\r\n"),
    doubtful("a Host with port 0", b"Host: elsewhere.test:0\r\n"),
    doubtful("a Host of a percent-encoded name", b"Host: %65lsewhere.test\r\n"),
    doubtful("a Host with sub-delimiters", b"Host: a!b$c\r\n"),
    doubtful("a Host with a label of 64 octets", b"Host: " + b"a" * 64 + b".test\r\n"),
    Case("an HTTP/1.0 client needs no Host, and the origin gets one",
         [get(host=b"", version=b"HTTP/1.0"), Answer(200, b"hello"), CLOSED],
         [Forwarded(b"GET / HTTP/1.1", fields=[])]),
    rewritten("the Host of an HTTP/1.0 client", b"Host: elsewhere.test\r\n", b"HTTP/1.0", CLOSED),
    Case("Connection cannot remove Host", [get(fields=b"Connection: Host, host\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", fields=[])]),
    Case("Connection cannot remove Host when it stands before it",
         [get(host=b"Connection: host\r\nHost: <origin>\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", fields=[])]),
    Case("fields whose names resemble Host pass unchanged", [get(fields=b"X-Forwarded-Host: a\r\nHostname: b\r\nHos: c\r\n"),
            Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", fields=[(b"X-Forwarded-Host", b"a"), (b"Hostname", b"b"), (b"Hos", b"c")])]),
    Case("Host behind a hundred fields is found", [get(host=b"".join(b"X-%d: y\r\n" % number
            for number in range(100)) + b"Host: x\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", fields=[(b"X-%d" % number, b"y") for number in range(100)])]),
    Case("two requests on one connection each get the Host of their target",
         [get(b"http://<origin>/1", host=b"Host: <second>\r\n"), Answer(200, b"hello"),
          get(b"http://<second>/2", host=b"Host: <origin>\r\n"), Answer(200, b"second"), KEPT],
         [Forwarded(b"GET /1 HTTP/1.1"), Forwarded(b"GET /2 HTTP/1.1", host=b"<second>")],
         second=[[lambda connection: connection.read_request(), b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"]]),
    Case("the port of the target is kept in Host, whatever Host said",
         [get(b"http://localhost:<port>/", host=b"Host: localhost\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", fields=[], host=b"localhost:<port>")]),
    refusal("a CONNECT of HTTP/1.1 without Host is refused", get(b"<origin>", method=b"CONNECT", host=b""), method="CONNECT"),
    refusal("a CONNECT with two Hosts is refused", get(b"<origin>", method=b"CONNECT", host=b"Host: a\r\nHost: b\r\n"),
            method="CONNECT"),
    refusal("a CONNECT with an invalid Host is refused", get(b"<origin>", method=b"CONNECT", host=b"Host: a/b\r\n"),
            method="CONNECT"),
    Case("a CONNECT goes to its target, whatever Host says",
         [get(b"<origin>", method=b"CONNECT", host=b"Host: elsewhere.test:443\r\n"), Answer(200, method="CONNECT"),
          Octets(_ECHOED)], origin=[_ECHOED]),
    Case("a CONNECT of HTTP/1.0 needs no Host",
         [get(b"<origin>", method=b"CONNECT", host=b"", version=b"HTTP/1.0"), Answer(200, method="CONNECT"), Octets(_ECHOED)],
         origin=[_ECHOED]),
    Case("a refused Host is refused octet by octet too", [get(host=b"Host: a\r\nHost: b\r\n"), Answer(400, is_own=True),
                                                          CLOSED], NOTHING, segments=BYTEWISE),
    Case("Host is rewritten however the request is split", [get(host=b"Host: elsewhere.test\r\n", fields=b"X: y\r\n"),
                                                            Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", fields=[(b"X", b"y")])], segments=EVERY_SPLIT),
)
class HostTest(ConformanceTest):
    @classmethod
    def prepare(cls, host):
        NameServer(host, {})


if __name__ == "__main__":
    weir.main()
