"""A worker's spool that is full, because the collector does not take anything: old records give way and become a counted
gap, or new requests are refused; afterwards everything goes on by itself."""
import os
import signal

import patience
import weir
from origin import Origin

_LIMIT = "16MiB"
_HEAD_BYTES = 60_000  # a head of this size is in each record
_MANY = 500  # requests; their records are about twice the limit


class SpoolFullTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)

    def _start(self, *options: str) -> weir.Weir:
        proxy = weir.Weir(self, "--spool-limit", _LIMIT, *options)
        os.kill(proxy.pid("collector"), signal.SIGSTOP)
        self.addCleanup(self._let_go_on, proxy)
        return proxy

    @staticmethod
    def _let_go_on(proxy: weir.Weir) -> None:
        if proxy.process.is_running():
            os.kill(proxy.pid("collector"), signal.SIGCONT)

    def _ask(self, proxy: weir.Weir, count: int) -> list[int]:
        client, statuses = proxy.client(), []
        for number in range(count):
            response = client.get(self.origin.url(f"/{number}"), [("X-Large", "x" * _HEAD_BYTES)])
            statuses.append(response.status)
            if response.header("Connection") == "close":
                client = proxy.client()
        return statuses

    def _gaps(self, proxy: weir.Weir) -> int:
        return proxy.rows("SELECT coalesce(sum(last_sequence - first_sequence + 1), 0) AS events FROM gap")[0]["events"]

    def test_oldest_records_give_way_and_are_counted_as_a_gap(self):
        proxy = self._start()
        statuses = self._ask(proxy, _MANY)
        self.assertEqual(set(statuses), {200}, "traffic goes on")
        os.kill(proxy.pid("collector"), signal.SIGCONT)
        def lost_and_recorded():
            return self._gaps(proxy) + proxy.rows("SELECT count(*) AS rows FROM request")[0]["rows"]
        patience.await_that(lambda: lost_and_recorded() == _MANY, "a row or a place in a gap for each request", 30)
        self.assertGreater(self._gaps(proxy), 0)
        self.assertEqual(proxy.rows()[-1]["path"], f"/{_MANY - 1}", "the newest are there")
        self.assertEqual(self._ask(proxy, 1), [200])
        proxy.stop()
        self.assertEqual(lost_and_recorded(), _MANY + 1)
        self.assertEqual(self.run_program("reporter", "--data-dir", proxy.data_dir, "--verify").returncode, 0)

    def test_no_request_goes_unrecorded_when_the_spool_refuses(self):
        proxy = self._start("--when-spool-full", "refuse")
        statuses = self._ask(proxy, _MANY)
        self.assertEqual(set(statuses), {200, 503})
        served = statuses.index(503)
        self.assertNotIn(200, statuses[served:], "once full it stays so while the collector takes nothing")
        os.kill(proxy.pid("collector"), signal.SIGCONT)
        patience.await_that(lambda: self._ask(proxy, 1) == [200], "requests being served again", 30)
        proxy.stop()
        rows = proxy.rows("SELECT path, outcome, reason FROM all_requests ORDER BY id")
        paths = [row["path"] for row in rows if row["outcome"] == "served"]
        self.assertEqual(paths[:served], [f"/{number}" for number in range(served)], "each served request has its row")
        self.assertEqual({row["reason"] for row in rows if row["outcome"] != "served"}, {"records_full"})
        self.assertEqual(self.run_program("reporter", "--data-dir", proxy.data_dir, "--verify").returncode, 0)


if __name__ == "__main__":
    weir.main()
