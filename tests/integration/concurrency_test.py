"""Hundreds of clients at once, over four workers: every answer belongs to its request, and nobody waits for those who hang.

Each request carries a token of its own in target, header field and, where it has one, body; the origin answers with what it
saw. Tunnels run beside them, and clients who never finish: connects that hang, readers that stall, heads that never end."""
import collections
import contextlib
import hashlib
import json
import resource
import select
import threading

import weir
from black_hole import BlackHole
from echo import EchoOrigin
from origin import Exchange, Origin, content, content_blocks, content_hash
from patience import await_that, scaled

_CLIENTS = 200
_REQUESTS = 50  # of each
_BATCH = 10  # requests sent before the first answer is read
_WORKERS = 4
_ORIGINS = 4
_TUNNELS = 20
_TUNNEL_TURNS_MAX = 100_000
_HANGING = 40  # of each kind
_STALLED_BYTES = 15_000_000
_CONNECTIONS_AT_ONCE = 1000
_OWN_DESCRIPTORS = 6000
_METHODS = ("GET", "POST", "HEAD", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "GET", "REPORT")
_BODY_BYTES = (1, 17, 1460, 6000)
_ANSWER_BYTES = (0, 1, 300, 1400, 9000, 40_000)


class _Job:
    """One request, and what its answer must be."""

    def __init__(self, client: int, number: int):
        seed = client * _REQUESTS + number
        self.token = f"client-{client}-request-{number}"
        self.method = _METHODS[seed % len(_METHODS)]
        self.origin = (seed // 3) % _ORIGINS
        self.target = f"/work?token={self.token}&answer={_ANSWER_BYTES[seed % len(_ANSWER_BYTES)]}"
        has_body = self.method in ("POST", "PUT", "PATCH", "REPORT")
        self.body = (self.token * _BODY_BYTES[seed % len(_BODY_BYTES)]).encode()[:20_000] if has_body else b""
        self.is_chunked = seed % 3 == 0

    def octets(self, origin: Origin) -> bytes:
        lines = [f"{self.method} {origin.url(self.target)} HTTP/1.1", f"Host: {origin.authority()}", f"X-Token: {self.token}"]
        body = self.body
        if body and self.is_chunked:
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def mismatch(self, response) -> str:
        """Empty when the response is the one to this request."""
        expected = {"token": self.token, "origin": self.origin, "method": self.method, "target": self.target,
                    "body": hashlib.sha256(self.body).hexdigest()}
        seen = {**json.loads(response.header("x-seen") or "{}"), "status": response.status}
        if seen != {**expected, "status": 200}:
            return f"{expected} was answered with {seen} {response.body[:200]!r}"
        body = b"" if self.method == "HEAD" else _answer_body(self.target)
        return "" if response.body == body else f"the answer to {self.token} has another's body: {response.body[:200]!r}"


def _answer_body(target: str) -> bytes:
    token, _, size = target.partition("=")[2].partition("&answer=")
    return f"{token}\n".encode() + content(int(size))


def _answer_work(origin: int, exchange: Exchange) -> None:
    request = exchange.request
    headers = [("X-Seen", json.dumps({"token": request.header("x-token"), "origin": origin, "method": request.method,
                                      "target": request.target, "body": request.body_sha256}))]
    body = _answer_body(request.target)
    if len(body) % 2 and request.method != "HEAD":
        exchange.respond_chunked([body[:len(body) // 2], body[len(body) // 2:]], headers)
    else:
        exchange.respond(200, body, headers)


class _Crowd:
    """Runs one function in many threads at once, and collects what went wrong in them."""

    def __init__(self):
        self.failures: list[str] = []
        self._threads: list[threading.Thread] = []

    def add(self, function, *arguments) -> None:
        def run():
            try:
                function(*arguments)
            except Exception as error:
                self.failures.append(f"{function.__name__}{arguments[:1]}: {error!r}")
        self._threads.append(threading.Thread(target=run, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self, test: weir.WeirTest, timeout_s: float) -> None:
        for thread in self._threads:
            thread.join(scaled(timeout_s))
        running = sum(thread.is_alive() for thread in self._threads)
        test.assertEqual((self.failures[:5], len(self.failures), running), ([], 0, 0))


class ConcurrencyTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < _OWN_DESCRIPTORS:
            self.fail(f"the hard limit of open files is {hard}; this test needs {_OWN_DESCRIPTORS}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.origins = [Origin(self, keeps_bodies=False) for _ in range(_ORIGINS)]
        for number, origin in enumerate(self.origins):
            origin.on("/work", lambda exchange, number=number: _answer_work(number, exchange))
        self.weir = weir.Weir(self, "--connect-timeout", "10m", "--head-timeout", "10m", "--body-timeout", "10m",
                              "--drain-timeout", "1s", workers=_WORKERS)

    # The clients

    def _jobs(self, client: int) -> list[_Job]:
        return [_Job(client, number) for number in range(_REQUESTS)]

    def _work(self, client: int, batch: int) -> None:
        """Over one connection: sends `batch` requests, reads their answers, and so on."""
        jobs = self._jobs(client)
        with weir.RawClient(self.weir.address, timeout_s=60) as connection:
            for at in range(0, len(jobs), batch):
                connection.send(b"".join(job.octets(self.origins[job.origin]) for job in jobs[at:at + batch]))
                for job in jobs[at:at + batch]:
                    mismatch = job.mismatch(connection.response(job.method))
                    if mismatch:
                        raise AssertionError(mismatch)

    def _tunnel(self, number: int, echo: EchoOrigin, is_over: threading.Event) -> None:
        with weir.RawClient(self.weir.address, timeout_s=60) as client:
            if client.connect_tunnel(echo.authority).status != 200:
                raise AssertionError("no tunnel")
            for turn in range(_TUNNEL_TURNS_MAX):
                data = f"tunnel {number} turn {turn};".encode() * (1 + (number * 7 + turn) % 800)
                client.send(data)
                if client.read_exactly(len(data)) != data:
                    raise AssertionError("the tunnel has other octets than were sent through it")
                if is_over.wait(0.05) and turn >= 20:
                    return

    # Those who hang

    @contextlib.contextmanager
    def _obstacles(self):
        """Connects that hang, tunnels that never open, readers that stall and heads that never end, until the block ends;
        then the stalled readers read on, and must get everything."""
        hole = BlackHole(self)
        self.origins[0].on("/large", self._answer_large)
        waiting = []
        for number in range(_HANGING):
            waiting += [self.weir.client() for _ in range(3)]
            waiting[-3].request("GET", f"http://{hole.authority}/{number}")
            waiting[-2].request("CONNECT", hole.authority)
            waiting[-1].send(b"GET http://never.test/ HTTP/1.1\r\nHost: nev")
        stalled = [self.weir.client(receive_buffer=4096, timeout_s=60) for _ in range(_HANGING // 4)]
        for client in stalled:
            client.request("GET", self.origins[0].url("/large"))
        await_that(lambda: len(self.origins[0].seen("/large")) == len(stalled), "all stalled readers are being answered")
        yield
        answered, _, _ = select.select([client.socket for client in waiting], [], [], 0)
        self.assertEqual(len(answered), 0, "hanging requests ended before the others were through")
        for client in stalled:
            self.assertEqual(client.head().status, 200)
            self.assertEqual(client.hash_to_end_of(_STALLED_BYTES), content_hash(_STALLED_BYTES))

    @staticmethod
    def _answer_large(exchange: Exchange) -> None:
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {_STALLED_BYTES}\r\n\r\n".encode())
        for block in content_blocks(_STALLED_BYTES):
            exchange.send(block)

    # What must hold

    def _expect_everybody_served(self, batch: int) -> None:
        echo = EchoOrigin(self)
        clients, tunnels, is_over = _Crowd(), _Crowd(), threading.Event()
        for number in range(_CLIENTS):
            clients.add(self._work, number, batch)
        for number in range(_TUNNELS):
            tunnels.add(self._tunnel, number, echo, is_over)
        with self._obstacles():
            tunnels.start()
            clients.start()
            clients.join(self, 120)
            is_over.set()
            tunnels.join(self, 60)
        self._expect_one_record_each()
        self.weir.assert_never_restarted()
        self.assertEqual([failure for origin in self.origins for failure in origin.failures], [])

    def _expect_one_record_each(self) -> None:
        jobs = [job for client in range(_CLIENTS) for job in self._jobs(client)]
        sql = "SELECT method, path, port, status, outcome, request_body_bytes FROM all_requests WHERE path LIKE '/work?%'"
        await_that(lambda: len(self.weir.rows(sql)) >= len(jobs), "all records are written", 60)
        expected = collections.Counter((job.method, job.target, self.origins[job.origin].port, 200, "served", len(job.body))
                                       for job in jobs)
        recorded = collections.Counter(tuple(row) for row in self.weir.rows(sql))
        self.assertEqual((list((expected - recorded).items())[:5], list((recorded - expected).items())[:5]), ([], []))

    def test_every_answer_belongs_to_its_request(self):
        self._expect_everybody_served(batch=1)

    def test_every_pipelined_answer_belongs_to_its_request(self):
        self._expect_everybody_served(batch=_BATCH)

    def test_a_thousand_connections_from_one_address_are_served_at_once(self):
        clients = [self.weir.client(timeout_s=60) for _ in range(_CONNECTIONS_AT_ONCE)]
        def open_connections() -> int:
            return sum(self.weir.counters(worker)["client_connections_open"] for worker in range(_WORKERS))
        await_that(lambda: open_connections() == len(clients), "all connections are accepted", 30)
        for turn in range(2):
            jobs = [_Job(number, turn) for number in range(len(clients))]
            for client, job in zip(clients, jobs):
                client.send(job.octets(self.origins[job.origin]))
            mismatches = [job.mismatch(client.response(job.method)) for client, job in zip(clients, jobs)]
            self.assertEqual([mismatch for mismatch in mismatches if mismatch][:5], [])
        self.assertEqual(open_connections(), len(clients))


if __name__ == "__main__":
    weir.main()
