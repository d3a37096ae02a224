"""An address where connections neither succeed nor fail: what a firewall that drops packets looks like."""
import select
import socket

from patience import scaled

_FILL_S = 0.1


class BlackHole:
    """A listener that never accepts and whose queue is full: the kernel ignores further attempts to connect."""

    def __init__(self, test, address: str = "127.0.0.1", port: int = 0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._fillers: list[socket.socket] = []
        test.addCleanup(self.close)
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            self._listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._listener.bind((address, port))
        self._listener.listen(0)
        self.address, self.port = address, self._listener.getsockname()[1]
        while self._connects():
            if len(self._fillers) > 16:
                test.fail(f"the queue of {address} port {self.port} does not get full; connections cannot be made to hang here")

    @property
    def authority(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def close(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._listener.close()

    def _connects(self) -> bool:
        filler = socket.socket(self._listener.family, socket.SOCK_STREAM)
        self._fillers.append(filler)
        filler.setblocking(False)
        filler.connect_ex((self.address, self.port))
        return bool(select.select([], [filler], [], scaled(_FILL_S))[1])
