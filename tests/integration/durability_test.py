"""--durability power: nothing is sent before it is on the worker's disk, nothing is committed before the logs are, and
nothing is acknowledged before the commit is on the disk. Seen by the order of the calls, not by time."""
import os
import pathlib
import shutil
import signal

import weir
from origin import Origin
from patience import await_that

_REQUESTS = 5


class DurabilityTest(weir.WeirTest):
    def run_with(self, durability: str) -> None:
        library = weir.bin_dir().parent / "tests" / "sync_log.so"
        if not library.exists():
            self.skipTest(f"{library} is not built (sanitizers)")
        origin = Origin(self)
        self.log = self.folder / "calls"
        running = weir.Weir(self, "--durability", durability, environment={"LD_PRELOAD": str(library), "WEIR_TEST_SYNC_LOG": str(self.log)})
        self.data_dir = running.data_dir.resolve()
        self.pids = {name: running.pid(name) for name in ("collector", "worker-0")}
        for number in range(_REQUESTS):
            self.assertEqual(running.client().get(origin.url(f"/{number}")).status, 200)
            await_that(lambda: running.counters()["requests"] == number + 1 and running.counters()["records_pending"] == 0
                       and len(running.rows()) == number + 1, "the record is committed and acknowledged")
        running.stop()

    def calls(self, process: str) -> list[tuple[str, str]]:
        """What a process did to which file (relative to the data directory), in order; from its start on."""
        calls = []
        for line in self.log.read_text("utf-8").splitlines():
            pid, what, *path = line.split(" ", 2)
            if int(pid) == self.pids[process]:
                file = pathlib.Path(path[0]) if path and path[0] else None
                calls.append((what, str(file.relative_to(self.data_dir)) if file and file.is_relative_to(self.data_dir) else str(file or "")))
        return calls

    def assert_synced_between(self, calls: list[tuple[str, str]], file: str, first: int, last: int, why: str) -> int:
        for index in range(first, last):
            if calls[index] == ("sync", file):
                return index
        self.fail(f"{file} is not synced {why}: {calls[max(0, first - 5):last + 5]}")

    def test_the_collector_waits_for_the_disk_before_it_acknowledges(self):
        self.run_with("power")
        calls = self.calls("collector")
        log = "Website Traffic/127.0.0.1.jsonl"
        writes = [index for index, call in enumerate(calls) if call == ("write", log)]
        self.assertEqual(len(writes), _REQUESTS)
        for index in writes:
            note = max(at for at in range(index) if calls[at] == ("write", "run/json_undo"))
            self.assert_synced_between(calls, "run/json_undo", note, index, "before the log is written")
            acknowledged = next(at for at in range(index, len(calls)) if calls[at][0] == "send")
            synced = self.assert_synced_between(calls, log, index, acknowledged, "before the acknowledgement")
            self.assert_synced_between(calls, "Database/proxy_traffic.db-wal", synced, acknowledged, "between log and acknowledgement")
        first = next(at for at in range(writes[0], len(calls)) if calls[at][0] == "send")
        for folder in ("Website Traffic", "Database", ".", "run"):
            self.assert_synced_between(calls, folder, 0, first, "before anything in it is relied on")

    def test_the_worker_waits_for_the_disk_before_it_sends(self):
        self.run_with("power")
        calls = self.calls("worker-0")
        segment = next(file for what, file in calls if what == "sync" and file.endswith(".seg"))
        sends = [index for index, call in enumerate(calls) if call[0] == "send"]
        self.assertEqual(len(sends), 2 * _REQUESTS, "two frames a batch, one batch for each request")
        before = 0
        for first_frame in sends[::2]:
            self.assert_synced_between(calls, segment, before, first_frame, "before the event is sent")
            before = first_frame + 1
        for folder in ("spool/worker-0", "spool", "."):
            self.assert_synced_between(calls, folder, 0, sends[0], "before anything in it is relied on")

    def test_otherwise_nobody_waits_for_the_disk(self):
        self.run_with("process")
        self.assertEqual([call for call in self.calls("worker-0") if call[0] == "sync"], [])
        synced = {file for what, file in self.calls("collector") if what == "sync"}
        # SQLite syncs when it makes the database and in checkpoints, so that a power failure leaves it sound.
        self.assertLessEqual({file.split("/")[0] for file in synced}, {"Database"})


class PowerFailureTest(weir.WeirTest):
    """The disk comes back without the last that was written to it: here, with an older copy of a spool."""

    def test_a_spool_that_lost_its_end_costs_no_later_record(self):
        origin = Origin(self)
        first = weir.Weir(self)
        spools = first.data_dir / "spool"
        self._get(first, origin, range(3))
        first.wait_for_rows(3)
        shutil.copytree(spools, self.folder / "older")
        self._get(first, origin, range(3, 20))
        first.wait_for_rows(20)
        pids = [*first.worker_pids(), first.pid("collector")]
        first.process.send(signal.SIGKILL)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        first.await_stopped(-signal.SIGKILL)
        shutil.rmtree(spools)
        shutil.copytree(self.folder / "older", spools)
        (spools / "worker-0" / "boot_id").write_text("another boot")

        second = weir.Weir(self, data_dir=first.data_dir)
        self._get(second, origin, range(20, 25))
        self.assertEqual([row["path"] for row in second.wait_for_rows(25)], [f"/{number}" for number in range(25)])
        await_that(lambda: [path.parent.name for path in spools.glob("worker-*/*.seg")] == ["worker-0"], "the end of the older stream")
        self.assertIn("its end was lost", second.process.stderr)
        second.stop()
        verified = self.run_program("reporter", "--data-dir", first.data_dir, "--verify")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

        third = weir.Weir(self, data_dir=first.data_dir)
        self.assertEqual([path.name for path in spools.iterdir()], ["worker-0"], "what was delivered is cleared away")
        third.stop()

    def _get(self, proxy: weir.Weir, origin: Origin, numbers: range) -> None:
        for number in numbers:
            self.assertEqual(proxy.client().get(origin.url(f"/{number}")).status, 200)


if __name__ == "__main__":
    weir.main()
