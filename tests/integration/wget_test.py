"""wget: a file, the rest of a file, https, and a small site with everything that its pages lead to."""
import hashlib

import client_program
import weir
from certificates import CertificateAuthority
from dns import NameServer
from origin import content
from web_server import Nginx

_SITE = {
    "index.html": b'<!doctype html><a href="/a/first.html">first</a> <a href="data.bin">data</a><img src="a/image.bin?size=1">',
    "a/first.html": b'<!doctype html><a href="../b/second.html">second</a> <a href="/missing.html">missing</a>',
    "b/second.html": b'<!doctype html><a href="/index.html">back</a> <a href="/a/">folder</a>',
    "a/index.html": b'<!doctype html><a href="last.txt">last</a>',
    "a/last.txt": b"the last one\n" * 1000,
    "a/image.bin": content(70_000),
    "data.bin": content(2_000_000),
}


class WgetTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {"site.test": ["127.0.0.1"]})
        self.authority = CertificateAuthority(self.folder / "certificates", ["site.test"])
        root = self.folder / "site"
        for name, data in _SITE.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        self.server = Nginx(self, root, self.authority)
        self.weir = weir.Weir(self)
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()

    def _wget(self, *arguments, status: int = 0) -> None:
        client_program.run(self, "wget", "wget", "--no-config", "--no-verbose", "--tries=2", "--timeout=60",
                           f"--ca-certificate={self.authority.ca_file}", *arguments, status=status, folder=self.downloads,
                           http_proxy=self.weir.url, https_proxy=self.weir.url)

    def test_a_file_whole_and_continued(self):
        file = self.downloads / "data.bin"
        self._wget(self.server.url("/data.bin", "site.test"))
        self.assertEqual(file.read_bytes(), _SITE["data.bin"])
        file.write_bytes(_SITE["data.bin"][:1_234_567])
        self._wget("--continue", self.server.url("/data.bin", "site.test"))
        self.assertEqual(file.read_bytes(), _SITE["data.bin"])
        self._wget("--continue", self.server.url("/data.bin", "site.test"))  # Nothing is left of it: 416.
        self.assertEqual(hashlib.sha256(file.read_bytes()).digest(), hashlib.sha256(_SITE["data.bin"]).digest())
        self.assertEqual([row["status"] for row in self.weir.wait_for_rows(3)], [200, 206, 416])

    def test_https_whole_and_continued(self):
        file = self.downloads / "data.bin"
        file.write_bytes(_SITE["data.bin"][:1_999_999])
        self._wget("--continue", self.server.secure_url("/data.bin", "site.test"))
        self.assertEqual(file.read_bytes(), _SITE["data.bin"])
        rows = self.weir.wait_for_rows(1)
        self.assertEqual([(row["method"], row["host"], row["outcome"]) for row in rows], [("CONNECT", "site.test", "served")])

    def test_a_site_with_all_that_its_pages_lead_to(self):
        self._wget("--recursive", "--level=5", "--no-host-directories", "--page-requisites", self.server.url("/", "site.test"),
                   status=8)  # One link is broken, and wget says so.
        got = {str(file.relative_to(self.downloads)): file.read_bytes() for file in self.downloads.rglob("*") if file.is_file()}
        expected = {name.replace("image.bin", "image.bin?size=1"): data for name, data in _SITE.items()}
        self.assertEqual({name: len(data) for name, data in got.items()}, {name: len(data) for name, data in expected.items()})
        self.assertEqual(got, expected)
        self.weir.stop()
        rows = self.weir.rows()
        self.assertEqual(sorted(row["path"] for row in rows if row["status"] == 404), ["/missing.html", "/robots.txt"])
        self.assertGreaterEqual(sum(row["status"] == 200 for row in rows), len(_SITE))


if __name__ == "__main__":
    weir.main()
