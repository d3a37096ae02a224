"""Request targets: each form where it belongs, path and query octet by octet, and nothing else (RFC 9112, section 3.2)."""
import weir
from case import BYTEWISE, CLOSED, KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Forwarded, get, refusal
from dns import NameServer
from suite import ConformanceTest, table


def reaches(name: str, target: bytes, received: bytes, method: bytes = b"GET", host: bytes = b"<origin>") -> Case:
    return Case(f"{name} reaches the origin as it should", [get(target, method=method), Answer(200, b"hello"), KEPT],
                [Forwarded(method + b" " + received + b" HTTP/1.1", fields=[], host=host)])


def reaches_or_is_refused(name: str, target: bytes, *received: bytes) -> Case:
    """Where RFC 3986 forbids what browsers send: byte for byte, or a 400; never something else."""
    def check(run):
        requests = run.requests()
        if run.last.status == 200:
            lines = [b"GET " + path + b" HTTP/1.1" for path in received]
            assert len(requests) == 1 and requests[0].start_line in lines, requests
        else:
            assert not requests, f"refused, but the origin received {requests}"
    return Case(f"{name} reaches the origin unchanged or is refused", [get(target), Answer((200, 400)), KEPT_OR_CLOSED], check)


_PATHS = [
    ("a plain path", b"/a/b.html"), ("a path and a query", b"/p?a=1&b=2"), ("an empty query", b"/?"),
    ("a query of question marks", b"/???"),
    ("a percent-encoded slash", b"/a%2Fb"), ("lower-case percent-encoding", b"/a%2fb"), ("an encoded NUL", b"/%00"),
    ("encoded line ends", b"/%0d%0aX-Injected:%20yes"), ("encoded unreserved octets", b"/%41%7E"),
    ("an encoded fragment", b"/%23x"),
    ("dot segments", b"/a/../b/./c/.."), ("dot segments that climb above the root", b"/../../etc"),
    ("double slashes", b"//a//b//"),
    ("encoded dot segments", b"/%2e%2e/x"), ("path parameters", b"/;p=1;q/a;b"), ("sub-delimiters", b"/!$&'()*+,;=:@-._~"),
    ("a colon and an at sign in the path", b"/a:b@c:80/"), ("a URL in the path", b"/http://elsewhere.test:1/x?y"),
    ("a URL in the query", b"/?u=http://elsewhere.test/a?b@c"), ("a path that looks like an authority", b"//elsewhere.test/x"),
    ("a query with an at sign", b"/?user@elsewhere.test"), ("a plus sign", b"/a+b?c+d"), ("a trailing slash", b"/a/"),
    ("a path of 8,000 octets", b"/" + b"p" * 8000), ("a query of 8,000 octets", b"/?" + b"q" * 8000),
    ("a path of many segments", b"/x" * 3000),
]

_DOUBTFUL_PATHS = [
    ("a lone percent sign", b"/100%"), ("a bad percent-encoding", b"/%zz"), ("a cut percent-encoding", b"/%4"),
    ("a vertical bar", b"/a|b?c|d"),
    ("a circumflex", b"/a^b"), ("braces", b"/{a}?{b}"), ("square brackets", b"/[a]?x[]=1"), ("a backslash", b"/a\\b"),
    ("quotes", b'/"a"'),
    ("angle brackets", b"/<a>"), ("a backtick", b"/`a`"), ("raw UTF-8", "/ä?ö".encode()),
    ("octets that are not UTF-8", b"/\xff\xfe?\x80"),
]

_FRAGMENTS = [
    ("a fragment after the path", b"/p#f", b"/p"), ("a fragment after the query", b"/p?q#f", b"/p?q"),
    ("a fragment after the authority", b"#f", b"/"),
    ("an empty fragment", b"/p#", b"/p"), ("a question mark in the fragment", b"/p#a?b", b"/p"),
    ("a slash in the fragment", b"#/a", b"/"),
    ("an at sign in the fragment", b"#@elsewhere.test/", b"/"),
]

_MALFORMED = [
    # RFC 9110, section 4.2.4: userinfo is refused.
    ("a user name", b"http://user@<origin>/"), ("a user name and password", b"http://user:word@<origin>/"),
    ("empty userinfo", b"http://@<origin>/"),
    ("an origin as userinfo", b"http://<origin>@elsewhere.test/"), ("two at signs", b"http://a@b@<origin>/"),
    ("an encoded at sign in the host", b"http://a%40127.0.0.1:<port>/"),
    ("userinfo before an IPv6 literal", b"http://u@[::1]:<port>/"),
    # Section 4.2.1: an empty host is invalid.
    ("no host", b"http:///"), ("no host but a path", b"http:///path"), ("no host but a port", b"http://:<port>/"),
    ("no host but a query", b"http://?q"),
    ("nothing behind the scheme", b"http://"), ("only a fragment behind the scheme", b"http://#f"),
    # RFC 3986, section 3.2.2.
    ("an IPv6 literal without its end", b"http://[::1:<port>/"),
    ("an IPv6 literal without its beginning", b"http://::1]:<port>/"),
    ("a bare IPv6 literal", b"http://::1/"), ("an empty IPv6 literal", b"http://[]:<port>/"),
    ("an IPv6 literal with three colons", b"http://[:::1]:<port>/"),
    ("an IPv6 literal of nine groups", b"http://[1:2:3:4:5:6:7:8:9]:<port>/"),
    ("octets behind an IPv6 literal", b"http://[::1]x:<port>/"),
    ("a digit behind an IPv6 literal", b"http://[::1]80/"), ("an IPv4 address in brackets", b"http://[127.0.0.1]:<port>/"),
    ("a name in brackets", b"http://[localhost]:<port>/"), ("an IPv6 zone", b"http://[fe80::1%25lo]:<port>/"),
    ("an IPvFuture literal", b"http://[v1.x]:<port>/"),
    ("an IPv6 literal with five digits", b"http://[::12345]:<port>/"),
    ("a backslash in the host", b"http://127.0.0.1\\@elsewhere.test:<port>/"),
    ("a backslash before the port", b"http://127.0.0.1\\:<port>/"), ("angle brackets in the host", b"http://<>:<port>/"),
    ("a quote in the host", b'http://"127.0.0.1":<port>/'),
    ("a raw octet above 127 in the host", b"http://\xe4.test:<port>/"), ("an empty label", b"http://a..test:<port>/"),
    ("a dot as the host", b"http://.:<port>/"),
    ("a dot before the host", b"http://.127.0.0.1:<port>/"), ("a label of 64 octets",
            b"http://" + b"a" * 64 + b".test:<port>/"),
    ("a name of 254 octets", b"http://" + b"a23456789." * 25 + b"abcd:<port>/"),
    ("a comma in the host", b"http://127.0.0.1,127.0.0.1:<port>/"),
    ("an encoded NUL in the host", b"http://127.0.0.1%00.test:<port>/"),
    ("an encoded slash in the host", b"http://127.0.0.1%2f:<port>/"),
    # Ports.
    ("port 0", b"http://127.0.0.1:0/"), ("port 65536", b"http://127.0.0.1:65536/"),
    ("a port that overflows 32 bits", b"http://127.0.0.1:4294967376/"),
    ("a port of many digits", b"http://127.0.0.1:" + b"9" * 40 + b"/"), ("a negative port", b"http://127.0.0.1:-1/"),
    ("a port with a plus sign", b"http://127.0.0.1:+<port>/"),
    ("a port with letters", b"http://127.0.0.1:<port>a/"), ("a hexadecimal port", b"http://127.0.0.1:0x50/"),
    ("two ports", b"http://127.0.0.1:80:<port>/"),
    ("an encoded port", b"http://127.0.0.1:%38%30/"), ("a port with a dot", b"http://127.0.0.1:80.0/"),
    ("a port with a raw octet", b"http://127.0.0.1:8\xb2/"),
    # Forms that belong to no method, or to another one (RFC 9112, section 3.2).
    ("authority-form without CONNECT", b"<origin>"), ("a name alone", b"localhost"), ("a relative path", b"path/to"),
    ("an asterisk for GET", b"*"),
    ("two asterisks", b"**"), ("a query alone", b"?q"), ("a fragment alone", b"#f"),
    ("one slash behind the scheme", b"http:/<origin>/"),
    ("no slash behind the scheme", b"http:<origin>/"), ("a target without a scheme", b"://<origin>/"),
    ("no colon behind the scheme", b"http//<origin>/"),
    ("backslashes behind the scheme", b"http:\\\\<origin>/"), ("a backslash for the second slash", b"http:/\\<origin>/"),
    # Schemes.
    ("ftp", b"ftp://<origin>/"), ("ws", b"ws://<origin>/"), ("wss", b"wss://<origin>/"), ("file", b"file:///etc/passwd"),
    ("gopher", b"gopher://<origin>/"),
    ("an unknown scheme", b"httpx://<origin>/"), ("a scheme that begins like http", b"httq://<origin>/"),
    ("a scheme with a digit first", b"1http://<origin>/"),
    ("javascript", b"javascript:alert(1)"), ("data", b"data:,x"), ("urn", b"urn:a:b"), ("about", b"about:blank"),
    ("cache_object", b"cache_object://<origin>/info"),
    ("a space in front of the scheme, encoded", b"%20http://<origin>/"),
    # An https URI is never sent in plain text (RFC 9110, section 4.2.2).
    ("https", b"https://<origin>/"), ("HTTPS in capitals", b"HTTPS://<origin>/"), ("https without a path", b"https://<origin>"),
    ("https in mixed case", b"hTtPs://<origin>/x?y"),
]

# Some resolvers take these for 127.0.0.1: they are refused, or are names that do not exist; never that address.
_NUMBERS = [("a short form", b"127.1"), ("a hexadecimal octet", b"0x7f.0.0.1"), ("one decimal number", b"2130706433"),
            ("one hexadecimal number", b"0x7f000001"),
            ("an octal octet", b"0177.0.0.1"), ("leading zeros", b"127.000.000.001"), ("five octets", b"127.0.0.0.1"),
            ("an octet above 255", b"127.0.0.257"),
            ("three octets", b"127.0.1"), ("an octal number", b"017700000001"), ("a trailing hexadecimal mark", b"127.0.0.0x1"),
            ("a bare 0x", b"0x")]

_CONNECT = [("a URL", b"http://<origin>/"), ("an https URL", b"https://<origin>"), ("a path", b"/"), ("an asterisk", b"*"),
            ("no port", b"127.0.0.1"),
            ("an empty port", b"127.0.0.1:"), ("port 0", b"127.0.0.1:0"), ("port 65536", b"127.0.0.1:65536"),
            ("a port that is no number", b"127.0.0.1:http"),
            ("a negative port", b"127.0.0.1:-1"), ("a path behind the port", b"<origin>/"),
            ("a query behind the port", b"<origin>?q"),
            ("a fragment behind the port", b"<origin>#f"), ("userinfo", b"user@<origin>"),
            ("userinfo with a password", b"a:b@<origin>"), ("no host", b":<port>"),
            ("a bare IPv6 literal", b"::1:<port>"), ("an IPv6 literal without its end", b"[::1:<port>"),
            ("two ports", b"127.0.0.1:<port>:<port>"),
            ("an empty label", b"a..test:<port>"), ("a scheme", b"https:<port>:443"), ("a comma", b"<origin>,<origin>"),
            ("a zone", b"[::1%lo]:<port>"),
            ("a percent-encoded host", b"%31%32%37.0.0.1:<port>"), ("a plus sign in the port", b"127.0.0.1:+<port>")]


def _number_case(name: str, host: bytes) -> Case:
    return Case(f"{name} is not another spelling of an address",
                [get(b"http://" + host + b":<port>/"), Answer((400, 403, 502), is_own=True)], NOTHING)


@table(
    [reaches(name, b"http://<origin>" + path, path) for name, path in _PATHS],
    [reaches_or_is_refused(name, b"http://<origin>" + path, path) for name, path in _DOUBTFUL_PATHS],
    [reaches_or_is_refused(name, b"http://<origin>" + target, path) for name, target, path in _FRAGMENTS],
    [refusal(f"a target with {name} is refused", get(target), 400, 403, 404, 421, 501) for name, target in _MALFORMED],
    [_number_case(name, host) for name, host in _NUMBERS],
    [refusal(f"CONNECT with {name} is refused", get(target, method=b"CONNECT"), 400, method="CONNECT") for name,
     target in _CONNECT],
    reaches("an empty path", b"http://<origin>", b"/"),
    reaches("a query without a path", b"http://<origin>?q", b"/?q"),
    reaches("an empty query without a path", b"http://<origin>?", b"/?"),
    reaches("a query without a path that holds a slash", b"http://<origin>?/a@b", b"/?/a@b"),
    reaches("a scheme in capitals", b"HTTP://<origin>/x", b"/x"),
    reaches("a scheme in mixed case", b"hTtP://<origin>/x", b"/x"),
    reaches("a name in capitals", b"http://LOCALHOST:<port>/x", b"/x", host=b"localhost:<port>"),
    reaches("a name", b"http://localhost:<port>/x", b"/x", host=b"localhost:<port>"),
    reaches_or_is_refused("a port with leading zeros", b"http://127.0.0.1:00<port>/z", b"/z"),
    # The asterisk-form (RFC 9112, section 3.2.4).
    reaches("OPTIONS without a path", b"http://<origin>", b"*", method=b"OPTIONS"),
    reaches("OPTIONS of the root", b"http://<origin>/", b"/", method=b"OPTIONS"),
    reaches("OPTIONS of a query without a path", b"http://<origin>?q", b"/?q", method=b"OPTIONS"),
    reaches("OPTIONS of an empty query without a path", b"http://<origin>?", b"/?", method=b"OPTIONS"),
    reaches("OPTIONS of a path", b"http://<origin>/a?b", b"/a?b", method=b"OPTIONS"),
    Case("OPTIONS of an asterisk is answered by the proxy itself",
         [get(b"*", method=b"OPTIONS", host=b"Host: <proxy>\r\n"), Answer((200, 204)), KEPT_OR_CLOSED], NOTHING),
    Case("OPTIONS of an asterisk is not sent to whatever Host says",
         [get(b"*", method=b"OPTIONS"), Answer((200, 204, 400, 421)), KEPT_OR_CLOSED], NOTHING),
    Case("OPTIONS of an asterisk works for a client of HTTP/1.0",
         [get(b"*", method=b"OPTIONS", version=b"HTTP/1.0", host=b""), Answer((200, 204)), CLOSED], NOTHING),
    refusal("an asterisk for POST is refused", get(b"*", method=b"POST", fields=b"Content-Length: 0\r\n")),
    refusal("an asterisk with a path is refused", get(b"*/x", method=b"OPTIONS")),
    refusal("lower-case options may not have the asterisk", get(b"*", method=b"options")),
    # Origin-form is for the proxy itself: answered, not sent on.
    Case("a path alone is answered by the proxy and not sent to Host",
         [get(b"/x"), Answer((400, 404, 421), is_own=True), KEPT_OR_CLOSED], NOTHING),
    Case("a path alone for the proxy is answered and does not loop",
         [get(b"/x", host=b"Host: <proxy>\r\n"), Answer((400, 404, 421), is_own=True), KEPT_OR_CLOSED], NOTHING),
    Case("a path of two slashes is no authority", [get(b"//<origin>/x"), Answer((400, 404, 421), is_own=True), KEPT_OR_CLOSED],
         NOTHING),
    Case("a POST to a path alone is answered, and its body is never a request",
         [get(b"/x", method=b"POST", fields=b"Content-Length: 75\r\n") + get(b"http://<origin>/smuggled"),
          Answer((400, 404, 405, 421), is_own=True),
          CLOSED], NOTHING),
    Case("HEAD of a path alone has no body", [get(b"/x", method=b"HEAD"), Answer((400, 404, 421), method="HEAD", is_own=True),
                                              KEPT_OR_CLOSED], NOTHING),
    Case("a request for the proxy's own address ends", [get(b"http://<proxy>/", host=b"Host: <proxy>\r\n"),
                                                        Answer((400, 403, 404, 421, 502, 508), is_own=True)],
         NOTHING),
    Case("a request for the proxy's own address under another name ends",
         [b"GET http://localhost.:1/ HTTP/1.1\r\nHost: x\r\n\r\n", Answer((403, 502), is_own=True)], NOTHING),
    # By RFC 3986 this is the host "http" with an empty port.
    Case("a doubled scheme is refused or an unknown host", [get(b"http://http://<origin>/"), Answer((400, 502), is_own=True)],
         NOTHING),
    # Length.
    refusal("a target of 40,000 octets is refused", get(b"http://<origin>/" + b"x" * 40_000), 414, 431, 400),
    refusal("a target of 300,000 octets is refused", get(b"http://<origin>/" + b"x" * 300_000), 414, 431, 400),
    refusal("a host of 40,000 octets is refused", get(b"http://" + b"x" * 40_000 + b"/"), 414, 431, 400),
    Case("a target may arrive octet by octet", [get(b"http://<origin>/a?b"), Answer(200), KEPT],
         [Forwarded(b"GET /a?b HTTP/1.1")], segments=BYTEWISE),
)
class TargetsTest(ConformanceTest):
    @classmethod
    def prepare(cls, host):
        NameServer(host, {})


def _default_port(name: str, target: bytes, *statuses: int) -> Case:
    def check(run):
        requests = run.requests()
        if run.last.status == 200:
            assert [request.start_line for request in requests] == [b"GET /x HTTP/1.1"], requests
            assert requests[0].one("host") in (b"127.0.0.1", b"127.0.0.1:80"), requests[0].fields
    return Case(name, [get(target, host=b"Host: 127.0.0.1\r\n"), Answer(statuses or 200), KEPT_OR_CLOSED], check, port=80)


@table(
    _default_port("a URL without a port goes to port 80", b"http://127.0.0.1/x"),
    _default_port("a URL with port 80 goes there", b"http://127.0.0.1:80/x"),
    _default_port("a URL with an empty port goes to port 80", b"http://127.0.0.1:/x", 200, 400),
)
class DefaultPortTest(ConformanceTest):
    at_once = 1  # port 80


def _literal(name: str, host: bytes) -> Case:
    return Case(f"an IPv6 literal {name} is reached", [get(b"http://" + host + b":<port>/x"), Answer(200, b"hello"), KEPT],
                [Forwarded(b"GET /x HTTP/1.1", fields=[], host=host + b":<port>")], address="::1")


@table(
    _literal("in its shortest form", b"[::1]"), _literal("written out", b"[0:0:0:0:0:0:0:1]"),
    _literal("with all zeros", b"[0000:0000:0000:0000:0000:0000:0000:0001]"),
    _literal("with an IPv4 tail", b"[::0.0.0.1]"),
    Case("an IPv6 literal without a path is reached", [get(b"http://[::1]:<port>"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", host=b"[::1]:<port>")],
         address="::1"),
    Case("CONNECT to an IPv6 literal opens a tunnel", [get(b"[::1]:<port>", method=b"CONNECT"), Answer(200, method="CONNECT"),
                                                       get(b"/in"), Answer(200, b"hello")],
         [Forwarded(b"GET /in HTTP/1.1")], address="::1"),
    refusal("an IPv6 literal with two double colons is refused", get(b"http://[::1::]:<port>/")),
)
class AddressLiteralTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
