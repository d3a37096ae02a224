"""A collector that listens on tcp: workers with its keys deliver to it, and nobody else gets anything accepted."""
import os
import re
import socket
import struct
import subprocess

import weir
from origin import Origin
from patience import await_that


def refused_connections(data_dir) -> int:
    """Word 7 of run/collector_status."""
    return struct.unpack_from("<Q", (data_dir / "run" / "collector_status").read_bytes(), 16 + 7 * 8)[0]


class CollectorOnNetworkTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.keys = self.make_keys("keys")
        self.port = weir.free_port()
        self.endpoint = f"tcp://127.0.0.1:{self.port}"

    def make_keys(self, name: str):
        folder = self.folder / name
        made = self.run_program("collector", "--generate-keys", folder)
        self.assertEqual(made.returncode, 0, made.stderr)
        return folder

    def start_weir(self, **further) -> weir.Weir:
        return weir.Weir(self, "--collector-endpoint", self.endpoint, "--collector-keys", str(self.keys), **further)

    def test_keys_are_private_and_never_overwritten(self):
        self.assertEqual({file.name: oct(file.stat().st_mode & 0o777) for file in self.keys.iterdir()
                          if file.name.endswith(".secret")}, {"collector.secret": "0o600", "worker.secret": "0o600"})
        again = self.run_program("collector", "--generate-keys", self.keys)
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"exists already", again.stderr)

    def test_records_arrive(self):
        running = self.start_weir(workers=2)
        client = running.client()
        for number in range(50):
            self.assertEqual(client.get(self.origin.url(f"/{number}")).status, 200)
        running.wait_for_rows(50)
        running.stop()

    def test_tcp_without_keys_is_refused(self):
        for program in ("collector", "proxy_worker"):
            ended = self.run_program(program, "--data-dir", self.folder / program, "--collector-endpoint", self.endpoint)
            self.assertEqual(ended.returncode, 2, ended.stderr)
            self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)
            self.assertIn(b"--collector-keys", ended.stderr)

    def test_a_second_collector_on_the_port_ends_at_once(self):
        self.start_weir()
        second = self.run_program("collector", "--data-dir", self.folder / "second", "--collector-endpoint", self.endpoint,
                                  "--collector-keys", self.keys)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"cannot listen: Address already in use", second.stderr)

    def test_a_worker_with_other_keys_delivers_nothing(self):
        """Its collector's public key is right, its own key is not allowed: as if it had been taken off the list."""
        other = self.make_keys("other keys")
        (other / "collector.public").write_bytes((self.keys / "collector.public").read_bytes())
        running = self.start_weir()
        stranger = weir.Weir(self, "--collector", "off", "--collector-endpoint", self.endpoint, "--collector-keys", str(other),
                             data_dir=self.folder / "stranger")
        self.assertEqual(stranger.client().get(self.origin.url("/stranger")).status, 200)
        await_that(lambda: refused_connections(running.data_dir) > 0, "the refusal is counted")
        await_that(lambda: stranger.counters()["records_pending"] == 1, "the stranger keeps its record")
        public_key = re.search(r"^public (\S+)", (other / "worker.secret").read_text(), re.M)[1]
        await_that(lambda: f"has the key {public_key}, which allowed-workers does not name" in running.process.stderr,
                   "the refusal is in the log")
        running.client().get(self.origin.url("/own"))
        self.assertEqual([row["path"] for row in running.wait_for_rows(1)], ["/own"])

    def test_strangers_are_counted_and_do_no_harm(self):
        running = self.start_weir()
        running.client().get(self.origin.url("/before"))
        running.wait_for_rows(1)
        # ZMTP 3.0 greeting with mechanism NULL, a port scanner's lines, a TLS hello, a frame that claims 2^62 octets.
        greetings = [b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16 + 1 + 31), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"\xff" + bytes(8) + b"\x7f" + b"\xff" * 200_000,
                     b"\x01\x00" * 1000, b"\x02" + (1 << 62).to_bytes(8, "big") + b"x" * 100_000, b""]
        for greeting in greetings * 5:
            with socket.create_connection(("127.0.0.1", self.port)) as stranger:
                try:
                    stranger.sendall(greeting)
                    stranger.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # closed in the middle: also an answer
        await_that(lambda: refused_connections(running.data_dir) == len(greetings) * 5, "each stranger is counted")
        self.assertLessEqual(running.process.stderr.count("refused a connection"), 3, "the log is not flooded")
        running.client().get(self.origin.url("/after"))
        self.assertEqual([row["path"] for row in running.wait_for_rows(2)], ["/before", "/after"])
        status = subprocess.run([weir.supervisor_script(), "status", "--data-dir", running.data_dir], capture_output=True,
                                text=True, timeout=60, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertIn(f"{len(greetings) * 5} refused connections", status.stdout)
        running.assert_never_restarted()
        running.stop()


if __name__ == "__main__":
    weir.main()
