"""A raw TCP origin for tunnels: sends back what it gets, over any number of connections, in one thread."""
import selectors
import socket
import threading

_READ_BYTES = 1 << 16


class EchoOrigin:
    """Echoes; after the other side's half-close it sends what is left, and closes."""

    def __init__(self, test, address: str = "127.0.0.1"):
        self.accepted = 0
        self.open = 0
        self._listener = socket.create_server((address, 0), backlog=4096, family=socket.AF_INET6 if ":" in address
                                              else socket.AF_INET)
        self._listener.setblocking(False)
        self.address: tuple[str, int] = (address, self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._pending: dict[socket.socket, bytearray] = {}
        self._ended: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        test.addCleanup(self.close)

    @property
    def authority(self) -> str:
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        self._wake_writer.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            for key, events in self._selector.select():
                if key.fileobj is self._wake_reader:
                    self._shut()
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._serve_connection(key.fileobj, events)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pending[connection] = bytearray()
            self._selector.register(connection, selectors.EVENT_READ)
            self.accepted += 1
            self.open += 1

    def _serve_connection(self, connection: socket.socket, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                data = connection.recv(_READ_BYTES)
                self._pending[connection] += data
                if not data:
                    self._ended.add(connection)
            self._send_pending(connection)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(connection)

    def _send_pending(self, connection: socket.socket) -> None:
        pending = self._pending[connection]
        if pending:
            try:
                del pending[:connection.send(pending)]
            except BlockingIOError:
                pass
        if pending:
            self._selector.modify(connection, selectors.EVENT_WRITE)  # Not read on while it does not take more.
        elif connection in self._ended:
            self._drop(connection)
        else:
            self._selector.modify(connection, selectors.EVENT_READ)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._ended.discard(connection)
        del self._pending[connection]
        connection.close()
        self.open -= 1

    def _shut(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


class ScriptedOrigin:
    """Hands each accepted connection to `serve` in a thread of its own: for half-close, resets and raw answers."""

    def __init__(self, test, serve, address: str = "127.0.0.1"):
        self.failures: list[str] = []
        self._serve = serve
        self._listener = socket.create_server((address, 0), backlog=128)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        test.addCleanup(self.close)

    @property
    def authority(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(10)
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(60)
            self._connections.append(connection)
            self._threads.append(threading.Thread(target=self._run, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _run(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._serve(connection)
            except OSError as error:
                self.failures.append(repr(error))
