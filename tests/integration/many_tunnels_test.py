"""2,000 tunnels open at once over 2 workers: echo is right on each, and each is recorded after its close."""
import collections
import resource
import selectors
import socket

import weir
from echo import EchoOrigin
from patience import await_that, scaled

_TUNNELS = 2000
_AT_ONCE = 100  # handshakes under way
_OWN_DESCRIPTORS = 2 * _TUNNELS + 200  # both ends of each are in this process


def _raise_descriptor_limit(test) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _OWN_DESCRIPTORS:
        test.fail(f"the hard limit of open files is {hard}; this test needs {_OWN_DESCRIPTORS}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class ManyTunnelsTest(weir.WeirTest):
    def test_two_thousand_tunnels_are_open_at_once(self):
        _raise_descriptor_limit(self)
        echo = EchoOrigin(self)
        proxy = weir.Weir(self, workers=2)
        pids = proxy.worker_pids()
        tunnels = [tunnel for start in range(0, _TUNNELS, _AT_ONCE) for tunnel in self._open(proxy, echo, start, _AT_ONCE)]
        await_that(lambda: echo.open == _TUNNELS, "the origin has accepted all")
        by_worker = [proxy.counters(worker)["tunnels_open"] for worker in range(2)]
        self.assertEqual(sum(by_worker), _TUNNELS)
        self.assertTrue(all(by_worker), by_worker)
        for turn in range(3):
            self._echo_through_all(tunnels, turn)
        for tunnel in tunnels:
            tunnel.close()
        rows = proxy.wait_for_rows(_TUNNELS, 60)
        self.assertEqual(collections.Counter((row["outcome"], row["bytes_sent"] == row["bytes_received"]) for row in rows),
                         {("served", True): _TUNNELS})
        expected = sum(len(self._token(number, turn)) for number in range(_TUNNELS) for turn in range(3))
        self.assertEqual(sum(row["bytes_sent"] for row in rows), expected)
        self.assertEqual([proxy.counters(worker)["tunnels_open"] for worker in range(2)], [0, 0])
        await_that(lambda: echo.open == 0, "all closes at the origin")
        self.assertEqual(proxy.worker_pids(), pids)

    def _open(self, proxy, echo, start: int, count: int) -> list[socket.socket]:
        tunnels = []
        for _ in range(count):
            tunnel = socket.create_connection(proxy.address, timeout=scaled(30))
            self.addCleanup(tunnel.close)
            tunnel.sendall(f"CONNECT {echo.authority} HTTP/1.1\r\nHost: {echo.authority}\r\n\r\n".encode())
            tunnels.append(tunnel)
        for tunnel in tunnels:
            head = b""
            while b"\r\n\r\n" not in head:
                part = tunnel.recv(4096)
                self.assertNotEqual(part, b"", head)
                head += part
            self.assertRegex(head, rb"\AHTTP/1\.1 200 [^\r]*\r\n")
            self.assertTrue(head.endswith(b"\r\n\r\n"), "nothing but the head comes before the echo")
        return tunnels

    def _echo_through_all(self, tunnels: list[socket.socket], turn: int) -> None:
        with selectors.DefaultSelector() as selector:
            waiting = {}
            for number, tunnel in enumerate(tunnels):
                token = self._token(number, turn)
                tunnel.sendall(token)
                waiting[tunnel] = (token, bytearray())
                selector.register(tunnel, selectors.EVENT_READ)
            while waiting:
                ready = selector.select(scaled(30))
                self.assertTrue(ready, f"{len(waiting)} tunnels are silent")
                for key, _ in ready:
                    token, received = waiting[key.fileobj]
                    part = key.fileobj.recv(4096)
                    self.assertNotEqual(part, b"", "a tunnel was closed")
                    received += part
                    if len(received) >= len(token):
                        self.assertEqual(bytes(received), token)
                        selector.unregister(key.fileobj)
                        del waiting[key.fileobj]

    @staticmethod
    def _token(number: int, turn: int) -> bytes:
        return b"tunnel %d turn %d;" % (number, turn) * (1 + number % 50)


if __name__ == "__main__":
    weir.main()
