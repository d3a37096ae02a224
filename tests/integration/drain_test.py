"""A stop lets the requests under way finish, refuses new ones, and leaves complete records and a summary."""
import signal
import threading
import time

import weir
from echo import EchoOrigin
from origin import Exchange, Origin, content
from patience import await_that, scaled
from raw_client import RawClient

_CLIENTS = 40


class DrainTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.may_finish = threading.Event()
        self.addCleanup(self.may_finish.set)

        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + content(5000)[:2000])
            self.may_finish.wait(scaled(60))
            exchange.send(content(5000)[2000:])
        self.origin.on("/slow", answer)

    def _await_refusal(self, proxy):
        def is_refused() -> bool:
            try:
                RawClient(proxy.address).close()
                return False
            except ConnectionRefusedError:
                return True
        await_that(is_refused, "new connections are refused")

    def test_requests_under_way_finish_and_new_connections_are_refused(self):
        proxy = weir.Weir(self, workers=2)
        clients = [proxy.client() for _ in range(6)]
        for client in clients:
            client.request("GET", self.origin.url("/slow"))
        await_that(lambda: len(self.origin.seen("/slow")) == len(clients), "all requests are at the origin")
        proxy.process.send(signal.SIGTERM)
        self._await_refusal(proxy)
        self.assertTrue(proxy.process.is_running())
        self.may_finish.set()
        for client in clients:
            self.assertEqual(client.response().body, content(5000))
            self.assertTrue(client.is_closed_by_proxy())
        proxy.await_stopped()
        self.assertEqual([(row["path"], row["outcome"], row["response_body_bytes"]) for row in proxy.rows()],
                         [("/slow", "served", 5000)] * len(clients))
        self.assertEqual(len(proxy.json_lines()), len(clients))

    def test_the_summary_is_written_at_the_end(self):
        proxy = weir.Weir(self)
        client = proxy.client()
        for _ in range(3):
            client.get(self.origin.url("/x"))
        proxy.stop(signal.SIGINT)
        folder = proxy.data_dir / "Summary Logs"
        self.assertEqual(sorted(file.name for file in folder.iterdir()), ["summary.json", "summary_report.txt", "top_domains.png"])
        self.assertTrue((folder / "summary_report.txt").read_text().startswith("Total requests handled: 3\n"))
        self.assertTrue((folder / "top_domains.png").read_bytes().startswith(b"\x89PNG\r\n"))
        self.assertIn("Total requests handled: 3", proxy.process.stdout)

    def test_idle_connections_do_not_hold_up_the_stop(self):
        proxy = weir.Weir(self, workers=2)
        clients = [proxy.client() for _ in range(10)]
        for client in clients[::2]:
            client.get(self.origin.url("/x"))
        began = time.monotonic()
        proxy.stop()
        self.assertLess(time.monotonic() - began, scaled(8), "as long as --drain-timeout 10s or so")
        for client in clients:
            self.assertTrue(client.is_closed_by_proxy())

    def test_requests_that_arrived_before_the_stop_are_served(self):
        proxy = weir.Weir(self, workers=2)
        clients = [proxy.client() for _ in range(_CLIENTS)]
        for number, client in enumerate(clients):
            client.request("GET", self.origin.url(f"/queued/{number}"))
        proxy.process.send(signal.SIGTERM)
        for number, client in enumerate(clients):
            self.assertEqual(client.response().body, f"hello from /queued/{number}\n".encode())
        proxy.await_stopped()
        self.assertEqual(len(proxy.rows()), _CLIENTS)

    def test_what_lasts_beyond_the_limit_is_cut_off_and_recorded(self):
        proxy = weir.Weir(self, "--drain-timeout", "1s")
        echo = EchoOrigin(self)
        tunnel, client = proxy.client(), proxy.client()
        tunnel.connect_tunnel(echo.authority)
        tunnel.send(b"hello")
        self.assertEqual(tunnel.read_exactly(5), b"hello")
        client.request("GET", self.origin.url("/slow"))
        head = client.head()
        client.read_exactly(2000)
        proxy.stop()
        self.assertTrue(tunnel.is_closed_by_proxy())
        rows = {row["method"]: row for row in proxy.rows()}
        self.assertEqual([(row["fault"], row["reason"]) for row in rows.values()], [("proxy", "drained")] * 2)
        self.assertEqual((rows["CONNECT"]["bytes_sent"], rows["CONNECT"]["bytes_received"]), (5, 5))
        self.assertEqual((rows["GET"]["outcome"], rows["GET"]["bytes_sent"]), ("cut_off", len(head.head) + 2000))

    def test_a_second_start_on_the_same_data_goes_on_with_it(self):
        first = weir.Weir(self)
        first.client().get(self.origin.url("/first"))
        first.stop()
        second = weir.Weir(self, data_dir=first.data_dir)
        second.client().get(self.origin.url("/second"))
        second.wait_for_rows(2)
        second.stop()
        self.assertEqual([row["path"] for row in second.rows()], ["/first", "/second"])
        self.assertEqual(len(second.json_lines()), 2)


if __name__ == "__main__":
    weir.main()
