"""The proxy is no way to its own host: loopback and link-local are refused by default, judged by resolved address."""
import weir
from dns import NameServer
from echo import EchoOrigin
from origin import Origin

_NAMES = {"inner.test": ["127.0.0.1"], "inner6.test": ["::1"], "metadata.test": ["169.254.169.254"],
          "mapped.test": ["::ffff:127.0.0.1"], "localhost": ["127.0.0.1", "::1"], "mixed.test": ["169.254.1.1", "127.0.0.1"]}


class DestinationGuardTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.origin6 = Origin(self, "::1", port=self.origin.port)

    def _hosts(self) -> list[str]:
        literals = ["127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "[::]", "169.254.169.254", "[fe80::1]", "[::ffff:127.0.0.1]",
                    "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "224.0.0.1",
                    "255.255.255.255", "[ff02::1]"]
        return [*literals, *_NAMES]

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
        NameServer(self, {})
        proxy = weir.Weir(self, guarded=True)
        for host in ("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "0x7f.1", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"):
            with self.subTest(host=host):
                status = proxy.client().get(f"http://{host}:{self.origin.port}/secret").status
                self.assertIn(status, (400, 403, 502))
        self.assertEqual((self.origin.connections, self.origin6.connections), (0, 0))

    def test_its_own_listeners_are_refused_too(self):
        proxy = weir.Weir(self, guarded=True)
        self.assertEqual(proxy.client().get(f"{proxy.url}/").status, 403)

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
