"""status, reload and stop."""
import json
import os
import signal
import struct

import supervised
from supervised import wait_until


def counters_file(slots: dict[int, list[int]]) -> bytes:
    data = struct.pack("<8sIII44x", b"WEIRCNT1", 1, 512, 256)
    for slot in range(512):
        data += struct.pack("<16Q128x", *slots.get(slot, [0] * 16))
    return data


def collector_status_file(state: int, error: bytes, refused_batches: int = 0) -> bytes:
    words = [1, 1, state, 1, 0, 0, refused_batches, 0, 0, 0, 1 if error else 0, 2, len(error), *[0] * 17]
    return struct.pack("<8sQ30Q512s", b"WEIRCOL1", 752, *words, error)


class Status(supervised.SupervisorTest):
    def status(self) -> dict:
        return json.loads(self.command("status", "--json").out)

    def test_shows_each_process(self):
        self.start().wait_ready()
        pid = self.programs.events("worker-1", "start")[0]["pid"]
        (self.data_dir / "run" / "counters").write_bytes(
            counters_file({1: [pid, 1, 12345, 5, 6, 7, 8, 17, 99, 4, 5_000_000_000, 1536, 3, 4, 5, 6]}))
        status = self.command("status")
        self.assertEqual(status.process.returncode, 0, status.err)
        lines = status.out.splitlines()
        self.assertEqual(lines[2].split(), ["NAME", "PID", "STATE", "UPTIME", "RESTARTS", "REQUESTS", "CONNECTIONS",
                                            "TUNNELS", "SENT", "RECEIVED", "PENDING"])
        self.assertEqual([line.split()[0] for line in lines[3:]], ["supervisor", "collector", "worker-0", "worker-1"])
        self.assertRegex(lines[6], rf"^worker-1 +{pid} +running +\d+s +0 +12345 +17 +4 +4.7 GiB +1.5 KiB +3$")
        self.assertEqual(len({len(line) for line in lines[2:]}), 1)

    def test_gives_the_same_to_programs(self):
        running = self.start().wait_ready()
        status = self.status()
        self.assertEqual(status["listen"], [f"127.0.0.1:{running.port()}"])
        self.assertEqual(status["data_dir"], str(self.data_dir))
        self.assertEqual([process["name"] for process in status["processes"]],
                         ["supervisor", "collector", "worker-0", "worker-1"])
        self.assertIsNone(status["processes"][2]["counters"])

    def test_what_an_earlier_run_counted_is_not_shown(self):
        self.start().wait_ready()
        (self.data_dir / "run" / "counters").write_bytes(counters_file({0: [1, 1, 777, *[0] * 13]}))
        self.assertNotIn("777", self.command("status").out)

    def test_says_when_the_collector_cannot_write(self):
        self.start().wait_ready()
        status_file = self.data_dir / "run" / "collector_status"
        status_file.write_bytes(collector_status_file(3, b"database or disk is full", refused_batches=7))
        status = self.command("status")
        self.assertEqual(status.process.returncode, 1)
        self.assertRegex(status.out, r"The collector cannot write since .*: database or disk is full; the workers keep")
        self.assertIn("7 refused batches", status.out)
        self.assertEqual(self.status()["collector"]["state"], "waiting")
        status_file.write_bytes(collector_status_file(2, b""))
        status = self.command("status")
        self.assertEqual(status.process.returncode, 0)
        self.assertNotIn("collector cannot", status.out)
        status_file.write_bytes(b"of another version")
        self.assertEqual(self.command("status").process.returncode, 0)

    def test_says_when_nothing_runs(self):
        for arguments in ((), ("--json",)):
            self.assertEqual(self.command("status", *arguments).process.returncode, 3)
        self.assertEqual(self.start().wait_ready().stop(), 0)
        status = self.command("status")
        self.assertEqual((status.process.returncode, status.out), (3, "Logs: not running\n"))

    def test_says_when_the_supervisor_was_killed(self):
        self.start().wait_ready().kill()
        self.assertEqual(self.command("status").process.returncode, 3)

    def test_says_when_a_process_is_down(self):
        running = self.start(limits={"BACK_OFF_FIRST_S": 30.0, "BACK_OFF_MAX_S": 30.0}).wait_ready()
        os.kill(self.programs.events("worker-1", "start")[0]["pid"], signal.SIGKILL)
        wait_until(lambda: "again in 30 s" in running.err, "the crash")
        wait_until(lambda: self.status()["processes"][3]["state"] == "waiting", "the table")
        status = self.command("status")
        self.assertEqual(status.process.returncode, 1)
        self.assertRegex(status.out, r"worker-1 +- +waiting +- +0 +- ")

    def test_counts_restarts(self):
        self.start().wait_ready()
        os.kill(self.programs.events("worker-1", "start")[0]["pid"], signal.SIGKILL)
        wait_until(lambda: [(process["restarts"], process["state"]) for process in self.status()["processes"]][3]
                   == (1, "running"), "the restart")

    def test_finds_the_data_directory_in_the_configuration_file(self):
        self.start("--data-dir=elsewhere").wait_ready()
        (self.folder / "weir.toml").write_text('data-dir = "elsewhere"\n')
        self.assertEqual(self.command("status", "--config=weir.toml").process.returncode, 0)
        self.assertEqual(self.command("status").process.returncode, 3)


class Control(supervised.SupervisorTest):
    def test_reload_reaches_the_programs(self):
        self.start().wait_ready()
        self.assertEqual(self.command("reload").process.returncode, 0)
        self.wait_for_events(3, what="SIGHUP")

    def test_reload_says_when_nothing_runs(self):
        reload = self.command("reload")
        self.assertEqual(reload.process.returncode, 3)
        self.assertIn("not running", reload.err)

    def test_stop_returns_when_everything_has_ended(self):
        self.programs.behave("worker-0", drain_s=0.3)
        running = self.start().wait_ready()
        stop = self.command("stop")
        self.assertEqual((stop.process.returncode, stop.out), (0, "Logs: stopped\n"))
        self.assertEqual(len(self.programs.events("reporter", "end")), 1)
        self.assertEqual(running.wait().process.returncode, 0)

    def test_stop_has_nothing_to_do_when_nothing_runs(self):
        self.assertEqual(self.command("stop").process.returncode, 0)

    def test_stop_gives_up_at_last(self):
        self.programs.behave("worker-0", ignores_term=True)
        self.start("--drain-timeout=1h").wait_ready()
        stop = self.start_command("stop", limits={"DRAIN_GRACE_S": -3600.0, "COLLECTOR_STOP_TIMEOUT_S": 0.1,
                                                  "REPORT_TIMEOUT_S": 0.1}).wait()
        self.assertEqual(stop.process.returncode, 1)
        self.assertIn("did not end within", stop.err)
