"""The rate limit is exact over all workers: 100 requests in any 10 s pass, whichever workers they meet."""
import collections
import os
import signal
import threading
import time

import weir
from origin import Origin
from patience import await_that, scaled

_REQUESTS, _LIMIT, _THREADS = 130, 100, 10


class RateLimitTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)

    def _statuses(self, proxy, count: int, source: str | None = None, threads: int = _THREADS) -> collections.Counter:
        """Of `count` requests at once, each over a connection of its own."""
        statuses: list[int] = []

        def run(share: int) -> None:
            for _ in range(share):
                with weir.RawClient(proxy.address, source) as client:
                    response = client.get(self.origin.url("/x"), [("Connection", "close")])
                    statuses.append(response.status)
                    if response.status == 429 and not (response.header("retry-after") or "").isdigit():
                        statuses.append(-1)
        runners = [threading.Thread(target=run, args=(count // threads,)) for _ in range(threads)]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join()
        return collections.Counter(statuses)

    def test_exactly_100_of_130_pass_over_4_workers(self):
        proxy = weir.Weir(self, workers=4, rate_limit=None)
        started = time.monotonic()
        self.assertEqual(self._statuses(proxy, _REQUESTS), {200: _LIMIT, 429: _REQUESTS - _LIMIT})
        self.assertLess(time.monotonic() - started, 10, "the machine is too slow for this test to mean anything")
        rows = proxy.wait_for_rows(_REQUESTS)
        self.assertGreater(len({row["worker_id"] for row in rows}), 1, "several workers took part")
        self.assertEqual(collections.Counter(row["outcome"] for row in rows), {"served": 100, "rate_limited": 30})
        self.assertEqual(len(self.origin.requests), _LIMIT)
        refused = [row for row in rows if row["outcome"] == "rate_limited"]
        self.assertEqual({(row["status"], row["fault"], row["reason"], row["requests_in_window"]) for row in refused},
                         {(429, "policy", "rate_limit", _LIMIT + 1)})
        violations = proxy.rows("SELECT * FROM rate_limit_violations")
        self.assertEqual([(row["source_ip"], row["request_count"]) for row in violations], [("127.0.0.1", 101)] * 30)
        self.assertEqual(len([file for file, _ in proxy.json_lines() if file == "Blocked Logs/rate_limited.jsonl"]), 30)

    def test_requests_of_one_connection_are_counted_singly(self):
        proxy = weir.Weir(self, workers=2, rate_limit=None)
        client = proxy.client()
        statuses = []
        for _ in range(_REQUESTS):
            response = client.get(self.origin.url("/x"))
            statuses.append(response.status)
            if (response.header("connection") or "").lower() == "close":
                client = proxy.client()
        self.assertEqual(statuses, [200] * _LIMIT + [429] * (_REQUESTS - _LIMIT))
        self.assertEqual(len(proxy.wait_for_rows(_REQUESTS)), _REQUESTS)

    def test_each_address_has_a_budget_of_its_own(self):
        proxy = weir.Weir(self, workers=2, rate_limit="20/60s")
        self.assertEqual(self._statuses(proxy, 30), {200: 20, 429: 10})
        self.assertEqual(self._statuses(proxy, 30, "127.0.0.2"), {200: 20, 429: 10})

    def test_a_killed_worker_resets_nothing(self):
        proxy = weir.Weir(self, workers=2, rate_limit="20/300s")
        self.assertEqual(self._statuses(proxy, 10), {200: 10})
        for name in ("worker-0", "worker-1"):
            os.kill(proxy.pid(name), signal.SIGKILL)
        await_that(lambda: proxy.is_serving() and proxy.restarts()["worker-0"] and proxy.restarts()["worker-1"],
                   "both workers restarted", 30)
        self.assertEqual(self._statuses(proxy, 20), {200: 10, 429: 10})

    def test_the_window_slides(self):
        proxy = weir.Weir(self, rate_limit="5/2s")
        client = proxy.client()
        self.assertEqual([client.get(self.origin.url("/x")).status for _ in range(5)], [200] * 5)
        response = client.get(self.origin.url("/x"))
        self.assertEqual(response.status, 429)
        self.assertIn(response.header("retry-after"), ("1", "2"))
        self.assertIn(b"rate", response.body.lower())
        refused_at = time.monotonic()
        await_that(lambda: proxy.client().get(self.origin.url("/x")).status == 200, "the next admission", 10)
        self.assertLess(time.monotonic() - refused_at, 2.5 + 5 * (scaled(1) - 1))

    def test_tunnels_count_too(self):
        proxy = weir.Weir(self, rate_limit="3/60s")
        authority = self.origin.authority()
        statuses = [proxy.client().connect_tunnel(authority).status for _ in range(5)]
        self.assertEqual(statuses, [200, 200, 200, 429, 429])

    def test_off_means_no_limit(self):
        proxy = weir.Weir(self, rate_limit="off")
        self.assertEqual(self._statuses(proxy, 300), {200: 300})


if __name__ == "__main__":
    weir.main()
