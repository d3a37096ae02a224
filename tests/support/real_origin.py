"""What any real web server must look like through the proxy: the same as without it. For nginx_test.py and apache_test.py."""
import gzip
import hashlib
import threading

import client_program
import patience
import weir
from origin import content
from raw_client import Response
from patience import scaled
from web_server import WebServer

_TEXT = b"".join(b"line %d of a text that compresses well\n" % number for number in range(20_000))
_FILES = {"text.txt": _TEXT, "data.bin": content(3_000_000), "empty.bin": b"", "octet.bin": b"x",
          "folder/index.html": b"<!doctype html><title>folder</title>\n"}
_OF_THE_HOP = {"connection", "keep-alive", "via", "date", "transfer-encoding"}
_RACES = 60


class Checks:
    """Mixed into a WeirTest that says which server it is about."""

    server_type: type[WebServer]

    def setUp(self):
        super().setUp()
        self.root = self.folder / "site root"
        for name, data in _FILES.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_bytes(data)
        self.server = self.server_type(self, self.root)
        self.weir = weir.Weir(self)

    # Both ways

    def _direct(self, method: str, path: str, headers: list[tuple[str, str]], version: str) -> Response:
        with weir.RawClient(("127.0.0.1", self.server.port)) as client:
            client.request(method, path, [*headers, ("Connection", "close")], host=self.server.authority(), version=version)
            return client.response(method)

    def _through_proxy(self, method: str, path: str, headers: list[tuple[str, str]], version: str) -> Response:
        with self.weir.client() as client:
            client.request(method, self.server.url(path), headers, version=version)
            return client.response(method)

    def _expect_same(self, path: str, status: int, method: str = "GET", headers: list[tuple[str, str]] = (),
                     version: str = "HTTP/1.1") -> Response:
        """Status, reason, end-to-end header fields in their order, and every octet of the body; gives the response."""
        direct = self._direct(method, path, list(headers), version)
        response = self._through_proxy(method, path, list(headers), version)
        self.assertEqual((direct.status, response.status, response.reason), (status, status, direct.reason))
        self.assertEqual(*([(name, value) for name, value in given.headers if name.lower() not in _OF_THE_HOP]
                           for given in (response, direct)))
        self.assertEqual(hashlib.sha256(response.body).hexdigest(), hashlib.sha256(direct.body).hexdigest())
        self.assertNotEqual(response.all("via"), [])
        return response

    # What is read

    def test_files_arrive_as_they_are(self):
        for name, data in _FILES.items():
            with self.subTest(name=name):
                self.assertEqual(self._expect_same(f"/{name}", 200).body, data)
                response = self._expect_same(f"/{name}", 200, "HEAD")
                self.assertEqual(response.body, b"")
                if data:  # Apache leaves the field out when it is 0.
                    self.assertEqual(response.header("content-length"), str(len(data)))

    def test_ranges(self):
        data = _FILES["data.bin"]
        for wanted, expected in (("0-0", data[:1]), ("1000-200999", data[1000:201_000]), ("-77", data[-77:]), ("2999999-", data[-1:])):
            with self.subTest(range=wanted):
                self.assertEqual(self._expect_same("/data.bin", 206, headers=[("Range", f"bytes={wanted}")]).body, expected)
        response = self._through_proxy("GET", "/data.bin", [("Range", "bytes=0-9,100-119")], "HTTP/1.1")
        self.assertEqual(response.status, 206)
        self.assertTrue(response.header("content-type").startswith("multipart/byteranges"))
        self.assertIn(data[100:120], response.body)
        self._expect_same("/data.bin", 416, headers=[("Range", "bytes=3000000-")])

    def test_what_has_not_changed_is_not_sent_again(self):
        first = self._expect_same("/data.bin", 200)
        for field, known in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
            self.assertEqual(self._expect_same("/data.bin", 304, headers=[(field, first.header(known))]).body, b"")

    def test_compressed_text_comes_in_chunks_for_those_who_know_them(self):
        response = self._expect_same("/text.txt", 200, headers=[("Accept-Encoding", "gzip")])
        self.assertEqual((response.framing, response.header("content-encoding")), ("chunked", "gzip"))
        self.assertEqual(gzip.decompress(response.body), _TEXT)
        response = self._through_proxy("GET", "/text.txt", [("Accept-Encoding", "gzip")], "HTTP/1.0")
        self.assertEqual((response.status, response.framing, gzip.decompress(response.body)), (200, "close", _TEXT))
        for name, data in _FILES.items():
            response = self._through_proxy("GET", f"/{name}", [], "HTTP/1.0")
            self.assertEqual((response.status, response.body), (200, data), name)
            self.assertNotEqual(response.framing, "chunked")

    def test_answers_of_the_origin_about_errors_are_its_own(self):
        self._expect_same("/missing", 404)
        self._expect_same("/folder", 301)
        self._expect_same("/broken/page", self.gateway_error)
        rows = self.weir.wait_for_rows(3)
        self.assertEqual([(row["status"], row["outcome"]) for row in rows],
                         [(404, "served"), (301, "served"), (self.gateway_error, "served")])

    # What is sent

    def test_uploads_arrive_as_they_are(self):
        client = self.weir.client(timeout_s=60)
        data = content(20_000_000)
        for name, headers, body in (
                ("known.bin", [], data),
                ("chunked.bin", [("Transfer-Encoding", "chunked")], b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)),
                ("nothing.bin", [("Content-Length", "0")], b"")):
            with self.subTest(name=name):
                client.request("PUT", self.server.url(f"/upload/{name}"), headers, body)
                self.assertEqual(client.response().status, 201)
                stored = (self.root / "upload" / name).read_bytes()
                self.assertEqual(hashlib.sha256(stored).digest(), hashlib.sha256(data if body else b"").digest())
        client.request("PUT", self.server.url("/upload/expected.bin"),
                       [("Expect", "100-continue"), ("Content-Length", str(len(data)))])
        self.assertEqual(client.head().status, 100)
        client.send(data)
        self.assertEqual(client.response().status, 201)
        self.assertEqual((self.root / "upload" / "expected.bin").read_bytes(), data)

    def test_an_upload_that_is_too_large_is_told_so_at_once(self):
        file = self.folder / "large"
        file.write_bytes(content(30_000_000))
        for further in ([], ["-H", "Expect:"], ["-H", "Expect:", "-H", "Transfer-Encoding: chunked"]):
            with self.subTest(further=further):
                done = client_program.run(self, "curl", "curl", "-q", "-sS", "-x", self.weir.url, "-T", file, "-o", "/dev/null",
                                          "-w", "%{http_code}", *further, self.server.url("/upload/small/large"), status=None)
                self.assertEqual(done.stdout, b"413", done.stderr.decode())
        self.assertEqual(list((self.root / "upload" / "small").iterdir()), [])

    # Its connections

    def test_connections_are_used_again(self):
        with self.weir.client() as first, self.weir.client() as second:
            for number in range(10):
                for client in (first, second):
                    self.assertEqual(client.get(self.server.url(f"/octet.bin?{number}")).body, b"x")
        # The server writes its log after the response.
        patience.await_that(lambda: len(self.server.requests()) >= 20, "the last request's line in the origin's log")
        self.assertEqual([number for number, _, _ in self.server.requests()], list(range(1, 21)))

    def test_a_connection_that_the_origin_gives_up_is_not_noticed(self):
        # Each client's second request comes about when the origin closes: just before it, at the moment, just after.
        over = threading.Event()
        statuses: list[int] = []
        def race(number: int) -> None:
            with weir.RawClient(self.weir.address, timeout_s=60) as client:
                for _ in range(2):
                    response = client.get(self.server.brief_url("/data.bin"))
                    statuses.append(response.status if response.body == _FILES["data.bin"] else 0)
                    over.wait(0.97 + 0.06 * number / _RACES)
        threads = [threading.Thread(target=race, args=(number,)) for number in range(_RACES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(scaled(90))
        self.assertEqual(statuses, [200] * 2 * _RACES)
