"""apt updates from, downloads from and installs from a repository of its own, through the proxy and with its pipelining."""
import hashlib
import os
import pathlib
import re
import subprocess

import client_program
import weir
from certificates import CertificateAuthority
from dns import NameServer
from origin import content
from patience import scaled
from web_server import Nginx

_PACKAGES = 9
_NAMES = [f"weir-test-{number}" for number in range(_PACKAGES)]


class Repository:
    """Packages weir-test-0, -1, ... of different sizes, each of which depends on the one before it."""

    def __init__(self, test: weir.WeirTest, folder: pathlib.Path):
        self._test, self._folder = test, folder
        pool, self._index = folder / "pool", folder / "dists" / "test"
        pool.mkdir(parents=True)
        packages = self._index / "main" / "binary-all"
        packages.mkdir(parents=True)
        for number, name in enumerate(_NAMES):
            self._build(pool, name, number)
        listing = self._run("dpkg-scanpackages", "dpkg-dev", "--multiversion", "pool")
        (packages / "Packages").write_bytes(listing)
        (self._index / "Release").write_text(self._release(listing))
        self.files = {file.name: file.read_bytes() for file in pool.iterdir()}

    @staticmethod
    def payload(number: int) -> bytes:
        return content(1000 + 41_000 * (number % 5))

    def _build(self, pool: pathlib.Path, name: str, number: int) -> None:
        tree = self._folder / "trees" / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "opt" / name).mkdir(parents=True)
        os.chmod(tree / "DEBIAN", 0o755)
        (tree / "opt" / name / "payload").write_bytes(self.payload(number))
        depends = f"Depends: {_NAMES[number - 1]}\n" if number else ""
        (tree / "DEBIAN" / "control").write_text(f"Package: {name}\nVersion: 1.{number}\nArchitecture: all\n{depends}"
                                                 "Maintainer: Tests <tests@example.test>\nDescription: for a test\n")
        self._run("dpkg-deb", "dpkg", "--root-owner-group", "-Znone", "--build", tree, pool)

    def _release(self, listing: bytes) -> str:
        entry = f" {hashlib.sha256(listing).hexdigest()} {len(listing)} main/binary-all/Packages\n"
        return ("Origin: tests\nSuite: test\nCodename: test\nComponents: main\nArchitectures: all amd64 arm64\n"
                f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{entry}")

    def _run(self, program: str, package: str, *arguments) -> bytes:
        return client_program.run(self._test, program, package, *arguments, folder=self._folder).stdout


class AptTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {"deb.test": ["127.0.0.1"]})
        self.authority = CertificateAuthority(self.folder / "certificates", ["deb.test"])
        site = self.folder / "site"
        self.repository = Repository(self, site)
        self.server = Nginx(self, site, self.authority)
        self.weir = weir.Weir(self)
        self.root = self.folder / "root"
        for name in ("etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/trusted.gpg.d", "var/lib/apt/lists/partial",
                     "var/cache/apt/archives/partial", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log/apt", "downloads"):
            (self.root / name).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        self.configuration = self.root / "etc/apt/test.conf"

    def _configure(self, base_url: str) -> None:
        """A private root: nothing of the machine's own apt is read or written."""
        (self.root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] {base_url} test main\n")
        architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, check=True, text=True,
                                      timeout=scaled(30)).stdout.strip()
        settings = {"Dir": f"{self.root}/", "Dir::State": "var/lib/apt/", "Dir::State::status": f"{self.root}/var/lib/dpkg/status",
                    "Dir::Cache": "var/cache/apt/", "Dir::Etc": "etc/apt/", "Dir::Log": "var/log/apt/", "APT::Architecture": architecture,
                    "APT::Sandbox::User": "root", "Acquire::Languages": "none", "Acquire::Retries": "0",
                    "Acquire::http::Proxy": self.weir.url, "Acquire::https::Proxy": self.weir.url,
                    "Acquire::https::CAInfo": str(self.authority.ca_file), "Debug::Acquire::http": "true",
                    "Dpkg::Use-Pty": "0", "Debug::NoLocking": "true"}
        lines = [f'{name} "{value}";\n' for name, value in settings.items()]
        lines.append(f'DPkg::Options {{ "--root={self.root}"; "--log={self.root}/var/log/dpkg.log"; }};\n')
        self.configuration.write_text("".join(lines))

    def _apt_get(self, *arguments, status: int = 0) -> str:
        done = client_program.run(self, "apt-get", "apt", "-q", "-y", *arguments, status=status, folder=self.root / "downloads",
                                  APT_CONFIG=str(self.configuration), DEBIAN_FRONTEND="noninteractive")
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def _expect_files(self, folder: pathlib.Path) -> None:
        got = {file.name: file.read_bytes() for file in folder.glob("*.deb")}
        self.assertEqual(sorted(got), sorted(self.repository.files))
        for name, data in self.repository.files.items():
            self.assertEqual(hashlib.sha256(got[name]).digest(), hashlib.sha256(data).digest(), name)

    def test_update_download_and_install_with_pipelining(self):
        self._configure(self.server.url("/", "deb.test"))
        self._apt_get("update")
        self.assertGreater(_most_unanswered(self._apt_get("download", *_NAMES)), 1, "apt sent no request before the last answer")
        self._expect_files(self.root / "downloads")
        self._apt_get("install", _NAMES[-1])  # and so all others
        for number, name in enumerate(_NAMES):
            self.assertEqual((self.root / "opt" / name / "payload").read_bytes(), Repository.payload(number))
        self.weir.stop()
        rows = self.weir.rows()
        self.assertEqual({row["host"] for row in rows}, {"deb.test"})
        self.assertEqual({row["outcome"] for row in rows}, {"served"})
        downloads = [row for row in rows if row["path"].endswith(".deb")]
        self.assertEqual((len(downloads), {row["status"] for row in downloads}), (2 * _PACKAGES, {200}))
        self.assertTrue(all(row["user_agent"].startswith("Debian APT-HTTP/") for row in rows))

    def test_a_download_that_was_cut_off_is_resumed_and_an_index_is_not_fetched_twice(self):
        self._configure(self.server.url("/", "deb.test"))
        self._apt_get("update")
        self._apt_get("update")
        file, = (self.folder / "site" / "pool").glob(f"{_NAMES[4]}_*.deb")
        archives = self.root / "var/cache/apt/archives"
        partial = archives / "partial" / file.name
        partial.write_bytes(file.read_bytes()[:50_000])
        os.utime(partial, (file.stat().st_mtime, file.stat().st_mtime))
        self._apt_get("install", "--download-only", _NAMES[4])
        self.assertEqual((archives / file.name).read_bytes(), file.read_bytes())
        self.weir.stop()
        statuses = [(row["path"].rsplit("/", 1)[-1], row["status"]) for row in self.weir.rows()]
        self.assertEqual([status for name, status in statuses if name == "Release"], [200, 304])
        self.assertEqual([status for name, status in statuses if name == file.name], [206])

    def test_https(self):
        self._configure(self.server.secure_url("/", "deb.test"))
        self._apt_get("update")
        self._apt_get("download", *_NAMES)
        self._expect_files(self.root / "downloads")
        self.weir.stop()
        self.assertEqual({(row["method"], row["host"], row["outcome"]) for row in self.weir.rows()}, {("CONNECT", "deb.test", "served")})

    def test_a_repository_that_is_not_there(self):
        self._configure("http://nowhere.test/")
        said = self._apt_get("update", "-o", "APT::Update::Error-Mode=any", status=100)
        self.assertIn("502", said)


def _most_unanswered(said: str) -> int:
    """How many requests were under way at the most, from what apt says with Debug::Acquire::http."""
    most = unanswered = 0
    for event in re.findall(r"^(GET |Answer for: )", said, re.M):
        unanswered += 1 if event == "GET " else -1
        most = max(most, unanswered)
    return most


if __name__ == "__main__":
    weir.main()
