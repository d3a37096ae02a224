"""`reporter --verify` proves that records add up, while everything runs, after a stop and after a crash; and finds damage."""
import json
import os
import signal
import sqlite3

import weir
from origin import Origin
from patience import await_that
from steady_load import SteadyLoad

_CHECKS = ["database", "streams", "references", "JSON logs", "spools"]


class VerifyTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)

    def _verify(self, proxy: weir.Weir, *further: str, expected_status: int = 0) -> dict:
        done = self.run_program("reporter", "--data-dir", proxy.data_dir, "--verify", "--json", *further, timeout_s=120)
        self.assertEqual(done.returncode, expected_status, done.stdout.decode() + done.stderr.decode())
        self.assertEqual(done.stderr, b"")
        verification = json.loads(done.stdout)
        self.assertEqual([check["name"] for check in verification["checks"]], _CHECKS)
        self.assertEqual(verification["verdict"], "fail" if expected_status else "pass")
        return verification

    def _numbers(self, verification: dict, name: str) -> dict:
        return next(check["numbers"] for check in verification["checks"] if check["name"] == name)

    def test_a_running_installation_under_load(self):
        proxy = weir.Weir(self, "--block", "blocked.test", workers=2)
        proxy.client().get("http://blocked.test/")
        with SteadyLoad(proxy, self.origin) as load:
            await_that(lambda: len(load.statuses) > 200, "the load runs")
            seen = []

            def have_eight_turns_seen_the_load_go_on() -> bool:
                verification = self._verify(proxy, *([] if seen else ["--full"]))
                self.assertEqual(verification["collector_pid"], proxy.pid("collector"))
                seen.append(self._numbers(verification, "streams")["rows"])
                return len(seen) >= 8 and seen[-1] > seen[0]
            await_that(have_eight_turns_seen_the_load_go_on, "rows that were added meanwhile", 60)
            self.assertEqual(load.failures, [])
        self.assertEqual(seen, sorted(seen))
        proxy.assert_never_restarted()
        proxy.stop()
        verification = self._verify(proxy)
        self.assertIsNone(verification["collector_pid"])
        requests = len(load.statuses) + 1
        self.assertEqual(self._numbers(verification, "streams")["rows"], requests)
        self.assertEqual(self._numbers(verification, "JSON logs")["rows_with_line"], requests)
        self.assertEqual(self._numbers(verification, "JSON logs")["lines"], requests)
        self.assertEqual(self._numbers(verification, "spools")["pending_events"], 0)

    def test_an_installation_whose_collector_was_killed_and_is_gone(self):
        proxy = weir.Weir(self, workers=2)
        with SteadyLoad(proxy, self.origin) as load:
            await_that(lambda: len(load.statuses) > 200, "the load runs")
            os.kill(proxy.pid("collector"), signal.SIGKILL)
            os.kill(proxy.process.pid, signal.SIGSTOP)  # Nobody starts another.
            before = len(load.statuses)
            await_that(lambda: len(load.statuses) > before + 100, "the load goes on")
            verification = self._verify(proxy)
            self.assertIsNone(verification["collector_pid"])
            self.assertGreater(self._numbers(verification, "spools")["pending_events"], 0)
            os.kill(proxy.process.pid, signal.SIGCONT)
            await_that(lambda: proxy.restarts()["collector"] == 1 and proxy.is_serving(), "it is back", 30)
        proxy.stop()
        self.assertEqual(self._numbers(self._verify(proxy), "streams")["rows"], len(load.statuses))

    def test_json_logs_off(self):
        proxy = weir.Weir(self, "--json-logs", "off")
        for number in range(5):
            proxy.client().get(self.origin.url(f"/{number}"))
        proxy.wait_for_rows(5)
        logs = self._verify(proxy)["checks"][_CHECKS.index("JSON logs")]
        self.assertEqual((logs["verdict"], logs["summary"]), ("skipped", "JSON logs were never on"))

    def test_damage_is_found_and_told_in_words(self):
        proxy = weir.Weir(self)
        client = proxy.client()
        for number in range(5):
            client.get(self.origin.url(f"/{number}"))
        proxy.wait_for_rows(5)
        proxy.stop()
        lost = proxy.row_of("/2")
        database = sqlite3.connect(proxy.database_file)
        with database:
            database.execute("DELETE FROM request WHERE id = ?", (lost["id"],))
        database.close()
        numbers = self._numbers(self._verify(proxy, expected_status=1), "streams")
        self.assertEqual((numbers["missing_events"], numbers["repeated_rows"]), (1, 0))
        done = self.run_program("reporter", "--data-dir", proxy.data_dir, "--verify")
        self.assertEqual(done.returncode, 1)
        text = done.stdout.decode()
        self.assertIn(f"! {lost['stream_id']}: event {lost['sequence']} of 5: in no row and no gap", text)
        self.assertIn(f"there is no row of request {lost['id']}", text)
        self.assertNotIn("\033", text, "no colours in a file")

    def test_nothing_to_verify(self):
        for arguments in (("--data-dir", self.folder / "nothing here", "--verify"), ("--verify", "--csv", "-"), ("--full",)):
            done = self.run_program("reporter", *arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1), arguments)

    def test_what_is_no_database(self):
        folder = self.folder / "damaged"
        (folder / "Database").mkdir(parents=True)
        (folder / "Database" / "proxy_traffic.db").write_bytes(b"x" * 9000)
        done = self.run_program("reporter", "--data-dir", folder, "--verify")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"FAIL  database", done.stdout)


if __name__ == "__main__":
    weir.main()
