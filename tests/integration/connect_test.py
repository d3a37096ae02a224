"""CONNECT: a tunnel carries whatever it is given, both ways, to the last octet."""
import socket
import threading

import weir
from dns import NameServer
from echo import EchoOrigin, ScriptedOrigin
from origin import content
from patience import await_that


def _receive_all(connection: socket.socket) -> bytes:
    data = bytearray()
    while part := connection.recv(1 << 16):
        data += part
    return bytes(data)


class ConnectTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.weir = weir.Weir(self)

    def _tunnel(self, authority: str):
        client = self.weir.client()
        response = client.connect_tunnel(authority)
        self.assertEqual(response.status, 200)
        self.assertIsNone(response.header("content-length"), "RFC 9110, section 9.3.6")
        self.assertIsNone(response.header("transfer-encoding"), "RFC 9110, section 9.3.6")
        return client

    def test_a_tunnel_carries_octets_both_ways(self):
        client = self._tunnel(EchoOrigin(self).authority)
        for size in (1, 100, 70_000, 1):
            client.send(content(size))
            self.assertEqual(client.read_exactly(size), content(size))
        client.half_close()
        self.assertEqual(client.read_to_end(), b"")

    def test_much_data_flows_both_ways_at_once(self):
        size = 16 << 20
        client = self._tunnel(EchoOrigin(self).authority)
        data = content(size)

        def send():
            client.send(data)
            client.half_close()
        sender = threading.Thread(target=send)
        sender.start()
        received = client.read_to_end()
        sender.join()
        self.assertEqual(len(received), size)
        self.assertTrue(received == data)

    def test_data_sent_together_with_the_connect_is_kept(self):
        echo = EchoOrigin(self)
        client = self.weir.client()
        client.send(f"CONNECT {echo.authority} HTTP/1.1\r\nHost: {echo.authority}\r\n\r\nearly data".encode())
        self.assertEqual(client.response("CONNECT").status, 200)
        self.assertEqual(client.read_exactly(10), b"early data")

    def test_the_origin_may_speak_first(self):
        origin = ScriptedOrigin(self, lambda connection: connection.sendall(b"220 ready\r\n"))
        self.assertEqual(self._tunnel(origin.authority).read_to_end(), b"220 ready\r\n")

    def test_the_origin_can_answer_after_the_client_half_closed(self):
        origin = ScriptedOrigin(self, lambda connection: connection.sendall(b"got %d" % len(_receive_all(connection))))
        client = self._tunnel(origin.authority)
        client.send(content(100_000))
        client.half_close()
        self.assertEqual(client.read_to_end(), b"got 100000")

    def test_the_client_can_go_on_after_the_origin_half_closed(self):
        received = []

        def serve(connection):
            connection.sendall(b"all I have")
            connection.shutdown(socket.SHUT_WR)
            received.append(_receive_all(connection))
        client = self._tunnel(ScriptedOrigin(self, serve).authority)
        self.assertEqual(client.read_to_end(), b"all I have")
        client.send(content(100_000))
        client.half_close()
        await_that(lambda: received, "the origin's end of input")
        self.assertEqual(received, [content(100_000)])

    def test_a_reset_by_the_origin_reaches_the_client(self):
        def serve(connection):
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client = self._tunnel(ScriptedOrigin(self, serve).authority)
        client.send(b"x")
        with self.assertRaises(ConnectionResetError):
            client.read_to_end()

    def test_a_reset_by_the_client_reaches_the_origin(self):
        ends = []

        def serve(connection):
            try:
                ends.append(_receive_all(connection))
            except ConnectionResetError:
                ends.append("reset")
        client = self._tunnel(ScriptedOrigin(self, serve).authority)
        client.send(b"x")
        client.reset()
        await_that(lambda: ends, "the end of the origin's connection")
        self.assertIn(ends, (["reset"], [b"x"]))

    def test_an_ipv6_literal_can_be_reached(self):
        client = self._tunnel(EchoOrigin(self, "::1").authority)
        client.send(b"six")
        self.assertEqual(client.read_exactly(3), b"six")

    def test_a_refused_origin_is_a_502(self):
        client = self.weir.client()
        response = client.connect_tunnel(f"127.0.0.1:{weir.free_port()}")
        self.assertEqual(response.status, 502)
        self.assertIsNotNone(response.header("content-type"))
        self.assertNotEqual(response.body, b"")

    def test_a_name_that_does_not_exist_is_a_502(self):
        NameServer(self, {})
        self.assertEqual(self.weir.client().connect_tunnel("nowhere.test:443").status, 502)
        row = self.weir.wait_for_rows(1)[0]
        self.assertEqual((row["outcome"], row["reason"], row["host"], row["method"]),
                         ("failed", "dns_failure", "nowhere.test", "CONNECT"))

    def test_an_invalid_authority_is_a_400(self):
        for authority in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "http://127.0.0.1:80/",
                          "user@127.0.0.1:443", ":443", "[::1:443"):
            with self.subTest(authority=authority):
                client = self.weir.client()
                client.request("CONNECT", authority, host="127.0.0.1")
                self.assertEqual(client.response("CONNECT").status, 400)

    def test_a_client_may_try_again_on_the_same_connection(self):
        echo = EchoOrigin(self)
        client = self.weir.client()
        response = client.connect_tunnel(f"127.0.0.1:{weir.free_port()}")
        self.assertEqual(response.status, 502)
        if (response.header("connection") or "").lower() == "close":
            self.assertTrue(client.is_closed_by_proxy())
            return
        self.assertEqual(client.connect_tunnel(echo.authority).status, 200)


class ConnectPortsTest(weir.WeirTest):
    def test_only_the_allowed_ports_can_be_reached(self):
        echo = EchoOrigin(self)
        proxy = weir.Weir(self, connect_ports=None)  # 443 by default
        response = proxy.client().connect_tunnel(echo.authority)
        self.assertEqual(response.status, 403)
        row = proxy.wait_for_rows(1)[0]
        self.assertEqual((row["outcome"], row["fault"], row["reason"], row["status"], row["port"]),
                         ("refused", "policy", "connect_port_not_allowed", 403, echo.address[1]))
        self.assertEqual(echo.accepted, 0)

    def test_further_ports_can_be_allowed(self):
        first, second, third = EchoOrigin(self), EchoOrigin(self), EchoOrigin(self)
        proxy = weir.Weir(self, connect_ports=f"{first.address[1]},{second.address[1]}")
        self.assertEqual([proxy.client().connect_tunnel(echo.authority).status for echo in (first, second, third)],
                         [200, 200, 403])


if __name__ == "__main__":
    weir.main()
