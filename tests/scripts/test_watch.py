"""What happens while the proxy serves: crashes, reloads."""
import os
import signal

import supervised
from supervised import wait_until


class Watch(supervised.SupervisorTest):
    def test_starts_a_crashed_worker_again(self):
        running = self.start().wait_ready()
        os.kill(self.programs.events("worker-1", "start")[0]["pid"], signal.SIGKILL)
        self.wait_for_events(2, "worker-1", "ready")
        self.assertEqual(len(self.programs.events("worker-0", "start")), 1)
        self.assertIn("was ended by signal 9 (SIGKILL); starting it again in 0.1 s", running.err)

    def test_the_second_run_has_the_same_sockets(self):
        port = self.start().wait_ready().port()
        os.kill(self.programs.events("worker-0", "start")[0]["pid"], signal.SIGKILL)
        first, second = self.wait_for_events(2, "worker-0", "start")
        self.assertEqual(second["listening"], [["127.0.0.1", port]])
        self.assertEqual(second["descriptors"], first["descriptors"])
        self.assertEqual(second["environment"]["LISTEN_PID"], str(second["pid"]))

    def test_starts_a_crashed_collector_again(self):
        self.start().wait_ready()
        os.kill(self.programs.events("collector", "start")[0]["pid"], signal.SIGKILL)
        self.wait_for_events(2, "collector", "ready")
        self.assertEqual(len(self.programs.events("worker-0", "start")), 1)

    def test_waits_longer_after_each_crash(self):
        running = self.start("--workers=1").wait_ready()
        self.programs.behave("worker-0", exit=1)
        os.kill(self.programs.events("worker-0", "start")[0]["pid"], signal.SIGKILL)
        wait_until(lambda: running.err.count("again in") >= 4, "four crashes")
        for wait in ("0.1 s", "0.2 s", "0.4 s", "0.8 s"):
            self.assertIn(f"again in {wait}\n", running.err)

    def test_a_clean_end_that_nobody_asked_for_is_a_crash_as_well(self):
        running = self.start().wait_ready()
        os.kill(self.programs.events("worker-0", "start")[0]["pid"], signal.SIGTERM)
        self.wait_for_events(2, "worker-0", "ready")
        self.assertIn("ended with exit status 0; starting it again", running.err)

    def test_a_program_that_is_not_ready_again_in_time_is_killed(self):
        running = self.start(limits={"START_TIMEOUT_S": 1.0}).wait_ready()
        self.programs.behave("worker-0", is_ready=False)
        os.kill(self.programs.events("worker-0", "start")[0]["pid"], signal.SIGKILL)
        wait_until(lambda: "was not ready in time: killed" in running.err, "kill")
        self.programs.behave("worker-0")
        self.wait_for_events(2, "worker-0", "ready")

    def test_a_program_that_cannot_be_executed_any_more_is_tried_again(self):
        running = self.start("--workers=1").wait_ready()
        program = self.programs.bin / "proxy_worker"
        program.chmod(0o600)
        os.kill(self.programs.events("worker-0", "start")[0]["pid"], signal.SIGKILL)
        wait_until(lambda: "worker-0 cannot be started" in running.err, "the message")
        program.chmod(0o700)
        self.wait_for_events(2, "worker-0", "ready")

    def test_a_worker_that_refuses_its_options_later_is_tried_again_while_the_others_serve(self):
        running = self.start().wait_ready()
        self.programs.behave("worker-1", exit=2)
        os.kill(self.programs.events("worker-1", "start")[0]["pid"], signal.SIGKILL)
        wait_until(lambda: "ended with exit status 2; starting it again" in running.err, "another try")
        self.programs.behave("worker-1")
        self.wait_for_events(2, "worker-1", "ready")
        self.assertEqual(len(self.programs.events("worker-0", "start")), 1)

    def test_forwards_a_reload(self):
        running = self.start().wait_ready()
        running.send(signal.SIGHUP)
        self.wait_for_events(3, what="SIGHUP")
        self.assertEqual({event["name"] for event in self.programs.events(what="SIGHUP")},
                         {"collector", "worker-0", "worker-1"})
        self.assertIsNone(running.process.poll())

    def test_nobody_else_can_speak_for_a_program(self):
        self.programs.behave("worker-0", is_ready=False)
        running = self.start("--workers=1", limits={"START_TIMEOUT_S": 0.5})
        # The collector's READY came from another process than the worker, so the worker is not ready by it.
        self.assertEqual(running.wait().process.returncode, 1)
        self.assertIn("worker-0", running.err)
