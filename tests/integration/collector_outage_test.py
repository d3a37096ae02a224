"""Traffic never waits for the collector; when it is back, every request is in the database exactly once."""
import collections
import os
import signal
import time

import weir
from origin import Origin
from patience import await_that, scaled
from steady_load import SteadyLoad

_OUTAGE_S = 20.0 if weir.is_full_size() else 5.0
_WAIT_S_MAX = 2.0  # for one request, on a busy machine


class CollectorOutageTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.weir = weir.Weir(self, workers=2)

    def _expect_each_once(self, load: SteadyLoad) -> None:
        self.assertEqual(load.failures, [])
        self.assertEqual(set(load.statuses.values()), {200})
        rows = self.weir.wait_for_rows(len(load.statuses), 120)
        self.assertEqual({path: count for path, count in collections.Counter(row["path"] for row in rows).items() if count > 1},
                         {}, "recorded twice")
        self.assertEqual({row["path"] for row in rows}, set(load.statuses))
        self.weir.stop()
        self.assertEqual(len(self.weir.rows()), len(load.statuses))
        self.assertEqual(collections.Counter(line["Request id"] for _, line in self.weir.json_lines()),
                         collections.Counter(row["id"] for row in rows), "each row has one JSON line")
        self.assertEqual(self.weir.rows("SELECT * FROM gap"), [])

    def _serve_for(self, load: SteadyLoad, seconds: float) -> int:
        """How many requests were answered in that time."""
        before = len(load.statuses)
        time.sleep(seconds)
        return len(load.statuses) - before

    def test_a_collector_that_stands_still_delays_nobody(self):
        collector = self.weir.pid("collector")
        with SteadyLoad(self.weir, self.origin) as load:
            await_that(lambda: len(load.statuses) > 100, "the load runs")
            os.kill(collector, signal.SIGSTOP)
            try:
                answered = [self._serve_for(load, 1.0) for _ in range(int(_OUTAGE_S))]
                in_database = len(self.weir.rows("SELECT id FROM request"))
            finally:
                os.kill(collector, signal.SIGCONT)
            self.assertTrue(all(answered), f"answered in each second of the outage: {answered}")
            self.assertLess(in_database, len(load.statuses))
            await_that(lambda: sum(self.weir.counters(worker)["records_pending"] for worker in range(2)) <
                       len(load.statuses) - in_database, "the collector catches up under load")
        self.assertLess(load.longest_wait_s, scaled(_WAIT_S_MAX))
        self._expect_each_once(load)

    def test_a_collector_that_is_killed_loses_and_repeats_nothing(self):
        with SteadyLoad(self.weir, self.origin) as load:
            await_that(lambda: len(load.statuses) > 100, "the load runs")
            deadline = time.monotonic() + _OUTAGE_S
            kills = 0
            while time.monotonic() < deadline:
                os.kill(self.weir.pid("collector"), signal.SIGKILL)
                kills += 1
                await_that(lambda: self.weir.restarts()["collector"] == kills and self.weir.is_serving(),
                           "the collector is back", 30)
                self.assertGreater(self._serve_for(load, 0.5), 0)
        self.assertLess(load.longest_wait_s, scaled(_WAIT_S_MAX))
        self._expect_each_once(load)

    def test_records_made_while_no_collector_runs_are_kept_over_a_stop(self):
        """The collector is stopped and stays so: what it did not take is in the spool, and comes with the next start."""
        client = self.weir.client()
        client.get(self.origin.url("/before"))
        self.weir.wait_for_rows(1)
        os.kill(self.weir.pid("collector"), signal.SIGSTOP)
        client.get(self.origin.url("/during"))
        self.weir.process.send(signal.SIGTERM)
        os.kill(self.weir.pid("collector"), signal.SIGKILL)
        self.weir.process.wait(90)
        second = weir.Weir(self, workers=2, data_dir=self.weir.data_dir)
        rows = second.wait_for_rows(2)
        self.assertEqual([row["path"] for row in rows], ["/before", "/during"])


if __name__ == "__main__":
    weir.main()
