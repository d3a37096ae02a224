"""Whatever is killed at whatever moment: each request that was accepted is recorded exactly once. The short form of
scripts/chaos; WEIR_TEST_SEED repeats a run."""
import os
import pathlib
import random
import shutil
import tempfile
import unittest

import weir
from chaos.attempt import Attempt, Kind
from chaos.comparison import Row, compare
from chaos.run import Plan, Run
from patience import scaled

_KILLS = 300 if weir.is_full_size() else 60
_SERVED, _CUT_OFF, _INTERRUPTED = 1, 5, 6


class ChaosTest(unittest.TestCase):
    def test_each_request_is_recorded_once_whoever_is_killed(self):
        seed = int(os.environ.get("WEIR_TEST_SEED") or random.SystemRandom().randrange(1 << 31))
        print(f"seed {seed}", flush=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="weir chaos "))
        run = Run(Plan(kills=_KILLS, seed=seed, seconds_max=scaled(240)), folder, weir.bin_dir(), weir.supervisor_script(), lambda *_: None)
        report = run.carry_out()
        said = run.product.output.read_bytes()
        self.assertEqual(report.problems, [], f"seed {seed}; everything is kept in {folder}")
        self.assertIsNone(weir.SANITIZER_REPORT.search(said), said[-20000:].decode("utf-8", "replace"))
        self.assertGreaterEqual(sum(report.kills.values()), _KILLS)
        self.assertGreaterEqual(report.comparison.recorded, _KILLS, "requests went on between the kills")
        shutil.rmtree(folder)


class ComparisonTest(unittest.TestCase):
    """What the run above would report."""

    def _differences(self, rows: list[Row], **seen) -> list[str]:
        attempt = Attempt("c0-1", Kind.GET, is_sent=True, **seen)
        return [line.split(":")[0] for line in compare({attempt.token: attempt}, rows).differences]

    def test_what_came_back_or_went_on_is_recorded(self):
        self.assertEqual(self._differences([], octets_received=1), ["not recorded"])
        self.assertEqual(self._differences([], reached_origin=True), ["not recorded"])
        self.assertEqual(self._differences([Row("c0-1", 0, _INTERRUPTED)], reached_origin=True), [])
        self.assertEqual(self._differences([Row("c0-1", 200, _CUT_OFF)], octets_received=1, status=200), [])

    def test_what_was_sent_into_the_void_is_recorded_once_at_most(self):
        self.assertEqual(self._differences([]), [])
        self.assertEqual(self._differences([Row("c0-1", 0, _INTERRUPTED)]), [])
        self.assertEqual(self._differences([Row("c0-1", 0, _INTERRUPTED), Row("c0-1", 200, _SERVED)]), ["recorded more than once"])

    def test_what_was_answered_is_recorded_as_it_was(self):
        complete = {"octets_received": 100, "status": 200, "is_complete": True}
        self.assertEqual(self._differences([Row("c0-1", 200, _SERVED)], **complete), [])
        self.assertEqual(self._differences([Row("c0-1", 502, _SERVED)], **complete), ["recorded with another status"])
        self.assertEqual(self._differences([Row("c0-1", 200, _CUT_OFF)], **complete), ["recorded with another outcome"])
        self.assertEqual(self._differences([Row("c0-1", 200, _INTERRUPTED)], **complete), [])

    def test_what_nobody_asked_for_is_not_recorded(self):
        self.assertEqual(self._differences([Row("c0-2", 200, _SERVED)]), ["nobody asked for what was recorded"])
        attempt = Attempt("c0-1", Kind.GET)
        self.assertEqual(len(compare({"c0-1": attempt}, [Row("c0-1", 200, _SERVED)]).differences), 1, "it was not even sent")


if __name__ == "__main__":
    weir.main()
