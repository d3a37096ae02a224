"""Clients that keep asking through the proxy, whatever becomes of it, and write down what they asked and saw."""
import random
import socket
import threading
import time

from .attempt import Attempt, AttemptList, Kind
from .wire import Connection, status_of

BLOCKED_HOST = "blocked.test"

_TIMEOUT_S = 20.0
_RETRY_S = 0.05  # nobody listens for the moment
_KINDS = {Kind.GET: 50, Kind.NEW_CONNECTION: 10, Kind.UPLOAD: 10, Kind.SLOW: 15, Kind.TUNNEL: 8, Kind.BLOCKED: 5, Kind.UNREACHABLE: 2}


class Client:
    """One thread, one connection at a time. `seed` decides what it asks for."""

    def __init__(self, number: int, seed: int, proxy: tuple[str, int], origin: str, unreachable: str, attempts: AttemptList):
        self._number = number
        self._random = random.Random(f"{seed}/{number}")
        self._proxy, self._origin, self._unreachable = proxy, origin, unreachable
        self._attempts = attempts
        self._connection: Connection | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._is_over.set()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        kinds, weights = list(_KINDS), list(_KINDS.values())
        turn = 0
        while not self._is_over.is_set():
            turn += 1
            [kind] = self._random.choices(kinds, weights)
            attempt = self._attempts.begin(f"c{self._number}-{turn}", kind)
            if not self._ask(attempt):
                self._leave()
                time.sleep(0 if attempt.is_sent else _RETRY_S)
        self._leave()

    def _ask(self, attempt: Attempt) -> bool:
        """False when the connection is of no more use."""
        if attempt.kind in (Kind.NEW_CONNECTION, Kind.TUNNEL):
            self._leave()
        head, body = self._request(attempt)
        before = 0
        try:
            if self._connection is None:
                self._connection = Connection(socket.create_connection(self._proxy, _TIMEOUT_S), _TIMEOUT_S)
            before = self._connection.octets_received
            attempt.is_sent = True  # Also when it fails half way.
            self._connection.socket.sendall(head + body)
            return self._read_answer(attempt) and attempt.kind not in (Kind.NEW_CONNECTION, Kind.TUNNEL)
        except OSError:
            return False
        finally:
            if self._connection is not None:
                attempt.octets_received = self._connection.octets_received - before

    def _read_answer(self, attempt: Attempt) -> bool:
        head = self._connection.read_head()
        if head is None:
            return False
        attempt.status = status_of(head)
        if attempt.kind is Kind.TUNNEL and attempt.status == 200:
            self._talk_in_tunnel(attempt)
            return False
        attempt.is_complete = self._connection.skip_body(head)
        return attempt.is_complete and b"\r\nconnection: close\r\n" not in head.lower()

    def _talk_in_tunnel(self, attempt: Attempt) -> None:
        path = self._path(attempt, 20_000, 150)
        self._connection.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self._origin}\r\n\r\n".encode())
        head = self._connection.read_head()
        attempt.is_complete = head is not None and self._connection.skip_body(head)

    def _path(self, attempt: Attempt, octets_max: int, milliseconds_max: int) -> str:
        return f"/{attempt.token}/{self._random.randint(0, octets_max)}/{self._random.randint(0, milliseconds_max)}"

    def _request(self, attempt: Attempt) -> tuple[bytes, bytes]:
        fields = {"User-Agent": "chaos"}
        body = b""
        method, authority = "GET", self._origin
        path = self._path(attempt, 4_000, 0)
        match attempt.kind:
            case Kind.TUNNEL:
                lines = [f"CONNECT {self._origin} HTTP/1.1", f"Host: {self._origin}", f"User-Agent: {attempt.token}"]
                return "\r\n".join([*lines, "", ""]).encode(), b""
            case Kind.UPLOAD:
                method, body = "POST", b"x" * self._random.randint(0, 100_000)
                fields["Content-Length"] = str(len(body))
            case Kind.SLOW:
                path = self._path(attempt, 300_000, 200)
            case Kind.BLOCKED:
                authority = BLOCKED_HOST
            case Kind.UNREACHABLE:
                authority = self._unreachable
        lines = [f"{method} http://{authority}{path} HTTP/1.1", f"Host: {authority}", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode(), body

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
