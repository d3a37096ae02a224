"""The listening sockets: one per worker and address, all of one address share its port (SO_REUSEPORT).

The supervisor holds them open while it serves, so that connections in a worker's queue survive the worker.
"""
import dataclasses
import errno
import os
import socket

from .failure import Failure

_BACKLOG = 4096


@dataclasses.dataclass(frozen=True)
class ListenAddress:
    host: str  # without brackets; empty: every address
    port: int

    @classmethod
    def parse(cls, text: str) -> "ListenAddress | None":
        """127.0.0.1:8080, [::1]:8080, or :8080 and *:8080 for every address."""
        host, colon, port = text.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            return None
        if host in ("", "*"):
            return cls("", int(port))
        if host.startswith("[") and host.endswith("]"):
            return cls(host[1:-1], int(port)) if _is_address(socket.AF_INET6, host[1:-1]) else None
        return cls(host, int(port)) if _is_address(socket.AF_INET, host) else None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host or '*'}:{self.port}"

    def with_port(self, port: int) -> "ListenAddress":
        return dataclasses.replace(self, port=port)

    def as_client_sees_it(self) -> str:
        """A host and port that a program on this machine can connect to."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return str(dataclasses.replace(self, host=host))


class Listeners:
    """All listening sockets, by worker and address."""

    def __init__(self, addresses: list[ListenAddress], workers: int):
        self.addresses: list[ListenAddress] = []
        self._sockets: list[list[socket.socket]] = [[] for _ in range(workers)]
        try:
            for address in addresses:
                self._open(address)
        except BaseException:
            self.close()
            raise

    def of_worker(self, worker_id: int) -> list[int]:
        return [listener.fileno() for listener in self._sockets[worker_id]]

    def close(self) -> None:
        for sockets in self._sockets:
            for listener in sockets:
                listener.close()

    def _open(self, address: ListenAddress) -> None:
        try:
            if address.port != 0:
                _refuse_shared_port(address)
            for sockets in self._sockets:
                listener = _bind(address, socket.SO_REUSEPORT)
                sockets.append(listener)
                listener.listen(_BACKLOG)
                address = address.with_port(listener.getsockname()[1])
        except OSError as error:
            raise Failure(f"cannot listen on {address}: {_explanation(error)}") from None
        self.addresses.append(address)


def _is_address(family: int, text: str) -> bool:
    try:
        socket.inet_pton(family, text)
    except OSError:
        return False
    return True


def _refuse_shared_port(address: ListenAddress) -> None:
    """With SO_REUSEPORT the kernel lets us share a port with any other process of this user that set it as well: a
    second proxy would take part of the first one's connections. Without it, bind finds that out."""
    _bind(address, None).close()


def _bind(address: ListenAddress, sharing: int | None) -> socket.socket:
    is_dual = address.host == "" and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if is_dual or ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sharing is not None:
            listener.setsockopt(socket.SOL_SOCKET, sharing, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if is_dual else 1)
        listener.bind((address.host, address.port))
    except BaseException:
        listener.close()
        raise
    return listener


def _explanation(error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    advice = {
        errno.EADDRINUSE: "; another program uses that port: stop it, or choose another with --listen",
        errno.EACCES: "; ports below 1024 need root or CAP_NET_BIND_SERVICE: choose another with --listen",
        errno.EADDRNOTAVAIL: "; this machine has no such address: choose another with --listen",
        errno.EAFNOSUPPORT: "; this machine has no IPv6: choose an IPv4 address with --listen",
    }
    return reason + advice.get(error.errno or 0, "")
