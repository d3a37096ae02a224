"""Limits: what is too large is refused, what is too slow is cut off, and neither costs anybody else anything."""
import json
import socket

import weir
import wire
from case import (CLOSED, CUT_OFF, GONE, HELLO, KEPT, KEPT_OR_CLOSED, NOTHING, SMUGGLED, Answer, Case, Content, Forwarded,
                  Incomplete, Octets, get, post, refusal)
from origin import Origin
from patience import await_that, scaled
from scripted_origin import READ, READ_HEAD, STAY, Pause, Signal, Wait
from suite import ConformanceTest, table

_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_MUCH = bytes(range(256)) * 4096 * 8  # 8 MiB
_OK = b"HTTP/1.1 200 OK\r\n"


def passes(name: str, sent: bytes, line: bytes = b"GET / HTTP/1.1", body: bytes = b"") -> Case:
    return Case(f"{name} passes", [sent, Answer(200, b"hello"), KEPT], [Forwarded(line, body=body)])


def refused_body(name: str, body: bytes, *statuses: int) -> Case:
    return Case(f"{name} is refused", [post(_CHUNKED, body) + SMUGGLED, Answer(statuses or (400, 413, 431), is_own=True),
                                       CLOSED], [Incomplete()])


def response_passes(name: str, answer: bytes) -> Case:
    return Case(f"a response with {name} passes", [get(), Answer(200, b"hello"), KEPT],
                origin=[READ, answer + b"Content-Length: 5\r\n\r\nhello"])


def response_refused(name: str, answer: bytes) -> Case:
    return Case(f"a response with {name} is a 502", [get(), Answer(502, is_own=True), KEPT_OR_CLOSED],
                origin=[READ, answer, STAY])


def _never_complete(run) -> None:
    """A 502, or a response that stays without its end."""
    client = run.client
    while (message := wire.parse_response(bytes(client.received), "GET", False)) is None or message.status < 200:
        if message is not None:
            del client.received[:message.size]
        elif not client.fill():
            return
    if message.status in (502, 504):
        client.response("GET")
    else:
        run.expect_cut_off()


def _ends(run) -> None:
    await_that(run.origin.has_ended, "the end of the origin's connection", 10)


def _push(connection) -> None:
    """More than all buffers on the way hold."""
    for _ in range(8):
        connection.socket.sendall(_MUCH)


def _send_much(run) -> None:
    run.client.send(_MUCH)


def _relay(connection) -> None:
    """Asks the proxy that it came from for the same again, as a proxy behind it would that was told to use it."""
    request = wire.parse_request(bytes(connection.received))
    host = request.one("host")
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in request.fields)
    with socket.create_connection(PatienceTest.proxy.address, scaled(10)) as back:
        back.sendall(b"GET http://" + host + b"/loop HTTP/1.1\r\n" + fields + b"Connection: close\r\n\r\n")
        while data := back.recv(65536):
            connection.socket.sendall(data)


def _seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def _few(run) -> None:
    assert 1 <= len(run.requests()) < 200, f"the request came by {len(run.requests())} times"


def _fields(count: int, size: int) -> bytes:
    return b"".join(b"X-%d: %b\r\n" % (number, b"v" * size) for number in range(count))


@table(
    passes("a head of 16 KiB in a hundred fields", get(fields=_fields(100, 150))),
    passes("a field of 32,000 octets", get(fields=b"X: " + b"y" * 32_000 + b"\r\n")),
    passes("a head of 250 fields", get(fields=_fields(250, 10))),
    passes("a field name of 2,000 octets", get(fields=b"n" * 2000 + b": x\r\n")),
    passes("a target of 16,000 octets", get(b"http://<origin>/" + b"x" * 16_000), b"GET /" + b"x" * 16_000 + b" HTTP/1.1"),
    refusal("a head of 1,000 small fields", get(fields=b"X: y\r\n" * 1000), 431, 400),
    refusal("a head of 100,000 empty fields", get(fields=b"X:\r\n" * 100_000), 431, 400),
    refusal("a field of 300,000 octets", get(fields=b"X: " + b"y" * 300_000 + b"\r\n"), 431, 400),
    refusal("a field name of 300,000 octets", get(fields=b"n" * 300_000 + b": x\r\n"), 431, 400),
    refusal("a method of 100,000 octets", get(method=b"M" * 100_000), 400, 414, 431, 501),
    refusal("a field without end", get(fields=b"")[:-2] + b"X: " + b"y" * 500_000, 431, 400),
    refusal("a line without end", b"G" * 500_000, 400, 414, 431),
    refusal("a target without end", b"GET http://<origin>/" + b"x" * 500_000, 414, 431, 400),
    refusal("a CONNECT target without end", b"CONNECT " + b"x" * 500_000, 414, 431, 400),
    # Chunks.
    refused_body("an extension of 100,000 octets", b"5;a=" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"),
    refused_body("a quoted extension without end", b'5;a="' + b"x" * 300_000),
    refused_body("extensions without end", b"5" + b";a=b" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"),
    refused_body("an extension of 100,000 octets of the last chunk", b"0;a=" + b"x" * 100_000 + b"\r\n\r\n"),
    refused_body("trailers of 100,000 octets", b"0\r\n" + b"X: yyyyyyyyyy\r\n" * 10_000 + b"\r\n"),
    refused_body("a trailer of 300,000 octets", b"0\r\nX: " + b"y" * 300_000 + b"\r\n\r\n"),
    refused_body("trailers without end", b"0\r\n" + b"X:\r\n" * 100_000),
    refused_body("a trailer name without end", b"0\r\n" + b"x" * 300_000),
    Case("a chunked response with an extension of a megabyte never looks complete", [get(), _never_complete],
         origin=[READ, _OK + b"Transfer-Encoding: chunked\r\n\r\n5;a=" + b"x" * (1 << 20) + b"\r\nhello\r\n0\r\n\r\n", STAY]),
    Case("a chunked response with a megabyte of trailers never looks complete", [get(), _never_complete],
         origin=[READ, _OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 170_000 + b"\r\n", STAY]),
    # Responses.
    response_passes("16 KiB of fields", _OK + _fields(100, 150)),
    response_passes("a cookie of 8 KiB", _OK + b"Set-Cookie: a=" + b"c" * 8190 + b"\r\n"),
    response_passes("a field of 64,000 octets", _OK + b"X: " + b"y" * 64_000 + b"\r\n"),
    response_passes("200 fields", _OK + _fields(200, 5)),
    response_refused("a head without end", _OK + b"X: y\r\n" * 200_000),
    response_refused("a field without end", _OK + b"X: " + b"y" * 1_000_000),
    response_refused("a reason without end", b"HTTP/1.1 200 " + b"y" * 1_000_000),
    response_refused("100,000 fields", _OK + b"X:\r\n" * 100_000 + b"\r\n"),
)
class SizeTest(ConformanceTest):
    pass


def drip(data: bytes, interval_s: float) -> list:
    return [step for octet in data for step in (bytes([octet]), Pause(interval_s))]


def _is_timeout(run) -> None:
    """A 408 or nothing, and the end."""
    run.client.read_to_end()
    if run.client.received:
        message = run.client.response("GET")
        assert message.status == 408 and "close" in message.tokens("connection"), message
        assert not run.client.received
    assert run.client.end == "fin", run.client.end


def _was_refused(run) -> None:
    assert run.client.was_refused, "the proxy took all of it"


@table(
    Case("a client that says nothing is closed without a word", [CLOSED], NOTHING),
    Case("a client that says nothing behind its first answer is closed without a word", [get(), Answer(200, b"hello"), CLOSED],
         [Forwarded(b"GET / HTTP/1.1")]),
    Case("a client that sends an empty line and nothing more is cut off", [b"\r\n", _is_timeout], NOTHING),
    Case("a client that stops within its request line is cut off", [b"GET http://<origin>/", _is_timeout], NOTHING),
    Case("a client that stops within its fields is cut off", [get()[:-2], _is_timeout], NOTHING),
    Case("a client that sends its head an octet at a time is cut off", [*drip(get()[:12], 0.1), _is_timeout], NOTHING),
    Case("a client that stops within its body is cut off, and the request is never completed",
         [post(b"Content-Length: 10\r\n", b"hello"), _is_timeout], [Incomplete()], origin=[READ_HEAD, READ]),
    Case("a client that stops within a chunk is cut off, and the request is never completed",
         [post(_CHUNKED, b"a\r\nhello"), _is_timeout], [Incomplete()], origin=[READ_HEAD, READ]),
    Case("a client that stops within a chunk's size is cut off", [post(_CHUNKED, b"5\r\nhello\r\n1"), _is_timeout],
         [Incomplete()], origin=[READ_HEAD, READ]),
    Case("a client that stops within its trailers is cut off", [post(_CHUNKED, b"0\r\nX: y\r\n"), _is_timeout], [Incomplete()],
         origin=[READ_HEAD, READ]),
    Case("a client that never sends its body is cut off", [post(b"Content-Length: 10\r\n"), _is_timeout], [Incomplete()],
         origin=[READ_HEAD, READ]),
    Case("a slow body that makes progress is not cut off", [post(b"Content-Length: 10\r\n"), *drip(b"0123456789", 0.2),
                                                            Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=b"0123456789")]),
    Case("a slow response that makes progress is not cut off", [get(), Answer(200, b"0123456789"), KEPT],
         origin=[READ, _OK + b"Content-Length: 10\r\n\r\n", *drip(b"0123456789", 0.2)]),
    Case("a slow chunked response that makes progress is not cut off", [get(), Answer(200, b"0123456789"), KEPT_OR_CLOSED],
         origin=[READ, _OK + b"Transfer-Encoding: chunked\r\n\r\n",
                 *[step for octet in b"0123456789" for step in (b"1\r\n%c\r\n" % octet, Pause(0.2))], b"0\r\n\r\n"]),
    Case("an upload whose origin pauses is not cut off", [post(b"Content-Length: %d\r\n" % (1 << 20), bytes(1 << 20)),
                                                          Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=bytes(1 << 20))], origin=[READ_HEAD, Pause(0.6), READ, HELLO]),
    Case("an origin that says nothing is a 504", [get(), Answer(504, is_own=True), KEPT_OR_CLOSED],
         [Forwarded(b"GET / HTTP/1.1")], origin=[READ, STAY]),
    Case("an origin that sends its head an octet at a time is a 504 in the end or is heard",
         [get(), Answer((200, 502, 504)), KEPT_OR_CLOSED], origin=[READ, *drip(HELLO, 0.05)]),
    Case("an origin that stops within its body leaves it incomplete", [get(), Content(b"he"), CUT_OFF],
         origin=[READ, _OK + b"Content-Length: 5\r\n\r\nhe", STAY]),
    Case("an origin that stops within its chunks leaves them incomplete", [get(), Content(b"he"), CUT_OFF],
         origin=[READ, _OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", STAY]),
    Case("an origin that stops within a body until the end leaves it incomplete", [get(), Content(b"he"), CUT_OFF],
         origin=[READ, _OK + b"\r\nhe", STAY]),
    Case("an origin that stops within a body until the end leaves it incomplete for HTTP/1.0",
         [get(version=b"HTTP/1.0"), Content(b"he"), CUT_OFF], origin=[READ, _OK + b"\r\nhe", STAY]),
    Case("an origin that sends interim responses for ever is cut off", [get(), _never_complete],
         origin=[READ, *[step for _ in range(60) for step in (b"HTTP/1.1 102 Processing\r\n\r\n", Pause(0.1))], STAY]),
    Case("a client that sends on and on behind an early answer is cut off",
         [post(b"Content-Length: 1000\r\n"), Answer(413, b"big"), *[step for _ in range(30) for step in (b"x", Pause(0.1))],
          _was_refused], [Incomplete()], origin=[READ_HEAD, b"HTTP/1.1 413 Big\r\nContent-Length: 3\r\n\r\nbig", STAY]),
    Case("a tunnel in which nothing moves is closed", [get(b"<origin>", method=b"CONNECT"), Answer(200, method="CONNECT"),
                                                       GONE], None, origin=[STAY]),
    Case("a tunnel in which one side speaks is not closed", [get(b"<origin>", method=b"CONNECT"), Answer(200, method="CONNECT"),
            Octets(b"0123456789")], None, origin=[*drip(b"0123456789", 0.3), STAY]),
    Case("a client that takes nothing is cut off, and its origin's connection ends", [get(), Wait("sending")], _ends,
         origin=[READ, _OK + b"Content-Length: %d\r\n\r\n" % len(_MUCH), Signal("sending"), _push]),
)
class TimeTest(ConformanceTest):
    at_once = 12
    options = ("--head-timeout", "1s", "--idle-timeout", "1s", "--body-timeout", "1s", "--response-timeout", "1s",
               "--tunnel-idle-timeout", "1s")


@table(
    Case("an upload whose origin pauses for three seconds arrives whole",
         [post(b"Content-Length: %d\r\n" % len(_MUCH)), _send_much, Answer(200, b"hello"), KEPT],
         [Forwarded(b"POST / HTTP/1.1", body=_MUCH)],
         origin=[READ_HEAD, Pause(3), READ, HELLO]),
    Case("a download whose client pauses for three seconds arrives whole", [get(), Pause(3), Answer(200, _MUCH), KEPT],
         origin=[READ, _OK + b"Content-Length: %d\r\n\r\n" % len(_MUCH), _MUCH]),
    Case("a request that comes back through another proxy again and again ends",
         [get(b"http://<origin>/loop"), Answer((400, 403, 502, 504, 508))], _few, origin=[READ, _relay]),
)
class PatienceTest(ConformanceTest):
    def test_seven_hundred_connections_of_one_address_are_served(self):
        clients = [self.proxy.client() for _ in range(700)]
        for client in clients:
            client.request("GET", f"http://{self.probe_authority.decode()}/many")
        for client in clients:
            self.assertEqual(client.response().body, b"hello from /many\n")
        self.proxy.close_clients()

    def test_stalled_clients_delay_nobody(self):
        origin = Origin(self)
        stalled = [self.proxy.client(receive_buffer=4096) for _ in range(30)]
        for client in stalled:
            client.request("GET", origin.url(f"/bytes/{8 << 20}"))
        for number in range(30):
            response = self.proxy.client().get(f"http://{self.probe_authority.decode()}/other/{number}")
            self.assertEqual(response.status, 200)
        self.proxy.close_clients()

    def test_a_tunnel_may_be_silent_for_more_than_a_minute_by_default(self):
        described = {option["name"]: option["default"] for option in self._described()}
        self.assertGreater(_seconds(described["tunnel-idle-timeout"]), 60)

    def test_no_client_or_origin_may_be_silent_for_more_than_a_minute_by_default(self):
        described = {option["name"]: option["default"] for option in self._described()}
        for name in ("head-timeout", "idle-timeout", "body-timeout", "response-timeout"):
            self.assertLessEqual(_seconds(described[name]), 60, name)

    def _described(self):
        return json.loads(self.run_program("proxy_worker", "--describe-options").stdout)


if __name__ == "__main__":
    weir.main()
