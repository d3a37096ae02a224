"""What one client may use, over all workers: connections, tunnels, octets a second and a day; who is exempt."""
import os
import signal
import time

import patience
import weir
from echo import EchoOrigin
from origin import Origin, content


class ClientLimitsTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)

    def _get(self, proxy: weir.Weir, path: str = "/", source: str | None = None):
        client = proxy.client(source)
        try:
            return client.get(self.origin.url(path))
        finally:
            client.close()

    def test_connections_are_limited_over_all_workers(self):
        proxy = weir.Weir(self, "--client-connections", "5", workers=3)
        kept = [proxy.client() for _ in range(5)]
        self.assertEqual([client.get(self.origin.url("/")).status for client in kept], [200] * 5)
        response = self._get(proxy)
        self.assertEqual((response.status, response.header("Connection")), (429, "close"))
        self.assertEqual(self._get(proxy, source="127.0.0.2").status, 200, "another client")
        self.assertEqual(kept[0].get(self.origin.url("/")).status, 200, "those that are open go on")
        kept.pop().close()
        patience.await_that(lambda: self._get(proxy).status == 200, "room after a connection was closed")
        rows = patience.await_that(lambda: [row for row in proxy.rows() if row["status"] == 429], "the refusal's row")
        self.assertEqual({(row["outcome"], row["reason"]) for row in rows}, {("refused", "connection_limit")})

    def test_a_killed_worker_takes_its_connections_off_the_count(self):
        proxy = weir.Weir(self, "--client-connections", "3")
        kept = [proxy.client() for _ in range(3)]
        for client in kept:
            client.get(self.origin.url("/"))
        self.assertEqual(self._get(proxy).status, 429)
        os.kill(proxy.worker_pids()[0], signal.SIGKILL)
        def is_served():
            try:
                return self._get(proxy).status == 200
            except OSError:
                return False
        patience.await_that(is_served, "room after the worker's restart")

    def test_tunnels_are_limited(self):
        echo = EchoOrigin(self)
        proxy = weir.Weir(self, "--client-tunnels", "2", workers=2)
        tunnels = [proxy.client() for _ in range(2)]
        self.assertEqual([tunnel.connect_tunnel(echo.authority).status for tunnel in tunnels], [200, 200])
        refused = proxy.client().connect_tunnel(echo.authority)
        self.assertEqual(refused.status, 429)
        self.assertEqual(self._get(proxy).status, 200, "requests are no tunnels")
        tunnels[0].send(b"on")
        self.assertEqual(tunnels[0].read_exactly(2), b"on")
        tunnels[0].close()
        def is_opened():
            client = proxy.client()
            if client.connect_tunnel(echo.authority).status == 200:
                return True
            client.close()
            return False
        patience.await_that(is_opened, "room after a tunnel's end")

    def test_octets_of_a_day_are_limited(self):
        proxy = weir.Weir(self, "--client-bytes-per-day", "300KiB", workers=2)
        for _ in range(3):
            self.assertIn(self._get(proxy, "/bytes/150000").status, (200, 429))
        # What the other worker has just sent is charged a moment after it has arrived.
        response = patience.await_that(lambda: (answer := self._get(proxy)).status == 429 and answer, "the day's octets are used up")
        self.assertIn(int(response.header("Retry-After")), range(1, 86_401))
        self.assertGreaterEqual(len([request for request in self.origin.requests if request.target == "/bytes/150000"]), 2, "300 KiB are more than one")
        self.assertEqual(self._get(proxy, source="127.0.0.2").status, 200, "another client")
        self.assertEqual(proxy.client().connect_tunnel(self.origin.authority()).status, 429)
        rows = patience.await_that(lambda: [row for row in proxy.rows() if row["reason"] == "daily_limit" and row["method"] == "CONNECT"],
                                   "the refused tunnel's row")
        self.assertEqual((rows[0]["status"], rows[0]["outcome"], rows[0]["fault"]), (429, "refused", "policy"))

    def test_pace_is_kept_and_nothing_is_lost(self):
        proxy = weir.Weir(self, "--client-bytes-per-second", "400KB", "--body-timeout", "2s")
        size = 1_600_000
        began = time.monotonic()
        response = self._get(proxy, f"/bytes/{size}")
        self.assertEqual(response.body, content(size))
        # A pause follows what was moved: none behind the last turn, of at most eight reads of 64 KiB.
        paced_s = (size - 400_000 - 8 * 65_536) / 400_000
        self.assertGreater(time.monotonic() - began, paced_s, "a second's worth at once, the rest at its pace")
        client = proxy.client("127.0.0.2")
        began = time.monotonic()
        client.request("POST", self.origin.url("/echo"), body=content(size))
        self.assertEqual(client.response().status, 200)
        self.assertEqual(self.origin.requests[-1].body_bytes, size)
        self.assertGreater(time.monotonic() - began, paced_s)

    def test_pace_holds_for_tunnels_and_not_for_others(self):
        echo = EchoOrigin(self)
        proxy = weir.Weir(self, "--client-bytes-per-second", "200KB")
        tunnel = proxy.client()
        tunnel.connect_tunnel(echo.authority)
        began = time.monotonic()
        tunnel.send(content(300_000))
        self.assertEqual(tunnel.read_exactly(300_000), content(300_000))
        self.assertGreater(time.monotonic() - began, 1.5, "600 kB in both directions")
        other = proxy.client("127.0.0.2")
        for _ in range(5):
            self.assertEqual(other.get(self.origin.url("/")).status, 200)

    def test_exempt_clients_have_no_limits(self):
        proxy = weir.Weir(self, "--client-connections", "1", "--client-tunnels", "1", "--client-bytes-per-day", "1KiB",
                          "--client-bytes-per-second", "1KiB", "--exempt-client", "127.0.0.2", rate_limit="3/10s")
        for _ in range(8):
            self.assertEqual(self._get(proxy, "/bytes/50000", "127.0.0.2").status, 200)
        for _ in range(8):
            proxy.client("127.0.0.1").close()
        statuses = [self._get(proxy, "/", "127.0.0.1").status for _ in range(6)]
        self.assertIn(429, statuses)

    def test_the_rate_limit_says_what_it_is(self):
        proxy = weir.Weir(self, rate_limit="2/7s")
        client = proxy.client()
        for _ in range(2):
            self.assertEqual(client.get(self.origin.url("/")).status, 200)
        response = client.get(self.origin.url("/"))
        self.assertEqual(response.status, 429)
        self.assertEqual([response.header(name) for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Policy")], ["2", "0", "2;w=7"])
        self.assertEqual(response.header("RateLimit-Reset"), response.header("Retry-After"))
        self.assertIn(int(response.header("Retry-After")), range(1, 8))


if __name__ == "__main__":
    weir.main()
