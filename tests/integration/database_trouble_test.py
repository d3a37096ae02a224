"""Whatever happens to the database and the logs while Weir runs: traffic goes on, the state is visible, and delivery
resumes by itself."""
import collections
import os
import shutil
import sqlite3
import subprocess

import weir
from origin import Origin
from patience import await_that


class DatabaseTroubleTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.weir = weir.Weir(self, workers=2)
        self.client = self.weir.client()
        self.asked: list[str] = []

    def ask(self, count: int) -> None:
        for _ in range(count):
            path = f"/{len(self.asked)}"
            self.assertEqual(self.client.get(self.origin.url(path)).status, 200)
            self.asked.append(path)

    def status(self) -> subprocess.CompletedProcess:
        return subprocess.run([weir.supervisor_script(), "status", "--data-dir", self.weir.data_dir], capture_output=True,
                              text=True, timeout=60, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def await_waiting(self, why: str) -> None:
        await_that(lambda: "cannot write since" in self.status().stdout and why in self.status().stdout,
                   f"the status says that it cannot write, with {why!r}", 30)
        self.assertEqual(self.status().returncode, 1)

    def expect_all_once(self) -> None:
        rows = self.weir.wait_for_rows(len(self.asked), 60)
        self.assertEqual(collections.Counter(row["path"] for row in rows), collections.Counter(self.asked))
        await_that(lambda: self.status().returncode == 0, "the status is well again")
        self.weir.stop()
        self.assertEqual(collections.Counter(line["URL path"] for _, line in self.weir.json_lines()), collections.Counter(self.asked))
        self.expect_sound()

    def expect_sound(self) -> None:
        verified = self.run_program("reporter", "--verify", "--data-dir", self.weir.data_dir)
        self.assertEqual(verified.returncode, 0, verified.stdout.decode() + verified.stderr.decode())

    def test_another_program_that_locks_the_database_is_waited_out(self):
        self.ask(10)
        self.weir.wait_for_rows(10)
        other = sqlite3.connect(self.weir.database_file, timeout=30, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        self.ask(50)
        self.await_waiting("locked")
        self.ask(50)
        other.execute("ROLLBACK")
        self.expect_all_once()

    def test_a_log_whose_folder_cannot_be_written_is_waited_out(self):
        """A file in the folder's place stops root, too."""
        self.ask(10)
        self.weir.wait_for_rows(10)
        logs = self.weir.data_dir / "Website Traffic"
        logs.rename(self.weir.data_dir / "moved away")
        logs.write_text("not a folder")
        self.ask(20)
        self.await_waiting("Not a directory")
        self.ask(20)
        logs.unlink()
        (self.weir.data_dir / "moved away").rename(logs)
        self.expect_all_once()

    def test_logs_that_are_removed_are_made_anew(self):
        self.ask(10)
        self.weir.wait_for_rows(10)
        shutil.rmtree(self.weir.data_dir / "Website Traffic")
        self.ask(10)
        self.weir.wait_for_rows(20)
        self.assertEqual([line["URL path"] for _, line in self.weir.json_lines()], self.asked[10:])
        self.weir.assert_never_restarted()

    def test_a_database_that_is_removed_is_made_anew_and_what_was_in_it_is_a_gap(self):
        self.ask(10)
        self.weir.wait_for_rows(10)
        await_that(lambda: sum(self.weir.counters(worker)["records_pending"] for worker in range(2)) == 0, "all is acknowledged")
        for file in self.weir.database_file.parent.iterdir():
            file.unlink()
        self.ask(10)
        await_that(lambda: self.weir.restarts()["collector"] > 0 and self.weir.is_serving(), "the collector is started again", 30)
        rows = self.weir.wait_for_rows(10, 60)
        self.assertEqual([row["path"] for row in rows], self.asked[10:])
        self.assertEqual(self.weir.rows("SELECT sum(events) AS lost FROM gaps")[0]["lost"], 10)
        self.weir.stop()

    def test_yesterdays_database_in_its_place_goes_on_with_a_gap(self):
        self.ask(10)
        self.weir.wait_for_rows(10)
        with sqlite3.connect(self.weir.database_file) as database:
            database.execute("VACUUM INTO ?", (str(self.folder / "yesterday.db"),))
        database.close()
        self.ask(10)
        self.weir.wait_for_rows(20)
        await_that(lambda: sum(self.weir.counters(worker)["records_pending"] for worker in range(2)) == 0, "all is acknowledged")
        for suffix in ("-wal", "-shm"):
            self.weir.database_file.with_name(self.weir.database_file.name + suffix).unlink()
        os.replace(self.folder / "yesterday.db", self.weir.database_file)
        self.ask(10)
        await_that(lambda: self.weir.restarts()["collector"] > 0 and self.weir.is_serving(), "the collector is started again", 30)
        rows = self.weir.wait_for_rows(20, 60)
        self.assertEqual([row["path"] for row in rows], self.asked[:10] + self.asked[20:])
        gaps = self.weir.rows("SELECT events, after, before FROM gaps")
        self.assertEqual(sum(gap["events"] for gap in gaps), 10)
        self.weir.stop()

    def test_a_second_collector_ends_at_once(self):
        second = self.run_program("collector", "--data-dir", self.weir.data_dir)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"another collector works on this data directory", second.stderr)
        # The same database by another way, and the same socket from another data directory.
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "Database").symlink_to(self.weir.data_dir / "Database")
        third = self.run_program("collector", "--data-dir", elsewhere)
        self.assertEqual(third.returncode, 1)
        self.assertIn(b"another collector works on this database", third.stderr)
        self.ask(5)
        self.expect_all_once()


class SharedSocketTest(weir.WeirTest):
    def test_a_second_collector_on_the_same_socket_ends_at_once(self):
        socket = f"ipc://{self.folder}/shared.sock"
        self.start("collector", [weir.bin_dir() / "collector", "--data-dir", self.folder / "first", "--collector-endpoint", socket])
        await_that(lambda: "recording into" in self.processes[0].stderr, "the first collector is ready")
        second = self.run_program("collector", "--data-dir", self.folder / "second", "--collector-endpoint", socket)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"another collector works on this endpoint", second.stderr)
        self.assertTrue(self.processes[0].is_running())


if __name__ == "__main__":
    weir.main()
