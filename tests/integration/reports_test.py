"""What was requested agrees with the summary, the JSON, the CSV and the chart, to the octet."""
import csv
import io
import json

import weir
from dns import NameServer
from echo import EchoOrigin
from origin import Origin, content

_COUNTS = {"alpha.test": 7, "bravo.test": 5, "charlie.test": 4, "delta.test": 3, "echo.test": 2, "foxtrot.test": 1}


class ReportsTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {name: ["127.0.0.1"] for name in _COUNTS})
        origin, echo = Origin(self), EchoOrigin(self)
        self.weir = weir.Weir(self, "--block", "blocked.test", workers=2)
        self.bytes_sent, self.bytes_received = dict.fromkeys(_COUNTS, 0), dict.fromkeys(_COUNTS, 0)
        for name, count in _COUNTS.items():
            for number in range(count):
                client = self.weir.client()
                if number == 1:
                    self._tunnel(client, name, echo)
                    continue
                body = content(number * 100)
                path = f"/bytes/{1000 * number + len(name)}"
                self.bytes_received[name] += len(client.request("POST", origin.url(path, name), body=body))
                self.bytes_sent[name] += client.response().wire_bytes
        # What was not served is not in the summary, as in the original.
        self.weir.client().get("http://blocked.test/")
        self.weir.client().get(f"http://127.0.0.1:{weir.free_port()}/")
        self.requests = sum(_COUNTS.values())
        self.weir.wait_for_rows(self.requests + 2)
        self.durations = {row["host"]: row["average"] for row in self.weir.rows(
            "SELECT destination_host AS host, avg(duration_seconds) AS average FROM requests GROUP BY 1")}

    def _tunnel(self, client, name: str, echo: EchoOrigin) -> None:
        self.assertEqual(client.connect_tunnel(f"{name}:{echo.address[1]}").status, 200)
        client.send(content(333))
        self.assertEqual(client.read_exactly(333), content(333))
        client.half_close()
        client.read_to_end()
        self.bytes_sent[name] += 333
        self.bytes_received[name] += 333

    def _reporter(self, *arguments) -> bytes:
        done = self.run_program("reporter", "--data-dir", self.weir.data_dir, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def _summary_text(self) -> str:
        lines = [f"Total requests handled: {self.requests}", f"Total bytes sent: {sum(self.bytes_sent.values())}",
                 f"Total bytes received: {sum(self.bytes_received.values())}", "", "Top 5 domains by request count:"]
        for place, name in enumerate(list(_COUNTS)[:5], 1):
            lines.append(f"{place}. {name} - Requests: {_COUNTS[name]}, Avg Duration: {self.durations[name]:.3f}s, "
                         f"Bytes Sent: {self.bytes_sent[name]}, Bytes Received: {self.bytes_received[name]}")
        return "\n".join(lines) + "\n"

    def test_the_summary(self):
        self.assertEqual(self._reporter("--summary").decode().rstrip("\n") + "\n", self._summary_text())

    def test_the_summary_of_one_domain(self):
        text = self._reporter("--summary", "--domain", "BRAVO.*").decode()
        self.assertTrue(text.startswith(f"Total requests handled: 5\nTotal bytes sent: {self.bytes_sent['bravo.test']}\n"), text)

    def test_the_json(self):
        summary = json.loads(self._reporter("--json"))
        self.assertEqual(list(summary), list(_COUNTS), "in the order of first appearance")
        self.assertEqual({name: (entry["requests"], entry["bytes_sent"], entry["bytes_received"])
                          for name, entry in summary.items()},
                         {name: (_COUNTS[name], self.bytes_sent[name], self.bytes_received[name]) for name in _COUNTS})
        for name, entry in summary.items():
            self.assertAlmostEqual(entry["avg_duration"], self.durations[name], places=5)
            self.assertGreater(entry["avg_ttfb"], 0)

    def test_the_csv(self):
        file = self.folder / "out.csv"
        self._reporter("--csv", file)
        self.assertEqual(file.read_bytes(), self._reporter("--csv", "-"))
        reader = csv.DictReader(io.StringIO(file.read_text(), newline=""))
        self.assertEqual(reader.fieldnames, ["id", "timestamp", "source_ip", "dest_host", "dest_port", "method", "protocol",
                                             "bytes_sent", "bytes_received", "duration", "ttfb"])
        rows = list(reader)
        self.assertEqual(len(rows), self.requests)
        for name in _COUNTS:
            self.assertEqual(sum(int(row["bytes_sent"]) for row in rows if row["dest_host"] == name), self.bytes_sent[name])
            self.assertEqual(sum(int(row["bytes_received"]) for row in rows if row["dest_host"] == name),
                             self.bytes_received[name])
        self.assertEqual({(row["method"], row["protocol"]) for row in rows}, {("POST", "HTTP"), ("CONNECT", "HTTPS")})

    def test_the_chart(self):
        file = self.folder / "chart.svg"
        self._reporter("--chart", file)
        text = file.read_text()
        for name in list(_COUNTS)[:5]:
            self.assertIn(name, text)
        self.assertNotIn("foxtrot.test", text)
        self._reporter("--chart", self.folder / "chart.png")
        self.assertTrue((self.folder / "chart.png").read_bytes().startswith(b"\x89PNG\r\n"))

    def test_what_the_stop_writes(self):
        self.weir.stop()
        folder = self.weir.data_dir / "Summary Logs"
        self.assertEqual((folder / "summary_report.txt").read_text().rstrip("\n") + "\n", self._summary_text())
        self.assertEqual(list(json.loads((folder / "summary.json").read_text())), list(_COUNTS))
        self.assertTrue((folder / "top_domains.png").read_bytes().startswith(b"\x89PNG\r\n"))
        self.assertEqual(self._reporter("--summary").decode().rstrip("\n") + "\n", self._summary_text())


class NoDataTest(weir.WeirTest):
    def test_a_missing_database_is_one_clear_line(self):
        done = self.run_program("reporter", "--data-dir", self.folder / "nothing here")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertEqual(done.stderr.count(b"\n"), 1)
        self.assertIn(b"nothing here", done.stderr)

    def test_an_empty_database_is_a_summary_of_nothing(self):
        proxy = weir.Weir(self)
        proxy.stop()
        done = self.run_program("reporter", "--data-dir", proxy.data_dir)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(b"Total requests handled: 0\nTotal bytes sent: 0\nTotal bytes received: 0\n"))


if __name__ == "__main__":
    weir.main()
