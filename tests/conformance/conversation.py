"""A case: the octets a client sends, what its origin does, and what both must see. Tables of cases become tests.

In all octets `<origin>` stands for host:port of the case's origin, `<port>` for its port, `<second>` for its second
origin, `<dead>` for a place where nobody listens, `<proxy>` for the proxy itself.
"""
import concurrent.futures
import dataclasses
import re
import socket
import struct
import sys
import time
from typing import Callable

import weir
import wire
from origin import Origin
from patience import await_that, scaled
from scripted_origin import FIN, READ, RESET, STAY, Events, Mark, Pause, ScriptedOrigin, Signal, Step, Wait

_READ_BYTES = 1 << 16
_ANSWER_S = 10.0
_SEGMENT_PAUSE_S = 0.0004  # lets the proxy read one segment before the next; less only makes the test weaker

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SMUGGLED = b"GET http://<origin>/smuggled HTTP/1.1\r\nHost: <origin>\r\n\r\n"

# Fates of the client's connection, and other steps of a client.
CLOSED = Mark("the proxy closes the connection in order, with nothing more on it")
GONE = Mark("the proxy ends the connection, in order or by a reset, with nothing more on it")
KEPT = Mark("the connection serves another request")
KEPT_OR_CLOSED = Mark("the connection serves another request, or is closed in order")
CUT_OFF = Mark("what came is not a complete response, and the connection is over")

# What an origin must have received.
NOTHING: list = []

# Ways to cut what the client sends first into segments.
WHOLE, BYTEWISE, EVERY_SPLIT = "whole", "octet by octet", "split at every position"


@dataclasses.dataclass
class Answer:
    """A final response that the client must get. `fields` names values that must stand there, None for none at all."""
    status: int | tuple[int, ...] = 200
    body: bytes | None = None
    fields: dict[str, list[bytes] | None] = dataclasses.field(default_factory=dict)
    method: str = "GET"
    start_line: bytes | None = None
    interim: list[int] | None = None  # statuses of the 1xx before it
    check: Callable[[wire.Message], None] | None = None
    is_own: bool = False  # made by the proxy


@dataclasses.dataclass
class Interim:
    """A 1xx that must come now."""
    status: int
    fields: dict[str, list[bytes] | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Octets:
    """Exactly these must come: a tunnel's."""
    data: bytes


@dataclasses.dataclass
class Content:
    """The part of the body that must have come by now, before the rest."""
    data: bytes
    method: str = "GET"


@dataclasses.dataclass
class Forwarded:
    """A request as an origin must have received it: `fields` are all of them but Host, the proxy's Via and Connection."""
    start_line: bytes
    fields: list[tuple[bytes, bytes]] | None = None
    body: bytes | None = b""
    host: bytes = b"<origin>"
    absent: tuple[str, ...] = ()
    trailers: list[tuple[bytes, bytes]] | None = None


@dataclasses.dataclass
class Incomplete:
    """A request that must never have become complete, and whose connection is over."""
    start_line: bytes | None = None


@dataclasses.dataclass
class Case:
    name: str
    client: list
    received: list | Callable | None = None  # None: whatever
    origin: list[Step] | list[list[Step]] | None = None
    second: list[Step] | list[list[Step]] | None = None
    segments: str = WHOLE
    address: str = "127.0.0.1"
    port: int = 0


def refused(*statuses: int, method: str = "GET") -> list:
    """An answer of the proxy's own, after which the connection is closed."""
    return [Answer(statuses or 400, method=method, is_own=True), CLOSED]


def refusal(name: str, sent: bytes, *statuses: int, method: str = "GET", segments: str = WHOLE) -> Case:
    """What is sent is refused as a whole, and the request behind it is never executed."""
    return Case(name, [sent + SMUGGLED, *refused(*statuses, method=method)], NOTHING, segments=segments)


def get(target: bytes = b"http://<origin>/", fields: bytes = b"", method: bytes = b"GET", version: bytes = b"HTTP/1.1",
        host: bytes = b"Host: <origin>\r\n") -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + host + fields + b"\r\n"


def post(fields: bytes = b"", body: bytes = b"", method: bytes = b"POST", version: bytes = b"HTTP/1.1") -> bytes:
    return get(fields=fields, method=method, version=version) + body


class Client:
    def __init__(self, address: tuple[str, int]):
        self.socket = socket.create_connection(address, scaled(_ANSWER_S))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()  # and not yet used
        self.end = ""                # "" | fin | reset

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The proxy may be done with it already; what it says about it is read.

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
        assert message.status in allowed, f"{message.start_line!r} instead of {allowed}; {message.fields} {message.body[:500]!r}"
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


def _scripts(script: list | None) -> list[list[Step]]:
    if script is None:
        return [[step for _ in range(20) for step in (READ, HELLO)] + [STAY]]
    return script if script and isinstance(script[0], list) else [script]


class ConformanceTest(weir.WeirTest):
    """All cases of a class share one running proxy; each has origins of its own, and `at_once` of them run side by side
    unless single tests were asked for."""
    options: tuple[str, ...] = ()
    guarded = False
    at_once = 4
    cases: list[Case] = []
    _started: dict[str, concurrent.futures.Future] | None = None
    _failed = False

    @classmethod
    def setUpClass(cls) -> None:
        cls._host = _Host()
        cls._host.setUp()
        cls.addClassCleanup(cls._end)
        cls.prepare(cls._host)
        cls.proxy = weir.Weir(cls._host, *cls.options, guarded=cls.guarded)
        cls._probed = Origin(cls._host)
        cls.probe_authority = cls._probed.authority().encode()
        cls.worker_pid = cls.proxy.pid("worker-0")

    @classmethod
    def prepare(cls, host: weir.WeirTest) -> None:
        """Before the proxy is started."""

    @classmethod
    def _end(cls) -> None:
        sound = cls._host.doCleanups()
        if cls._failed or not sound:
            print("\n".join(cls._host.said), file=sys.stderr, flush=True)
        if not sound:
            raise AssertionError("the processes did not end in order, or reported an error")

    def run(self, result=None):
        result = super().run(result)
        type(self)._failed |= not result.wasSuccessful()
        return result

    def run_case(self, case: Case) -> None:
        """What came of it, if it runs or has run beside others."""
        if self._started is None:
            self._start_all()
        if case.name in self._started:
            self._started[case.name].result()
        else:
            self._run(case)

    def _start_all(self) -> None:
        cls = type(self)
        cls._started = {}
        if len(sys.argv) == 1 and self.at_once > 1:
            pool = concurrent.futures.ThreadPoolExecutor(self.at_once)
            cls.addClassCleanup(pool.shutdown)
            cls._started = {case.name: pool.submit(self._run, case) for case in self.cases}

    def _run(self, case: Case) -> None:
        for what, segments in _segmentations(case):
            self._run_once(case, what, segments)
        self.assertEqual(self.proxy.pid("worker-0"), self.worker_pid, "the worker was restarted")

    def _run_once(self, case: Case, what: str, segments: Callable[[bytes], list[bytes]]) -> None:
        run = Run(self, case)
        try:
            run.converse(segments)
            run.client.close()
            run.check_received()
        except AssertionError as error:
            failures = [failure for origin in run.origins for failure in origin.failures]
            raise self.failureException(f"{case.name}{what}: {error}" + (f"; at the origin: {failures}" if failures else "")) from None
        finally:
            run.close()


class _Host(weir.WeirTest):
    """Owns the processes of a class."""

    def setUp(self) -> None:
        super().setUp()
        self._said = []

    @property
    def said(self) -> list[str]:
        return self._said


def _segmentations(case: Case):
    if case.segments == WHOLE:
        return [("", lambda data: [data])]
    if case.segments == BYTEWISE:
        return [("", lambda data: [data[at:at + 1] for at in range(len(data))])]
    longest = len(next(step for step in case.client if isinstance(step, bytes))) + 40
    return [(f", split at {at}", lambda data, at=at: [part for part in (data[:at], data[at:]) if part]) for at in range(1, longest)]


def table(*cases: Case | list[Case]):
    """Makes each case a test method of the decorated class."""
    def add(cls):
        cls.cases = []
        for case in (one for item in cases for one in (item if isinstance(item, list) else [item])):
            name = "test_" + re.sub(r"[^a-z0-9]+", "_", case.name.lower()).strip("_")
            if hasattr(cls, name):
                raise TypeError(f"two cases are called {case.name!r}")
            method = _method_of(case)
            method.__name__ = name
            setattr(cls, name, method)
            cls.cases.append(case)
        return cls
    return add


def _method_of(case: Case):
    def method(self):
        self.run_case(case)
    return method
