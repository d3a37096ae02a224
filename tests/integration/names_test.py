"""Names of origins: which of their addresses is used, how long answers are kept, and what a name server's faults cost.

Every answer of the origins here ends its connection, so that each request asks for the name again where it may."""
import threading

import private_network
import weir
from black_hole import BlackHole
from dns import NameServer
from origin import Origin, content
from patience import await_that

_PATH = "/close/100"
_TYPE_AAAA = 28
_ABSENT = [f"127.0.1.{number}" for number in range(1, 61)]  # addresses where nobody listens


class NamesTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.weir = None

    def _status(self, origin, name: str) -> int:
        """Of one request over a new connection."""
        return self._response(origin, name).status

    def _response(self, origin, name: str):
        if self.weir is None:
            self._start_weir()
        with weir.RawClient(self.weir.address, timeout_s=30) as client:
            response = client.get(f"http://{name}:{origin.port}{_PATH}")
        if response.status == 200:
            self.assertEqual(response.body, content(100))
        return response

    def _start_weir(self, *options: str) -> None:
        self.weir = weir.Weir(self, *options)

    def _expect_failure(self, origin, name: str, status: int, error: str) -> None:
        response = self._response(origin, name)
        self.assertEqual(response.status, status)
        self.assertRegex(response.header("proxy-status") or "", f"error={error}(;|$)")
        self.assertIn(name.encode(), response.body)


class AddressesTest(NamesTest):
    """Several addresses, both families (RFC 8305)."""

    def test_names_with_addresses_of_one_family_only(self):
        NameServer(self, {"four.test": ["127.0.0.1"], "six.test": ["::1"]})
        four, six = Origin(self), Origin(self, "::1")
        self.assertEqual(self._status(four, "four.test"), 200)
        self.assertEqual(self._status(six, "six.test"), 200)
        self.assertEqual([row["host"] for row in self.weir.wait_for_rows(2)], ["four.test", "six.test"])

    def test_addresses_that_refuse_are_passed_over(self):
        NameServer(self, {f"{at}.test": [*_ABSENT[:at], "127.0.0.1", *_ABSENT[at:6]] for at in range(7)} |
                   {"v6-first.test": ["::1", "127.0.0.1"], "refusing.test": [*_ABSENT[:10], "::1"]})
        origin = Origin(self)
        for name in [*(f"{at}.test" for at in range(7)), "v6-first.test"]:
            with self.subTest(name=name):
                self.assertEqual(self._status(origin, name), 200)
        self._expect_failure(origin, "refusing.test", 502, "(connection_refused|destination_unavailable)")

    def test_a_black_hole_in_one_family_does_not_hold_up_the_other(self):
        # The client gives up long before the connect time-out: whoever waits for that one fails here.
        NameServer(self, {"both.test": ["::1", "127.0.0.1"]})
        self._start_weir("--connect-timeout", "5m")
        for hole, address in (("::1", "127.0.0.1"), ("127.0.0.1", "::1")):
            with self.subTest(black_hole=hole):
                origin = Origin(self, address)
                BlackHole(self, hole, origin.port)
                for _ in range(3):
                    self.assertEqual(self._status(origin, "both.test"), 200)

    def test_several_black_holes_do_not_hold_up_the_address_that_answers(self):
        NameServer(self, {"holes.test": ["::1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"]})
        self._start_weir("--connect-timeout", "5m")
        origin = Origin(self)
        for hole in ("::1", "127.0.0.2", "127.0.0.3", "127.0.0.4"):
            BlackHole(self, hole, origin.port)
        self.assertEqual(self._status(origin, "holes.test"), 200)

    def test_nothing_but_black_holes_is_a_timeout(self):
        NameServer(self, {"holes.test": ["::1", "127.0.0.1"]})
        self._start_weir("--connect-timeout", "1s")
        hole = BlackHole(self)
        BlackHole(self, "::1", hole.port)
        self._expect_failure(hole, "holes.test", 504, "connection_timeout")

    def test_more_addresses_than_a_datagram_holds_come_over_tcp(self):
        server = NameServer(self, {"many.test": [*_ABSENT[:5], "127.0.0.1", *_ABSENT[5:]]})
        origin = Origin(self)
        self.assertEqual(self._status(origin, "many.test"), 200)
        self.assertIn("tcp", {question.transport for question in server.questions})

    def test_aliases_lead_to_an_address_or_to_a_failure(self):
        aliases = {f"alias-{number}.test": f"alias-{number + 1}.test" for number in range(8)} | {"alias-8.test": "target.test"}
        aliases |= {"dangling.test": "gone.test", "one.test": "two.test", "two.test": "one.test"}
        NameServer(self, {"target.test": ["127.0.0.1"]}, aliases=aliases)
        origin = Origin(self)
        self.assertEqual(self._status(origin, "alias-0.test"), 200)
        self.assertEqual(origin.requests[0].header("host"), f"alias-0.test:{origin.port}")
        self._expect_failure(origin, "dangling.test", 502, "dns_error")
        self._expect_failure(origin, "one.test", 502, "dns_error")


class SystemFilesTest(NamesTest):
    """/etc/hosts and /etc/resolv.conf."""

    def test_entries_of_the_hosts_file_need_no_name_server(self):
        private_network.set_hosts(self, "127.0.0.1 printer.test printer\n::1 six.test\n")
        origin, six = Origin(self), Origin(self, "::1")
        for name in ("printer.test", "printer", "PRINTER.test"):
            self.assertEqual(self._status(origin, name), 200)
        self.assertEqual(self._status(six, "six.test"), 200)

    def test_the_hosts_file_comes_before_the_name_server_and_changes_are_seen(self):
        server = NameServer(self, {"site.test": ["127.0.0.1"]})
        first, second = Origin(self), Origin(self, "127.0.0.2")
        private_network.set_hosts(self, "127.0.0.2 site.test\n")
        self.assertEqual(self._status(second, "site.test"), 200)
        self.assertEqual(server.asked, [])
        private_network.set_hosts(self, "")
        await_that(lambda: self._status(first, "site.test") == 200, "the name server is asked", 20)

    def test_a_short_name_is_completed_from_the_search_list(self):
        private_network.set_resolver(self, "nameserver 127.0.0.1\nsearch office.test\n")
        NameServer(self, {"intranet.office.test": ["127.0.0.1"], "site.test": ["127.0.0.1"]})
        origin = Origin(self)
        self.assertEqual(self._status(origin, "intranet"), 200)
        self.assertEqual(self._status(origin, "site.test"), 200)

    def test_the_second_name_server_is_asked_when_the_first_does_not_answer(self):
        private_network.set_resolver(self, "nameserver 127.0.0.2\nnameserver 127.0.0.1\n")
        dead = NameServer(self, {}, silent=("site.test",), address="127.0.0.2")
        NameServer(self, {"site.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
        origin = Origin(self)
        self._start_weir("--dns-timeout", "4s")
        self.assertEqual(self._status(origin, "site.test"), 200)
        dead.close()
        self.assertEqual(self._status(origin, "other.test"), 200)


class CacheTest(NamesTest):
    """Answers are kept as long as their TTL allows, failures for a moment."""

    def test_a_name_is_asked_for_once_while_its_ttl_lasts(self):
        server = NameServer(self, {"site.test": ["127.0.0.1"]}, ttl_s=3600)
        origin = Origin(self)
        for _ in range(30):
            self.assertEqual(self._status(origin, "site.test"), 200)
        self.assertEqual((server.times_asked("site.test"), server.times_asked("site.test", _TYPE_AAAA)), (1, 1))

    def test_a_name_is_asked_for_again_after_its_ttl(self):
        server = NameServer(self, {"moving.test": ["127.0.0.1"]}, ttl_s=1)
        first, second = Origin(self), Origin(self, "127.0.0.2")
        self.assertEqual(self._status(first, "moving.test"), 200)
        server.set("moving.test", ["127.0.0.2"])
        await_that(lambda: self._status(second, "moving.test") == 200, "the new address is used", 10)
        self.assertEqual(self._status(first, "moving.test"), 502)

    def test_an_answer_lasts_no_longer_than_the_aliases_that_led_to_it(self):
        aliases = {"site.test": "cluster-1.test"}
        NameServer(self, {"cluster-1.test": ["127.0.0.1"], "cluster-2.test": ["127.0.0.2"]}, aliases=aliases, ttl_s=3600,
                   ttls_s={"site.test": 1})
        first, second = Origin(self), Origin(self, "127.0.0.2")
        self.assertEqual(self._status(first, "site.test"), 200)
        aliases["site.test"] = "cluster-2.test"
        await_that(lambda: self._status(second, "site.test") == 200, "the new alias is followed", 10)

    def test_a_ttl_of_zero_is_not_kept(self):
        server = NameServer(self, {"moving.test": ["127.0.0.1"]}, ttl_s=0)
        origin = Origin(self)
        self.assertEqual(self._status(origin, "moving.test"), 200)
        await_that(lambda: self._status(origin, "moving.test") and server.times_asked("moving.test") > 1,
                   "it is asked for again", 3)

    def test_a_failure_is_remembered_for_a_moment_only(self):
        server = NameServer(self, {})
        origin = Origin(self)
        for _ in range(5):
            self._expect_failure(origin, "coming.test", 502, "dns_error")
        self.assertEqual(server.times_asked("coming.test"), 1)
        server.set("coming.test", ["127.0.0.1"])
        await_that(lambda: self._status(origin, "coming.test") == 200, "it is asked for again", 20)

    def test_clients_who_wait_for_one_name_share_one_question(self):
        server = NameServer(self, {"slow.test": ["127.0.0.1"]}, delays_s={"slow.test": 0.7})
        origin = Origin(self)
        self._start_weir()
        clients = [self.weir.client() for _ in range(50)]
        for client in clients:
            client.request("GET", origin.url(_PATH, "slow.test"))
        self.assertEqual([client.response().status for client in clients], [200] * 50)
        self.assertEqual((server.times_asked("slow.test"), server.times_asked("slow.test", _TYPE_AAAA)), (1, 1))


class FaultsTest(NamesTest):
    """A name server that is silent, slow, broken or gone."""

    def test_silence_is_a_timeout_and_delays_nobody_else(self):
        NameServer(self, {"site.test": ["127.0.0.1"]}, silent=tuple(f"silent-{number}.test" for number in range(40)))
        origin = Origin(self)
        self._start_weir("--dns-timeout", "3s")
        waiting = [self.weir.client() for _ in range(40)]
        for number, client in enumerate(waiting):
            client.request("GET", origin.url(_PATH, f"silent-{number}.test"))
        for _ in range(100):
            self.assertEqual(self._status(origin, "site.test"), 200)
        for client in waiting:
            response = client.response()
            self.assertEqual(response.status, 504)
            self.assertIn("error=dns_timeout", response.header("proxy-status") or "")

    def test_a_client_who_stops_waiting_for_a_name_leaves_nothing_behind(self):
        NameServer(self, {"site.test": ["127.0.0.1"]}, silent=("silent.test",))
        origin = Origin(self)
        self._start_weir("--dns-timeout", "2s")
        clients = [self.weir.client() for _ in range(20)]
        for client in clients:
            client.request("GET", origin.url(_PATH, "silent.test"))
        clients[0].socket.settimeout(60)
        for client in clients[1:]:
            client.reset()
        self.assertEqual(clients[0].response().status, 504)
        self.assertEqual(self._status(origin, "site.test"), 200)
        self.weir.wait_for_rows(21)
        self.weir.assert_never_restarted()

    def test_a_server_failure_is_not_a_timeout(self):
        NameServer(self, {}, broken=("broken.test",))
        origin = Origin(self)
        self._expect_failure(origin, "broken.test", 502, "dns_error")

    def test_an_answer_that_comes_after_the_question_was_repeated_still_serves(self):
        server = NameServer(self, {"late.test": ["127.0.0.1"]}, delays_s={"late.test": 1.5})
        origin = Origin(self)
        self._start_weir("--dns-timeout", "6s")
        self.assertEqual(self._status(origin, "late.test"), 200)
        self.assertGreater(server.times_asked("late.test"), 1)

    def test_one_family_whose_questions_are_dropped_does_not_hide_the_other(self):
        # As old firewalls do it with AAAA; RFC 8305 section 3 does not wait for the missing one.
        NameServer(self, {"site.test": ["127.0.0.1"], "six.test": ["::1"]}, silent_types={"site.test": _TYPE_AAAA, "six.test": 1})
        origin, six = Origin(self), Origin(self, "::1")
        self._start_weir("--dns-timeout", "1m")
        self.assertEqual(self._status(origin, "site.test"), 200)
        self.assertEqual(self._status(six, "six.test"), 200)

    def test_a_name_server_that_is_down_and_comes_back(self):
        origin = Origin(self)
        self._start_weir("--dns-timeout", "3s")
        names = {f"{number}.test": ["127.0.0.1"] for number in range(5)}
        self.assertIn(self._status(origin, "0.test"), (502, 504))
        server = NameServer(self, names)
        self.assertEqual(self._status(origin, "1.test"), 200)
        server.close()
        self.assertIn(self._status(origin, "2.test"), (502, 504))
        self.assertEqual(self._status(origin, "1.test"), 200)  # known
        NameServer(self, names)
        self.assertEqual(self._status(origin, "3.test"), 200)

    def test_tunnels_need_names_too(self):
        NameServer(self, {"site.test": ["::1", "127.0.0.1"]}, silent=("silent.test",), broken=("broken.test",))
        origin = Origin(self)
        self._start_weir("--dns-timeout", "2s")
        statuses: dict[str, int] = {}
        def open_tunnel(name: str) -> None:
            with weir.RawClient(self.weir.address) as client:
                statuses[name] = client.connect_tunnel(f"{name}:{origin.port}").status
        threads = [threading.Thread(target=open_tunnel, args=(f"{name}.test",)) for name in ("site", "silent", "broken", "none")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, {"site.test": 200, "silent.test": 504, "broken.test": 502, "none.test": 502})


if __name__ == "__main__":
    weir.main()
