"""A name server on 127.0.0.1:53 of the test's own network (private_network.py)."""
import ipaddress
import socket
import struct
import threading

import private_network

_TYPE_A, _TYPE_AAAA, _CLASS_IN = 1, 28, 1
_FLAGS_ANSWER, _NAME_ERROR, _SERVER_FAILURE = 0x8180, 3, 2
_DATAGRAM_BYTES_MAX = 4096
_LAST_DATAGRAM = b""


class NameServer:
    """Answers with `names`: name -> addresses. Of other names it says that they do not exist; names in `silent` are
    never answered, names in `broken` with a server failure. `asked` lists every question's name."""

    def __init__(self, test, names: dict[str, list[str]], silent: tuple[str, ...] = (), broken: tuple[str, ...] = (),
                 ttl_s: int = 60):
        if not private_network.is_private():
            test.fail("names need a network namespace, which cannot be made here: run as root, or allow unprivileged "
                      "user namespaces")
        self.asked: list[str] = []
        self._names = {name: [ipaddress.ip_address(address) for address in addresses]
                       for name, addresses in names.items()}
        self._silent, self._broken, self._ttl_s = silent, broken, ttl_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        test.addCleanup(self.close)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(_LAST_DATAGRAM, ("127.0.0.1", 53))
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                question, client = self._socket.recvfrom(_DATAGRAM_BYTES_MAX)
                if question == _LAST_DATAGRAM:
                    return
                answer = self._answer(question)
                if answer is not None:
                    self._socket.sendto(answer, client)
            except OSError:
                return

    def _answer(self, question: bytes) -> bytes | None:
        name, end = _read_name(question, 12)
        kind = struct.unpack_from("!H", question, end)[0]
        self.asked.append(name)
        if name in self._silent:
            return None
        code = _SERVER_FAILURE if name in self._broken else 0 if name in self._names else _NAME_ERROR
        addresses = [] if code else [address for address in self._names[name]
                                     if (_TYPE_A if address.version == 4 else _TYPE_AAAA) == kind]
        records = b"".join(struct.pack("!HHHIH", 0xC00C, kind, _CLASS_IN, self._ttl_s, len(address.packed)) +
                           address.packed for address in addresses)
        head = question[:2] + struct.pack("!HHHHH", _FLAGS_ANSWER | code, 1, len(addresses), 0, 0)
        return head + question[12:end + 4] + records


def _read_name(message: bytes, at: int) -> tuple[str, int]:
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("ascii").lower())
        at += 1 + message[at]
    return ".".join(labels), at + 1
