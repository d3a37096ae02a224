"""One run of one case: the client's side step by step, then what the origins have received."""
import re
import socket
import struct
import time
from typing import Callable

import wire
from case import (CLOSED, CUT_OFF, GONE, HELLO, KEPT, KEPT_OR_CLOSED, Answer, Case, Content, Forwarded, Incomplete, Interim,
                  Octets)
from patience import await_that, scaled
from scripted_origin import FIN, READ, RESET, STAY, Events, Mark, Pause, ScriptedOrigin, Signal, Step, Wait

_READ_BYTES = 1 << 16
_ANSWER_S = 10.0
_SEGMENT_PAUSE_S = 0.0004  # lets the proxy read one segment before the next; less only makes the test weaker


def _scripts(script: list | None) -> list[list[Step]]:
    if script is None:
        return [[step for _ in range(20) for step in (READ, HELLO)] + [STAY]]
    return script if script and isinstance(script[0], list) else [script]


class Client:
    def __init__(self, address: tuple[str, int]):
        self.socket = socket.create_connection(address, scaled(_ANSWER_S))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()  # and not yet used
        self.end = ""                # "" | fin | reset
        self.was_refused = False     # some of what it sent

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.was_refused = True  # The proxy may be done with it already; what it says about it is read.

    def fill(self) -> bool:
        if self.end:
            return False
        try:
            data = self.socket.recv(_READ_BYTES)
        except TimeoutError:
            raise AssertionError(f"nothing came in time after {bytes(self.received[:300])!r}") from None
        except ConnectionResetError:
            self.end = "reset"
            return False
        self.received += data
        if not data:
            self.end = "fin"
        return bool(data)

    def response(self, method: str) -> wire.Message:
        """The next response, interim or final, whole."""
        while True:
            message = wire.parse_response(bytes(self.received), method, self.end == "fin")
            if message is not None and message.is_complete:
                del self.received[:message.size]
                return message
            if not self.fill() and (message is None or message.framing != wire.UNTIL_CLOSE or self.end == "reset"):
                raise AssertionError(f"the connection ended ({self.end}) after {bytes(self.received[:300])!r}")

    def final_response(self, method: str) -> wire.Message:
        interim = []
        while (message := self.response(method)).status // 100 == 1 and message.status != 101:
            interim.append(message)
        message.interim = interim
        return message

    def read_to_end(self) -> None:
        while self.fill():
            pass

    def close(self) -> None:
        self.socket.close()


class Run:
    """One run of one case."""

    def __init__(self, test: "ConformanceTest", case: Case):
        self.test, self.case, self.events = test, case, Events()
        self.last: wire.Message | None = None
        self.origins = [ScriptedOrigin(_scripts(script), self.events, case.address, case.port if number == 0 else 0)
                        for number, script in enumerate((case.origin, case.second)) if number == 0 or script is not None]
        self.origin = self.origins[0]
        self._dead = socket.socket()  # bound, so that nobody gets its port, but not listening
        self._dead.bind(("127.0.0.1", 0))
        self._names = {b"<origin>": self.origin.authority.encode(), b"<port>": b"%d" % self.origin.port,
                       b"<second>": self.origins[-1].authority.encode(), b"<proxy>": b"%s:%d" % (
                           test.proxy.address[0].encode(), test.proxy.address[1]),
                       b"<dead>": b"127.0.0.1:%d" % self._dead.getsockname()[1]}
        self.client = Client(test.proxy.address)

    def fill_in(self, data: bytes) -> bytes:
        for name, value in self._names.items():
            data = data.replace(name, value)
        return data

    def close(self) -> None:
        self.client.close()
        self._dead.close()
        for origin in self.origins:
            origin.close()

    def converse(self, segments: Callable[[bytes], list[bytes]]) -> None:
        is_first = True
        for step in self.case.client:
            if isinstance(step, bytes):
                data = self.fill_in(step)
                self._send(segments(data) if is_first else [data])
                is_first = False
            else:
                self.take(step)

    def _send(self, parts: list[bytes]) -> None:
        for number, part in enumerate(parts):
            if number:
                time.sleep(_SEGMENT_PAUSE_S)
            self.client.send(part)

    def take(self, step) -> None:
        client = self.client
        if isinstance(step, Answer):
            self._check_answer(step)
        elif isinstance(step, Interim):
            message = client.response("GET")
            assert message.status == step.status, f"{message.start_line!r} instead of an interim {step.status}"
            self._check_fields(step.fields, message)
        elif isinstance(step, Octets):
            self._read_octets(self.fill_in(step.data))
        elif isinstance(step, Content):
            self._read_content(step)
        elif isinstance(step, Pause):
            time.sleep(step.seconds)
        elif isinstance(step, Signal):
            self.events.give(step.name)
        elif isinstance(step, Wait):
            self.events.wait(step.name)
        elif isinstance(step, Mark):
            self._take_mark(step)
        else:
            step(self)

    def _take_mark(self, mark: Mark) -> None:
        client = self.client
        if mark in (CLOSED, GONE):
            client.read_to_end()
            assert not client.received, f"surplus: {bytes(client.received[:300])!r}"
            assert mark is GONE or client.end == "fin", "the connection was reset instead of closed"
        elif mark in (KEPT, KEPT_OR_CLOSED):
            self._probe(mark)
        elif mark is FIN:
            client.socket.shutdown(socket.SHUT_WR)
        elif mark is RESET:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
        elif mark is CUT_OFF:
            self.expect_cut_off()
        else:
            raise AssertionError(f"not a client's step: {mark}")

    def _check_answer(self, expected: Answer) -> None:
        message = self.last = self.client.final_response(expected.method)
        allowed = expected.status if isinstance(expected.status, tuple) else (expected.status,)
        assert message.status in allowed, f"{message.start_line!r} instead of {allowed}; {message.fields}"
        assert expected.start_line is None or message.start_line == expected.start_line, f"{message.start_line!r}"
        assert expected.body is None or message.body == expected.body, f"the body is {message.body[:300]!r}"
        if expected.interim is not None:
            statuses = [interim.status for interim in message.interim]
            assert statuses == expected.interim, f"interim responses {statuses}"
        self._check_fields(expected.fields, message)
        if expected.is_own:
            check_own_answer(message, expected.method)
        if expected.check is not None:
            expected.check(message)

    def _check_fields(self, fields: dict, message: wire.Message) -> None:
        for name, values in fields.items():
            found = message.all(name)
            assert found == (values or []), f"{name} is {found} instead of {values}"

    def _read_octets(self, data: bytes) -> None:
        client = self.client
        while len(client.received) < len(data) and client.fill():
            pass
        assert bytes(client.received[:len(data)]) == data, f"{bytes(client.received[:300])!r} instead of {data[:300]!r}"
        del client.received[:len(data)]

    def _read_content(self, expected: Content) -> None:
        while True:
            message = wire.parse_response(bytes(self.client.received), expected.method, False)
            if message is not None and message.body == expected.data:
                return
            assert message is None or expected.data.startswith(message.body), f"the body begins with {message.body[:300]!r}"
            assert self.client.fill(), f"the connection ended ({self.client.end}) after {bytes(self.client.received[:300])!r}"

    def _probe(self, mark: Mark) -> None:
        """A request to another origin on the same connection: nothing may stand before its answer."""
        if self.last is not None and "close" in self.last.tokens("connection"):
            assert mark is KEPT_OR_CLOSED, f"the connection ends: {self.last.fields}"
            return self._take_mark(CLOSED)
        path = b"/probe/%d" % id(self)
        self.client.send(b"GET http://%b%b HTTP/1.1\r\nHost: %b\r\n\r\n" % (self.test.probe_authority, path,
                                                                            self.test.probe_authority))
        message = self.client.response("GET")
        assert message.body == b"hello from %b\n" % path, f"on the kept connection came {message}"
        assert not self.client.received, f"surplus: {bytes(self.client.received[:300])!r}"
        return None

    def expect_cut_off(self) -> None:
        self.client.read_to_end()
        data = bytes(self.client.received)
        message = wire.parse_response(data, "GET", self.client.end == "fin")
        while message is not None and message.status // 100 == 1:
            data = data[message.size:]
            message = wire.parse_response(data, "GET", self.client.end == "fin")
        assert message is None or not message.is_complete, f"it looks complete: {data[:300]!r}"

    # What the origin has

    def check_received(self) -> None:
        expected = self.case.received
        if callable(expected):
            expected(self)
        elif expected is not None:
            self._check_requests(expected)
        failures = [failure for origin in self.origins for failure in origin.failures]
        assert not failures, f"at the origin: {failures}"

    def _check_requests(self, expected: list) -> None:
        def has_all():
            messages = self.requests()
            complete = [message for message in messages if message.is_complete]
            is_over = all(origin.has_ended() for origin in self.origins) or not any(
                isinstance(request, Incomplete) for request in expected)
            wanted = [request for request in expected if isinstance(request, Forwarded)]
            return len(complete) >= len(wanted) and is_over
        try:
            await_that(has_all, "the origin has what it must get", 5)
        except AssertionError as error:
            raise AssertionError(f"{error}; it has {self.requests()}") from None
        messages = self.requests()
        if expected and all(isinstance(request, Incomplete) for request in expected) and len(messages) < len(expected):
            return  # Nothing at all may have been sent on.
        assert len(messages) == len(expected), f"the origin received {len(messages)} requests: {messages}"
        for message, request in zip(messages, expected):
            if isinstance(request, Incomplete):
                assert not message.is_complete, f"the origin received a complete {message}"
                assert request.start_line in (None, message.start_line), f"the origin received {message.start_line!r}"
            else:
                self._check_request(message, request)

    def requests(self) -> list[wire.Message]:
        return [message for origin in self.origins for message in origin.requests()]

    def _check_request(self, message: wire.Message, expected: Forwarded) -> None:
        assert message.is_complete, f"the origin received only {message}"
        start_line = self.fill_in(expected.start_line)
        assert message.start_line == start_line, f"the origin received {message.start_line!r} instead of {start_line!r}"
        assert message.one("host").lower() == self.fill_in(expected.host).lower(), f"Host is {message.one('host')!r}"
        assert expected.body is None or message.body == expected.body, f"the origin received the body {message.body[:300]!r}"
        if expected.fields is not None:
            fields = [(name, self.fill_in(value)) for name, value in expected.fields]
            found = end_to_end_fields(message)
            assert found == fields, f"the origin received the fields {found} instead of {fields}"
        if expected.trailers is not None:
            assert message.trailers in ([], expected.trailers), f"the origin received the trailers {message.trailers}"
        for name in expected.absent:
            assert not message.all(name), f"the origin received {name}: {message.all(name)}"


def end_to_end_fields(message: wire.Message) -> list[tuple[bytes, bytes]]:
    """Without Host, without what the proxy itself adds: the last member of Via, Connection, Transfer-Encoding."""
    own = (b"host", b"connection", b"transfer-encoding", b"via")
    return [(name, value) for name, value in message.fields if name.lower() not in own]


def check_own_answer(message: wire.Message, method: str) -> None:
    """What every answer of the proxy's own has (RFC 9110, section 15; RFC 9209)."""
    assert message.start_line.startswith(b"HTTP/1.1 "), message.start_line
    assert message.framing in (wire.LENGTH, wire.NONE), f"framed by {message.framing}"
    if method != "HEAD":
        assert message.one("content-length") is not None
        assert message.body, "an answer without a text"
    assert message.one("content-type"), "no Content-Type"
    assert re.search(rb"; *error=[a-z_]+", message.one("proxy-status") or b""), f"Proxy-Status {message.one('proxy-status')!r}"
