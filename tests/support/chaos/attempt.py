"""One request as its client and the origin saw it: what must stand in the database of it."""
import dataclasses
import enum
import threading


class Kind(enum.Enum):
    GET = "get"  # on a kept connection
    NEW_CONNECTION = "new connection"
    UPLOAD = "upload"
    SLOW = "slow"  # its origin takes its time, so that kills meet it
    TUNNEL = "tunnel"
    BLOCKED = "blocked"  # refused by policy
    UNREACHABLE = "unreachable"  # nobody listens at its origin


@dataclasses.dataclass
class Attempt:
    token: str  # in the path, or, of a tunnel, in its User-Agent
    kind: Kind
    is_sent: bool = False  # an octet of it was given to a connection
    octets_received: int = 0
    status: int = 0  # of the answer whose head was read
    is_complete: bool = False  # the whole answer was read
    reached_origin: bool = False

    def must_be_recorded(self) -> bool:
        """Something came back, or went on to the origin: a worker had accepted it. Of one that was sent and of which
        nothing was seen again, no client can know whether a worker had read it: it may be recorded once."""
        return self.octets_received > 0 or self.reached_origin

    def may_be_recorded(self) -> bool:
        return self.is_sent


class AttemptList:
    """All that the clients asked, kept by them and the origin, not by the proxy."""

    def __init__(self):
        self._attempts: dict[str, Attempt] = {}
        self._lock = threading.Lock()

    def begin(self, token: str, kind: Kind) -> Attempt:
        attempt = Attempt(token, kind)
        with self._lock:
            assert token not in self._attempts
            self._attempts[token] = attempt
        return attempt

    def has_reached_origin(self, token: str) -> None:
        with self._lock:
            attempt = self._attempts.get(token)
        if attempt is not None:
            attempt.reached_origin = True

    def __len__(self) -> int:
        return len(self._attempts)

    def all(self) -> dict[str, Attempt]:
        with self._lock:
            return dict(self._attempts)
