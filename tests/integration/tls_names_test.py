"""What the ClientHello in a tunnel says is recorded; a name that is not CONNECT's, or that is blocked, is noticed or
refused. Nothing is decrypted."""
import socket
import ssl

import weir
from certificates import CertificateAuthority
from echo import EchoOrigin, ScriptedOrigin
from origin import Origin


class TlsNamesTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.authority = CertificateAuthority(self.folder / "ca", ["localhost", "other.test", "blocked.test", "127.0.0.1"])
        self.origin = Origin(self, tls=self.authority.origin_context())

    def _get_through(self, proxy, target: str, name: str, alpn: tuple[str, ...] = (), maximum=None) -> int:
        """A request through TLS through a tunnel to `target`, with `name` in the ClientHello."""
        client = proxy.client()
        self.assertEqual(client.connect_tunnel(target).status, 200)
        context = self.authority.client_context()
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if maximum:
            context.maximum_version = maximum
        client.start_tls(context, name)
        client.request("GET", "/x", host="any")
        return client.response().status

    def _target(self, host: str = "localhost") -> str:
        return f"{host}:{self.origin.port}"

    def test_name_protocols_and_version_are_recorded(self):
        proxy = weir.Weir(self)
        self.assertEqual(self._get_through(proxy, self._target(), "localhost", ("http/1.1",)), 200)
        self.assertEqual(self._get_through(proxy, self._target(), "localhost", maximum=ssl.TLSVersion.TLSv1_2), 200)
        proxy.close_clients()
        rows = proxy.wait_for_rows(2)
        self.assertEqual(sorted((row["tls_server_name"], row["tls_offer"], row["outcome"]) for row in rows),
                         [("localhost", "TLS 1.2", "served"), ("localhost", "TLS 1.3, http/1.1", "served")])
        self.assertEqual({line["TLS server name"] for _, line in proxy.json_lines()}, {"localhost"})

    def test_another_name_is_noticed(self):
        proxy = weir.Weir(self, "--block", "blocked.test")
        for name in ("other.test", "blocked.test"):
            self.assertEqual(self._get_through(proxy, self._target(), name), 200)
        proxy.close_clients()
        rows = proxy.wait_for_rows(2)
        self.assertEqual({row["tls_server_name"]: (row["outcome"], row["reason"], row["rule"]) for row in rows},
                         {"other.test": ("served", "tls_name_differs", None), "blocked.test": ("served", "tls_name_blocked", "blocked.test")})
        self.assertEqual(proxy.rows("SELECT * FROM blocked_requests"), [])

    def test_another_name_is_refused_by_option(self):
        proxy = weir.Weir(self, "--tls-names", "refuse", "--block", "blocked.test")
        self.assertEqual(self._get_through(proxy, self._target(), "localhost"), 200)
        self.assertEqual(self._get_through(proxy, self._target("127.0.0.1"), "other.test"), 200)
        for target, name in (("localhost", "other.test"), ("localhost", "blocked.test"), ("127.0.0.1", "blocked.test")):
            with self.subTest(target=target, name=name):
                with self.assertRaisesRegex(ssl.SSLError, "ACCESS_DENIED"):
                    self._get_through(proxy, self._target(target), name)
        proxy.close_clients()
        rows = proxy.wait_for_rows(5)
        self.assertEqual(sorted((row["tls_server_name"], row["outcome"], row["fault"], row["reason"]) for row in rows),
                         [("blocked.test", "refused", "policy", "tls_name_blocked"), ("blocked.test", "refused", "policy", "tls_name_blocked"),
                          ("localhost", "served", "nobody", None), ("other.test", "refused", "policy", "tls_name_differs"),
                          ("other.test", "served", "nobody", None)])

    def test_nothing_reaches_the_origin_before_the_name_is_known(self):
        seen = []
        def serve(connection: socket.socket) -> None:
            while data := connection.recv(1 << 16):
                seen.append(data)
        origin = ScriptedOrigin(self, serve)
        proxy = weir.Weir(self, "--tls-names", "refuse", "--block", "blocked.test")
        client = proxy.client()
        self.assertEqual(client.connect_tunnel(origin.authority).status, 200)
        outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
        handshake = self.authority.client_context().wrap_bio(incoming, outgoing, server_hostname="blocked.test")
        with self.assertRaises(ssl.SSLWantReadError):
            handshake.do_handshake()
        hello = outgoing.read()
        for at in range(len(hello)):
            client.send(hello[at:at + 1])
        self.assertEqual(client.read_to_end(), b"\x15\x03\x03\x00\x02\x02\x31")
        proxy.wait_for_rows(1)
        self.assertEqual(seen, [])

    def test_tunnels_without_tls_go_on(self):
        for mode in ("observe", "refuse"):
            with self.subTest(mode=mode):
                echo = EchoOrigin(self)
                greeter = ScriptedOrigin(self, lambda connection: connection.sendall(b"220 hello\r\n") or connection.recv(100))
                proxy = weir.Weir(self, "--tls-names", mode, data_dir=self.folder / mode)
                client = proxy.client()
                self.assertEqual(client.connect_tunnel(echo.authority).status, 200)
                client.send(b"not tls")
                self.assertEqual(client.read_exactly(7), b"not tls")
                client.half_close()
                self.assertEqual(client.read_to_end(), b"")
                half = proxy.client()
                half.request("CONNECT", echo.authority)
                half.send(b"\x16\x03\x01")  # the beginning of a record, and no more
                self.assertEqual(half.response("CONNECT").status, 200)
                half.half_close()
                self.assertEqual(half.read_to_end(), b"\x16\x03\x01")
                server_first = proxy.client()
                self.assertEqual(server_first.connect_tunnel(greeter.authority).status, 200)
                self.assertEqual(server_first.read_exactly(11), b"220 hello\r\n")
                proxy.close_clients()
                rows = proxy.wait_for_rows(3)
                self.assertEqual({(row["outcome"], row["tls_offer"]) for row in rows}, {("served", None)})
                proxy.stop()


if __name__ == "__main__":
    weir.main()
