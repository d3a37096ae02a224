"""How everything ends."""
import signal
import socket
import time

import supervised


class Stop(supervised.SupervisorTest):
    def test_workers_end_first_then_the_collector_then_the_summary_is_written(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                self.programs.behave("worker-0", drain_s=0.2)
                (self.programs.folder / "events").unlink(missing_ok=True)
                running = self.start().wait_ready().send(number).wait()
                self.assertEqual(running.process.returncode, 0, running.err)
                order = [(event["name"], event["what"]) for event in self.programs.events()]
                order = order[order.index(next(entry for entry in order if entry[1] == "SIGTERM")):]
                self.assertEqual(order[-4:], [("collector", "SIGTERM"), ("collector", "end"), ("reporter", "start"),
                                              ("reporter", "end")])
                self.assertEqual({name for name, _ in order[:-4]}, {"worker-0", "worker-1"})

    def test_shows_the_summary(self):
        running = self.start().wait_ready()
        self.assertEqual(running.stop(), 0)
        self.assertTrue(running.out.endswith(f"Summary in {self.data_dir / 'Summary Logs'}:\n\n"
                                             "Total requests handled: 42\n\n"), running.out)
        self.assertNotIn("not for the terminal", running.out)
        self.assertIn("--write-summary", self.programs.events("reporter", "start")[0]["arguments"])

    def test_closes_its_own_listening_sockets_while_the_workers_drain(self):
        self.programs.behave("worker-0", drain_s=1)
        running = self.start("--workers=1").wait_ready()
        port = running.port()
        running.send(signal.SIGTERM)
        self.wait_for_events(1, "worker-0", "SIGTERM")
        # The only socket left is the worker's; the supervisor holds none.
        sockets = supervised.pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
        listening = {f"socket:[{line.split()[9]}]" for line in sockets if f":{port:04X} " in line}
        own = supervised.pathlib.Path(f"/proc/{running.process.pid}/fd")
        self.assertTrue(listening)
        supervised.wait_until(lambda: not listening & {str(fd.readlink()) for fd in own.iterdir()}, "its sockets closed")

    def test_a_worker_that_does_not_end_is_killed(self):
        self.programs.behave("worker-1", ignores_term=True)
        running = self.start("--drain-timeout=100ms", limits={"DRAIN_GRACE_S": 0.2}).wait_ready()
        self.assertEqual(running.stop(), 0)
        self.assertIn("worker-1", running.err)
        self.assertIn("did not end in time: killed", running.err)
        self.assertEqual(len(self.programs.events("reporter", "end")), 1)

    def test_a_collector_that_does_not_end_is_killed(self):
        self.programs.behave("collector", ignores_term=True)
        running = self.start(limits={"COLLECTOR_STOP_TIMEOUT_S": 0.2}).wait_ready()
        self.assertEqual(running.stop(), 0)
        self.assertIn("collector", running.err)

    def test_signals_that_come_together_are_one(self):
        """timeout(1) sends its signal to the process and to its group."""
        self.programs.behave("worker-0", drain_s=0.5)
        running = self.start(limits={"SAME_STOP_S": 30}).wait_ready()
        running.send(signal.SIGINT).send(signal.SIGTERM)
        self.wait_for_events(1, "worker-0", "SIGTERM")
        running.send(signal.SIGINT).wait()
        self.assertEqual(running.process.returncode, 0, running.err)
        self.assertEqual(len(self.programs.events("reporter", "end")), 1)

    def test_a_second_signal_hurries(self):
        self.programs.behave("worker-0", ignores_term=True)
        running = self.start(limits={"HURRY_TIMEOUT_S": 0.2, "SAME_STOP_S": 0}).wait_ready()
        running.send(signal.SIGINT)
        self.wait_for_events(1, "worker-0", "SIGTERM")
        started = time.monotonic()
        running.send(signal.SIGINT).wait()
        self.assertLess(time.monotonic() - started, 5)
        self.assertEqual(running.process.returncode, 1)
        self.assertFalse([pid for pid in self.pids() if supervised.is_running(pid)])
        self.assertEqual(self.programs.events("reporter"), [])

    def test_a_second_signal_ends_a_long_report(self):
        self.programs.behave("reporter", seconds=60)
        running = self.start(limits={"SAME_STOP_S": 0}).wait_ready().send(signal.SIGTERM)
        self.wait_for_events(1, "reporter", "start")
        running.send(signal.SIGTERM).wait()
        self.assertEqual(running.process.returncode, 1)

    def test_a_failed_report_is_said(self):
        self.programs.behave("reporter", exit=1)
        running = self.start().wait_ready()
        self.assertEqual(running.stop(), 1)
        self.assertIn("no summary was written", running.err)

    def test_requests_may_have_years_to_finish(self):
        running = self.start("--drain-timeout=9999d").wait_ready()
        self.assertEqual(running.stop(), 0, running.err)

    def test_a_worker_that_waits_for_its_restart_is_not_started(self):
        running = self.start("--workers=1", limits={"BACK_OFF_FIRST_S": 30.0, "BACK_OFF_MAX_S": 30.0}).wait_ready()
        self.programs.behave("worker-0", exit=1)
        supervised.os.kill(self.programs.events("worker-0", "start")[0]["pid"], signal.SIGKILL)
        supervised.wait_until(lambda: "again in 30 s" in running.err, "the crash")
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len(self.programs.events("worker-0", "start")), 1)

    def test_the_port_is_free_afterwards(self):
        running = self.start().wait_ready()
        port = running.port()
        running.stop()
        socket.create_server(("127.0.0.1", port)).close()


# As for most users: what cannot be written is held back until the end.
_BUFFERED = {**supervised.os.environ, "PYTHONUNBUFFERED": ""}


class SilentTerminal(supervised.SupervisorTest):
    def test_what_nobody_reads_changes_no_exit_status(self):
        reader, writer = supervised.os.pipe()
        supervised.os.close(reader)
        self.addCleanup(supervised.os.close, writer)
        program = "from weir_supervisor import console; console.prepare_streams(); console.say('a'); console.say('b')"
        done = supervised.subprocess.run([supervised.sys.executable, "-B", "-c", program], stdin=supervised.subprocess.DEVNULL,
                                         stdout=writer, cwd=supervised.SCRIPTS, env=_BUFFERED,
                                         timeout=supervised.WAIT_LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0)

    def test_a_closed_output_does_not_stop_the_proxy(self):
        reader, writer = supervised.os.pipe()
        supervised.os.close(reader)
        process = supervised.subprocess.Popen(
            [supervised.sys.executable, str(supervised.SCRIPTS / "supervisor"), f"--bin-dir={self.programs.bin}",
             "--listen=127.0.0.1:0", "--workers=1"], stdin=supervised.subprocess.DEVNULL, stdout=writer, stderr=writer,
            cwd=self.folder, env=_BUFFERED)
        self.addCleanup(process.wait, supervised.WAIT_LIMIT_S)
        self.addCleanup(process.kill)
        supervised.os.close(writer)
        self.wait_for_events(1, "worker-0", "ready")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(supervised.WAIT_LIMIT_S), 0)
