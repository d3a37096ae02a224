"""Blocked domains: patterns and lists refuse with 403, say why, are recorded, and can be reloaded under traffic."""
import signal

import weir
from dns import NameServer
from echo import EchoOrigin
from origin import Origin
from patience import await_that


class BlockingTest(weir.WeirTest):
    def test_a_wildcard_blocks_names_below_it_but_not_itself(self):
        origin = Origin(self)
        NameServer(self, {"video.test": ["127.0.0.1"], "notvideo.test": ["127.0.0.1"]})
        proxy = weir.Weir(self, "--block", "*.video.test")
        client = proxy.client()
        for name, status in (("www.video.test", 403), ("a.b.video.test", 403), ("WWW.Video.TEST", 403), ("www.video.test.", 403),
                             ("video.test", 200), ("notvideo.test", 200)):
            with self.subTest(name=name):
                self.assertEqual(client.get(origin.url("/x", name)).status, status)

    def test_the_answer_says_that_and_why_it_was_blocked(self):
        proxy = weir.Weir(self, "--block", "*.video.test")
        response = proxy.client().get("http://www.video.test/watch?v=1")
        self.assertEqual((response.status, response.reason), (403, "Forbidden"))
        self.assertIsNotNone(response.header("content-type"))
        self.assertIn(b"www.video.test", response.body)
        self.assertIn(b"block", response.body.lower())

    def test_markup_in_a_request_is_not_markup_in_the_answer(self):
        proxy = weir.Weir(self, "--block", "*.video.test")
        response = proxy.client().get("http://www.video.test/<script>alert(1)</script>", [("Accept", "text/html")])
        self.assertNotIn(b"<script", response.body)

    def test_tunnels_are_blocked_by_the_same_rules(self):
        proxy = weir.Weir(self, "--block", "*.video.test")
        self.assertEqual(proxy.client().connect_tunnel("www.video.test:443").status, 403)

    def test_address_literals_can_be_blocked(self):
        echo = EchoOrigin(self)
        proxy = weir.Weir(self, "--block", "127.0.0.1")
        self.assertEqual(proxy.client().connect_tunnel(echo.authority).status, 403)
        self.assertEqual(echo.accepted, 0)

    def test_a_list_is_read_with_its_comments(self):
        blocklist = self.folder / "block list.txt"
        blocklist.write_bytes(b"\xef\xbb\xbf# a comment\r\n\r\n*.ads.test\r\n  tracker.test  \n")
        proxy = weir.Weir(self, "--blocklist", str(blocklist), "--block", "other.test")
        client = proxy.client()
        self.assertEqual([client.get(f"http://{name}/").status for name in ("x.ads.test", "tracker.test", "other.test")],
                         [403, 403, 403])
        rows = proxy.wait_for_rows(3)
        self.assertEqual([(row["rule"], row["outcome"], row["fault"], row["reason"]) for row in rows],
                         [("*.ads.test", "refused", "policy", "blocked_domain"),
                          ("tracker.test", "refused", "policy", "blocked_domain"),
                          ("other.test", "refused", "policy", "blocked_domain")])
        self.assertIn("block list.txt", rows[0]["rule_list"])

    def test_blocked_requests_are_recorded_as_the_document_describes(self):
        proxy = weir.Weir(self, "--block", "*.video.test", connect_ports=None)
        proxy.client().get("http://www.video.test/")
        proxy.client().connect_tunnel("m.video.test:443")
        proxy.wait_for_rows(2)
        blocked = proxy.rows("SELECT * FROM blocked_requests ORDER BY id")
        self.assertEqual([(row["source_ip"], row["blocked_hostname"], row["reason"]) for row in blocked],
                         [("127.0.0.1", "www.video.test", "Blocklist"), ("127.0.0.1", "m.video.test", "Blocklist")])
        self.assertEqual(proxy.rows("SELECT * FROM requests"), [], "refused requests are not among the served")
        lines = proxy.json_lines()
        self.assertEqual([(file, line["Blocked hostname"], line["Client IP"]) for file, line in lines],
                         [("Blocked Logs/blocked.jsonl", "www.video.test", "127.0.0.1"),
                          ("Blocked Logs/blocked.jsonl", "m.video.test", "127.0.0.1")])
        self.assertEqual(list(lines[0][1])[:3], ["Timestamp", "Blocked hostname", "Client IP"])


class ReloadTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.blocklist = self.folder / "blocklist"
        self.blocklist.write_text("one.test\n")
        self.origin = Origin(self)
        NameServer(self, {"one.test": ["127.0.0.1"], "two.test": ["127.0.0.1"]})
        self.weir = weir.Weir(self, "--blocklist", str(self.blocklist), workers=2)

    def _status(self, name: str) -> int:
        """Of a fresh connection, so that any worker may get it."""
        with weir.RawClient(self.weir.address) as client:
            return client.get(self.origin.url("/x", name)).status

    def _statuses(self) -> tuple[int, int]:
        return self._status("one.test"), self._status("two.test")

    def _await_all_workers(self, expected: tuple[int, int]):
        """Twenty connections in a row miss neither worker but once in half a million runs."""
        await_that(lambda: all(self._statuses() == expected for _ in range(20)), f"{expected} by all workers", 20)

    def test_a_changed_list_holds_after_sighup(self):
        self.assertEqual(self._statuses(), (403, 200))
        kept = self.weir.client()
        self.assertEqual(kept.get(self.origin.url("/x", "two.test")).status, 200)
        self.blocklist.write_text("two.test\n")
        self.weir.process.send(signal.SIGHUP)
        self._await_all_workers((200, 403))
        self.assertEqual(kept.get(self.origin.url("/x", "two.test")).status, 403)
        self.assertEqual(kept.get(self.origin.url("/x", "one.test")).status, 200, "its connection was not dropped")
        self.weir.assert_never_restarted()

    def test_a_bad_list_changes_nothing_and_names_the_line(self):
        pids = self.weir.worker_pids()
        self.blocklist.write_text("two.test\nthis is not a name\n")
        self.weir.process.send(signal.SIGHUP)
        await_that(lambda: self.weir.process.stderr.count("blocklist:2") >= 2, "both workers complain about line 2")
        self.assertEqual([self._statuses() for _ in range(10)], [(403, 200)] * 10)
        self.assertEqual(self.weir.worker_pids(), pids)
        self.blocklist.unlink()
        self.weir.process.send(signal.SIGHUP)
        await_that(lambda: self.weir.process.stderr.lower().count("no such file") >= 2, "both workers miss the file")
        self.assertEqual([self._statuses() for _ in range(10)], [(403, 200)] * 10)
        self.assertEqual(self.weir.worker_pids(), pids)


class StartTest(weir.WeirTest):
    def _refusal(self, *options: str) -> str:
        done = self.run_program("proxy_worker", "--data-dir", self.folder / "data", "--listen", "127.0.0.1:0", *options)
        self.assertEqual(done.returncode, 2, done.stderr)
        text = done.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        return text

    def test_a_bad_list_at_the_start_is_one_line_and_exit_2(self):
        blocklist = self.folder / "blocklist"
        blocklist.write_text("good.test\nbad name\n")
        self.assertIn("blocklist:2", self._refusal("--blocklist", str(blocklist)))

    def test_a_missing_list_at_the_start_is_one_line_and_exit_2(self):
        self.assertIn("nowhere.txt", self._refusal("--blocklist", str(self.folder / "nowhere.txt")))

    def test_a_bad_pattern_is_one_line_and_exit_2(self):
        self.assertIn("bad name", self._refusal("--block", "bad name"))


if __name__ == "__main__":
    weir.main()
