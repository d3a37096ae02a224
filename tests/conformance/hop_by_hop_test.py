"""Fields that belong to one connection stay there, in both directions and in interim responses; Via and Max-Forwards do
what they are for (RFC 9110, sections 7.6 and 9.3.8)."""
import weir
import wire
from case import CLOSED, KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Forwarded, get, post
from scripted_origin import CLOSE, READ
from suite import ConformanceTest, table

_CHUNKED_BODY = b"5\r\nworld\r\n0\r\n\r\n"


def request_loses(name: str, fields: bytes, *absent: str, left: list[tuple[bytes, bytes]] | None = None,
                  version: bytes = b"HTTP/1.1") -> Case:
    kept = [(b"X-Kept", b"1")] if left is None else left
    extra = b"X-Kept: 1\r\n" if left is None else b""
    return Case(f"{name} stays on the client's side", [get(fields=fields + extra, version=version), Answer(200, b"hello"),
                                                       KEPT_OR_CLOSED],
                [Forwarded(b"GET / HTTP/1.1", kept, absent=absent)])


def response_loses(name: str, fields: bytes, *absent: str, status: bytes = b"200 OK", **present: list[bytes]) -> Case:
    wanted = {**{one: None for one in absent}, **present, "X-Kept": [b"1"]}
    return Case(f"{name} stays on the origin's side", [get(), Answer(int(status[:3]), b"hello", fields=wanted), KEPT_OR_CLOSED],
                origin=[READ, b"HTTP/1.1 " + status + b"\r\n" + fields + b"X-Kept: 1\r\nContent-Length: 5\r\n\r\nhello", CLOSE])


def interim_loses(name: str, fields: bytes, *absent: str) -> Case:
    def check(message):
        for one in absent:
            assert not message.interim[0].all(one), message.interim[0].fields
        assert message.interim[0].all("x-kept") == [b"1"], message.interim[0].fields
    return Case(f"{name} of an interim response stays on the origin's side",
                [get(), Answer(200, b"hello", interim=[103], check=check), KEPT],
                origin=[READ, b"HTTP/1.1 103 Early Hints\r\n" + fields + b"X-Kept: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"])


# RFC 9110, section 7.6.1: what no proxy may send on, named in Connection or not.
_REQUEST = [
    ("Keep-Alive", b"Keep-Alive: timeout=5, max=100\r\n", "keep-alive"),
    ("Proxy-Connection", b"Proxy-Connection: keep-alive\r\n", "proxy-connection"),
    ("TE", b"TE: trailers, deflate;q=0.5\r\n", "te"),
    ("TE named in Connection", b"Connection: TE\r\nTE: trailers\r\n", "te"), ("Trailer", b"Trailer: X-Sum\r\n", "trailer"),
    ("Upgrade alone", b"Upgrade: websocket\r\n", "upgrade"),
    ("Proxy-Authorization", b"Proxy-Authorization: Basic eDp5\r\n", "proxy-authorization"),
    ("Proxy-Authenticate", b"Proxy-Authenticate: Basic\r\n", "proxy-authenticate"),
    ("Connection: close", b"Connection: close\r\n", "keep-alive"),
    ("a field named in Connection", b"Connection: X-Hop\r\nX-Hop: 1\r\n", "x-hop"),
    ("a field named in Connection before it", b"X-Hop: 1\r\nConnection: X-Hop\r\n", "x-hop"),
    ("a field named in another case", b"Connection: x-HOP\r\nX-hop: 1\r\n", "x-hop"),
    ("a field that stands twice", b"Connection: X-Hop\r\nX-Hop: 1\r\nX-Hop: 2\r\n", "x-hop"),
    ("several fields named in Connection", b"Connection: X-A,X-B ,\tX-C\r\nX-A: 1\r\nX-B: 1\r\nX-C: 1\r\n", "x-a", "x-b",
     "x-c"), ("fields named in several Connections", b"Connection: X-A\r\nX-A: 1\r\nConnection: X-B\r\nX-B: 1\r\n", "x-a",
              "x-b"),
    ("a field named among empty members", b"Connection: ,, X-Hop ,,\r\nX-Hop: 1\r\n", "x-hop"),
    ("a field named beside keep-alive", b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n", "x-hop"),
    ("a field named beside close", b"Connection: close, X-Hop\r\nX-Hop: 1\r\n", "x-hop"),
    ("Cookie named in Connection", b"Connection: Cookie\r\nCookie: a=b\r\n", "cookie"),
    ("Authorization named in Connection", b"Connection: authorization\r\nAuthorization: Basic eDp5\r\n", "authorization"),
    ("Keep-Alive named in Connection", b"Connection: Keep-Alive\r\nKeep-Alive: 300\r\n", "keep-alive"),
    ("HTTP2-Settings of an offer of h2c",
     b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", "upgrade",
     "http2-settings"),
    ("a field named in Connection with blanks around", b"Connection: \t X-Hop \t\r\nX-Hop: 1\r\n", "x-hop"),
    ("twenty fields named in Connection", b"Connection: " + b", ".join(b"X-%d" % n
            for n in range(20)) + b"\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(20)),
     *(f"x-{n}" for n in range(20))), ("an empty field named in Connection", b"Connection: X-Hop\r\nX-Hop:\r\n", "x-hop"),
]

_RESPONSE = [
    ("Keep-Alive", b"Keep-Alive: timeout=5\r\n", "keep-alive"), ("Proxy-Connection", b"Proxy-Connection: close\r\n",
            "proxy-connection"), ("TE", b"TE: trailers\r\n", "te"), ("Trailer", b"Trailer: X-Sum\r\n", "trailer"),
    ("Upgrade", b"Upgrade: h2c\r\n", "upgrade"), ("Upgrade named in Connection", b"Connection: Upgrade\r\nUpgrade: h2,h2c\r\n",
                                                  "upgrade"), ("Proxy-Authenticate", b"Proxy-Authenticate: Basic realm=x\r\n",
                                                          "proxy-authenticate"),
    ("Proxy-Authorization", b"Proxy-Authorization: Basic eDp5\r\n", "proxy-authorization"),
    ("a field named in Connection", b"Connection: X-Hop\r\nX-Hop: 1\r\n", "x-hop"),
    ("a field named in another case", b"Connection: x-HOP\r\nX-hop: 1\r\n", "x-hop"),
    ("fields named in several Connections", b"Connection: X-A\r\nX-A: 1\r\nConnection: close, X-B\r\nX-B: 1\r\n", "x-a", "x-b"),
    ("a field named among empty members", b"Connection: , X-Hop ,\r\nX-Hop: 1\r\n", "x-hop"),
    ("Set-Cookie named in Connection", b"Connection: Set-Cookie\r\nSet-Cookie: a=b\r\n", "set-cookie"),
    ("a field that stands before Connection", b"X-Hop: 1\r\nConnection: X-Hop\r\n", "x-hop"),
]


def _via_of_response(expected: list[str]):
    def check(message: wire.Message) -> None:
        members = [member.decode().strip() for value in message.all("via") for member in value.split(b",")]
        assert members[:-1] == expected[:-1] and members[-1].startswith(expected[-1]), members
    return check


def via(name: str, fields: bytes, version: bytes, *expected: str) -> Case:
    """Members in order, the proxy's own last (RFC 9110, section 7.6.3)."""
    def check(run):
        requests = run.requests()
        assert len(requests) == 1, requests
        _via_of_response(list(expected))(requests[0])
    return Case(name, [get(fields=fields, version=version), Answer(200, b"hello"), KEPT_OR_CLOSED], check)


def max_forwards(name: str, method: bytes, value: bytes, *left: bytes) -> Case:
    """Sent on with one of these values."""
    def check(run):
        requests = run.requests()
        assert [request.method for request in requests] == [method.decode()], requests
        assert requests[0].one("max-forwards") in left, requests[0].fields
    return Case(name, [get(fields=b"Max-Forwards:" + value + b"\r\n", method=method), Answer(200, b"hello"), KEPT], check)


_SECRETS = b"Authorization: Basic c2VjcmV0\r\nProxy-Authorization: Basic c2VjcmV0\r\nCookie: sid=c2VjcmV0\r\n"


def _is_trace(message: wire.Message) -> None:
    """RFC 9110, section 9.3.8: the request as it was received, without what is secret in it."""
    assert (message.one("content-type") or b"").split(b";")[0].strip().lower() == b"message/http", message.fields
    assert message.body.startswith(b"TRACE http://"), message.body
    assert b"\r\nX-Seen: 1\r\n" in message.body, message.body
    assert b"c2VjcmV0" not in message.body, "a secret is in the answer"


def _has_allow(message: wire.Message) -> None:
    assert {"get", "connect", "options"} <= set(message.tokens("allow")), message.fields


def zero(name: str, sent: bytes, method: str, check, *statuses: int) -> Case:
    return Case(f"{name} with Max-Forwards 0 is answered by the proxy",
                [sent, Answer(statuses or 200, method=method, check=check), KEPT_OR_CLOSED], NOTHING)


_ZERO = b"Max-Forwards: 0\r\n"


@table(
    [request_loses(name, fields, *absent) for name, fields, *absent in _REQUEST],
    [request_loses(f"{name} of an HTTP/1.0 client", fields, *absent, version=b"HTTP/1.0") for name, fields,
     *absent in _REQUEST[:10]],
    [response_loses(name, fields, *absent) for name, fields, *absent in _RESPONSE],
    [interim_loses(name, fields, *absent) for name, fields, *absent in _RESPONSE],
    response_loses("Proxy-Authenticate of a 407", b"Proxy-Authenticate: Basic realm=x\r\n", "proxy-authenticate",
                   status=b"407 Proxy Authentication Required"),
    Case("the origin's Connection: close does not close the client's connection", [get(), Answer(200, b"hello"), KEPT],
         origin=[READ, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", CLOSE]),
    Case("the client's Connection: close is not told to the origin as if it were the client's",
         [get(fields=b"Connection: close\r\n"), Answer(200, b"hello", fields={"Connection": [b"close"]}), CLOSED],
         [Forwarded(b"GET / HTTP/1.1", [])]),
    Case("the response to Connection: close says so in its own field",
         [get(fields=b"Connection: close, X-Hop\r\nX-Hop: 1\r\n"), Answer(200, b"hello", fields={"Connection": [b"close"]}),
          CLOSED], [Forwarded(b"GET / HTTP/1.1", [])]),
    # What Connection may not do.
    Case("Connection cannot remove Host, length and coding at once",
         [post(b"Connection: Host, Content-Length, Transfer-Encoding\r\nContent-Length: 5\r\n", b"world"), Answer((200, 400)),
          KEPT_OR_CLOSED], [Forwarded(b"POST / HTTP/1.1", body=b"world")]),
    Case("the origin's Connection cannot remove the length of its response",
         [get(), Answer((200, 502), fields={}), KEPT_OR_CLOSED],
         origin=[READ, b"HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nhello"]),
    Case("the origin's Connection cannot remove the coding of its response", [get(), Answer((200, 502)), KEPT_OR_CLOSED],
         origin=[READ, b"HTTP/1.1 200 OK\r\nConnection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNKED_BODY]),
    request_loses("a Connection that names nothing that is there", b"Connection: X-Nothing\r\n", "x-nothing"),
    request_loses("an empty Connection", b"Connection:\r\n", "keep-alive"),
    request_loses("a Connection of odd octets", b"Connection: \"X-Kept\", /, =\r\n", "keep-alive"),
    Case("fields that only begin like the named one are kept",
         [get(fields=b"Connection: X-Hop\r\nX-Hop-Not: 1\r\nX-Ho: 2\r\nX-Hop: 3\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", [(b"X-Hop-Not", b"1"), (b"X-Ho", b"2")])]),
    Case("Connection of one request does not concern the next", [get(fields=b"Connection: X-Hop\r\nX-Hop: 1\r\n"), Answer(200),
            get(fields=b"X-Hop: 2\r\n"), Answer(200), KEPT],
         [Forwarded(b"GET / HTTP/1.1", []), Forwarded(b"GET / HTTP/1.1", [(b"X-Hop", b"2")])]),
    # Via.
    via("Via says that the client spoke HTTP/1.1", b"", b"HTTP/1.1", "1.1 "),
    via("Via says that the client spoke HTTP/1.0", b"", b"HTTP/1.0", "1.0 "),
    via("Via is appended to one member", b"Via: 1.0 fred\r\n", b"HTTP/1.1", "1.0 fred", "1.1 "),
    via("Via is appended to several members", b"Via: 1.0 fred, 1.1 p.example.net\r\n", b"HTTP/1.1", "1.0 fred",
        "1.1 p.example.net", "1.1 "),
    via("Via is appended to several lines", b"Via: 1.0 fred\r\nX: y\r\nVia: 1.1 p.example.net (Squid/5.0)\r\n", b"HTTP/1.1",
        "1.0 fred", "1.1 p.example.net (Squid/5.0)", "1.1 "),
    via("Via of another protocol is kept", b"Via: HTTPS/2.0 a:443\r\n", b"HTTP/1.0", "HTTPS/2.0 a:443", "1.0 "),
    via("one own member in Via is no loop yet", b"Via: 1.1 weir\r\n", b"HTTP/1.1", "1.1 weir", "1.1 "),
    [Case(f"Via of a response says that the origin spoke HTTP/{version.decode()}",
          [get(), Answer(200, b"hello", check=_via_of_response([*before, f"{version.decode()} "])), KEPT_OR_CLOSED],
          origin=[READ, b"HTTP/" + version + b" 200 OK\r\n" + fields + b"Content-Length: 5\r\n\r\nhello", CLOSE]) for version,
     fields, before in (
        (b"1.1", b"", []), (b"1.0", b"", []))],
    Case("Via of a response is appended to what it has", [get(),
                                                          Answer(200, b"hello", check=_via_of_response(["1.0 a", "1.1 b",
                                                                  "1.1 c", "1.1 "])), KEPT],
         origin=[READ, b"HTTP/1.1 200 OK\r\nVia: 1.0 a, 1.1 b\r\nVia: 1.1 c\r\nContent-Length: 5\r\n\r\nhello"]),
    Case("a request that has been here a hundred times is a loop",
         [get(fields=b"Via: " + b", ".join([b"1.1 weir"] * 100) + b"\r\n"), Answer((400, 403, 502, 508), is_own=True)],
         NOTHING),
    Case("a request that has been here a hundred times in as many lines is a loop",
         [get(fields=b"Via: 1.1 weir\r\n" * 100), Answer((400, 403, 502, 508), is_own=True)], NOTHING),
    Case("a request that has been at a hundred other proxies is no loop",
         [get(fields=b"Via: " + b", ".join(b"1.1 p%d" % n for n in range(100)) + b"\r\n"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"GET / HTTP/1.1", [])]),
    Case("members of Via that resemble the proxy's own are no loop",
         [get(fields=b"Via: " + b", ".join([b"1.1 weir2, 1.1 aweir, 1.1 x (weir)"] * 30) + b"\r\n"), Answer(200, b"hello"),
          KEPT], [Forwarded(b"GET / HTTP/1.1", [])]),
    # Max-Forwards (RFC 9110, section 7.6.2).
    max_forwards("Max-Forwards of OPTIONS is counted down", b"OPTIONS", b" 5", b"4"),
    max_forwards("Max-Forwards of OPTIONS is counted down to 0", b"OPTIONS", b" 1", b"0"),
    max_forwards("Max-Forwards of OPTIONS is counted down over a border of tens", b"OPTIONS", b" 100", b"99"),
    max_forwards("Max-Forwards of TRACE is counted down", b"TRACE", b" 10", b"9"),
    max_forwards("Max-Forwards of TRACE is counted down to 0", b"TRACE", b" 1", b"0"),
    max_forwards("Max-Forwards with white space is counted down", b"OPTIONS", b"\t 3 \t", b"2"),
    max_forwards("a huge Max-Forwards is counted down or cut", b"OPTIONS", b" 4294967295",
                 *(b"%d" % n for n in (4294967294, 65534, 65535, 254, 255, 2147483647))),
    max_forwards("Max-Forwards of GET is left alone", b"GET", b" 5", b"5"),
    max_forwards("Max-Forwards of GET with 0 is left alone", b"GET", b" 0", b"0"),
    max_forwards("Max-Forwards of POST with 0 is left alone", b"POST", b" 0", b"0"),
    Case("Max-Forwards that is no number is left alone or refused",
         [get(fields=b"Max-Forwards: many\r\n", method=b"OPTIONS"), Answer((200, 400)), KEPT_OR_CLOSED]),
    Case("a negative Max-Forwards is left alone or refused", [get(fields=b"Max-Forwards: -1\r\n", method=b"OPTIONS"),
            Answer((200, 400)), KEPT_OR_CLOSED]),
    Case("TRACE without Max-Forwards goes to the origin", [get(method=b"TRACE"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"TRACE / HTTP/1.1", [])]),
    zero("TRACE", get(b"http://<origin>/a?b", b"X-Seen: 1\r\n" + _ZERO, b"TRACE"), "TRACE", _is_trace),
    zero("TRACE that carries secrets", get(b"http://<origin>/", b"X-Seen: 1\r\n" + _SECRETS + _ZERO, b"TRACE"), "TRACE",
         _is_trace),
    zero("TRACE to an origin that is dead", get(b"http://<dead>/", b"X-Seen: 1\r\n" + _ZERO, b"TRACE"), "TRACE", _is_trace),
    zero("TRACE of HTTP/1.0", get(b"http://<origin>/", b"X-Seen: 1\r\n" + _ZERO, b"TRACE", b"HTTP/1.0"), "TRACE", _is_trace),
    zero("OPTIONS", get(b"http://<origin>/", _ZERO, b"OPTIONS"), "OPTIONS", _has_allow),
    zero("OPTIONS without a path", get(b"http://<origin>", _ZERO, b"OPTIONS"), "OPTIONS", _has_allow),
    zero("OPTIONS to an origin that is dead", get(b"http://<dead>/", _ZERO, b"OPTIONS"), "OPTIONS", _has_allow),
    zero("OPTIONS of an asterisk", get(b"*", _ZERO, b"OPTIONS", host=b"Host: <proxy>\r\n"), "OPTIONS", None),
    zero("OPTIONS with leading zeros", get(b"http://<origin>/", b"Max-Forwards: 000\r\n", b"OPTIONS"), "OPTIONS", None, 200,
         400),
    Case("two Max-Forwards are refused or counted", [get(fields=b"Max-Forwards: 5\r\nMax-Forwards: 0\r\n", method=b"OPTIONS"),
                                                     Answer((200, 400)), KEPT_OR_CLOSED]),
)
class HopByHopTest(ConformanceTest):
    pass


if __name__ == "__main__":
    weir.main()
