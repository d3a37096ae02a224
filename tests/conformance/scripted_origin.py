"""An origin of one case: it follows a script to the octet, and keeps all that it was sent."""
import dataclasses
import socket
import struct
import threading
import time
from typing import Callable

import wire
from patience import scaled

_READ_BYTES = 1 << 16
_STEP_S = 15.0


class Mark:
    """A step that is no octets."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return self.name


READ = Mark("read one whole request")
READ_HEAD = Mark("read the head of a request")
CLOSE = Mark("close")
RESET = Mark("reset")
FIN = Mark("close the sending side")
STAY = Mark("read on until the other side closes")


@dataclasses.dataclass
class Wait:
    """For a Signal of the other end, or of another connection."""
    name: str


@dataclasses.dataclass
class Signal:
    name: str


@dataclasses.dataclass
class Pause:
    """Lets what was sent before arrive by itself."""
    seconds: float


@dataclasses.dataclass
class ReadOctets:
    count: int


Step = bytes | Mark | Wait | Signal | Pause | ReadOctets | Callable


class Events:
    """Signals between the ends of a case; each is given once and stays given."""

    def __init__(self):
        self._given: set[str] = set()
        self._condition = threading.Condition()

    def give(self, name: str) -> None:
        with self._condition:
            self._given.add(name)
            self._condition.notify_all()

    def wait(self, name: str) -> None:
        with self._condition:
            if not self._condition.wait_for(lambda: name in self._given, scaled(_STEP_S)):
                raise AssertionError(f"nobody signalled {name!r} in time")


class OriginConnection:
    def __init__(self, stream: socket.socket):
        self.socket = stream
        self.received = bytearray()  # all of it
        self.end = ""                # "" while open; fin, reset, or left when it ended it itself
        self._used = 0

    def requests(self) -> list[wire.Message]:
        """All requests that were received here, the last of them perhaps incomplete."""
        found, data = [], bytes(self.received)
        while data:
            message = wire.parse_request(data)
            if message is None:
                found.append(wire.Message(data.split(b"\r\n")[0], []))
                break
            found.append(message)
            if not message.is_complete:
                break
            data = data[message.size:]
        return found

    def read_request(self, only_head: bool = False) -> bool:
        while True:
            message = wire.parse_request(bytes(self.received[self._used:]))
            if message is not None and only_head:
                return True
            if message is not None and message.is_complete:
                self._used += message.size
                return True
            if not self.fill():
                return False

    def read_octets(self, count: int) -> bool:
        while len(self.received) - self._used < count:
            if not self.fill():
                return False
        self._used += count
        return True

    def fill(self) -> bool:
        if self.end:
            return False
        try:
            data = self.socket.recv(_READ_BYTES)
        except TimeoutError:
            raise
        except OSError:
            self.end = "reset"
            return False
        self.received += data
        if not data:
            self.end = "fin"
        return bool(data)


class ScriptedOrigin:
    """`scripts`: the steps of the first connection, the second, ...; the last also serves all further ones."""

    def __init__(self, scripts: list[list[Step]], events: Events, address: str = "127.0.0.1", port: int = 0):
        self.connections: list[OriginConnection] = []
        self.failures: list[str] = []
        self._scripts, self._events = scripts, events
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), backlog=64, family=family)
        self.port: int = self._listener.getsockname()[1]
        self.authority = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(10)
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(10)

    def requests(self) -> list[wire.Message]:
        return [request for connection in list(self.connections) for request in connection.requests()]

    def has_ended(self) -> bool:
        return all(connection.end for connection in self.connections)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            accepted.settimeout(scaled(_STEP_S))
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = OriginConnection(accepted)
            script = self._scripts[min(len(self.connections), len(self._scripts) - 1)]
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: OriginConnection, script: list[Step]) -> None:
        try:
            for step in script:
                if not self._take(step, connection):
                    break
            while not connection.end and connection.fill():
                pass
        except OSError as error:  # The other side has left, which the case looks at where it matters.
            connection.end = connection.end or f"failed: {error!r}"
        except AssertionError as error:
            self.failures.append(str(error))
            connection.end = connection.end or "failed"
        finally:
            connection.socket.close()

    def _take(self, step: Step, connection: OriginConnection) -> bool:
        """False when the connection is over."""
        if isinstance(step, bytes):
            connection.socket.sendall(step)
        elif step in (READ, READ_HEAD):
            return connection.read_request(only_head=step is READ_HEAD)
        elif isinstance(step, ReadOctets):
            return connection.read_octets(step.count)
        elif step is FIN:
            connection.socket.shutdown(socket.SHUT_WR)
        elif step is CLOSE:
            connection.end = "left"
            return False
        elif step is RESET:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.end = "left"
            return False
        elif isinstance(step, Wait):
            self._events.wait(step.name)
        elif isinstance(step, Signal):
            self._events.give(step.name)
        elif isinstance(step, Pause):
            time.sleep(step.seconds)
        elif step is not STAY:
            step(connection)
        return True
