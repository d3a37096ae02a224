"""A process that dies is started again; requests go on, and what was answered before is recorded once."""
import collections
import json
import os
import signal
import subprocess
import sys

import weir
from origin import Origin
from patience import await_that, scaled
from raw_client import RawClient


class SupervisorRestartTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)

    def test_a_killed_worker_is_started_again_and_loses_no_answered_request(self):
        proxy = weir.Weir(self, workers=2)
        asked = counted_by_dead = 0
        for round_number in range(3):
            for _ in range(40):
                with RawClient(proxy.address) as client:
                    self.assertEqual(client.get(self.origin.url(f"/{asked}"), [("Connection", "close")]).status, 200)
                asked += 1
            # An answer may be here before its worker has come to write the record: not yet finished there.
            await_that(lambda: counted_by_dead + sum(proxy.counters(worker)["requests"] for worker in range(2)) == asked,
                       "all requests are finished", 10)
            counted_by_dead += proxy.counters(1)["requests"]
            pid = proxy.pid("worker-1")
            os.kill(pid, signal.SIGKILL)
            await_that(lambda: proxy.restarts()["worker-1"] == round_number + 1 and proxy.is_serving(), "it is back", 30)
            self.assertNotEqual(proxy.pid("worker-1"), pid)
        for _ in range(40):
            with RawClient(proxy.address) as client:
                self.assertEqual(client.get(self.origin.url(f"/{asked}"), [("Connection", "close")]).status, 200)
            asked += 1
        rows = proxy.wait_for_rows(asked)
        self.assertEqual(collections.Counter(row["path"] for row in rows),
                         collections.Counter(f"/{number}" for number in range(asked)))
        self.assertEqual({row["worker_id"] for row in rows}, {0, 1})
        self.assertEqual(proxy.restarts()["worker-0"], 0)

    def test_connections_that_wait_in_a_dead_workers_queue_are_served(self):
        proxy = weir.Weir(self)
        worker = proxy.pid("worker-0")
        os.kill(worker, signal.SIGSTOP)
        clients = [proxy.client() for _ in range(20)]
        for number, client in enumerate(clients):
            client.request("GET", self.origin.url(f"/queued/{number}"))
        os.kill(worker, signal.SIGKILL)
        for number, client in enumerate(clients):
            self.assertEqual(client.response().body, f"hello from /queued/{number}\n".encode())
        proxy.wait_for_rows(20)

    def test_status_tells_what_runs(self):
        proxy = weir.Weir(self, workers=2)
        client = proxy.client()
        client.get(self.origin.url("/x"))
        status = self._supervisor("status", "--json", "--data-dir", proxy.data_dir)
        self.assertEqual(status.returncode, 0, status.stderr)
        processes = {process["name"]: process for process in json.loads(status.stdout)["processes"]}
        self.assertEqual(set(processes), {"supervisor", "collector", "worker-0", "worker-1"})
        self.assertEqual({process["state"] for process in processes.values()}, {"running"})
        self.assertEqual(sum(processes[f"worker-{number}"]["counters"]["requests"] for number in range(2)), 1)
        self.assertEqual(sum(processes[f"worker-{number}"]["counters"]["client_connections_open"] for number in range(2)), 1)
        proxy.stop()
        self.assertEqual(self._supervisor("status", "--data-dir", proxy.data_dir).returncode, 3)

    def test_a_second_supervisor_is_refused(self):
        proxy = weir.Weir(self)
        second = self._supervisor("run", "--bin-dir", weir.bin_dir(), "--data-dir", proxy.data_dir, "--listen", "127.0.0.1:0")
        self.assertEqual(second.returncode, 1)
        self.assertIn(str(proxy.process.pid), second.stderr)
        self.assertEqual(proxy.client().get(self.origin.url("/x")).status, 200)

    def test_a_killed_supervisor_leaves_no_orphans_and_can_be_started_again(self):
        proxy = weir.Weir(self, workers=2)
        client = proxy.client()
        client.get(self.origin.url("/before"))
        proxy.wait_for_rows(1)
        pids = [*proxy.worker_pids(), proxy.pid("collector")]
        os.kill(proxy.process.pid, signal.SIGKILL)
        await_that(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "all its processes end", 30)
        second = weir.Weir(self, data_dir=proxy.data_dir)
        second.client().get(self.origin.url("/after"))
        self.assertEqual([row["path"] for row in second.wait_for_rows(2)], ["/before", "/after"])

    def _supervisor(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(weir.supervisor_script()), *map(str, arguments)], capture_output=True,
                              text=True, timeout=scaled(30), check=False,
                              env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


if __name__ == "__main__":
    weir.main()
