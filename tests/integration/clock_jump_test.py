"""The wall clock is set forwards and backwards while Weir runs: every request is recorded once, at the time that the
clock showed, and no wait goes wrong."""
import collections
import datetime
import os
import struct
import subprocess

import weir
from origin import Origin
from patience import await_that

_DAY_S = 86_400


class ClockJumpTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        library = weir.bin_dir().parent / "tests" / "wall_clock.so"
        if not library.exists():
            self.skipTest(f"{library} is not built (sanitizers)")
        self.clock = self.folder / "clock"
        self.set_clock(0)
        self.origin = Origin(self)
        self.weir = weir.Weir(self, environment={"LD_PRELOAD": str(library), "WEIR_TEST_CLOCK": str(self.clock)})
        self.client = self.weir.client()

    def set_clock(self, shift_s: int) -> None:
        """In place: it is mapped."""
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("<q", shift_s))

    def test_records_are_whole_whatever_the_clock_does(self):
        shifts = (0, 3 * _DAY_S, -5 * _DAY_S, 0, -1, 400 * _DAY_S, 0)
        for turn, shift_s in enumerate(shifts):
            self.set_clock(shift_s)
            for number in range(10):
                self.assertEqual(self.client.get(self.origin.url(f"/{turn}/{number}")).status, 200)
            self.weir.wait_for_rows(10 * (turn + 1))
        rows = self.weir.rows()
        self.assertEqual(set(collections.Counter(row["path"] for row in rows).values()), {1})
        now = datetime.datetime.now().timestamp()
        for row in rows:
            shift_s = shifts[int(row["path"].split("/")[1])]
            self.assertLess(abs(row["id"] / 1e6 - now - shift_s), 600, row["path"])
        await_that(lambda: self.weir.counters()["records_pending"] == 0, "everything is acknowledged")
        status = subprocess.run([weir.supervisor_script(), "status", "--data-dir", self.weir.data_dir], capture_output=True,
                                text=True, timeout=60, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual(status.returncode, 0, status.stdout)
        self.weir.assert_never_restarted()
        self.weir.stop()
        verified = self.run_program("reporter", "--verify", "--data-dir", self.weir.data_dir)
        self.assertEqual(verified.returncode, 0, verified.stdout.decode() + verified.stderr.decode())


if __name__ == "__main__":
    weir.main()
