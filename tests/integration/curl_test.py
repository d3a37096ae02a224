"""curl, as people use it with a proxy: http, https, uploads, tunnels, HTTP/1.0, several URLs."""
import hashlib
import json
import subprocess

import client_program
import weir
from certificates import CertificateAuthority
from dns import NameServer
from origin import Origin, content
from patience import scaled


class CurlTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.require_program("openssl", "openssl")
        NameServer(self, {"site.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
        self.authority = CertificateAuthority(self.folder / "certificates", ["site.test", "127.0.0.1"])
        self.origin = Origin(self)
        self.secure_origin = Origin(self, tls=self.authority.origin_context())
        self.weir = weir.Weir(self, "--block", "*.blocked.test")

    def _curl(self, *arguments, status: int = 0, stdin: bytes = b"") -> subprocess.CompletedProcess:
        return client_program.run(self, "curl", "curl", "-q", "-sS", "--max-time", int(scaled(60)), "-x", self.weir.url, *arguments,
                                  status=status, stdin=stdin)

    def test_http(self):
        self.assertEqual(self._curl(self.origin.url("/bytes/100000", "site.test")).stdout, content(100_000))
        row = self.weir.wait_for_rows(1)[0]
        self.assertEqual((row["outcome"], row["host"], row["response_body_bytes"]), ("served", "site.test", 100_000))
        self.assertTrue(row["user_agent"].startswith("curl/"))

    def test_https(self):
        done = self._curl("--cacert", self.authority.ca_file, self.secure_origin.url("/bytes/100000", "site.test"))
        self.assertEqual(done.stdout, content(100_000))
        row = self.weir.wait_for_rows(1)[0]
        self.assertEqual((row["method"], row["scheme"], row["outcome"], row["host"], row["port"]),
                         ("CONNECT", "https", "served", "site.test", self.secure_origin.port))
        self.assertGreater(row["bytes_sent"], 100_000)

    def test_an_upload_over_http_and_https(self):
        file = self.folder / "upload"
        file.write_bytes(content(2_000_000))
        for origin in (self.origin, self.secure_origin):
            with self.subTest(url=origin.url()):
                answer = json.loads(self._curl("--cacert", self.authority.ca_file, "-T", file, origin.url("/echo", "site.test"))
                                    .stdout)
                self.assertEqual((answer["method"], answer["body_sha256"]),
                                 ("PUT", hashlib.sha256(content(2_000_000)).hexdigest()))

    def test_a_chunked_upload(self):
        file = self.folder / "upload"
        file.write_bytes(content(300_000))
        answer = json.loads(self._curl("-T", file, "-H", "Transfer-Encoding: chunked", self.origin.url("/echo")).stdout)
        self.assertEqual((answer["framing"], answer["body_bytes"]), ("chunked", 300_000))

    def test_an_upload_of_unknown_length_that_expects_100_continue(self):
        def answer(exchange):
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            exchange.read_body()
            exchange.respond(body=json.dumps([exchange.request.header("expect"), exchange.request.framing,
                                              exchange.request.body_sha256]).encode())
        data = content(1_500_000)
        for origin in (self.origin, self.secure_origin):
            origin.late_reading("/waiting", answer)
            for further in ([], ["--proxytunnel"]):
                with self.subTest(url=origin.url(), further=further):
                    done = self._curl("--cacert", self.authority.ca_file, "--expect100-timeout", 60, "-H", "Expect: 100-continue",
                                      *further, "-T", "-", origin.url("/waiting", "site.test"), stdin=data)
                    self.assertEqual(json.loads(done.stdout), ["100-continue", "chunked", hashlib.sha256(data).hexdigest()])

    def test_a_refused_upload_is_not_sent_at_all(self):
        self.origin.late_reading("/refusing", lambda exchange: exchange.respond(403, b"no\n", [("Connection", "close")]))
        done = self._curl("-H", "Expect: 100-continue", "--expect100-timeout", 60, "-w", "%{http_code} %{size_upload}", "-T", "-",
                          self.origin.url("/refusing"), stdin=content(1_000_000))
        self.assertEqual(done.stdout, b"no\n403 0")

    def test_large_data_of_every_version(self):
        data = content(1_200_000)
        for version in ("--http1.0", "--http1.1"):
            with self.subTest(version=version):
                answer = json.loads(self._curl(version, "--data-binary", "@-", self.origin.url("/echo"), stdin=data).stdout)
                self.assertEqual((answer["method"], answer["framing"], answer["body_sha256"]),
                                 ("POST", "length", hashlib.sha256(data).hexdigest()))

    def test_a_form(self):
        answer = json.loads(self._curl("-d", "a=1&b=2", self.origin.url("/echo")).stdout)
        self.assertEqual((answer["method"], answer["body_bytes"]), ("POST", 7))

    def test_an_upload_through_a_tunnel(self):
        answer = json.loads(self._curl("--proxytunnel", "-T", "-", self.origin.url("/echo"), stdin=content(200_000)).stdout)
        self.assertEqual((answer["framing"], answer["body_sha256"]), ("chunked", hashlib.sha256(content(200_000)).hexdigest()))

    def test_http_through_a_tunnel(self):
        self.assertEqual(self._curl("--proxytunnel", self.origin.url("/bytes/5000")).stdout, content(5000))
        self.assertEqual(self.weir.wait_for_rows(1)[0]["method"], "CONNECT")

    def test_http_1_0(self):
        self.assertEqual(self._curl("--http1.0", self.origin.url("/chunked/50000")).stdout, content(50_000))
        self.assertEqual(self._curl("--proxy1.0", self.weir.url.removeprefix("http://"), "--proxytunnel",
                                    self.origin.url("/bytes/50")).stdout, content(50))

    def test_several_urls_over_one_connection(self):
        urls = [self.origin.url(f"/n/{number}", name) for number in range(5) for name in ("site.test", "other.test")]
        done = self._curl(*urls)
        self.assertEqual(done.stdout.decode(), "".join(f"hello from /n/{number}\n" * 2 for number in range(5)))
        rows = self.weir.wait_for_rows(10)
        self.assertEqual(len({row["connection_id"] for row in rows}), 1)

    def test_a_head_request(self):
        self.assertIn(b"Content-Length: 12345", self._curl("-I", self.origin.url("/bytes/12345")).stdout)

    def test_a_resumed_download(self):
        def answer(exchange):
            start = int(exchange.request.header("range").removeprefix("bytes=").rstrip("-"))
            exchange.respond(206, content(1000)[start:], [("Content-Range", f"bytes {start}-999/1000")], "Partial Content")
        self.origin.on("/part", answer)
        file = self.folder / "part"
        file.write_bytes(content(400))
        self._curl("-C", "-", "-o", file, self.origin.url("/part"))
        self.assertEqual(file.read_bytes(), content(1000))

    def test_a_blocked_host(self):
        done = self._curl("-w", "%{http_code}", "-o", self.folder / "page", "http://www.blocked.test/")
        self.assertEqual(done.stdout, b"403")
        self._curl("https://www.blocked.test/", status=56)

    def test_failures_are_answers(self):
        for url, status in (("http://nowhere.test/", b"502"), (f"http://127.0.0.1:{weir.free_port()}/", b"502")):
            self.assertEqual(self._curl("-w", "%{http_code}", "-o", self.folder / "page", url).stdout, status)
            self.assertNotEqual((self.folder / "page").read_bytes(), b"")


if __name__ == "__main__":
    weir.main()
