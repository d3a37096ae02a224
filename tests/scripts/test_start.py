"""What the programs get at their start, and what happens when that fails."""
import os
import resource
import socket
import time

import supervised


def answer(port: int, host: str = "127.0.0.1") -> str:
    with socket.create_connection((host, port), timeout=supervised.WAIT_LIMIT_S) as connection:
        return connection.recv(100).decode()


class Start(supervised.SupervisorTest):
    def test_starts_the_collector_then_one_worker_then_the_others(self):
        self.start("--workers=3").wait_ready()
        order = [(event["name"], event["what"]) for event in self.programs.events()]
        self.assertEqual(order[:5], [("collector", "start"), ("collector", "ready"), ("worker-0", "start"),
                                     ("worker-0", "ready"), order[4]])
        self.assertEqual({name for name, _ in order[4:]}, {"worker-1", "worker-2"})

    def test_says_where_everything_is(self):
        running = self.start().wait_ready()
        port = running.port()
        self.assertIn(f"2 workers on 127.0.0.1:{port}", running.out)
        self.assertIn(f"curl -x http://127.0.0.1:{port} http://example.com/", running.out)
        self.assertIn(str(self.data_dir / "Database" / "proxy_traffic.db"), running.out)
        self.assertIn(f"stop --data-dir '{self.data_dir}'", running.out)
        self.assertNotIn("\033", running.out)

    def test_all_workers_share_the_port_that_the_kernel_chose(self):
        port = self.start("--workers=3").wait_ready().port()
        starts = [event for event in self.programs.events(what="start") if event["name"] != "collector"]
        for start in starts:
            self.assertEqual(start["listening"], [["127.0.0.1", port]])
            self.assertIn(f"--listen=127.0.0.1:{port}", start["arguments"])
        self.assertEqual({answer(port) for _ in range(60)}, {"worker-0", "worker-1", "worker-2"})

    def test_listens_on_ipv4_and_ipv6(self):
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        self.start("--listen=127.0.0.1:0", "--listen=[::1]:0", "--workers=1").wait_ready()
        (_, port4), (host6, port6) = self.programs.events("worker-0", "start")[0]["listening"]
        self.assertEqual(host6, "::1")
        self.assertEqual(answer(port4), "worker-0")
        self.assertEqual(answer(port6, "::1"), "worker-0")

    def test_an_empty_host_is_every_address_of_both_families(self):
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        port = self.start("--listen=:0", "--workers=1").wait_ready().port()
        self.assertEqual(answer(port), "worker-0")
        self.assertEqual(answer(port, "::1"), "worker-0")

    def test_a_program_has_its_own_descriptors_and_no_other(self):
        foreign_reader, foreign_writer = os.pipe()
        self.addCleanup(os.close, foreign_reader)
        self.addCleanup(os.close, foreign_writer)
        self.start("--listen=127.0.0.1:0", "--listen=127.0.0.2:0", "--workers=2",
                   pass_fds=(foreign_reader, foreign_writer)).wait_ready()
        self.assertEqual(self.programs.events("collector", "start")[0]["descriptors"], [0, 1, 2])
        for name in ("worker-0", "worker-1"):
            start = self.programs.events(name, "start")[0]
            self.assertEqual(start["descriptors"], [0, 1, 2, 3, 4])
            self.assertEqual(start["stdin"], os.devnull)
            self.assertEqual(start["blocking"], [False, False])
            self.assertEqual(start["shared"], [1, 1])

    def test_a_program_has_a_clean_environment_and_default_signals(self):
        running = self.start(env={"LISTEN_FDS": "7", "LISTEN_PID": "1", "WATCHDOG_USEC": "5"}).wait_ready()
        own = str(running.process.pid)
        self.assertEqual(self.programs.events("collector", "start")[0]["environment"], {"WEIR_SUPERVISOR_PID": own})
        worker = self.programs.events("worker-1", "start")[0]
        self.assertEqual(worker["environment"],
                         {"WEIR_SUPERVISOR_PID": own, "LISTEN_FDS": "1", "LISTEN_PID": str(worker["pid"])})
        self.assertEqual(worker["group"], worker["pid"])
        self.assertIn("SigBlk:\t0000000000000000", worker["status"])

    def test_a_program_may_open_as_many_files_as_the_hard_limit_says(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))).wait_ready()
        self.assertEqual(self.programs.events("worker-0", "start")[0]["files"], [hard, hard])

    def test_without_records_there_is_neither_collector_nor_reporter(self):
        running = self.start("--records=off").wait_ready()
        self.assertEqual(running.stop(), 0)
        self.assertEqual({event["name"] for event in self.programs.events()}, {"worker-0", "worker-1"})
        self.assertIn("No records", running.out)

    def test_the_data_directory_is_private(self):
        self.start().wait_ready()
        self.assertEqual(self.data_dir.stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.data_dir / "run").stat().st_mode & 0o777, 0o700)

    def test_sleeps_while_nothing_happens(self):
        running = self.start().wait_ready()

        def switches() -> int:
            with open(f"/proc/{running.process.pid}/status", encoding="ascii") as status:
                return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)

        supervised.wait_until(lambda: switches() == (time.sleep(0.2), switches())[1], "no more wake-ups")


class StartFails(supervised.SupervisorTest):
    def assert_fails(self, running: supervised.Supervised, exit_status: int, text: str):
        running.wait()
        self.assertEqual(running.process.returncode, exit_status, running.err)
        self.assertIn(text, running.err)
        self.assertNotIn("Traceback", running.err)
        self.assertNotIn("ready", running.out)
        self.assertFalse([pid for pid in self.pids() if supervised.is_running(pid)])

    def test_when_a_worker_refuses_its_options(self):
        self.programs.behave("worker-0", exit=2)
        running = self.start("--workers=4")
        self.assert_fails(running, 2, "worker-0: told to end\n")
        self.assertEqual(running.err.count("\n"), 1, running.err)
        self.assertEqual(self.programs.events("worker-1"), [])
        self.assertEqual(self.programs.events("reporter"), [])

    def test_when_a_program_refuses_its_options_before_anything_is_started(self):
        running = self.start("--rate-limit=abc")
        self.assert_fails(running, 2, 'supervisor: --rate-limit: "abc" is not REQUESTS/WINDOW|off\n')
        self.assertEqual(self.programs.events(), [])
        self.assertFalse(self.data_dir.exists())

    def test_when_the_collector_ends_at_once(self):
        self.programs.behave("collector", exit=1)
        self.assert_fails(self.start(), 1, "ended with exit status 1 before everything was ready")

    def test_when_the_collector_is_never_ready(self):
        self.programs.behave("collector", is_ready=False)
        self.assert_fails(self.start(limits={"START_TIMEOUT_S": 0.3}), 1, "was not ready in time")

    def test_when_it_is_interrupted_meanwhile(self):
        self.programs.behave("collector", is_ready=False)
        running = self.start()
        self.wait_for_events(1, "collector", "start")
        time.sleep(0.05)
        self.assertEqual(running.stop(), 0)
        self.assertEqual([event["what"] for event in self.programs.events("collector")][-1], "end")

    def test_when_the_port_is_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assert_fails(self.start(f"--listen=127.0.0.1:{port}"), 1, f"cannot listen on 127.0.0.1:{port}: Address")

    def test_when_another_proxy_of_this_user_shares_its_port(self):
        with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
            port = other.getsockname()[1]
            self.assert_fails(self.start(f"--listen=127.0.0.1:{port}"), 1, f"cannot listen on 127.0.0.1:{port}: Address")

    def test_when_the_data_directory_cannot_be_made(self):
        (self.folder / "file").write_text("")
        self.assert_fails(self.start(f"--data-dir={self.folder / 'file' / 'Logs'}"), 1, "choose another data directory")

    def test_when_a_supervisor_runs_on_the_data_directory(self):
        first = self.start().wait_ready()
        second = self.start().wait()
        self.assertEqual(second.process.returncode, 1)
        self.assertIn(f"already (pid {first.process.pid})", second.err)
        self.assertEqual(first.stop(), 0)
        self.start().wait_ready()

    def test_when_a_program_is_missing(self):
        (self.programs.bin / "collector").unlink()
        self.assert_fails(self.start(), 2, "has no collector")

    def test_when_a_program_cannot_be_executed(self):
        (self.programs.bin / "collector").chmod(0o600)
        self.assert_fails(self.start(), 1, "collector: cannot run")


class AfterACrashOfTheSupervisor(supervised.SupervisorTest):
    def test_the_programs_end_and_the_next_start_succeeds(self):
        self.programs.behave("worker-0", drain_s=1.5)
        first = self.start().wait_ready()
        port = first.port()
        first.kill()
        second = self.start(f"--listen=127.0.0.1:{port}").wait_ready()
        self.assertIn("worker-0", second.err)
        self.assertEqual(len(self.programs.events("worker-0", "end")), 1)
        self.assertEqual([event["pid"] for event in self.programs.events("collector", "start")
                          if supervised.is_running(event["pid"])], [self.programs.events("collector", "start")[1]["pid"]])

    def test_a_program_that_does_not_end_is_killed(self):
        self.programs.behave("worker-0", ignores_term=True)
        self.start("--drain-timeout=100ms").wait_ready().kill()
        self.programs.behave("worker-0")
        self.start(limits={"DRAIN_GRACE_S": 0.1, "COLLECTOR_STOP_TIMEOUT_S": 0.2}).wait_ready()
        old, new = self.programs.events("worker-0", "start")
        self.assertFalse(supervised.is_running(old["pid"]))
        self.assertTrue(supervised.is_running(new["pid"]))

    def test_a_stranger_with_an_old_pid_is_left_alone(self):
        self.start().wait_ready().kill()
        for pid in self.pids():
            supervised.wait_until(lambda pid=pid: not supervised.is_running(pid), "end of the old programs")
        table = self.data_dir / "run" / "supervisor.json"
        own = os.getpid()
        table.write_text(table.read_text().replace(f'"pid": {self.pids()[0]}', f'"pid": {own}'))
        self.assertIn(f'"pid": {own}', table.read_text())
        self.assertNotIn("earlier run", self.start().wait_ready().err)

    def test_a_damaged_table_does_not_matter(self):
        (self.data_dir / "run").mkdir(parents=True)
        for text in ("", "{", "[]", '{"version": 1}', '{"version": 1, "supervisor": 5}'):
            (self.data_dir / "run" / "supervisor.json").write_text(text)
            self.assertEqual(self.start("--workers=1", "--records=off").wait_ready().stop(), 0)
