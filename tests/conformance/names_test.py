"""Names: answers of every kind, several addresses in the manner of RFC 8305, a cache that is bounded by the TTL, and name
servers that are slow, wrong or gone."""
import ipaddress
import socket
import struct
import time

import weir
from case import KEPT, KEPT_OR_CLOSED, NOTHING, Answer, Case, Forwarded, get
from dns import NameServer, Question
from origin import Origin
from patience import scaled
from suite import ConformanceTest, table

_A, _CNAME, _AAAA = 1, 5, 28
_NO_ERROR, _FORMAT_ERROR, _SERVER_FAILURE, _NAME_ERROR, _NOT_IMPLEMENTED, _REFUSED = range(6)
_DROPPED = -1
_PROMPT_S = 6.0  # an answer that waits for no time-out of the name service

# name -> type -> (code, [address or name]); what is missing is an empty answer.
_ZONE = {
    "four.test": {_A: (0, ["127.0.0.1"])},
    "six.test": {_AAAA: (0, ["::1"])},
    "both.test": {_A: (0, ["127.0.0.1"]), _AAAA: (0, ["::1"])},
    "empty.test": {},
    "failing.test": {_A: (_SERVER_FAILURE, []), _AAAA: (_SERVER_FAILURE, [])},
    "refusing.test": {_A: (_REFUSED, []), _AAAA: (_REFUSED, [])},
    "odd.test": {_A: (_NOT_IMPLEMENTED, []), _AAAA: (_NOT_IMPLEMENTED, [])},
    "silent.test": {_A: (_DROPPED, []), _AAAA: (_DROPPED, [])},
    "six-failing.test": {_A: (0, ["127.0.0.1"]), _AAAA: (_SERVER_FAILURE, [])},
    "six-unknown.test": {_A: (0, ["127.0.0.1"]), _AAAA: (_NAME_ERROR, [])},
    "six-refused.test": {_A: (0, ["127.0.0.1"]), _AAAA: (_REFUSED, [])},
    "six-odd.test": {_A: (0, ["127.0.0.1"]), _AAAA: (_NOT_IMPLEMENTED, [])},
    "six-silent.test": {_A: (0, ["127.0.0.1"]), _AAAA: (_DROPPED, [])},
    "four-failing.test": {_A: (_SERVER_FAILURE, []), _AAAA: (0, ["::1"])},
    "four-silent.test": {_A: (_DROPPED, []), _AAAA: (0, ["::1"])},
    "alias.test": {_A: (0, ["four.test", "127.0.0.1"])},
    "dead-first.test": {_A: (0, ["127.0.0.2", "127.0.0.1"])},
    "dead-six.test": {_A: (0, ["127.0.0.1"]), _AAAA: (0, ["::1"])},
    "many-dead.test": {_A: (0, [f"127.0.0.{number}" for number in range(2, 8)] + ["127.0.0.1"])},
    "all-dead.test": {_A: (0, ["127.0.0.2", "127.0.0.3"]), _AAAA: (0, ["::1"])},
    "many.test": {_A: (0, ["127.0.0.1"] + [f"127.0.1.{number}" for number in range(1, 24)])},
    "twice.test": {_A: (0, ["127.0.0.1", "127.0.0.1"])},
    "under_score.test": {_A: (0, ["127.0.0.1"])},
    "xn--bcher-kva.test": {_A: (0, ["127.0.0.1"])},
    "a" * 63 + ".test": {_A: (0, ["127.0.0.1"])},
    ".".join(["a" * 49] * 4 + ["b" * 40, "test"]): {_A: (0, ["127.0.0.1"])},
    "1.2.3.4.test": {_A: (0, ["127.0.0.1"])},
    "unspecified.test": {_A: (0, ["0.0.0.0"])},
    "metadata.test": {_A: (0, ["169.254.169.254"])},
    "mapped.test": {_AAAA: (0, ["::ffff:169.254.169.254"])},
    "mixed.test": {_A: (0, ["169.254.169.254", "127.0.0.1"])},
    "full-first.test": {_A: (0, ["127.0.0.9", "127.0.0.1"])},
    "short.test": {_A: (0, ["127.0.0.1"])},
}
_TTLS = {"short.test": 1}


class ZoneServer(NameServer):
    """Answers each type of question as the zone says."""

    def __init__(self, test):
        super().__init__(test, {})

    def _answer(self, message: bytes, question: Question, end: int) -> bytes | None:
        self.questions.append(question)
        is_known = question.name in _ZONE
        code, values = _ZONE[question.name].get(question.kind, (_NO_ERROR, [])) if is_known else (_NAME_ERROR, [])
        if code == _DROPPED:
            return None
        records, owner = b"", struct.pack("!H", 0xC00C)  # a pointer to the question's name
        for value in values:
            record, owner = _resource(owner, question.kind, value, _TTLS.get(question.name, 60))
            records += record
        head = message[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(values), 0, 0)
        return head + message[12:end] + records


def _resource(owner: bytes, kind: int, value: str, ttl_s: int) -> tuple[bytes, bytes]:
    """The record of an address or, when the value is a name, an alias; and the owner of the record behind it."""
    try:
        data, next_owner = ipaddress.ip_address(value).packed, owner
    except ValueError:
        kind = _CNAME
        data = next_owner = b"".join(bytes([len(label)]) + label.encode() for label in value.split(".")) + b"\0"
    return owner + struct.pack("!HHIH", kind, 1, ttl_s, len(data)) + data, next_owner


def _promptly(step):
    """Without a time-out in between."""
    def timed(run):
        began = time.monotonic()
        run.take(step)
        assert time.monotonic() - began < scaled(_PROMPT_S), f"it took {time.monotonic() - began:.1f} s"
    return timed


def found(name: str, host: bytes, address: str = "127.0.0.1") -> Case:
    return Case(name, [get(b"http://" + host + b":<port>/x"), _promptly(Answer(200, b"hello")), KEPT],
                [Forwarded(b"GET /x HTTP/1.1", host=host + b":<port>")], address=address)


def not_found(name: str, host: bytes, *statuses: int) -> Case:
    return Case(name, [get(b"http://" + host + b":<port>/x"), _promptly(Answer(statuses or 502, is_own=True)), KEPT_OR_CLOSED],
                NOTHING)


@table(
    found("a name with an IPv4 address is reached", b"four.test"),
    found("a name with an IPv6 address is reached", b"six.test", "::1"),
    found("a name with both is reached over IPv4 where only that listens", b"both.test"),
    found("a name with both is reached over IPv6 where only that listens", b"dead-six.test", "::1"),
    found("a name in capitals is reached", b"FOUR.TEST"),
    found("a name with a trailing dot is reached", b"four.test."),
    found("a name with an underscore is reached", b"under_score.test"),
    found("an A-label is reached", b"xn--bcher-kva.test"),
    found("a label of 63 octets is reached", b"a" * 63 + b".test"),
    found("a name of 245 octets is reached", b".".join([b"a" * 49] * 4 + [b"b" * 40, b"test"])),
    found("a name that begins like an address is reached", b"1.2.3.4.test"),
    found("a name out of the hosts file is reached", b"localhost"),
    found("a name with an alias before its address is reached", b"alias.test"),
    found("an address that is given twice is reached", b"twice.test"),
    found("the second address is tried when the first refuses", b"dead-first.test"),
    found("the seventh address is tried when six refuse", b"many-dead.test"),
    found("a name with 24 addresses is reached", b"many.test"),
    found("an address beside one that is not allowed is reached", b"mixed.test"),
    # RFC 8305, section 3: one family's failure is none of the other's.
    found("a failure for IPv6 does not spoil IPv4", b"six-failing.test"),
    found("a wrong no-such-name for IPv6 does not spoil IPv4", b"six-unknown.test"),
    found("a refusal for IPv6 does not spoil IPv4", b"six-refused.test"),
    found("an unimplemented IPv6 does not spoil IPv4", b"six-odd.test"),
    found("silence for IPv6 does not hold back IPv4", b"six-silent.test"),
    found("a failure for IPv4 does not spoil IPv6", b"four-failing.test", "::1"),
    found("silence for IPv4 does not hold back IPv6", b"four-silent.test", "::1"),
    not_found("a name that does not exist is a 502", b"nowhere.test"),
    not_found("a name without addresses is a 502", b"empty.test"),
    not_found("a name whose server fails is a 502", b"failing.test", 502, 504),
    not_found("a name whose server refuses is a 502", b"refusing.test", 502, 504),
    not_found("a name whose server does not understand is a 502", b"odd.test", 502, 504),
    not_found("a name of dead addresses is a 502", b"all-dead.test"),
    not_found("a name that leads to the metadata service is refused", b"metadata.test", 403),
    not_found("a name that leads there in the form of IPv6 is refused", b"mapped.test", 403),
    not_found("a name that leads to the unspecified address is refused", b"unspecified.test", 403, 502),
    Case("a name whose server is silent is a 504", [get(b"http://silent.test:<port>/"), Answer(504, is_own=True),
                                                    KEPT_OR_CLOSED], NOTHING),
    Case("a name whose server is silent is a 504 to CONNECT", [get(b"silent.test:443", method=b"CONNECT"),
            Answer(504, method="CONNECT", is_own=True), KEPT_OR_CLOSED], NOTHING),
)
class NamesTest(ConformanceTest):
    options = ("--dns-timeout", "9s")

    @classmethod
    def prepare(cls, host):
        cls.server = ZoneServer(host)

    def _questions(self, name: str) -> int:
        return self.server.asked.count(name)

    def test_an_answer_is_kept_for_its_ttl_and_then_asked_for_again(self):
        origin = Origin(self)
        client = self.proxy.client()
        for _ in range(5):
            client.get(origin.url("/x", "short.test"), [("Connection", "keep-alive")])
        asked = self._questions("short.test")
        self.assertLessEqual(asked, 4, "asked more than once for each family within the TTL")
        time.sleep(1.3)  # The TTL is a second.
        other = Origin(self)  # No kept connection leads there.
        self.assertEqual(self.proxy.client().get(other.url("/x", "short.test")).status, 200)
        self.assertGreater(self._questions("short.test"), asked)

    def test_a_name_that_does_not_exist_is_not_asked_for_each_time(self):
        client = self.proxy.client()
        for _ in range(5):
            self.assertEqual(client.get("http://unknown.test/").status, 502)
        self.assertLessEqual(self._questions("unknown.test"), 4)

    def test_many_requests_for_a_new_name_ask_once(self):
        origin = Origin(self)
        _ZONE["crowd.test"] = {_A: (0, ["127.0.0.1"])}
        clients = [self.proxy.client() for _ in range(40)]
        for client in clients:
            client.request("GET", origin.url("/crowd", "crowd.test"))
        for client in clients:
            self.assertEqual(client.response().status, 200)
        self.assertLessEqual(self._questions("crowd.test"), 4)

    def test_a_silent_name_server_delays_no_other_request(self):
        waiting = [self.proxy.client() for _ in range(20)]
        for number, client in enumerate(waiting):
            _ZONE[f"silent-{number}.test"] = {_A: (_DROPPED, []), _AAAA: (_DROPPED, [])}
            client.request("GET", f"http://silent-{number}.test/")
        began = time.monotonic()
        for number in range(20):
            self.assertEqual(self.proxy.client().get(f"http://{self.probe_authority.decode()}/{number}").status, 200)
        self.assertLess(time.monotonic() - began, scaled(_PROMPT_S))
        for client in waiting:
            self.assertEqual(client.response().status, 504)

    def test_an_address_that_does_not_answer_delays_by_no_more_than_an_attempt(self):
        """RFC 8305, section 5: the next address after 250 ms. The first one's queue is full: no answer, no refusal."""
        origin = Origin(self)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.9", origin.port))
        listener.listen(0)
        self.addCleanup(listener.close)
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.9", origin.port))
            self.addCleanup(waiting.close)
        began = time.monotonic()
        self.assertEqual(self.proxy.client().get(origin.url("/x", "full-first.test")).status, 200)
        self.assertLess(time.monotonic() - began, scaled(_PROMPT_S))


class NoServerTest(ConformanceTest):
    """Nobody listens where the name server should be."""
    options = ("--dns-timeout", "9s")

    def test_a_name_is_a_502_or_504_at_once(self):
        began = time.monotonic()
        self.assertIn(self.proxy.client().get("http://any.test/").status, (502, 504))
        self.assertLess(time.monotonic() - began, scaled(_PROMPT_S))

    def test_names_of_the_hosts_file_and_literals_work(self):
        for name in ("localhost", "127.0.0.1"):
            self.assertEqual(self.proxy.client().get(f"http://{name}:{self.probe_authority.split(b':')[1].decode()}/x").status,
                             200)


if __name__ == "__main__":
    weir.main()
