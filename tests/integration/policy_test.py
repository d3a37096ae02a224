"""The compiled policy: every list format, allow and observe, explanations, versions; reload under load, and its failures."""
import json
import os
import pathlib
import random
import signal

import weir
from dns import NameServer
from origin import Origin
from patience import await_that
from steady_load import SteadyLoad


def _says(process, text: str, times: int = 1):
    return lambda: process.stderr.count(text) >= times


class PolicyTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.list = self.folder / "the list"

    def _weir(self, names: list[str], *options: str, **further) -> weir.Weir:
        NameServer(self, {name: ["127.0.0.1"] for name in names})
        return weir.Weir(self, *options, **further)

    def _statuses(self, proxy: weir.Weir, names: list[str]) -> dict[str, int]:
        client = proxy.client()
        return {name: client.get(self.origin.url("/" + name, name)).status for name in names}

    def test_every_format_blocks_what_it_means(self):
        self.list.write_text("*.wild.test\n0.0.0.0 hosts.test\nplain.test\n||bars.test^\naddress=/masq.test/\n@@||good.bars.test^\n")
        names = ["wild.test", "a.wild.test", "hosts.test", "a.hosts.test", "plain.test", "a.plain.test", "a.bars.test",
                 "good.bars.test", "a.masq.test", "notplain.test"]
        proxy = self._weir(names, "--blocklist", str(self.list))
        self.assertEqual(self._statuses(proxy, names),
                         {"wild.test": 200, "a.wild.test": 403, "hosts.test": 403, "a.hosts.test": 200, "plain.test": 403,
                          "a.plain.test": 403, "a.bars.test": 403, "good.bars.test": 200, "a.masq.test": 403, "notplain.test": 200})

    def test_a_record_and_the_answer_tell_rule_list_line_and_policy(self):
        self.list.write_text("# comment\n\nads.test\n")
        proxy = self._weir(["fine.test"], "--blocklist", str(self.list))
        answer = proxy.client().get("http://www.ads.test/")
        self._statuses(proxy, ["fine.test"])
        blocked, served = proxy.wait_for_rows(2)
        self.assertEqual((blocked["rule"], blocked["rule_list"], blocked["rule_line"], blocked["would_block"]), ("ads.test", str(self.list), 3, 0))
        self.assertRegex(blocked["policy"], "^[0-9a-f]{12}$")
        self.assertEqual((served["policy"], served["rule"], served["would_block"]), (blocked["policy"], None, 0))
        for part in ("ads.test", str(self.list), "line 3", blocked["policy"]):
            self.assertIn(part.encode(), answer.body)
        lines = dict(proxy.json_lines())
        self.assertEqual(lines["Blocked Logs/blocked.jsonl"]["Rule line"], 3)
        self.assertEqual({line["Policy"] for line in lines.values()}, {blocked["policy"]})

    def test_without_rules_nothing_is_compiled(self):
        proxy = self._weir(["fine.test"])
        self.assertEqual(self._statuses(proxy, ["fine.test"]), {"fine.test": 200})
        self.assertIsNone(proxy.wait_for_rows(1)[0]["policy"])
        self.assertFalse((proxy.data_dir / "run" / "policy.bin").exists())

    def test_what_is_allowed_is_not_blocked(self):
        names = ["www.site.test", "mail.site.test"]
        proxy = self._weir(names, "--block", "*.site.test", "--allow", "mail.*")
        self.assertEqual(self._statuses(proxy, names), {"www.site.test": 403, "mail.site.test": 200})
        self.assertIsNone(proxy.wait_for_rows(2)[1]["rule"])

    def test_an_observed_list_lets_through_and_records_what_it_would_have_blocked(self):
        self.list.write_text("fine.test\nads.test\n")
        names = ["www.ads.test", "other.test", "worse.test"]
        proxy = self._weir(names, "--observelist", str(self.list), "--observe", "wors?.test", "--block", "worse.test")
        self.assertEqual(self._statuses(proxy, names), {"www.ads.test": 200, "other.test": 200, "worse.test": 403})
        self._statuses(proxy, ["www.ads.test"])
        rows = proxy.wait_for_rows(4)
        self.assertEqual([(row["outcome"], row["would_block"], row["rule"], row["rule_line"]) for row in rows],
                         [("served", 1, "ads.test", 2), ("served", 0, None, None), ("refused", 0, "worse.test", None), ("served", 1, "ads.test", 2)])
        logged = [line for _, line in proxy.json_lines() if "Would be blocked by" in line]
        self.assertEqual([(line["Would be blocked by"], line["Would be blocked by line"]) for line in logged], [("ads.test", 2)] * 2)
        report = self.run_program("reporter", "--data-dir", proxy.data_dir, "--summary").stdout.decode()
        self.assertIn(f"Requests that observed rules would have blocked: 2\n1. ads.test ({self.list}, line 2) - Requests: 2\n", report)

    def test_lists_are_reported(self):
        self.list.write_text("a.test\na.test\n||b.test^$third-party\n")
        proxy = self._weir([], "--blocklist", str(self.list), workers=2)
        await_that(_says(proxy.process, f"{self.list}: 2 entries, 1 duplicates, 1 lines skipped"), "the report of the list")
        self.assertIn(f"{self.list}:3: skipped: has the option \"third-party\"", proxy.process.stderr)
        self.assertEqual(proxy.process.stderr.count("1 duplicates"), 1, "one worker had it compiled, the other found it done")


class ExplainTest(weir.WeirTest):
    def _explain(self, *arguments: str) -> dict:
        done = self.run_program("reporter", "--data-dir", self.folder / "data", "--json", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_tells_verdict_rule_list_and_line(self):
        blocklist = self.folder / "list"
        blocklist.write_text("\n||ads.test^\n")
        told = self._explain("--explain", "https://www.ads.test/x", "--blocklist", str(blocklist), "--observe", "*.test")
        self.assertEqual((told["verdict"], told["reason"], told["method"], told["host"], told["port"]),
                         ("refused", "blocked_domain", "CONNECT", "www.ads.test", 443))
        self.assertEqual([(rule["action"], rule["rule"], rule["list"], rule["line"]) for rule in told["rules"]],
                         [("block", "||ads.test^", str(blocklist), 2), ("observe", "*.test", "--observe", None)])
        text = self.run_program("reporter", "--explain", "https://www.ads.test/x", "--blocklist", blocklist).stdout.decode()
        self.assertTrue(text.startswith("https://www.ads.test/x asked for by 127.0.0.1: refused (blocked_domain)\n"), text)
        self.assertIn(f"||ads.test^ ({blocklist}, line 2)", text)

    def test_judges_client_port_and_address_as_the_worker_does(self):
        for arguments, verdict, reason in (
                (["http://fine.test/"], "allowed", None),
                (["http://fine.test/", "--client", "192.0.2.1"], "refused", "client_not_allowed"),
                (["http://fine.test/", "--client", "192.0.2.1", "--allow-client", "192.0.2.0/24"], "allowed", None),
                (["http://fine.test/", "--client", "192.168.0.7", "--listen", "0.0.0.0:8080"], "allowed", None),
                (["https://fine.test:8443/"], "refused", "connect_port_not_allowed"),
                (["https://fine.test:8443/", "--connect-ports", "any"], "allowed", None),
                (["http://127.0.0.1/"], "refused", "destination_not_allowed"),
                (["http://[::ffff:127.0.0.1]/", "--allow-destination", "loopback"], "allowed", None),
                (["fine.test", "--observe", "fine.test"], "observed", None)):
            with self.subTest(arguments=arguments):
                told = self._explain("--explain", *arguments)
                self.assertEqual((told["verdict"], told["reason"]), (verdict, reason))

    def test_takes_the_rules_in_force_when_none_are_given(self):
        proxy = weir.Weir(self, "--block", "*.video.test")
        proxy.client().get("http://www.video.test/")
        version = proxy.wait_for_rows(1)[0]["policy"]
        told = json.loads(self.run_program("reporter", "--data-dir", proxy.data_dir, "--explain", "www.video.test", "--json").stdout)
        self.assertEqual((told["verdict"], told["policy"]), ("refused", version))

    def test_reports_the_lists_in_force(self):
        blocklist = self.folder / "list"
        blocklist.write_text("a.test\na.test\n" + "||b.test^$third-party\n" * 25)
        proxy = weir.Weir(self, "--blocklist", str(blocklist), "--observe", "*.test")
        version = proxy.client().get("http://a.test/").body.decode()
        told = json.loads(self.run_program("reporter", "--data-dir", proxy.data_dir, "--lists", "--json").stdout)
        self.assertIn(told["policy"], version)
        self.assertEqual([(entry["list"], entry["action"], entry["entries"], entry["duplicates"], entry["skipped"]) for entry in told["lists"]],
                         [(str(blocklist), "block", 2, 1, 25), ("--observe", "observe", 1, 0, 0)])
        self.assertEqual(told["lists"][0]["skipped_first"][0], {"line": 3, "reason": 'has the option "third-party", which a proxy cannot judge'})
        text = self.run_program("reporter", "--data-dir", proxy.data_dir, "--lists").stdout.decode()
        self.assertIn(f'{blocklist} (block): 2 entries, 1 duplicate, 25 lines skipped\n  line 3: has the option "third-party", which', text)
        self.assertIn("  and 5 more\n--observe (observe): 1 entry, 0 duplicates, 0 lines skipped\n", text)
        none = self.run_program("reporter", "--data-dir", self.folder, "--lists").stdout.decode()
        self.assertEqual(none, "no rules about hosts: none were given, and none are in force\n")
        self.assertEqual(self.run_program("reporter", "--lists", "--verify").returncode, 2)

    def test_takes_the_workers_configuration_file(self):
        config = self.folder / "weir.toml"
        config.write_text('block = ["*.video.test"]\nworkers = 2\nconnect-ports = "443,8443"\n')
        told = self._explain("--config", str(config), "--explain", "https://www.video.test:8443/")
        self.assertEqual((told["reason"], [step["refuses"] for step in told["steps"]]), ("blocked_domain", [False, False, True, False]))

    def test_a_bad_question_is_one_line_and_exit_2(self):
        blocklist = self.folder / "list"
        blocklist.write_text("bad name\n")
        for arguments, expected in ((["ftp://a.test/"], "ftp"), (["http://a.test:99999/"], "99999"), (["http://2130706433/"], "2130706433"),
                                    (["http://a..b/"], "a..b"), (["a.test", "--blocklist", str(blocklist)], "list:1"), (["a.test", "--csv", "-"], "--explain")):
            with self.subTest(arguments=arguments):
                done = self.run_program("reporter", "--data-dir", self.folder, "--explain", *arguments)
                self.assertEqual((done.returncode, done.stderr.count(b"\n"), done.stdout), (2, 1, b""))
                self.assertIn(expected.encode(), done.stderr)


class ReloadTest(weir.WeirTest):
    """Lists of tens of thousands of names, so that compiling takes a moment; 2,140,000 with WEIR_FULL=1."""

    def setUp(self):
        super().setUp()
        self.names = 2_140_000 if weir.is_full_size() else 60_000
        self.list = self.folder / "list"
        self.origin = Origin(self)
        NameServer(self, {"old.test": ["127.0.0.1"], "new.test": ["127.0.0.1"]})

    def _write_list(self, first: str) -> None:
        numbers = random.Random(1)
        temporary = self.list.with_suffix(".new")
        with open(temporary, "w") as file:
            file.write(first + "\n")
            file.writelines(f"{numbers.getrandbits(48):x}-{number}.test\n" for number in range(self.names))
        os.replace(temporary, self.list)

    def _blocks(self, proxy: weir.Weir, name: str) -> bool:
        with weir.RawClient(proxy.address) as client:
            return client.get(self.origin.url("/x", name)).status == 403

    def test_traffic_goes_on_while_lists_are_compiled_and_swapped(self):
        self._write_list("old.test")
        proxy = weir.Weir(self, "--blocklist", str(self.list), workers=2)
        self.assertTrue(self._blocks(proxy, "old.test"))
        kept = proxy.client()
        tunnel = proxy.client()
        self.assertEqual(tunnel.connect_tunnel(self.origin.authority()).status, 200)
        with SteadyLoad(proxy, self.origin) as load:
            for turn in range(3):
                expected, other = ("new.test", "old.test") if turn % 2 == 0 else ("old.test", "new.test")
                self._write_list(expected)
                proxy.process.send(signal.SIGHUP)
                await_that(lambda: all(self._blocks(proxy, expected) and not self._blocks(proxy, other) for _ in range(12)),
                           "the new list in force in all workers", 120)
                self.assertEqual(kept.get(self.origin.url(f"/kept/{turn}")).status, 200, "before it is closed for being idle")
        self.assertEqual(load.failures, [])
        self.assertEqual(set(load.statuses.values()), {200})
        self.assertLess(load.longest_wait_s, 10)
        print(f"longest wait of {len(load.statuses)} requests: {load.longest_wait_s * 1000:.1f} ms", flush=True)
        self.assertEqual(kept.get(self.origin.url("/kept")).status, 200)
        self.assertEqual(tunnel.get("/through-the-tunnel").status, 200, "opened three policies ago")
        proxy.assert_never_restarted()

    def test_one_file_serves_all_workers_and_a_restarted_one(self):
        self._write_list("old.test")
        proxy = weir.Weir(self, "--blocklist", str(self.list), workers=2)
        compiled = proxy.data_dir / "run" / "policy.bin"
        identity = compiled.stat().st_ino
        for pid in proxy.worker_pids():
            self.assertIn(str(compiled), pathlib.Path(f"/proc/{pid}/maps").read_text())
        killed = proxy.pid("worker-0")
        os.kill(killed, signal.SIGKILL)
        await_that(lambda: proxy.pid("worker-0") not in (None, killed) and proxy.is_serving(), "worker 0 runs again", 30)
        self.assertTrue(self._blocks(proxy, "old.test"))
        self.assertEqual(compiled.stat().st_ino, identity, "it fitted, and was not compiled again")

    def test_rules_in_the_configuration_file_are_read_again(self):
        config = self.folder / "weir.toml"
        config.write_text('block = ["old.test"]\n')
        proxy = weir.Weir(self, "--config", str(config))
        self.assertTrue(self._blocks(proxy, "old.test"))
        config.write_text('block = ["new.test"]\n')
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: self._blocks(proxy, "new.test") and not self._blocks(proxy, "old.test"), "the new rules")
        config.write_text('')
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: not self._blocks(proxy, "new.test"), "no rules")
        config.write_text('block = ["bad name"]\n')
        proxy.process.send(signal.SIGHUP)
        await_that(_says(proxy.process, "the old policy stays in force: --block: \"bad name\""), "the complaint")
        self.assertFalse(self._blocks(proxy, "new.test"))

    def test_what_is_wrong_with_a_file_is_one_line_and_changes_nothing(self):
        self.names = 1
        self._write_list("old.test")
        proxy = weir.Weir(self, "--blocklist", str(self.list))
        bad_files = {b"<!DOCTYPE html>\n": ":1:", b"ok.test\nhttps://ads.test/\n": ":2:", b"ok.test\n\n\x1f\x8b\x08\x00": ":3:",
                     b"a,b\n": ":1:", b"x" * 70_000: ":1:", "\n*ü.test\n".encode(): ":2:", b"[ab.test\n": ":1:"}
        for content, where in bad_files.items():
            with self.subTest(content=content[:20]):
                said = proxy.process.stderr.count("the old policy stays in force")
                self.list.write_bytes(content)
                proxy.process.send(signal.SIGHUP)
                await_that(_says(proxy.process, "the old policy stays in force", said + 1), "the complaint")
                line = [line for line in proxy.process.stderr.splitlines() if "the old policy stays in force" in line][-1]
                self.assertIn(f"the old policy stays in force: {self.list}{where}", line)
                self.assertTrue(self._blocks(proxy, "old.test"))
        proxy.assert_never_restarted()


if __name__ == "__main__":
    weir.main()
