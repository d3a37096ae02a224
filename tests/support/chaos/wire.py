"""Just enough HTTP/1.1 for chaos: heads, bodies of a Content-Length, and nothing kept of a connection afterwards."""
import re
import socket

_READ_BYTES = 1 << 16
_HEAD_BYTES_MAX = 1 << 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.I)


class Connection:
    def __init__(self, connected: socket.socket, timeout_s: float):
        self.socket = connected
        self.socket.settimeout(timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.octets_received = 0
        self._buffer = b""

    def read_head(self) -> bytes | None:
        """With its empty line; None at the connection's end."""
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _HEAD_BYTES_MAX or not self._fill():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def skip_body(self, head: bytes) -> bool:
        """False when the connection ended before it was whole."""
        length = _LENGTH.search(head)
        missing = int(length[1]) if length else 0
        while missing > len(self._buffer):
            missing -= len(self._buffer)
            self._buffer = b""
            if not self._fill():
                return False
        self._buffer = self._buffer[missing:]
        return True

    def close(self) -> None:
        self.socket.close()

    def _fill(self) -> bool:
        data = self.socket.recv(_READ_BYTES)
        self.octets_received += len(data)
        self._buffer += data
        return bool(data)


def status_of(head: bytes) -> int:
    return int(head.split(b" ", 2)[1])
