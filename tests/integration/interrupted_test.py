"""What a worker was serving when it was killed is recorded by its successor; what a worker that runs no more has left is
delivered; long transfers are told while they last."""
import os
import signal
import threading

import patience
import weir
from echo import EchoOrigin
from origin import Exchange, Origin


class InterruptedTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.echo = EchoOrigin(self)
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)
        self.origin.on("/half", self._half)
        self.origin.on("/wait", self._wait)

    def _half(self, exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50)
        self.go_on.wait(patience.scaled(60))
        exchange.leave()

    def _wait(self, exchange: Exchange) -> None:
        self.go_on.wait(patience.scaled(60))
        exchange.leave()

    def _start_three(self, proxy):
        waiting, half, tunnel = proxy.client(), proxy.client(), proxy.client()
        waiting.get(self.origin.url("/served"))
        waiting.request("GET", self.origin.url("/wait"))
        half.request("GET", self.origin.url("/half"), [("User-Agent", "Half/1")])
        half.read_until(b"x" * 50)
        self.assertEqual(tunnel.connect_tunnel(self.echo.authority).status, 200)
        for _ in range(2):  # What was moved last may not be counted yet when the worker is killed.
            tunnel.send(b"12345678")
            tunnel.read_exactly(8)
        patience.await_that(lambda: self.origin.seen("/wait"), "the waiting request's arrival")

    def test_requests_of_a_killed_worker_are_recorded_as_interrupted(self):
        proxy = weir.Weir(self)
        self._start_three(proxy)
        os.kill(proxy.worker_pids()[0], signal.SIGKILL)
        rows = {row["path"] or row["method"]: row for row in proxy.wait_for_rows(4)}
        self.assertEqual(rows["/served"]["outcome"], "served")
        for name, status, sent in (("/wait", 0, {0}), ("/half", 200, None), ("CONNECT", 200, {8, 16})):
            with self.subTest(request=name):
                row = rows[name]
                self.assertEqual((row["outcome"], row["fault"], row["reason"], row["status"]),
                                 ("interrupted", "proxy", "worker_died", status))
                if sent is not None:
                    self.assertIn(row["bytes_sent"], sent)
        self.assertGreater(rows["/half"]["bytes_sent"], 50)
        self.assertEqual(rows["/half"]["user_agent"], "Half/1")
        self.assertIn(rows["CONNECT"]["bytes_received"], {8, 16})
        self.assertIsNone(rows["/wait"]["ttfb_us"])
        self.assertIsNotNone(rows["/half"]["ttfb_us"])
        proxy.client().get(self.origin.url("/after"))
        proxy.wait_for_rows(5)
        proxy.stop()
        self.assertEqual(len(proxy.rows()), 5)

    def test_records_of_workers_that_run_no_more_are_delivered(self):
        first = weir.Weir(self, workers=3)
        pids = first.worker_pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        clients = [first.client() for _ in range(12)]
        for client in clients:
            client.request("GET", self.origin.url("/left"))
        os.kill(first.pid("collector"), signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        for client in clients:
            self.assertEqual(client.response().status, 200)
        # A client may have its answer a moment before the record is written.
        patience.await_that(lambda: sum(first.counters(worker)["records_pending"] for worker in range(3)) == len(clients), "the records")
        collector = first.pid("collector")
        first.process.send(signal.SIGKILL)
        for pid in [*pids, collector]:
            os.kill(pid, signal.SIGKILL)
        first.await_stopped(-signal.SIGKILL)
        self.assertGreater(len(list((first.data_dir / "spool").glob("worker-*"))), 1)
        second = weir.Weir(self, workers=1, data_dir=first.data_dir)
        rows = second.wait_for_rows(12)
        self.assertEqual({row["outcome"] for row in rows}, {"served"})
        self.assertGreater(len({row["worker_id"] for row in rows}), 1)
        patience.await_that(lambda: [path.parent.name for path in (first.data_dir / "spool").glob("worker-*/*.seg")] == ["worker-0"],
                            "the end of the leftover spools")
        second.stop()
        self.assertEqual(len(second.rows()), 12)


if __name__ == "__main__":
    weir.main()
