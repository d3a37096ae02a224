"""Each request ends in exactly one row and one JSON line, which say how it ended, by whom, and its octets exactly."""
import socket
import time

import weir
from dns import NameServer
from echo import EchoOrigin, ScriptedOrigin
from origin import Exchange, Origin, content
from patience import await_that, scaled

_MASKED_FIELDS = ("Authorization", "Proxy-Authorization", "Cookie")


def _promise(exchange: Exchange, promised: int, sent: int) -> None:
    """A head that promises more than comes."""
    exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\n\r\n".encode() + content(sent))


class RecordsTest(weir.WeirTest):
    options: tuple[str, ...] = ("--response-timeout", "1s", "--body-timeout", "1s", "--head-timeout", "1s", "--dns-timeout",
                                "1s", "--tunnel-idle-timeout", "2s", "--block", "*.blocked.test", "--commit-interval", "50ms")

    def setUp(self):
        super().setUp()
        self.weir = weir.Weir(self, *self.options)
        self.origin = Origin(self)

    def _only_row(self):
        rows = self.weir.wait_for_rows(1)
        return rows[0]

    def _expect(self, row, **expected):
        actual = {name: row[name] for name in expected}
        self.assertEqual({name: value or "" if name == "reason" else value for name, value in actual.items()}, expected)
        self._expect_one_json_line(row)

    def _expect_one_json_line(self, row):
        lines = [(file, line) for file, line in self.weir.json_lines() if line["Request id"] == row["id"]]
        self.assertEqual(len(lines), 1, lines)
        file, line = lines[0]
        self.assertEqual(line["Client IP"], row["client_address"])
        if row["outcome"] == "rate_limited":
            self.assertEqual(file, "Blocked Logs/rate_limited.jsonl")
        elif row["fault"] == "policy":
            self.assertEqual(file, "Blocked Logs/blocked.jsonl")
        else:
            self.assertTrue(file.startswith("Website Traffic/"), file)
            self.assertEqual((line["Bytes sent"], line["Bytes received"], line["Outcome"]),
                             (row["bytes_sent"], row["bytes_received"], row["outcome"]))

    def _await_origin(self, count: int = 1):
        await_that(lambda: len(self.origin.requests) >= count, "the request at the origin")

    # Served

    def test_a_served_get(self):
        client = self.weir.client()
        started = time.time()
        sent = client.request("GET", self.origin.url("/bytes/5000?q=1"), [("User-Agent", "test agent/1.0")])
        response = client.response()
        row = self._only_row()
        self._expect(row, method="GET", scheme="http", host="127.0.0.1", port=self.origin.port, path="/bytes/5000?q=1",
                     status=200, outcome="served", fault="nobody", reason="", client_address="127.0.0.1",
                     client_port=client.socket.getsockname()[1], bytes_sent=response.wire_bytes, bytes_received=len(sent),
                     response_body_bytes=5000, request_body_bytes=0, user_agent="test agent/1.0",
                     content_type="application/octet-stream", request_number=1, worker_id=0)
        self.assertLess(abs(row["id"] / 1e6 - started), scaled(5))
        self.assertLessEqual(row["ttfb_us"], row["duration_us"])
        self.assertLess(row["duration_us"], scaled(5) * 1e6)

    def test_a_served_get_has_heads_in_its_json_line(self):
        client = self.weir.client()
        sent = client.request("GET", self.origin.url("/bytes/10"), [("X-Case", "kept")])
        response = client.response()
        self._only_row()
        file, line = self.weir.json_lines()[0]
        self.assertEqual(file, "Website Traffic/127.0.0.1.jsonl")
        self.assertEqual(list(line)[:9], ["Timestamp", "Incoming header", "Modified header", "Server response received",
                                          "Proxy response sent", "Bytes sent", "Bytes received", "Request duration (s)",
                                          "TTFB (s)"])
        self.assertRegex(line["Timestamp"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(line["Incoming header"], sent.decode())
        self.assertEqual(line["Modified header"], self.origin.requests[0].head.decode())
        self.assertTrue(line["Server response received"].startswith("HTTP/1.1 200 OK\r\nContent-Type: application/octet-"))
        self.assertTrue(response.head.decode().startswith(line["Proxy response sent"].rstrip("\r\n")))
        self.assertNotIn(content(10).decode("latin-1"), str(line))

    def test_bodies_are_counted_with_and_without_their_framing(self):
        client = self.weir.client()
        sent = client.request("POST", self.origin.url("/chunked/20000"), [("Transfer-Encoding", "chunked")],
                              b"5\r\nhello\r\n6; x=y\r\n world\r\n0\r\n\r\n")
        response = client.response()
        if response.status == 400:  # Chunk extensions may be refused (RFC 9112, section 7.1.1: may be ignored).
            client = self.weir.client()
            sent = client.request("POST", self.origin.url("/chunked/20000"), [("Transfer-Encoding", "chunked")],
                                  b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            response = client.response()
        row = await_that(lambda: [row for row in self.weir.rows() if row["status"] == 200], "the row")[0]
        self._expect(row, status=200, outcome="served", bytes_received=len(sent), bytes_sent=response.wire_bytes,
                     request_body_bytes=11, response_body_bytes=20000)

    def test_responses_without_body(self):
        client = self.weir.client()
        expected = []
        for method, path, status in (("HEAD", "/bytes/5000", 200), ("GET", "/status/204", 204), ("GET", "/status/304", 304)):
            sent = client.request(method, self.origin.url(path))
            response = client.response(method)
            expected.append((path, status, len(sent), response.wire_bytes))
        self.weir.wait_for_rows(3)
        for path, status, received, sent in expected:
            self._expect(self.weir.row_of(path), status=status, outcome="served", bytes_sent=sent, bytes_received=received,
                         response_body_bytes=0)

    def test_requests_of_one_connection_are_numbered(self):
        client = self.weir.client()
        for number in range(5):
            client.get(self.origin.url(f"/n/{number}"))
        rows = self.weir.wait_for_rows(5)
        self.assertEqual([row["request_number"] for row in rows], [1, 2, 3, 4, 5])
        self.assertEqual(len({row["connection_id"] for row in rows}), 1)
        self.assertEqual(len({row["id"] for row in rows}), 5)

    def test_interim_responses_are_counted(self):
        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
            exchange.respond(body=b"final")
        self.origin.on("/hints", answer)
        response = self.weir.client().get(self.origin.url("/hints"))
        self._expect(self._only_row(), status=200, bytes_sent=response.wire_bytes, response_body_bytes=5)

    def test_a_response_that_ends_with_its_connection(self):
        response = self.weir.client().get(self.origin.url("/close/12345"))
        self._expect(self._only_row(), outcome="served", fault="nobody", bytes_sent=response.wire_bytes,
                     response_body_bytes=12345)

    # Tunnels

    def test_a_tunnel(self):
        echo = EchoOrigin(self)
        client = self.weir.client()
        self.assertEqual(client.connect_tunnel(echo.authority).status, 200)
        client.send(content(70_000))
        self.assertEqual(client.read_exactly(70_000), content(70_000))
        self.assertEqual(self.weir.counters()["tunnels_open"], 1)
        client.half_close()
        client.read_to_end()
        row = self._only_row()
        self._expect(row, method="CONNECT", scheme="https", host="127.0.0.1", port=echo.address[1], path="", status=200,
                     outcome="served", fault="nobody", reason="", bytes_sent=70_000, bytes_received=70_000)
        self.assertIsNotNone(row["ttfb_us"])
        _, line = self.weir.json_lines()[0]
        self.assertNotIn("Modified header", line)
        self.assertNotIn("Server response received", line)
        self.assertEqual(self.weir.counters()["tunnels_open"], 0)

    def test_early_data_belongs_to_the_tunnel(self):
        echo = EchoOrigin(self)
        client = self.weir.client()
        client.send(f"CONNECT {echo.authority} HTTP/1.1\r\nHost: {echo.authority}\r\n\r\nearly".encode())
        client.response("CONNECT")
        client.half_close()
        self.assertEqual(client.read_to_end(), b"early")
        self._expect(self._only_row(), outcome="served", bytes_sent=5, bytes_received=5)

    def test_a_silent_tunnel_ends_at_its_limit(self):
        client = self.weir.client()
        client.connect_tunnel(EchoOrigin(self).authority)
        self.assertTrue(client.is_closed_by_proxy())
        self._expect(self._only_row(), fault="proxy", reason="tunnel_idle_timeout", status=200, bytes_sent=0,
                     bytes_received=0)

    # Refused

    def test_a_blocked_host(self):
        client = self.weir.client()
        sent = client.request("GET", "http://www.blocked.test/x")
        response = client.response()
        self.assertEqual(response.status, 403)
        row = self._only_row()
        self._expect(row, host="www.blocked.test", port=80, status=403, outcome="refused", fault="policy",
                     reason="blocked_domain", rule="*.blocked.test", bytes_sent=response.wire_bytes,
                     bytes_received=len(sent))
        self.assertEqual(self.weir.json_lines()[0][1]["Blocked hostname"], "www.blocked.test")

    def test_a_malformed_request(self):
        client = self.weir.client()
        client.send(b"GARBAGE\r\n\r\n")
        response = client.response()
        self.assertEqual(response.status, 400)
        row = self._only_row()
        self._expect(row, host="", status=400, outcome="refused", fault="client", reason="malformed_request",
                     bytes_sent=response.wire_bytes)
        self.assertEqual(self.weir.json_lines()[0][0], "Website Traffic/_invalid.jsonl")

    def test_a_head_that_never_ends(self):
        client = self.weir.client()
        client.send(b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127")
        client.read_to_end()
        row = self._only_row()
        self.assertIn(row["status"], (408, 0))
        self._expect(row, reason="head_timeout")

    # Failed

    def test_an_origin_that_refuses_connections(self):
        client = self.weir.client()
        port = weir.free_port()
        sent = client.request("GET", f"http://127.0.0.1:{port}/x")
        response = client.response()
        self.assertEqual(response.status, 502)
        self._expect(self._only_row(), port=port, path="/x", status=502, outcome="failed", fault="origin",
                     reason="connect_failure", bytes_sent=response.wire_bytes, bytes_received=len(sent))

    def test_a_name_that_does_not_exist(self):
        NameServer(self, {})
        response = self.weir.client().get("http://nowhere.test/")
        self.assertEqual(response.status, 502)
        self._expect(self._only_row(), host="nowhere.test", status=502, outcome="failed", reason="dns_failure",
                     bytes_sent=response.wire_bytes)
        self.assertEqual(self.weir.json_lines()[0][0], "Website Traffic/_unresolved.jsonl")

    def test_a_name_server_that_is_silent(self):
        NameServer(self, {}, silent=("slow.test",))
        self.assertEqual(self.weir.client().get("http://slow.test/").status, 504)
        self._expect(self._only_row(), status=504, outcome="failed", reason="dns_timeout")

    def test_an_origin_that_closes_without_an_answer(self):
        self.origin.on("/x", lambda exchange: exchange.leave())
        self.assertEqual(self.weir.client().get(self.origin.url("/x")).status, 502)
        self._expect(self._only_row(), status=502, outcome="failed", fault="origin", reason="origin_closed")

    def test_an_origin_that_answers_garbage(self):
        def answer(exchange: Exchange):
            exchange.send(b"this is not HTTP\r\n\r\n")
            exchange.leave()
        self.origin.on("/x", answer)
        self.assertEqual(self.weir.client().get(self.origin.url("/x")).status, 502)
        self._expect(self._only_row(), status=502, outcome="failed", fault="origin", reason="origin_malformed")

    def test_an_origin_that_never_answers(self):
        self.origin.on("/x", lambda exchange: exchange.await_close())
        self.assertEqual(self.weir.client().get(self.origin.url("/x")).status, 504)
        self._expect(self._only_row(), status=504, outcome="failed", fault="origin", reason="response_timeout")

    # Cut off

    def test_a_client_that_leaves_during_the_response(self):
        def answer(exchange: Exchange):
            _promise(exchange, 5000, 1000)
            exchange.await_close()
        self.origin.on("/x", answer)
        client = self.weir.client()
        sent = client.request("GET", self.origin.url("/x"))
        head = client.head()
        client.read_exactly(1000)
        client.reset()
        self._expect(self._only_row(), status=200, outcome="cut_off", fault="client", reason="client_closed",
                     bytes_sent=len(head.head) + 1000, bytes_received=len(sent), response_body_bytes=1000)

    def test_a_client_that_closes_while_the_response_goes_on(self):
        """Which shows only when something is sent to it: it might have closed one direction alone."""
        def answer(exchange: Exchange):
            _promise(exchange, 50_000_000, 1000)
            while True:
                exchange.send(content(10_000))
        self.origin.on("/x", answer)
        client = self.weir.client()
        client.request("GET", self.origin.url("/x"))
        client.head()
        client.read_exactly(1000)
        client.close()
        row = self._only_row()
        self._expect(row, status=200, outcome="cut_off", fault="client", reason="client_closed")
        self.assertLess(row["response_body_bytes"], 50_000_000)

    def test_a_client_that_leaves_during_its_upload(self):
        client = self.weir.client()
        head = client.request("POST", self.origin.url("/x"), [("Content-Length", "5000")])
        client.send(content(1000))
        self._await_origin()
        client.close()
        self._expect(self._only_row(), outcome="cut_off", fault="client", reason="client_closed", status=0, bytes_sent=0,
                     bytes_received=len(head) + 1000, request_body_bytes=1000)
        self.assertFalse(self.origin.requests[0].is_complete)

    def test_a_client_that_resets_while_it_waits(self):
        self.origin.on("/x", lambda exchange: exchange.await_close())
        client = self.weir.client()
        client.request("GET", self.origin.url("/x"))
        self._await_origin()
        client.reset()
        row = self._only_row()
        self._expect(row, outcome="cut_off", fault="client", reason="client_closed", status=0, bytes_sent=0)
        self.assertIsNone(row["ttfb_us"])

    def test_an_origin_that_closes_within_a_body_of_known_length(self):
        def answer(exchange: Exchange):
            _promise(exchange, 5000, 1000)
            exchange.leave()
        self.origin.on("/x", answer)
        client = self.weir.client()
        client.request("GET", self.origin.url("/x"))
        head = client.head()
        self.assertEqual(client.read_to_end(), content(1000))
        self._expect(self._only_row(), status=200, outcome="cut_off", fault="origin", reason="origin_closed",
                     bytes_sent=len(head.head) + 1000, response_body_bytes=1000)

    def test_an_origin_that_closes_within_a_chunked_body(self):
        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            exchange.leave()
        self.origin.on("/x", answer)
        client = self.weir.client()
        client.request("GET", self.origin.url("/x"))
        head = client.head()
        rest = client.read_to_end()
        self.assertFalse(rest.endswith(b"0\r\n\r\n"), "what is not complete must not look so")
        self._expect(self._only_row(), status=200, outcome="cut_off", fault="origin", reason="origin_closed",
                     bytes_sent=len(head.head) + len(rest), response_body_bytes=5)

    def test_an_origin_that_stalls_within_its_body(self):
        def answer(exchange: Exchange):
            _promise(exchange, 5000, 1000)
            exchange.await_close()
        self.origin.on("/x", answer)
        client = self.weir.client()
        client.request("GET", self.origin.url("/x"))
        head = client.head()
        self.assertEqual(client.read_to_end(), content(1000))
        self._expect(self._only_row(), status=200, outcome="cut_off", reason="body_timeout",
                     bytes_sent=len(head.head) + 1000)

    def test_an_origin_that_resets_its_tunnel(self):
        def serve(connection):
            connection.sendall(connection.recv(100))
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client = self.weir.client()
        client.connect_tunnel(ScriptedOrigin(self, serve).authority)
        client.send(b"hello")
        self.assertEqual(client.read_exactly(5), b"hello")
        client.send(b"x")
        with self.assertRaises(ConnectionResetError):
            client.read_to_end()
        self._expect(self._only_row(), status=200, bytes_sent=5, bytes_received=6, outcome="served")

    # All of them

    def test_connections_without_a_request_are_no_requests(self):
        self.weir.client().close()
        client = self.weir.client()
        client.get(self.origin.url("/only"))
        client.close()
        self.weir.stop()
        self.assertEqual([row["path"] for row in self.weir.rows()], ["/only"])

    def test_counters_agree_with_the_rows(self):
        client = self.weir.client()
        for path in ("/a", "/b"):
            client.get(self.origin.url(path))
        client.get("http://www.blocked.test/")
        client.get(f"http://127.0.0.1:{weir.free_port()}/")
        rows = self.weir.wait_for_rows(4)
        counters = self.weir.counters()
        self.assertEqual((counters["requests"], counters["refused"], counters["failed"], counters["cut_off"]), (4, 1, 1, 0))
        self.assertEqual(counters["bytes_sent"], sum(row["bytes_sent"] for row in rows))
        self.assertEqual(counters["bytes_received"], sum(row["bytes_received"] for row in rows))
        await_that(lambda: self.weir.counters()["records_pending"] == 0, "all records acknowledged")


class CredentialsTest(weir.WeirTest):
    def test_credentials_are_in_no_file(self):
        proxy = weir.Weir(self, "--block", "*.blocked.test")
        origin = Origin(self)
        origin.on("/login", lambda exchange: exchange.respond(body=b"welcome", headers=[
            ("Set-Cookie", "session=topsecretone; HttpOnly"), ("set-cookie", "other=topsecrettwo"),
            ("X-Public", "readable")]))
        fields = [("Authorization", "Basic topsecretthree"), ("proxy-authorization", "Bearer topsecretfour"),
                  ("COOKIE", "a=topsecretfive; b=topsecretsix"), ("X-Open", "readable")]
        client = proxy.client()
        self.assertEqual(client.get(origin.url("/login"), fields).all("set-cookie"),
                         ["session=topsecretone; HttpOnly", "other=topsecrettwo"])
        self.assertEqual(origin.requests[0].header("cookie"), "a=topsecretfive; b=topsecretsix")
        self.assertEqual(origin.requests[0].header("authorization"), "Basic topsecretthree")
        proxy.client().get("http://www.blocked.test/", fields)
        echo = EchoOrigin(self)
        tunnel = proxy.client()
        tunnel.request("CONNECT", echo.authority, fields)
        tunnel.response("CONNECT")
        tunnel.close()
        malformed = proxy.client()
        malformed.send(b"GET http://127.0.0.1/ HTTP/1.1\r\nCookie: a=topsecretseven\r\nAuthorization: topsecreteight\r\n"
                       b"Broken Name: x\r\nProxy-Authorization: topsecretnine\r\n\r\n")
        self.assertEqual(malformed.response().status, 400)
        userinfo = proxy.client()
        userinfo.send(b"GET http://name:topsecretten@127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.assertEqual(userinfo.response().status, 400)
        proxy.wait_for_rows(5)
        in_spool = self._files_with(proxy, b"topsecret")
        proxy.stop()
        self.assertEqual(in_spool + self._files_with(proxy, b"topsecret"), [])
        self.assertNotEqual(self._files_with(proxy, b"readable"), [], "the heads are in the logs, only their secrets not")
        for name in _MASKED_FIELDS:
            self.assertTrue(any(name.lower() in str(line).lower() for _, line in proxy.json_lines()), f"{name} is masked, not removed")

    @staticmethod
    def _files_with(proxy, text: bytes) -> list[str]:
        return [str(file.relative_to(proxy.data_dir)) for file in sorted(proxy.data_dir.rglob("*"))
                if file.is_file() and text in file.read_bytes()]


class RecordsOptionsTest(weir.WeirTest):
    def test_without_records_nothing_is_written(self):
        proxy = weir.Weir(self, "--records", "off")
        origin = Origin(self)
        self.assertEqual(proxy.client().get(origin.url("/x")).status, 200)
        self.assertEqual([entry["name"] for entry in proxy.table()["processes"]], ["worker-0"])
        proxy.stop()
        self.assertEqual(sorted(file.name for file in proxy.data_dir.iterdir() if file.name != "run"), [])

    def test_without_json_logs_there_is_only_the_database(self):
        proxy = weir.Weir(self, "--json-logs", "off", "--block", "blocked.test")
        origin = Origin(self)
        client = proxy.client()
        self.assertEqual(client.get(origin.url("/x")).status, 200)
        self.assertEqual(client.get("http://blocked.test/").status, 403)
        proxy.wait_for_rows(2)
        proxy.stop()
        self.assertEqual([str(file) for file in proxy.data_dir.rglob("*.jsonl")], [])

    def test_records_are_private(self):
        proxy = weir.Weir(self)
        self.assertEqual(proxy.data_dir.stat().st_mode & 0o077, 0)


if __name__ == "__main__":
    weir.main()
