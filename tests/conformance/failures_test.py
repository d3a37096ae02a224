"""A failure is an answer: complete, framed, readable, in the form that was asked for, naming who failed; and the record
has the same reason (RFC 9110, section 15.6; RFC 9209)."""
import json
import re
import socket

import weir
import wire
from case import CLOSED, KEPT_OR_CLOSED, Answer, Case, get
from dns import NameServer
from patience import await_that
from scripted_origin import CLOSE, READ, RESET, STAY
from suite import ConformanceTest, table

_JSON, _HTML = b"application/json", b"text/html"
_ROWS_S = 10

# How a request can fail: its target, what its origin does, the status, the error of RFC 9209 and the reason of the record.
_FAILURES = [
    ("a name that does not exist", b"http://nowhere.test/", None, 502, b"dns_error", "dns_failure"),
    ("a name service that fails", b"http://broken.test/", None, 502, b"dns_error", "dns_failure"),
    ("a name service that is silent", b"http://silent.test/", None, 504, b"dns_timeout", "dns_timeout"),
    ("a refused connection", b"http://<dead>/", None, 502, None, "connect_failure"),
    ("an unreachable network", b"http://192.0.2.1/", None, 502, None, "connect_failure"),
    ("a connection that is never accepted", b"http://127.0.0.1:9/", None, 504, b"connection_timeout", "connect_timeout"),
    ("a destination that is not allowed", b"http://169.254.169.254/", None, 403, b"destination_ip_prohibited",
     "destination_not_allowed"),
    ("the proxy itself", b"http://<proxy>/", None, 403, b"proxy_loop_detected", "request_loop"),
    ("a blocked name", b"http://blocked.test/", None, 403, b"http_request_denied", "blocked_domain"),
    ("an origin that closes without a word", b"http://<origin>/", [READ, CLOSE], 502, None, "origin_closed"),
    ("an origin that resets without a word", b"http://<origin>/", [READ, RESET], 502, None, "origin_closed"),
    ("an origin that closes before the request", b"http://<origin>/", [CLOSE], 502, None, "origin_closed"),
    ("an origin that stops within its head", b"http://<origin>/", [READ, b"HTTP/1.1 200 OK\r\nX:", CLOSE], 502, None,
     "origin_closed"),
    ("an origin that is silent", b"http://<origin>/", [READ, STAY], 504, b"http_response_timeout", "response_timeout"),
    ("an origin that is silent within its head", b"http://<origin>/", [READ, b"HTTP/1.1 200 OK\r\n", STAY], 504, None,
     "response_timeout"),
    ("an origin that answers garbage", b"http://<origin>/", [READ, b"\x00\x01\x02\r\n\r\n", STAY], 502, b"http_protocol_error",
     "origin_malformed"),
    ("an origin that greets as SSH does", b"http://<origin>/", [READ, b"SSH-2.0-OpenSSH_9.2\r\n\r\n", STAY], 502,
     b"http_protocol_error", "origin_malformed"),
    ("an origin whose head is too large", b"http://<origin>/", [READ, b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 600_000, STAY],
     502, None, "origin_malformed"),
]

_TUNNEL_FAILURES = [(name, target.removeprefix(b"http://").removesuffix(b"/"), status, error, reason) for name, target, script,
                    status, error, reason in _FAILURES if script is None]


_FULL_PORT = 9  # in the test's own network, where every port is free


def _never_accepting(test: weir.WeirTest) -> None:
    """A listener whose queue is full: a further connection is neither made nor refused."""
    listener = socket.create_server(("127.0.0.1", _FULL_PORT), backlog=0)
    test.addCleanup(listener.close)
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(("127.0.0.1", _FULL_PORT))
        test.addCleanup(waiting.close)


def _expect(status: int, error: bytes | None, content_type: bytes | None):
    def check(message: wire.Message) -> None:
        assert message.status == status, message.start_line
        proxy_status = message.one("proxy-status")
        found = re.search(rb"; *error=([a-z_]+)", proxy_status)
        assert found and error in (None, found[1]), proxy_status
        if content_type is not None:
            _check_text(message, content_type)
    return check


def _check_text(message: wire.Message, content_type: bytes) -> None:
    assert message.one("content-type").split(b";")[0].strip().lower() == content_type, message.one("content-type")
    if content_type == _JSON:
        body = json.loads(message.body)
        assert body["status"] == message.status and body["reason"] and body["fault"], body
    else:
        text = message.body.decode("utf-8")
        assert str(message.status) in text and "fault" in text and "<html" in text.lower(), text


def _record(path: bytes, reason: str, status: int):
    """One record, with the same reason and status; rows of other cases have other paths."""
    def check(run):
        key = run.fill_in(path).decode()

        def rows():
            found = run.test.proxy.rows("SELECT * FROM all_requests")
            return [row for row in found if key in (row["path"], f"{row['host']}:{row['port']}")]
        found = await_that(rows, f"a record of {key}", _ROWS_S)
        assert {(row["reason"], row["status"]) for row in found} == {(reason, status)}, [tuple(row) for row in found]
    return check


_serial = iter(range(1_000_000))


def fails(name: str, failure: tuple, sent, content_type: bytes | None, method: str = "GET", fate=KEPT_OR_CLOSED) -> Case:
    _, target, script, status, error, reason = failure
    path = b"/failure/%d" % next(_serial)
    steps = [sent(target.removesuffix(b"/") + path), Answer(status, b"" if method == "HEAD" else None, method=method,
                                                            is_own=True,
                                                                                                           check=_expect(status, error, content_type)), fate]
    return Case(name, steps, _record(path, reason, status), origin=script)


def _matrix() -> list[Case]:
    cases = []
    for failure in _FAILURES:
        name = failure[0]
        cases += [
            fails(f"{name} is told in HTML", failure, lambda target: get(target,
                    b"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"), _HTML),
            fails(f"{name} is told in JSON", failure, lambda target: get(target, b"Accept: application/json\r\n"), _JSON),
            fails(f"{name} is told without a body to HEAD", failure, lambda target: get(target, method=b"HEAD"), None, "HEAD"),
            fails(f"{name} is told to a POST with its body", failure,
                  lambda target: get(target, b"Content-Length: 5\r\n", b"POST") + b"hello", _HTML),
            fails(f"{name} is told to a client of HTTP/1.0", failure, lambda target: get(target, version=b"HTTP/1.0"), _HTML,
                  fate=CLOSED),
        ]
    return cases


def _tunnels() -> list[Case]:
    return [Case(f"{name} is told to CONNECT", [get(target if target.endswith(b">") or b":" in target else target + b":443",
                                                    b"Accept: application/json\r\n", b"CONNECT"),
                                                Answer(status, method="CONNECT", is_own=True,
                                                       check=_expect(status, error, _JSON)), KEPT_OR_CLOSED], [])
            for name, target, status, error, _ in _TUNNEL_FAILURES]


# RFC 9110, section 12.5.1: the higher weight wins; HTML when nothing is asked for.
_ACCEPTS = [
    ("no Accept", None, _HTML), ("an empty Accept", b"", _HTML), ("anything", b"*/*", _HTML), ("HTML", b"text/html", _HTML),
    ("JSON", b"application/json", _JSON), ("JSON in capitals", b"Application/JSON", _JSON),
    ("JSON before HTML by weight", b"text/html;q=0.1, application/json", _JSON),
    ("HTML before JSON by weight", b"application/json;q=0.1, text/html", _HTML),
    ("JSON with a weight alone", b"application/json;q=0.5", _JSON),
    ("JSON refused by weight 0", b"application/json;q=0, text/html", _HTML),
    ("HTML refused by weight 0", b"text/html;q=0, application/json", _JSON),
    ("weights of three digits", b"text/html;q=0.123, application/json;q=0.124", _JSON),
    ("JSON and anything", b"application/json, */*;q=0.1", _JSON),
    ("HTML as browsers ask", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", _HTML),
    ("JSON with a parameter", b"application/json;charset=utf-8", _JSON),
    ("JSON as programs ask", b"application/json, text/plain, */*", _JSON),
    ("weights with white space", b"text/html ; q=0.2 , application/json ; q=0.9", _JSON), ("an image", b"image/png", _HTML),
    ("a type whose name holds json", b"text/html, application/x-notjsonatall", _HTML),
]


def _accept(name: str, value: bytes | None, content_type: bytes) -> Case:
    fields = b"" if value is None else b"Accept: " + value + b"\r\n"
    return Case(f"{name} as Accept gives {content_type.decode()}",
                [get(b"http://<dead>/", fields), Answer(502, is_own=True,
                                                        check=lambda message: _check_text(message, content_type)),
                 KEPT_OR_CLOSED], [])


def _is_escaped(message: wire.Message) -> None:
    assert b"<script" not in message.body.lower() and b"<img" not in message.body.lower(), message.body
    assert b"<" not in (message.one("proxy-status") or b"").split(b"details=")[0]


_HOSTILE = [
    ("in the host", b"http://<script>alert(1)</script>/"), ("in the path", b"http://<dead>/<script>alert(1)</script>"),
    ("in the query", b"http://<dead>/?\"><img/src=x>"), ("in the userinfo", b"http://<script>@<dead>/"),
    ("in the scheme", b"<script>://<dead>/"),
    ("in the port", b"http://127.0.0.1:<script>/"), ("for the target", b"<script>alert(1)</script>"),
]


@table(
    _matrix(),
    _tunnels(),
    [_accept(*case) for case in _ACCEPTS],
    [Case(f"markup {name} is escaped or not repeated", [get(target), Answer((400, 502), check=_is_escaped), KEPT_OR_CLOSED],
          []) for name, target in _HOSTILE],
    [Case(f"markup {name} is escaped or not repeated in JSON", [get(target, b"Accept: application/json\r\n"),
            Answer((400, 502), check=lambda message: json.loads(message.body)), KEPT_OR_CLOSED], []) for name,
     target in _HOSTILE],
    Case("markup in a header line is not repeated", [get(fields=b"<script>alert(1)</script>\r\n"),
                                                     Answer(400, is_own=True, check=_is_escaped), CLOSED], []),
    Case("markup for a method is not repeated", [b"<script> http://<dead>/ HTTP/1.1\r\nHost: x\r\n\r\n",
                                                 Answer(400, is_own=True, check=_is_escaped), CLOSED], []),
    Case("an answer of the proxy's own is not to be stored", [get(b"http://<dead>/"),
            Answer(502, is_own=True, fields={"Cache-Control": [b"no-store"]}), KEPT_OR_CLOSED], []),
)
class FailuresTest(ConformanceTest):
    at_once = 12
    options = ("--dns-timeout", "300ms", "--connect-timeout", "300ms", "--response-timeout", "300ms", "--block", "blocked.test",
               "--commit-interval", "50ms")

    @classmethod
    def prepare(cls, host):
        NameServer(host, {}, silent=("silent.test",), broken=("broken.test",))
        _never_accepting(host)


if __name__ == "__main__":
    weir.main()
