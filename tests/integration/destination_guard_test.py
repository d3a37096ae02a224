"""The proxy is no way to its own host: loopback and link-local are refused by default, judged by resolved address."""
import private_network
import weir
from dns import NameServer
from echo import EchoOrigin
from origin import Origin

_NAMES = {"inner.test": ["127.0.0.1"], "inner6.test": ["::1"], "metadata.test": ["169.254.169.254"], "metadata6.test": ["fd00:ec2::254"],
          "mapped.test": ["::ffff:127.0.0.1"], "localhost": ["127.0.0.1", "::1"], "mixed.test": ["169.254.1.1", "127.0.0.1"],
          "nowhere.test": ["0.0.0.0"], "nowhere6.test": ["::"], "all.test": ["255.255.255.255"], "link.test": ["fe80::1"],
          "nat64.test": ["64:ff9b::7f00:1"], "6to4.test": ["2002:7f00:1::"], "teredo.test": ["2001:0:808:808:0:ffff:80ff:fffe"],
          "local.nat64.test": ["64:ff9b:1::7f00:1"], "compatible.test": ["::127.0.0.1"], "group.test": ["224.0.0.1", "ff02::1"],
          "many.test": ["127.0.0.1", "127.0.0.2", "169.254.1.1", "::1", "fe80::1", "64:ff9b::a9fe:a9fe"]}
# What can be an address and is none: refused without asking anybody.
_DISGUISED = ("127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1", "017700000001", "127.0.0.01", "127.0.0.0x1",
              "[fe80::1%25lo]", "[fe80::1%lo]", "[::ffff:127.0.0.1%lo]", "[::1", "[127.0.0.1]", "0x", "127.0.0.1..")


class DestinationGuardTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.origin6 = Origin(self, "::1", port=self.origin.port)

    def _hosts(self) -> list[str]:
        literals = ["127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "[::]", "169.254.169.254", "[fe80::1]", "[::ffff:127.0.0.1]",
                    "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]",
                    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[2001:0:808:808:0:ffff:80ff:fffe]", "224.0.0.1", "255.255.255.255",
                    "[ff02::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200", "192.0.0.192", "168.63.129.16", "127.0.0.1.",
                    "[::FFFF:7F00:1]", "[0:0:0:0:0:0:0:1]"]
        return [*literals, *_NAMES, "localhost.", "LocalHost", "INNER.test."]

    def test_inner_addresses_are_refused_in_every_form(self):
        NameServer(self, _NAMES)
        proxy = weir.Weir(self, guarded=True)
        hosts = self._hosts()
        for host in hosts:
            with self.subTest(host=host):
                response = proxy.client().get(f"http://{host}:{self.origin.port}/secret")
                self.assertEqual(response.status, 403)
                self.assertEqual(proxy.client().connect_tunnel(f"{host}:{self.origin.port}").status, 403)
        rows = proxy.wait_for_rows(2 * len(hosts))
        self.assertEqual({(row["status"], row["outcome"], row["fault"], row["reason"]) for row in rows},
                         {(403, "refused", "policy", "destination_not_allowed")})
        self.assertEqual((self.origin.connections, self.origin6.connections), (0, 0))
        blocked = proxy.rows("SELECT DISTINCT reason FROM blocked_requests")
        self.assertEqual([row["reason"] for row in blocked], ["destination_not_allowed"])

    def test_unusual_spellings_of_an_address_do_not_get_through(self):
        names = NameServer(self, {})
        proxy = weir.Weir(self, "--allow-destination", "any", guarded=True)  # not even then
        for host in _DISGUISED:
            with self.subTest(host=host):
                self.assertEqual(proxy.client().get(f"http://{host}:{self.origin.port}/secret").status, 400)
                self.assertEqual(proxy.client().connect_tunnel(f"{host}:{self.origin.port}").status, 400)
        rows = proxy.wait_for_rows(2 * len(_DISGUISED))
        self.assertEqual({(row["outcome"], row["fault"], row["reason"]) for row in rows}, {("refused", "client", "malformed_request")})
        self.assertEqual((self.origin.connections, self.origin6.connections, names.asked), (0, 0, []))

    def test_its_own_listeners_are_refused_too(self):
        proxy = weir.Weir(self, guarded=True)
        self.assertEqual(proxy.client().get(f"{proxy.url}/").status, 403)
        self.assertEqual(proxy.wait_for_rows(1)[0]["reason"], "request_loop")

    def test_its_own_ports_are_refused_at_every_address_of_the_machine(self):
        """Otherwise a client would be served as this machine, and with none of the limits on its own address."""
        own, own6 = "10.9.8.7", "fd12:3456::7"
        for address in (own, own6):
            private_network.add_address(self, address)
        NameServer(self, {"me.test": [own], "me6.test": [own6], "loop.test": ["127.0.0.1"]})
        for listen in (("0.0.0.0", "::"), (own, own6)):
            with self.subTest(listen=listen):
                proxy = weir.Weir(self, "--allow-client", "any", "--allow-destination", "any", listen=listen, guarded=True,
                                  data_dir=self.folder / f"data {len(self.processes)}")
                port4, port6 = (port for _, port in proxy.addresses)
                targets = [f"{host}:{port4}" for host in (own, f"[::ffff:{own}]", f"[64:ff9b::{own}]", "me.test")]
                targets += [f"{host}:{port6}" for host in (f"[{own6}]", "me6.test")]
                if listen[0] == "0.0.0.0":
                    targets += [f"{host}:{port4}" for host in ("127.0.0.1", "127.9.9.9", "0.0.0.0", "loop.test")]
                    targets += [f"{host}:{port6}" for host in ("[::1]", "[::]")]
                for target in targets:
                    self.assertEqual(proxy.client().get(f"http://{target}/").status, 403, target)
                    self.assertEqual(proxy.client().connect_tunnel(target).status, 403, target)
                rows = proxy.wait_for_rows(2 * len(targets))
                self.assertEqual({(row["outcome"], row["fault"], row["reason"]) for row in rows}, {("refused", "policy", "request_loop")})
                own_origin = Origin(self, own)
                self.assertEqual(proxy.client().get(own_origin.url("/x")).status, 200, "another port of this machine is no loop")
                proxy.stop()

    def test_what_was_checked_is_what_is_connected_to(self):
        """The name has another address a moment later (DNS rebinding); its time to live is 0."""
        names = NameServer(self, {"turning.test": ["127.0.0.2"]}, ttl_s=0)
        allowed = Origin(self, "127.0.0.2", port=self.origin.port)
        proxy = weir.Weir(self, "--allow-destination", "127.0.0.2/32", guarded=True)
        turns = 12
        for turn in range(turns):
            names.set("turning.test", ["127.0.0.1" if turn % 2 else "127.0.0.2"])
            get = proxy.client().get(allowed.url(f"/{turn}", "turning.test")).status
            tunnel = proxy.client().connect_tunnel(f"turning.test:{self.origin.port}").status
            # An answer may be remembered for a second or so; then it still is the one that was checked.
            self.assertIn(get, (200, 403))
            self.assertIn(tunnel, (200, 403))
        proxy.close_clients()
        rows = proxy.wait_for_rows(2 * turns)
        for row in rows:
            self.assertIn((row["status"], row["reason"] or "", row["origin_address"]),
                          ((200, "", "127.0.0.2"), (200, "client_closed", "127.0.0.2"), (403, "destination_not_allowed", None)))
        self.assertEqual(self.origin.connections, 0)
        self.assertGreater(allowed.connections, 0)

    def test_loopback_can_be_opened(self):
        NameServer(self, _NAMES)
        proxy = weir.Weir(self, "--allow-destination", "loopback", guarded=True)
        for host, status in (("127.0.0.1", 200), ("[::1]", 200), ("inner.test", 200), ("inner6.test", 200), ("localhost", 200),
                             ("169.254.169.254", 403), ("metadata.test", 403)):
            with self.subTest(host=host):
                self.assertEqual(proxy.client().get(f"http://{host}:{self.origin.port}/x").status, status)

    def test_a_name_with_allowed_and_refused_addresses_uses_the_allowed(self):
        NameServer(self, _NAMES)
        proxy = weir.Weir(self, "--allow-destination", "loopback", guarded=True)
        self.assertEqual(proxy.client().get(f"http://mixed.test:{self.origin.port}/x").status, 200)

    def test_a_single_network_can_be_opened(self):
        other = EchoOrigin(self, "127.0.0.2")
        proxy = weir.Weir(self, "--allow-destination", "127.0.0.2/32", guarded=True)
        self.assertEqual(proxy.client().connect_tunnel(other.authority).status, 200)
        self.assertEqual(proxy.client().connect_tunnel(self.origin.authority()).status, 403)

    def test_a_pooled_connection_is_no_way_around(self):
        """What one name may reach by an open address, another that resolves to a refused one may not."""
        NameServer(self, {"open.test": ["127.0.0.2"], "inner.test": ["127.0.0.1"]})
        other = Origin(self, "127.0.0.2", port=self.origin.port)
        proxy = weir.Weir(self, "--allow-destination", "127.0.0.2/32", guarded=True)
        client = proxy.client()
        self.assertEqual(client.get(other.url("/x", "open.test")).status, 200)
        self.assertEqual(client.get(other.url("/x", "inner.test")).status, 403)

    def test_more_can_be_denied(self):
        proxy = weir.Weir(self, "--deny-destination", "private")
        for host in ("10.1.2.3", "192.168.1.1", "172.16.0.1", "[fd00::1]"):
            with self.subTest(host=host):
                self.assertEqual(proxy.client().get(f"http://{host}/").status, 403)


class ClientAccessTest(weir.WeirTest):
    def test_clients_outside_the_allowed_networks_are_refused(self):
        origin = Origin(self)
        proxy = weir.Weir(self, "--allow-client", "127.0.0.2/32")
        self.assertEqual(proxy.client("127.0.0.2").get(origin.url("/x")).status, 200)
        client = proxy.client("127.0.0.1")
        self.assertEqual(client.get(origin.url("/x")).status, 403)
        self.assertEqual(proxy.client("127.0.0.1").connect_tunnel(origin.authority()).status, 403)
        rows = proxy.wait_for_rows(3)
        self.assertEqual([(row["client_address"], row["status"], row["outcome"], row["reason"] or "") for row in rows],
                         [("127.0.0.2", 200, "served", ""), ("127.0.0.1", 403, "refused", "client_not_allowed"),
                          ("127.0.0.1", 403, "refused", "client_not_allowed")])
        self.assertEqual(len(origin.requests), 1)

    def test_loopback_clients_are_allowed_by_default(self):
        origin = Origin(self)
        proxy = weir.Weir(self)
        self.assertEqual(proxy.client("127.0.0.77").get(origin.url("/x")).status, 200)


if __name__ == "__main__":
    weir.main()
