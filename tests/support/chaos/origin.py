"""The origin of the load: answers a path "/<token>/<octets>/<milliseconds>" with so many octets after so much time, and
notes which requests reached it."""
import socket
import threading
import time

from .attempt import AttemptList
from .wire import Connection

_IDLE_S = 120.0
_BLOCK = bytes(range(256)) * 256


class Origin:
    def __init__(self, attempts: AttemptList):
        self._attempts = attempts
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(Connection(accepted, _IDLE_S),), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        try:
            while (head := connection.read_head()) is not None:
                _, token, octets, milliseconds = head.split(b" ", 2)[1].decode().split("/")
                self._attempts.has_reached_origin(token)
                if not connection.skip_body(head):
                    break
                time.sleep(int(milliseconds) / 1000)
                self._answer(connection, int(octets))
        except OSError:
            pass  # The worker was killed.
        finally:
            connection.close()

    def _answer(self, connection: Connection, octets: int) -> None:
        connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % octets)
        while octets > 0:
            connection.socket.sendall(_BLOCK[:octets])
            octets -= len(_BLOCK)
