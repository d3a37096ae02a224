"""A name server on port 53 of the test's own network (private_network.py), over UDP and TCP."""
import dataclasses
import ipaddress
import selectors
import socket
import struct
import threading

import private_network

_TYPE_A, _TYPE_CNAME, _TYPE_AAAA, _CLASS_IN = 1, 5, 28, 1
_FLAGS_ANSWER, _FLAG_TRUNCATED, _NAME_ERROR, _SERVER_FAILURE = 0x8180, 0x0200, 3, 2
_DATAGRAM_BYTES_MAX = 4096
_ANSWER_BYTES_MAX = 512  # over UDP without EDNS (RFC 1035 section 4.2.1)
_QUESTION_NAME = 0xC00C  # a pointer to the name in the question
_ALIASES_MAX = 100
_TCP_IDLE_S = 30.0


@dataclasses.dataclass(frozen=True)
class Question:
    name: str
    kind: int  # the type asked for: 1 is A, 28 is AAAA
    transport: str  # udp | tcp


class NameServer:
    """Answers with `names`: name -> addresses. Of other names it says that they do not exist; names in `silent` are
    never answered, names in `broken` with a server failure. `aliases`: name -> the name it is a CNAME of. `ttls_s`: of single
    names. `delays_s`: how long the answers of a name take. `silent_types`: name -> record types that are never answered.
    `asked` lists every question's name, `questions` every question."""

    def __init__(self, test, names: dict[str, list[str]], silent: tuple[str, ...] = (), broken: tuple[str, ...] = (),
                 ttl_s: int = 60, *, address: str = "127.0.0.1", aliases: dict[str, str] | None = None,
                 ttls_s: dict[str, int] | None = None, delays_s: dict[str, float] | None = None,
                 silent_types: dict[str, int] | None = None):
        if not private_network.is_private():
            test.fail("names need a network namespace, which cannot be made here: run as root, or allow unprivileged "
                      "user namespaces")
        self.questions: list[Question] = []
        self._names: dict[str, list] = {}
        for name, addresses in names.items():
            self.set(name, addresses)
        self._silent, self._broken, self._ttl_s = silent, broken, ttl_s
        self._aliases, self._ttls_s = aliases or {}, ttls_s or {}
        self._delays_s, self._silent_types = delays_s or {}, silent_types or {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._listener = socket.create_server((address, 53))
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        test.addCleanup(self.close)

    @property
    def asked(self) -> list[str]:
        return [question.name for question in self.questions]

    def times_asked(self, name: str, kind: int = _TYPE_A) -> int:
        return sum((question.name, question.kind) == (name, kind) for question in list(self.questions))

    def set(self, name: str, addresses: list[str]) -> None:
        self._names[name] = [ipaddress.ip_address(address) for address in addresses]

    def close(self) -> None:
        if self._wake_writer.fileno() < 0:
            return
        self._wake_writer.close()
        self._thread.join(10)
        for used in (self._socket, self._listener, self._wake_reader):
            used.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for source in (self._socket, self._listener, self._wake_reader):
                selector.register(source, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wake_reader:
                        return
                    if key.fileobj is self._listener:
                        threading.Thread(target=self._serve_stream, args=self._listener.accept()[:1], daemon=True).start()
                    else:
                        self._answer_datagram()

    def _answer_datagram(self) -> None:
        try:
            message, client = self._socket.recvfrom(_DATAGRAM_BYTES_MAX)
        except OSError:  # An earlier answer could not be delivered.
            return
        question, end = _read_question(message, "udp")
        answer = self._answer(message, question, end)
        if answer is None:
            return
        if len(answer) > _ANSWER_BYTES_MAX:
            flags = struct.unpack_from("!H", answer, 2)[0] | _FLAG_TRUNCATED
            answer = message[:2] + struct.pack("!HHHHH", flags, 1, 0, 0, 0) + message[12:end]
        delay_s = self._delays_s.get(question.name, 0)
        if delay_s:
            timer = threading.Timer(delay_s, self._send, (answer, client))
            timer.daemon = True
            timer.start()
        else:
            self._send(answer, client)

    def _send(self, answer: bytes, client) -> None:
        try:
            self._socket.sendto(answer, client)
        except OSError:  # The one who asked, or this server, is gone.
            pass

    def _serve_stream(self, stream: socket.socket) -> None:
        stream.settimeout(_TCP_IDLE_S)
        with stream, stream.makefile("rb") as reader:
            try:
                while length := reader.read(2):
                    message = reader.read(struct.unpack("!H", length)[0])
                    question, end = _read_question(message, "tcp")
                    answer = self._answer(message, question, end)
                    if answer is not None:
                        stream.sendall(struct.pack("!H", len(answer)) + answer)
            except (OSError, struct.error):
                pass

    def _answer(self, message: bytes, question: Question, end: int) -> bytes | None:
        """None: no answer ever. `end`: where the question ends in `message`."""
        self.questions.append(question)
        if question.name in self._silent or self._silent_types.get(question.name) == question.kind:
            return None
        records, owner, name = [], struct.pack("!H", _QUESTION_NAME), question.name
        while name in self._aliases and len(records) < _ALIASES_MAX:
            alias = _encode_name(self._aliases[name])
            records.append(self._record(owner, _TYPE_CNAME, name, alias))
            owner, name = alias, self._aliases[name]
        is_known = name in self._names or name in self._aliases
        code = _SERVER_FAILURE if name in self._broken else 0 if is_known else _NAME_ERROR
        version = 4 if question.kind == _TYPE_A else 6 if question.kind == _TYPE_AAAA else 0
        records += [self._record(owner, question.kind, name, address.packed) for address in self._names.get(name, [])
                    if code == 0 and address.version == version]
        head = message[:2] + struct.pack("!HHHHH", _FLAGS_ANSWER | code, 1, len(records), 0, 0)
        return head + message[12:end] + b"".join(records)

    def _record(self, owner: bytes, kind: int, name: str, data: bytes) -> bytes:
        ttl_s = self._ttls_s.get(name, self._ttl_s)
        return owner + struct.pack("!HHIH", kind, _CLASS_IN, ttl_s, len(data)) + data


def _encode_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\0"


def _read_question(message: bytes, transport: str) -> tuple[Question, int]:
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("ascii").lower())
        at += 1 + message[at]
    kind = struct.unpack_from("!H", message, at + 1)[0]
    return Question(".".join(labels), kind, transport), at + 5
