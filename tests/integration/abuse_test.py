"""Garbage, oversized heads, half requests and early closes: a clean 4xx or a close, no crash, no leaked descriptor."""
import os
import random
import socket
import threading
import time

import weir
from echo import EchoOrigin, ScriptedOrigin
from origin import Exchange, Origin, content
from patience import await_that, scaled
from raw_client import Ended

_SEED = int(os.environ.setdefault("WEIR_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))

_GARBAGE = [
    b"\0" * 100, b"\xff" * 5000, b"\r\n" * 1000, b" " * 5000, b"\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + content(500), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x05\x01\x00", b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b"GET http://127.0.0.1/ HTTP/9.9\r\n\r\n",
    b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET http://127.0.0.1/ HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    b"GET http://127.0.0.1/ HTTP/1.1\nHost: a\n\n", b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://127.0.0.1:99999/ HTTP/1.1\r\nHost: a\r\n\r\n", b"GET ftp://127.0.0.1/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    b"POST http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", b"CONNECT http://127.0.0.1/ HTTP/1.1\r\nHost: a\r\n\r\n",
]


class AbuseTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.weir = weir.Weir(self, "--head-timeout", "1s", "--body-timeout", "3s", "--response-timeout", "3s", "--idle-timeout",
                              "5s")
        self.pid = self.weir.pid("worker-0")
        with self.weir.client() as client:
            client.get(self.origin.url("/warm"), [("Connection", "close")])
        await_that(lambda: self.weir.counters()["client_connections_open"] == 0, "no client is connected")
        self.descriptors = weir.open_descriptors(self.pid)

    def _expect_nothing_left(self):
        """The same process serves on, and holds no more than it did before."""
        self.assertEqual(self.weir.client().get(self.origin.url("/after")).body, b"hello from /after\n")
        self.weir.close_clients()
        await_that(lambda: self.weir.counters()["client_connections_open"] == 0, "every client connection is closed", 20)
        self.origin.close()
        await_that(lambda: weir.open_descriptors(self.pid) <= self.descriptors,
                   f"{self.descriptors} descriptors, as before", 20)
        self.assertEqual(self.weir.pid("worker-0"), self.pid)
        self.weir.assert_never_restarted()

    def _answer_to(self, data: bytes) -> bytes:
        """All that comes back, after which the connection is closed by the proxy."""
        client = self.weir.client()
        try:
            client.send(data)
            return client.read_to_end()
        except (ConnectionResetError, BrokenPipeError):
            return b""  # It may close before it has read all of it.

    def _expect_clean(self, answer: bytes, data: bytes):
        if answer:
            self.assertRegex(answer, rb"\AHTTP/1\.1 (4\d\d|501|505) [^\r]+\r\n", data[:100])
            self.assertIn(b"\r\n\r\n", answer)

    def test_garbage_gets_a_clean_answer_or_a_close(self):
        for data in _GARBAGE:
            with self.subTest(data=data[:60]):
                self._expect_clean(self._answer_to(data), data)
        self._expect_nothing_left()

    def test_random_and_mutated_requests_do_no_harm(self):
        chance = random.Random(_SEED)
        template = (f"POST {self.origin.url('/echo')} HTTP/1.1\r\nHost: {self.origin.authority()}\r\n"
                    "Transfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n").encode()
        for turn in range(300):
            data = bytearray(template if turn % 3 else chance.randbytes(chance.randrange(1, 3000)))
            for _ in range(chance.randrange(1, 6)):
                at = chance.randrange(len(data) + 1)  # Random data of one octet may be gone by now.
                data[at:at + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
            with self.subTest(seed=_SEED, turn=turn, data=bytes(data)):
                with self.weir.client() as client:
                    try:
                        client.send(bytes(data))
                        client.half_close()
                        client.read_to_end()
                    except (ConnectionResetError, BrokenPipeError):
                        pass
        self._expect_nothing_left()

    def test_oversized_heads_are_refused(self):
        start = f"GET {self.origin.url('/x')} HTTP/1.1\r\nHost: {self.origin.authority()}\r\n".encode()
        oversized = [b"GET http://127.0.0.1/" + b"x" * (1 << 20) + b" HTTP/1.1\r\n\r\n", start + b"X: " + b"y" * (1 << 20),
                     start + b"X: y\r\n" * 100_000, b"x" * (1 << 20), start + b"x" * (1 << 20)]
        for data in oversized:
            with self.subTest(data=data[:60]):
                answer = self._answer_to(data)
                self._expect_clean(answer, data)
        self.assertEqual(self.origin.seen("/x"), [])
        self._expect_nothing_left()

    def test_a_head_of_the_origin_without_end_is_a_502(self):
        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\n")
            while True:
                exchange.send(b"X: " + b"y" * 10_000 + b"\r\n")
        self.origin.on("/endless", answer)
        self.assertEqual(self.weir.client().get(self.origin.url("/endless")).status, 502)
        self._expect_nothing_left()

    def test_half_requests_are_forgotten(self):
        whole = (f"POST {self.origin.url('/echo')} HTTP/1.1\r\nHost: {self.origin.authority()}\r\nContent-Length: 5\r\n\r\n"
                 "hello").encode()
        for end in range(0, len(whole)):
            client = self.weir.client()
            client.send(whole[:end])
            client.reset() if end % 2 else client.close()
        self._expect_nothing_left()

    def test_slow_heads_are_cut_off_and_delay_nobody(self):
        slow = [self.weir.client() for _ in range(100)]
        began = time.monotonic()
        open_clients = list(slow)
        while open_clients and time.monotonic() - began < scaled(10):
            for client in list(open_clients):
                try:
                    client.send(b"G")
                except (ConnectionResetError, BrokenPipeError):
                    open_clients.remove(client)
            asked = time.monotonic()
            self.assertEqual(self.weir.client().get(self.origin.url("/x")).status, 200)
            self.assertLess(time.monotonic() - asked, scaled(1), "others wait for the slow")
            time.sleep(0.05)  # What makes them slow.
        self.assertEqual(len(open_clients), 0, "still open long after --head-timeout 1s")
        self._expect_nothing_left()

    def test_clients_that_leave_early_leave_nothing_behind(self):
        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + content(300_000))
            exchange.await_close()
        self.origin.on("/long", answer)
        chance = random.Random(_SEED)
        for turn in range(200):
            client = self.weir.client()
            client.request("GET", self.origin.url("/long"))
            if turn % 3 == 1:
                client.head()
            if turn % 3 == 2:
                client.head()
                client.read_exactly(chance.randrange(1, 300_000))
            client.reset() if turn % 2 else client.close()
        self._expect_nothing_left()

    def test_origins_that_leave_early_leave_nothing_behind(self):
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        ends = list(range(len(whole)))

        def answer(exchange: Exchange):
            end = int(exchange.request.target.split("?")[1])
            exchange.send(whole[:end])
            exchange.reset() if end % 2 else exchange.leave()
        self.origin.on("/early", answer)
        for end in ends:
            with self.subTest(end=end):
                client = self.weir.client()
                client.request("GET", self.origin.url(f"/early?{end}"))
                try:
                    response = client.response()
                    self.assertEqual(response.status, 502)
                except (Ended, ConnectionResetError):
                    self.assertGreaterEqual(end, len(whole) - 5, "a response had begun")
        self._expect_nothing_left()

    def test_abandoned_tunnels_leave_nothing_behind(self):
        echo = EchoOrigin(self)
        rude = ScriptedOrigin(self, lambda connection: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                                            b"\1\0\0\0\0\0\0\0"))
        for turn in range(150):
            client = self.weir.client()
            client.request("CONNECT", (echo if turn % 3 else rude).authority)
            if turn % 2:
                try:
                    client.response("CONNECT")
                    client.send(content(turn * 10))
                except (Ended, OSError):
                    pass
            client.reset() if turn % 5 == 0 else client.close()
        self._expect_nothing_left()
        await_that(lambda: echo.open == 0, "the origin's ends are closed too")

    def test_a_storm_of_connections_is_survived(self):
        def storm():
            for _ in range(100):
                try:
                    with socket.create_connection(self.weir.address, scaled(10)) as connection:
                        connection.send(b"GET ")
                except OSError:
                    pass
        threads = [threading.Thread(target=storm) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._expect_nothing_left()


if __name__ == "__main__":
    print(f"seed {_SEED} (WEIR_TEST_SEED)", flush=True)
    weir.main()
