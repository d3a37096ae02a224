"""Connections that serve more than one request, at both ends: who may close when, what may be sent again, and who waits
for whom (RFC 9112, section 9; RFC 9110, sections 9.2.2 and 10.1.1)."""
import contextlib
import os
import signal
import socket

import weir
from case import (CLOSED, EVERY_SPLIT, GONE, HELLO, KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Content, Forwarded,
                  Incomplete, get, post)
from conversation import Client
from patience import await_that
from scripted_origin import CLOSE, FIN, READ, READ_HEAD, RESET, STAY, Pause, Signal, Wait
from suite import ConformanceTest, table

_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_LENGTH = b"Content-Length: 5\r\n"
_EXPECT = b"Expect: 100-continue\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_KEEP = b"Connection: keep-alive\r\n"


def path(number: int, method: bytes = b"GET", fields: bytes = b"") -> bytes:
    return get(b"http://<origin>/%d" % number, fields, method)


def numbered(number: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d" % number


def fate(name: str, fields: bytes, version: bytes, expected) -> Case:
    return Case(name, [get(fields=fields, version=version), Answer(200, b"hello"), expected],
                [Forwarded(b"GET / HTTP/1.1", [])])


_FATES = [
    ("a client of HTTP/1.1 is kept", b"", b"HTTP/1.1", KEPT), ("a client that says keep-alive is kept", _KEEP, b"HTTP/1.1",
            KEPT), ("a client that says close is closed", b"Connection: close\r\n", b"HTTP/1.1", CLOSED),
    ("a client that says close with a capital is closed", b"Connection: Close\r\n", b"HTTP/1.1", CLOSED),
    ("a client that says close among others is closed", b"Connection: keep-alive, close\r\n", b"HTTP/1.1", CLOSED),
    ("a client that says close in a second line is closed", _KEEP + b"Connection: close\r\n", b"HTTP/1.1", CLOSED),
    ("a client that says close behind commas is closed", b"Connection: ,, close\r\n", b"HTTP/1.1", CLOSED),
    ("a client that names a field like close is kept", b"Connection: closed\r\n", b"HTTP/1.1", KEPT),
    ("a client of HTTP/1.0 is closed", b"", b"HTTP/1.0", CLOSED),
    ("a client of HTTP/1.0 that says close is closed", b"Connection: close\r\n", b"HTTP/1.0", CLOSED),
    ("a client of HTTP/1.0 that says keep-alive is kept or closed", _KEEP, b"HTTP/1.0", KEPT_OR_CLOSED),
    ("a client of HTTP/1.0 that says keep-alive with capitals is kept or closed", b"Connection: Keep-Alive\r\n", b"HTTP/1.0",
     KEPT_OR_CLOSED),
    ("a client of HTTP/1.0 that says both is closed", b"Connection: keep-alive, close\r\n", b"HTTP/1.0", CLOSED),
    ("a client with Proxy-Connection keep-alive is kept", b"Proxy-Connection: keep-alive\r\n", b"HTTP/1.1", KEPT),
    ("a client of HTTP/1.0 with Proxy-Connection keep-alive is kept or closed", b"Proxy-Connection: keep-alive\r\n",
     b"HTTP/1.0", KEPT_OR_CLOSED), ("a Keep-Alive field alone keeps no client of HTTP/1.0", b"Keep-Alive: 300\r\n", b"HTTP/1.0",
                                    CLOSED),
]

_POOLED = [
    ("announces the end and ends", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", CLOSE),
    ("announces the end among others and ends", b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello",
     CLOSE),
    ("announces the end and does not end", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", STAY),
    ("speaks HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", STAY), ("ends without a word", HELLO, CLOSE),
    ("resets without a word", HELLO, RESET), ("closes its sending side without a word", HELLO, FIN),
    ("ends behind chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", CLOSE),
    ("ends behind a body that its end frames", b"HTTP/1.1 200 OK\r\n\r\nhello", CLOSE),
]


def pooled(name: str, answer: bytes, end, method: bytes) -> Case:
    """The next request, of any method, never notices: it goes to a new connection."""
    def settle(run):
        if end in (CLOSE, RESET):
            await_that(lambda: run.origin.connections[0].end == "left", "the origin has ended the connection")
    fields = b"Content-Length: 0\r\n" if method == b"POST" else b""
    return Case(f"an origin that {name} does not trouble the {method.decode()} that follows",
                [get(), Answer(200, b"hello"), settle, Pause(0.02), path(2, method, fields), Answer(200, b"hello"), KEPT],
                [Forwarded(b"GET / HTTP/1.1"), Forwarded(method + b" /2 HTTP/1.1")],
                origin=[[READ, answer, end], [READ, HELLO]])


def dies_at_second(name: str, sent: bytes, is_repeated: bool, end, received: list) -> Case:
    """The kept connection dies when the second request has arrived there, before any octet of an answer."""
    expected = Answer(200, b"hello") if is_repeated else Answer(502, is_own=True)
    return Case(name, [get(b"http://<origin>/first"), Answer(200, b"hello"), sent, expected, KEPT_OR_CLOSED],
                [Forwarded(b"GET /first HTTP/1.1"), *received],
                origin=[[READ, HELLO, READ, end], [READ, HELLO]])


def at_least_once(*allowed: int):
    """Sent again or not, both are lawful; but no more often than this."""
    def check(run):
        count = len([request for request in run.requests() if request.start_line != b"GET /first HTTP/1.1"])
        assert count in allowed, f"{count} times at the origin"
    return check


def either_way(name: str, sent: bytes, end) -> Case:
    return Case(name, [get(b"http://<origin>/first"), Answer(200, b"hello"), sent, Answer((200, 502)), KEPT_OR_CLOSED],
                at_least_once(1, 2), origin=[[READ, HELLO, READ, end], [READ, HELLO]])


def pipelined(name: str, requests: list[bytes], answers: list, received, segments="whole", **more) -> Case:
    return Case(f"pipelined: {name}", [b"".join(requests), *answers], received, segments=segments, **more)


def _expect_100(run) -> None:
    message = run.client.response("GET")
    assert message.status == 100, message


def _send_rest_of_second(run) -> None:
    run.client.send(run.fill_in(path(2))[len(b"GET http:/"):])


def _was_not_refused(run) -> None:
    assert not run.client.was_refused, "the proxy did not take all of it"


def _leave(run) -> None:
    with contextlib.suppress(OSError):  # The proxy may have closed already.
        run.client.socket.shutdown(socket.SHUT_WR)


def _new_client(run) -> None:
    run.client.close()
    run.client = Client(run.test.proxy.address)


def _stop_worker(run) -> None:
    """So that all that comes until it goes on meets it at once."""
    os.kill(run.test.worker_pid, signal.SIGSTOP)


def _let_worker_go_on(run) -> None:
    os.kill(run.test.worker_pid, signal.SIGCONT)


def _one_connection(run) -> None:
    assert len(run.origin.connections) == 1, f"{len(run.origin.connections)} connections"


def _second_has_nothing(run) -> None:
    assert not run.origins[1].requests(), run.origins[1].requests()


def _none_or_400(run) -> None:
    run.client.read_to_end()
    if run.client.received:
        assert run.client.response("GET").status in (400, 408)
        assert not run.client.received, run.client.received


def _ends_within(seconds: float):
    def check(run):
        await_that(run.origin.has_ended, "the end of the origin's connection", seconds)
    return check


@table(
    [fate(*case) for case in _FATES],
    [pooled(name, answer, end, method) for name, answer, end in _POOLED for method in (b"GET", b"POST", b"DELETE")],
    [dies_at_second(f"{method.decode()} is sent again when its kept connection {how}", path(2, method), True, end,
                    [Forwarded(method + b" /2 HTTP/1.1")] * 2)
     for method in (b"GET", b"PUT", b"DELETE", b"OPTIONS", b"TRACE") for how, end in (("closes", CLOSE), ("is reset", RESET))],
    [dies_at_second(f"{method.decode()} is not sent again when its kept connection {how}", path(2, method, _LENGTH) + b"world",
                    False, end, [Forwarded(method + b" /2 HTTP/1.1", body=b"world")])
     for method in (b"POST", b"PATCH", b"X") for how, end in (("closes", CLOSE), ("is reset", RESET))],
    [dies_at_second(f"{method.decode()} without a body is not sent again when its kept connection {how}",
                    path(2, method, b"Content-Length: 0\r\n"), False, end, [Forwarded(method + b" /2 HTTP/1.1")])
     for method in (b"POST", b"PATCH", b"LOCK", b"get-lower") for how, end in (("closes", CLOSE), ("is reset", RESET))],
    Case("HEAD is sent again when its kept connection closes", [get(), Answer(200, b"hello"), path(2, b"HEAD"),
            Answer(200, b"", method="HEAD"), KEPT],
         origin=[[READ, HELLO, READ, CLOSE], [READ, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"]]),
    [either_way(f"a {method.decode()} with a body is sent again at most once when its kept connection closes",
                path(2, method, _LENGTH) + b"world", CLOSE) for method in (b"PUT", b"GET", b"DELETE")],
    Case("a response that had begun is not asked for again", [get(b"http://<origin>/first"), Answer(200, b"hello"), path(2),
            Answer(502, is_own=True), KEPT_OR_CLOSED], [Forwarded(b"GET /first HTTP/1.1"), Forwarded(b"GET /2 HTTP/1.1")],
         origin=[[READ, HELLO, READ, b"HTTP/1.1 200 O", CLOSE], [READ, HELLO]]),
    Case("a POST whose answer had begun is not sent again", [get(b"http://<origin>/first"), Answer(200, b"hello"),
            path(2, b"POST", _LENGTH) + b"world", Answer(502, is_own=True), KEPT_OR_CLOSED],
         [Forwarded(b"GET /first HTTP/1.1"), Forwarded(b"POST /2 HTTP/1.1", body=b"world")],
         origin=[[READ, HELLO, READ, b"HTTP/1.1 200 O", RESET], [READ, HELLO]]),
    Case("a GET is not sent on for ever when every connection dies", [get(), Answer(502, is_own=True), KEPT_OR_CLOSED],
         at_least_once(1, 2, 3), origin=[READ, CLOSE]),
    Case("a POST on a new connection that dies is sent once", [post(_LENGTH, b"world"), Answer(502, is_own=True),
            KEPT_OR_CLOSED], [Forwarded(b"POST / HTTP/1.1", body=b"world")], origin=[READ, CLOSE]),
    Case("a kept connection is used again", [path(1), Answer(200, b"01"), path(2), Answer(200, b"02"), KEPT], _one_connection,
         origin=[READ, numbered(1), READ, numbered(2)]),
    Case("a kept connection of HTTP/1.0 that says keep-alive may be used again",
         [path(1), Answer(200, b"hello"), path(2), Answer(200, b"hello"), KEPT],
         origin=[step for _ in range(2)
                 for step in (READ, b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello")]),
    Case("a hundred requests go over one connection", [step for number in range(100)
                                                       for step in (path(number), Answer(200, b"%02d" % number))] + [KEPT],
         _one_connection,
         origin=[step for number in range(100) for step in (READ, numbered(number))]),
    Case("two origins alternate on one connection of a client", [step for number in range(6)
            for step in (get(b"http://<origin>/%d" % number) if number % 2 else get(b"http://<second>/%d" % number),
                         Answer(200, b"%02d" % number))] + [KEPT],
         origin=[step for number in (1, 3, 5) for step in (READ, numbered(number))],
         second=[step for number in (0, 2, 4) for step in (READ, numbered(number))]),
    Case("a POST, a GET and a HEAD share a connection", [post(_CHUNKED, b"5\r\nworld\r\n0\r\n\r\n"), Answer(200, b"hello"),
                                                         path(2), Answer(200, b"02"), path(3, b"HEAD"),
                                                         Answer(200, b"", method="HEAD"), path(4), Answer(200, b"04"), KEPT],
         _one_connection, origin=[READ, HELLO, READ, numbered(2), READ, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", READ,
                                  numbered(4)]),
    Case("a failure of one origin leaves the client's connection to the next",
         [get(b"http://<dead>/"), Answer(502, is_own=True), KEPT_OR_CLOSED], NOTHING),
    # Pipelining (RFC 9112, section 9.3.2).
    pipelined("ten requests are answered in order", [path(number) for number in range(10)],
              [*(Answer(200, b"%02d" % number) for number in range(10)), KEPT],
              [Forwarded(b"GET /%d HTTP/1.1" % number) for number in range(10)],
              origin=[step for number in range(10) for step in (READ, numbered(number))]),
    pipelined("bodies of both framings in between", [path(1, b"POST", _LENGTH) + b"world",
                                                     path(2, b"PUT", _CHUNKED) + b"5\r\nworld\r\n0\r\n\r\n", path(3)],
              [Answer(200, b"hello")] * 3 + [KEPT],
              [Forwarded(b"POST /1 HTTP/1.1", body=b"world"), Forwarded(b"PUT /2 HTTP/1.1", body=b"world"),
               Forwarded(b"GET /3 HTTP/1.1")], segments=EVERY_SPLIT),
    pipelined("HEAD in between", [path(1), path(2, b"HEAD"), path(3)],
              [Answer(200, b"01"), Answer(200, b"", method="HEAD"), Answer(200, b"03"), KEPT],
              [Forwarded(b"GET /1 HTTP/1.1"), Forwarded(b"HEAD /2 HTTP/1.1"), Forwarded(b"GET /3 HTTP/1.1")],
              origin=[READ, numbered(1), READ, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", READ, numbered(3)]),
    pipelined("a slow first answer stays first", [get(b"http://<origin>/slow"), get(b"http://<second>/fast")],
              [Answer(200, b"hello"), Answer(200, b"fast!"), KEPT], None,
              origin=[READ, Pause(0.1), HELLO], second=[READ, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfast!"]),
    pipelined("nothing is executed behind Connection: close", [path(1, b"GET", b"Connection: close\r\n"), path(2)],
              [Answer(200, b"hello"), CLOSED], [Forwarded(b"GET /1 HTTP/1.1")]),
    pipelined("nothing is executed behind a request of HTTP/1.0", [get(version=b"HTTP/1.0"), path(2)],
              [Answer(200, b"hello"), CLOSED], [Forwarded(b"GET / HTTP/1.1")]),
    pipelined("nothing is executed behind a malformed request", [path(1), b"GET / HTTP/1.1\nHost: x\n\n", path(3)],
              [Answer(200, b"hello"), Answer(400, is_own=True), CLOSED], [Forwarded(b"GET /1 HTTP/1.1")]),
    pipelined("a failure in between is answered in its place", [path(1), get(b"http://<dead>/"), path(3)],
              [Answer(200, b"hello"), Answer(502, is_own=True), Answer(200, b"hello"), KEPT],
              [Forwarded(b"GET /1 HTTP/1.1"), Forwarded(b"GET /3 HTTP/1.1")]),
    pipelined("requests behind a half-close are answered", [path(1), path(2)],
              [FIN, Answer(200, b"hello"), Answer(200, b"hello"), CLOSED],
              [Forwarded(b"GET /1 HTTP/1.1"), Forwarded(b"GET /2 HTTP/1.1")]),
    pipelined("a request that came in parts behind another", [path(1) + path(2)[:len(b"GET http:/")]],
              [Answer(200, b"hello"), _send_rest_of_second, Answer(200, b"hello"), KEPT],
              [Forwarded(b"GET /1 HTTP/1.1"), Forwarded(b"GET /2 HTTP/1.1")]),
    pipelined("fifty requests at once", [path(number) for number in range(50)],
              [*(Answer(200, b"%02d" % number) for number in range(50)), KEPT], None,
              origin=[step for number in range(50) for step in (READ, numbered(number))]),
    pipelined("responses until the end of the connection do not mix", [path(1), path(2)],
              [Answer(200, b"one"), Answer(200, b"hello"), KEPT_OR_CLOSED], None,
              origin=[[READ, b"HTTP/1.1 200 OK\r\n\r\none", CLOSE], [READ, HELLO]]),
    # Expect (RFC 9110, section 10.1.1).
    Case("Expect reaches the origin, its 100 the client, and the body the origin",
         [post(_LENGTH + _EXPECT), _expect_100, b"world", Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", [(b"Content-Length", b"5"), (b"Expect", b"100-continue")], b"world")],
         origin=[READ_HEAD, _CONTINUE, READ, HELLO]),
    Case("Expect works with chunks", [post(_CHUNKED + _EXPECT), _expect_100, b"5\r\nworld\r\n0\r\n\r\n", Answer(200, b"hello"),
                                      KEPT], [Forwarded(b"POST / HTTP/1.1", [(b"Expect", b"100-continue")], b"world")],
         origin=[READ_HEAD, _CONTINUE, READ, HELLO]),
    [Case(f"a final {status} instead of 100 reaches the client, and no body is waited for",
          [post(_LENGTH + _EXPECT), Answer(status, b"no"), KEPT_OR_CLOSED], [Incomplete()],
          origin=[READ_HEAD, b"HTTP/1.1 %d No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno" % status, STAY])
     for status in (417, 401, 413, 200, 302)],
    Case("a final answer instead of 100 from an origin that keeps its connection",
         [post(_LENGTH + _EXPECT), Answer(401, b"no"), KEPT_OR_CLOSED], None,
         origin=[READ_HEAD, b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", STAY]),
    Case("an origin that ignores Expect gets the body", [post(_LENGTH + _EXPECT), Wait("head"), b"world", Answer(200, b"hello"),
                                                         KEPT], [Forwarded(b"POST / HTTP/1.1", body=b"world")],
         origin=[READ_HEAD, Signal("head"), READ, HELLO]),
    Case("a body that does not wait for the 100 passes", [post(_LENGTH + _EXPECT, b"world"), Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=b"world")], origin=[READ_HEAD, _CONTINUE, READ, HELLO]),
    Case("a second 100 is passed on too", [post(_LENGTH + _EXPECT), _expect_100, _expect_100, b"world", Answer(200, b"hello"),
                                           KEPT], [Forwarded(b"POST / HTTP/1.1", body=b"world")],
         origin=[READ_HEAD, _CONTINUE * 2, READ, HELLO]),
    Case("Expect of a client of HTTP/1.0 is dropped", [post(_LENGTH + _EXPECT, b"world", version=b"HTTP/1.0"),
                                                       Answer(200, b"hello", interim=[]), CLOSED],
         [Forwarded(b"POST / HTTP/1.1", [(b"Content-Length", b"5")], b"world")]),
    Case("Expect with another case is the same", [post(_LENGTH + b"Expect: 100-Continue\r\n"), _expect_100, b"world",
                                                  Answer(200, b"hello"), KEPT], [Forwarded(b"POST / HTTP/1.1", body=b"world")],
         origin=[READ_HEAD, _CONTINUE, READ, HELLO]),
    Case("an expectation that nobody knows is passed on or answered with 417",
         [post(_LENGTH + b"Expect: miracles\r\n", b"world"), Answer((200, 417)), KEPT_OR_CLOSED]),
    Case("Expect without a body is harmless", [get(fields=_EXPECT), Answer(200, b"hello"), KEPT]),
    Case("a body sent in spite of a final answer is never a request",
         [post(b"Content-Length: 61\r\n" + _EXPECT), Answer(401, b"no"), get(b"http://<second>/smuggled"), GONE],
         _second_has_nothing,
         origin=[READ_HEAD, b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", STAY], second=[READ, HELLO]),
    Case("an origin that dies instead of a 100 is a 502", [post(_LENGTH + _EXPECT), Answer(502, is_own=True), KEPT_OR_CLOSED],
         [Incomplete()], origin=[READ_HEAD, CLOSE]),
    # An answer that comes before the request is complete (RFC 9110, section 10.1.1; RFC 9112, section 9.6).
    # Where buffers take the whole body, the connection is kept: the client's own end is what ends it either way.
    Case("a client that sends 16 MiB into an early refusal can send it all and read it",
         [post(b"Content-Length: %d\r\n" % (16 << 20), bytes(16 << 20)), _was_not_refused, Answer(413, b"big"), Signal("read"),
          _leave, GONE], None, origin=[READ_HEAD, b"HTTP/1.1 413 Big\r\nContent-Length: 3\r\n\r\nbig", Wait("read"), STAY]),
    Case("a client that sends slowly into an early refusal can send it all and read it",
         [post(b"Content-Length: 20\r\n"), Wait("answered"), *[step for _ in range(20) for step in (b"x", Pause(0.2))],
          _was_not_refused, Answer(413, b"big"), _leave, GONE], None,
         origin=[READ_HEAD, b"HTTP/1.1 413 Big\r\nContent-Length: 3\r\n\r\nbig", Signal("answered"), STAY]),
    Case("a connection on which an answer came before the body was sent is not used again",
         [post(b"Content-Length: 100\r\n", b"begun"), Answer(200, b"early"), _new_client,
          path(2), Answer(200, b"hello"), KEPT], None,
         origin=[[READ_HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly", STAY], [READ, HELLO]]),
    Case("an upload goes on while its answer arrives",
         [post(b"Content-Length: 10\r\n", b"hello"), Content(b"ear"), b"world", Answer(200, b"early"), KEPT_OR_CLOSED],
         [Forwarded(b"POST / HTTP/1.1", body=b"helloworld")],
         origin=[READ_HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\near", READ, b"ly"]),
    # Half-closed clients.
    Case("a client that half-closes behind its request gets its answer", [get(), FIN, Answer(200, b"hello"), CLOSED],
         [Forwarded(b"GET / HTTP/1.1")]),
    Case("a client that half-closes behind its body gets its answer",
         [post(_LENGTH, b"world"), FIN, Answer(200, b"hello"), CLOSED], [Forwarded(b"POST / HTTP/1.1", body=b"world")]),
    Case("a client that half-closes while it waits gets its answer",
         [get(), Wait("asked"), FIN, Pause(0.1), Signal("closed"), Answer(200, b"hello"), CLOSED],
         origin=[READ, Signal("asked"), Wait("closed"), HELLO]),
    Case("a client that half-closes within a response gets the rest",
         [get(), Content(b"he"), FIN, Pause(0.05), Signal("closed"), Answer(200, b"hello"), CLOSED],
         origin=[READ, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", Wait("closed"), b"llo"]),
    Case("a client of HTTP/1.0 that half-closes gets its answer",
         [get(version=b"HTTP/1.0"), FIN, Answer(200, b"hello"), CLOSED]),
    Case("a client that half-closes gets a body until the end", [get(), FIN, Answer(200, b"hello"), CLOSED],
         origin=[READ, b"HTTP/1.1 200 OK\r\n\r\n", Pause(0.02), b"hello", CLOSE]),
    Case("a client that half-closes gets the proxy's own answer",
         [get(b"http://<dead>/"), FIN, Answer(502, is_own=True), CLOSED], NOTHING),
    [Case(f"a client that half-closes within its head is not waited for: {name}, in one segment with its end",
          [Pause(0.05), _stop_worker, sent, FIN, _let_worker_go_on, _none_or_400], NOTHING)
     for name, sent in (("a request line", b"GET http://<origin>/ HT"), ("an empty line", b"\r\n"),
                        ("a head but its empty line", get()[:-2]))],
    Case("a client that half-closes within its head gets no answer to half a request",
         [b"GET http://<origin>/ HTTP/1.1\r\nHost:", FIN, _none_or_400], NOTHING),
    Case("a half-closed client gets an answer that takes four seconds", [get(), FIN, Answer(200, b"hello"), CLOSED],
         [Forwarded(b"GET / HTTP/1.1")], origin=[READ, Pause(4), HELLO]),
    Case("a half-closed client of HTTP/1.0 gets an answer that takes four seconds, and no interim response",
         [get(version=b"HTTP/1.0"), FIN, Answer(200, b"hello", interim=[]), CLOSED], origin=[READ, Pause(4), HELLO]),
    # Clients that leave.
    Case("a client that resets while it waits cancels its request", [get(), Wait("asked"), RESET], _ends_within(5),
         origin=[READ, Signal("asked"), STAY]),
    Case("a client that closes while it waits cancels its request in some seconds", [get(), Wait("asked")], _ends_within(12),
         origin=[READ, Signal("asked"), STAY]),
    Case("a client that resets within a response cancels it", [get(), Content(b"he"), RESET], _ends_within(5),
         origin=[READ, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", STAY]),
)
class PersistenceTest(ConformanceTest):
    at_once = 8


if __name__ == "__main__":
    weir.main()
