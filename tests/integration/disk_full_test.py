"""A full disk stops no traffic; the state is visible; and when there is room again, what was kept is delivered, what was
not is counted."""
import collections
import os
import pathlib
import subprocess

import private_network
import weir
from origin import Origin
from patience import await_that

_DISK_BYTES = 64 << 20


class DiskFullTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        if not private_network.is_private():
            self.skipTest("needs a mount namespace of its own")
        self.origin = Origin(self)
        self.disk = self.folder / "small disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", self.disk], check=True, timeout=30)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True, timeout=30)
        self.weir = weir.Weir(self, data_dir=self.disk / "data")
        self.client = self.weir.client()
        self.asked: list[str] = []

    def ask(self, count: int, head_bytes: int = 100) -> None:
        for _ in range(count):
            path = f"/{len(self.asked)}"
            response = self.client.get(self.origin.url(path), headers=[("X-Padding", "x" * head_bytes)])
            self.assertEqual(response.status, 200)
            self.asked.append(path)

    def fill_disk(self) -> pathlib.Path:
        ballast = self.disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass
                size //= 2
        return ballast

    def status(self) -> subprocess.CompletedProcess:
        return subprocess.run([weir.supervisor_script(), "status", "--data-dir", self.weir.data_dir], capture_output=True,
                              text=True, timeout=60, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def await_trouble(self) -> None:
        # What a failed try gives back may be enough for few records; more of them need more room.
        def trouble() -> subprocess.CompletedProcess | None:
            self.ask(5)
            status = self.status()
            return status if "cannot write since" in status.stdout else None
        status = await_that(trouble, "the collector says that it cannot write", 60)
        self.assertEqual(status.returncode, 1)
        self.assertRegex(status.stdout, "full|No space left")

    def await_recovery(self) -> None:
        await_that(lambda: self.weir.counters()["records_pending"] == 0, "everything is delivered", 60)
        await_that(lambda: self.status().returncode == 0, "the status is well again")
        self.weir.assert_never_restarted()

    def verify(self) -> None:
        verified = self.run_program("reporter", "--verify", "--data-dir", self.weir.data_dir)
        self.assertEqual(verified.returncode, 0, verified.stdout.decode() + verified.stderr.decode())

    def test_nothing_is_lost_while_the_spool_has_room(self):
        self.ask(20)
        self.weir.wait_for_rows(20)
        ballast = self.fill_disk()
        self.await_trouble()
        self.ask(100)
        ballast.unlink()
        self.await_recovery()
        self.assertEqual(collections.Counter(row["path"] for row in self.weir.rows()), collections.Counter(self.asked))
        self.assertEqual(self.weir.rows("SELECT * FROM gap"), [])
        self.weir.stop()
        self.verify()
        self.assertLess(self.weir.process.stderr.count("cannot write"), 20, "the log is not flooded")

    def test_what_no_spool_could_hold_is_a_gap(self):
        """The spool's segment is full, too, and no other can be made."""
        self.ask(1)
        self.weir.wait_for_rows(1)
        ballast = self.fill_disk()
        self.await_trouble()
        while self.weir.counters()["records_lost"] < 50:
            self.ask(20, head_bytes=30_000)
            self.assertLess(len(self.asked), 3000, "the spool never filled")
        ballast.unlink()
        self.ask(20)
        self.await_recovery()
        rows = [row["path"] for row in self.weir.rows()]
        self.assertEqual(len(rows), len(set(rows)))
        self.assertLessEqual(set(rows), set(self.asked))
        gaps = self.weir.rows("SELECT first_sequence, last_sequence, events, after, before, noticed FROM gaps")
        self.assertEqual(sum(gap["events"] for gap in gaps), len(self.asked) - len(rows))
        self.assertEqual(self.weir.counters()["records_lost"], len(self.asked) - len(rows))
        for gap in gaps:
            self.assertLess(gap["after"], gap["before"])
            self.assertLess(gap["after"], gap["noticed"])
        self.weir.stop()
        self.verify()


if __name__ == "__main__":
    weir.main()
