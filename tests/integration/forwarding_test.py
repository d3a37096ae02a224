"""Requests of every kind pass through to the origin and back, changed only where a proxy must change them."""
import hashlib
import json
import threading

import weir
from dns import NameServer
from origin import Exchange, Origin, content

_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "PURGE", "M-SEARCH", "get",
            "X!#$%&'*+-.^_`|~9"]


def _chunks(*parts: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + last


class ForwardingTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.weir = weir.Weir(self)
        self.origin = Origin(self)

    def _echo(self, client, method="POST", headers=None, body=b"", path="/echo"):
        client.request(method, self.origin.url(path), headers, body)
        return json.loads(client.response(method).body)

    # Methods and bodies

    def test_every_method_reaches_the_origin_as_it_was_written(self):
        client = self.weir.client()
        for method in _METHODS:
            with self.subTest(method=method):
                client.request(method, self.origin.url("/echo"))
                response = client.response(method)
                self.assertEqual(response.status, 200)
                self.assertEqual(self.origin.requests[-1].method, method)
                if method != "HEAD":
                    self.assertEqual(json.loads(response.body)["method"], method)

    def test_any_method_may_carry_a_body(self):
        client = self.weir.client()
        for method in [*_METHODS[2:], "GET"]:
            with self.subTest(method=method):
                body = content(1000 + len(method))
                answer = self._echo(client, method, body=body)
                self.assertEqual(answer["body_sha256"], hashlib.sha256(body).hexdigest())

    def test_bodies_of_known_length_arrive_whole(self):
        client = self.weir.client()
        for size in (0, 1, 1023, 65536, 65537, 3_000_000):
            with self.subTest(size=size):
                answer = self._echo(client, headers=[("Content-Length", str(size))], body=content(size))
                self.assertEqual((answer["framing"], answer["body_bytes"]), ("length", size))
                self.assertEqual(answer["body_sha256"], hashlib.sha256(content(size)).hexdigest())

    def test_chunked_request_bodies_arrive_whole(self):
        client = self.weir.client()
        for sizes in ([], [1], [10, 1, 70000, 3], [1 << 20, 5]):
            with self.subTest(sizes=sizes):
                parts = [content(size) for size in sizes]
                answer = self._echo(client, headers=[("Transfer-Encoding", "chunked")], body=_chunks(*parts))
                self.assertEqual((answer["framing"], answer["body_bytes"]), ("chunked", sum(sizes)))
                self.assertEqual(answer["body_sha256"], hashlib.sha256(b"".join(parts)).hexdigest())

    def test_a_chunked_body_may_arrive_octet_by_octet(self):
        client = self.weir.client()
        data = (f"POST {self.origin.url('/echo')} HTTP/1.1\r\nHost: {self.origin.authority()}\r\n"
                "Transfer-Encoding: chunked\r\n\r\n").encode() + _chunks(b"hello", b" ", b"world" * 20)
        for octet in data:
            client.send(bytes([octet]))
        answer = json.loads(client.response().body)
        self.assertEqual(answer["body_sha256"], hashlib.sha256(b"hello " + b"world" * 20).hexdigest())

    def test_response_bodies_of_every_framing_arrive_whole(self):
        for path in ("/bytes", "/chunked", "/close"):
            client = self.weir.client()
            for size in (0, 1, 100_000, 3_000_000):
                with self.subTest(path=path, size=size):
                    if path == "/close":
                        client = self.weir.client()  # The end of the body may be the end of the connection.
                    response = client.get(self.origin.url(f"{path}/{size}"))
                    self.assertEqual(response.status, 200)
                    self.assertEqual(len(response.body), size)
                    self.assertEqual(hashlib.sha256(response.body).digest(), hashlib.sha256(content(size)).digest())

    def test_responses_without_a_body_leave_the_connection_usable(self):
        client = self.weir.client()
        for path in ("/status/204", "/status/304", "/bytes/0"):
            response = client.get(self.origin.url(path))
            self.assertEqual((response.status, response.body), (int(path[8:]) if "status" in path else 200, b""))
        client.request("HEAD", self.origin.url("/bytes/5000"))
        response = client.response("HEAD")
        self.assertEqual((response.status, response.header("content-length")), (200, "5000"))
        self.assertEqual(client.get(self.origin.url("/bytes/10")).body, content(10))

    # Connections

    def test_a_client_connection_serves_many_requests_and_origins(self):
        second = Origin(self)
        client = self.weir.client()
        for number in range(20):
            origin = (self.origin, second)[number % 2]
            self.assertEqual(client.get(origin.url(f"/number/{number}")).body, f"hello from /number/{number}\n".encode())
        self.assertEqual(len(self.origin.requests), 10)
        self.assertEqual(len(second.requests), 10)
        self.assertEqual(self.weir.counters()["client_connections_accepted"], 1)

    def test_origin_connections_are_used_again(self):
        client = self.weir.client()
        for number in range(10):
            client.get(self.origin.url(f"/number/{number}"))
        self.assertEqual(self.origin.connections, 1)

    def test_pipelined_requests_are_answered_in_order(self):
        second = Origin(self)
        client = self.weir.client()
        paths = [f"/pipelined/{number}" for number in range(30)]
        client.send(b"".join(
            f"GET {(self.origin, second)[number % 2].url(path)} HTTP/1.1\r\nHost: x.test\r\n\r\n".encode()
            for number, path in enumerate(paths)))
        for path in paths:
            self.assertEqual(client.response().body, f"hello from {path}\n".encode())

    def test_a_pipelined_request_after_a_body_is_not_taken_for_the_body(self):
        client = self.weir.client()
        host = self.origin.authority()
        client.send(f"POST {self.origin.url('/echo')} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\nhello"
                    f"POST {self.origin.url('/echo')} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
                    f"3\r\nabc\r\n0\r\n\r\nGET {self.origin.url('/last')} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self.assertEqual(json.loads(client.response().body)["body_bytes"], 5)
        self.assertEqual(json.loads(client.response().body)["body_bytes"], 3)
        self.assertEqual(client.response().body, b"hello from /last\n")

    def test_connection_close_is_announced_and_kept(self):
        client = self.weir.client()
        response = client.get(self.origin.url("/x"), [("Connection", "close")])
        self.assertEqual(response.header("connection").lower(), "close")
        self.assertTrue(client.is_closed_by_proxy())

    def test_an_http_1_0_client_gets_its_answer_and_the_end(self):
        client = self.weir.client()
        client.send(f"GET {self.origin.url('/chunked/5000')} HTTP/1.0\r\n\r\n".encode())
        response = client.response()
        self.assertEqual(response.status, 200)
        self.assertIsNone(response.header("transfer-encoding"), "HTTP/1.0 knows no chunks")
        self.assertEqual(response.body, content(5000))
        self.assertTrue(client.is_closed_by_proxy())
        self.assertEqual(self.origin.requests[0].header("host"), self.origin.authority())

    def test_an_http_1_0_client_may_keep_its_connection(self):
        client = self.weir.client()
        for _ in range(2):
            client.send(f"GET {self.origin.url('/bytes/100')} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
            response = client.response()
            if (response.header("connection") or "").lower() != "keep-alive":
                self.assertTrue(client.is_closed_by_proxy())
                break  # Allowed (RFC 9112, section 9.3); but then the connection ends.
            self.assertEqual(response.body, content(100))

    def test_an_http_1_0_origin_is_understood(self):
        def answer(exchange: Exchange):
            exchange.respond_until_close([content(3000)], version="HTTP/1.0")
        self.origin.on("/old", answer)
        client = self.weir.client()
        response = client.get(self.origin.url("/old"))
        self.assertEqual((response.status, response.version, response.body), (200, "HTTP/1.1", content(3000)))

    def test_an_origin_that_closed_a_kept_connection_is_connected_anew(self):
        def answer(exchange: Exchange):
            exchange.respond(body=b"once")
            exchange.leave()
        self.origin.on("/once", answer)
        client = self.weir.client()
        for _ in range(5):
            self.assertEqual(client.get(self.origin.url("/once")).body, b"once")

    # Expect, 1xx

    def test_expect_100_continue_reaches_the_origin_and_its_100_the_client(self):
        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            exchange.read_body()
            exchange.respond(body=exchange.request.body)
        self.origin.late_reading("/expecting", answer)
        client = self.weir.client()
        client.request("POST", self.origin.url("/expecting"), [("Content-Length", "5"), ("Expect", "100-continue")])
        self.assertEqual(client.head().status, 100)
        client.send(b"hello")
        response = client.response()
        self.assertEqual((response.status, response.body), (200, b"hello"))

    def test_a_final_answer_instead_of_100_is_passed_on(self):
        self.origin.late_reading("/refusing", lambda exchange: exchange.respond(417, b"no", reason="Expectation Failed"))
        client = self.weir.client()
        client.request("POST", self.origin.url("/refusing"), [("Content-Length", "5"), ("Expect", "100-continue")])
        response = client.response()
        self.assertEqual((response.status, response.body), (417, b"no"))

    def test_interim_responses_are_passed_on(self):
        def answer(exchange: Exchange):
            exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
            exchange.respond(body=b"final")
        self.origin.on("/hints", answer)
        response = self.weir.client().get(self.origin.url("/hints"))
        self.assertEqual([interim.status for interim in response.interim], [103])
        self.assertEqual(response.interim[0].header("link"), "</a.css>; rel=preload")
        self.assertEqual(response.body, b"final")

    # Fields

    def test_hop_by_hop_fields_stay_on_their_hop(self):
        client = self.weir.client()
        client.get(self.origin.url("/x"), [("Connection", "keep-alive, X-Private"), ("X-Private", "1"), ("Keep-Alive", "300"),
                                           ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic Zm9vOmJhcg=="),
                                           ("TE", "trailers"), ("X-Public", "2")])
        names = {name.lower() for name, _ in self.origin.requests[0].headers}
        self.assertTrue(names.isdisjoint({"x-private", "keep-alive", "proxy-connection", "proxy-authorization", "te"}), names)
        self.assertEqual(self.origin.requests[0].header("x-public"), "2")

    def test_hop_by_hop_fields_of_the_origin_stay_on_their_hop(self):
        self.origin.on("/fields", lambda exchange: exchange.respond(body=b"x", headers=[
            ("Connection", "X-Private"), ("X-Private", "1"), ("Keep-Alive", "timeout=5"), ("X-Public", "2")]))
        response = self.weir.client().get(self.origin.url("/fields"))
        self.assertEqual((response.header("x-private"), response.header("keep-alive"), response.header("x-public")),
                         (None, None, "2"))

    def test_via_names_the_proxy_in_both_directions(self):
        self.origin.on("/via", lambda exchange: exchange.respond(body=b"x", headers=[("Via", "1.0 inner")]))
        response = self.weir.client().get(self.origin.url("/via"), [("Via", "1.0 before")])
        for values in (self.origin.requests[0].all("via"), response.all("via")):
            entries = [entry.strip() for entry in ",".join(values).split(",")]
            self.assertEqual(len(entries), 2, entries)
            self.assertTrue(entries[1].startswith("1.1 "), entries)

    def test_order_case_and_values_of_other_fields_are_kept(self):
        sent = [("X-ZULU", "first"), ("accept", "*/*"), ("X-Empty", ""), ("X-Quoted", '"a, b"; c=\\"'), ("x-zulu", "second"),
                ("X-Bytes", "\xe4\xf6\xff"), ("Cookie", "a=1; b=2")]
        self.weir.client().get(self.origin.url("/x"), sent)
        kept = [field for field in self.origin.requests[0].headers if field[0].lower() not in ("host", "via", "connection")]
        self.assertEqual(kept, sent)

    def test_order_case_and_reason_of_the_response_are_kept(self):
        fields = [("Set-Cookie", "a=1"), ("x-lower", "1"), ("X-UPPER", "2"), ("Set-Cookie", "b=2; Path=/"), ("X-Empty", ""),
                  ("date", "Sun, 06 Nov 1994 08:49:37 GMT")]
        self.origin.on("/fields", lambda exchange: exchange.respond(201, b"x", fields, reason="Made As Asked"))
        response = self.weir.client().get(self.origin.url("/fields"))
        self.assertEqual((response.status, response.reason), (201, "Made As Asked"))
        kept = [field for field in response.headers if field[0].lower() not in ("via", "connection", "content-length")]
        self.assertEqual(kept, fields)

    def test_host_comes_from_the_absolute_target(self):
        client = self.weir.client()
        client.request("GET", self.origin.url("/x"), host="elsewhere.test")
        self.assertEqual(client.response().status, 200)
        self.assertEqual(self.origin.requests[0].all("host"), [self.origin.authority()])

    def test_path_and_query_arrive_octet_by_octet(self):
        client = self.weir.client()
        for path in ("/", "/a%2Fb/..;x=1/?q=%20+&&r=//", "/?", "/" + "x" * 4000 + "?" + "y" * 3000):
            client.request("GET", self.origin.url(path))
            self.assertEqual(client.response().status, 200)
            self.assertEqual(self.origin.requests[-1].target, path)
        client.request("GET", f"http://{self.origin.authority()}?only=query")
        self.assertEqual(client.response().status, 200)
        self.assertEqual(self.origin.requests[-1].target, "/?only=query")

    def test_a_large_head_passes_in_both_directions(self):
        fields = [(f"X-Field-{number}", "v" * 150) for number in range(90)]
        self.origin.on("/fields", lambda exchange: exchange.respond(body=b"x", headers=fields))
        response = self.weir.client().get(self.origin.url("/fields"), fields)
        self.assertEqual(response.status, 200)
        self.assertEqual([field for field in response.headers if field in fields], fields)
        self.assertEqual([field for field in self.origin.requests[0].headers if field in fields], fields)

    # Many at once

    def test_answers_never_meet_the_wrong_client(self):
        failures = []

        def run(number: int) -> None:
            try:
                with self.weir.client() as client:
                    for turn in range(20):
                        token = f"/token/{number}/{turn}"
                        if client.get(self.origin.url(token)).body != f"hello from {token}\n".encode():
                            failures.append(token)
            except Exception as error:
                failures.append(f"client {number}: {error!r}")
        threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class AddressFamilyTest(weir.WeirTest):
    def test_ipv6_clients_and_origins_are_served(self):
        proxy = weir.Weir(self, listen=("::1", "127.0.0.1"))
        origin = Origin(self, "::1")
        self.assertEqual([host for host, _ in proxy.addresses], ["::1", "127.0.0.1"])
        for address in proxy.addresses:
            client = weir.RawClient(address)
            self.addCleanup(client.close)
            self.assertEqual(client.get(origin.url("/six")).body, b"hello from /six\n")
            self.assertEqual(origin.requests[-1].header("host"), origin.authority())
        rows = proxy.wait_for_rows(2)
        self.assertEqual(sorted((row["client_address"], row["host"]) for row in rows), [("127.0.0.1", "::1"), ("::1", "::1")])

    def test_names_are_resolved_whichever_family_the_origin_has(self):
        four, six = Origin(self), Origin(self, "::1")
        NameServer(self, {"four.test": ["127.0.0.1"], "six.test": ["::1"], "both.test": ["::1", "127.0.0.1"]})
        client = weir.Weir(self).client()
        for origin, name in ((four, "four.test"), (six, "six.test"), (four, "both.test"), (six, "both.test"),
                             (four, "FOUR.Test"), (four, "four.test.")):
            with self.subTest(name=name):
                response = client.get(origin.url("/named", name))
                self.assertEqual(response.body, b"hello from /named\n")
                self.assertEqual(origin.requests[-1].header("host").lower(), f"{name}:{origin.port}".lower())


if __name__ == "__main__":
    weir.main()
