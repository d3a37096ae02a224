"""git clones, fetches and pushes over http and https, with git's own server program behind Apache httpd."""
import subprocess

import client_program
import weir
from certificates import CertificateAuthority
from dns import NameServer
from origin import content
from web_server import Apache

_LARGE_BYTES = 3_000_000  # above http.postBuffer: git sends it in chunks


class GitTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {"code.test": ["127.0.0.1"]})
        self.authority = CertificateAuthority(self.folder / "certificates", ["code.test"])
        (self.folder / "site").mkdir()
        self.server = Apache(self, self.folder / "site", self.authority)
        repository = self.server.repositories / "project.git"
        self._git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", repository)
        self._git(repository, "config", "http.receivepack", "true")
        self.weir = weir.Weir(self)

    def _git(self, folder, *arguments, status: int = 0) -> subprocess.CompletedProcess:
        configured = {"http.proxy": self.weir.url if hasattr(self, "weir") else "", "user.name": "Test", "user.email": "t@example.test",
                      "http.sslCAInfo": str(self.authority.ca_file), "core.bigFileThreshold": "1m", "protocol.version": "2",
                      "safe.directory": "*"}
        options = [part for name, value in configured.items() for part in ("-c", f"{name}={value}")]
        return client_program.run(self, "git", "git", *options, *arguments, status=status, folder=folder, HOME=str(self.folder),
                                  GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null", GIT_TERMINAL_PROMPT="0")

    def _push_and_clone(self, url: str) -> None:
        first, second = self.folder / "first clone", self.folder / "second clone"
        self._git(self.folder, "clone", "--quiet", url, first)  # still empty
        self._commit(first, {f"folder {number % 7}/file {number}": f"text {number}\n".encode() * number for number in range(60)})
        self._git(first, "push", "--quiet", "origin", "HEAD:main")
        self._commit(first, {"large": content(_LARGE_BYTES)})
        self._git(first, "push", "--quiet", "origin", "HEAD:main")
        self._git(self.folder, "clone", "--quiet", "--branch=main", url, second)
        self._expect_same(first, second)
        self._commit(first, {"later": b"later\n"})
        self._git(first, "push", "--quiet", "origin", "HEAD:main", "HEAD:refs/tags/later")
        self._git(second, "pull", "--quiet", "--ff-only", "--tags")
        self._expect_same(first, second)
        self._git(self.folder, "clone", "--quiet", "--depth=1", "--branch=main", url, self.folder / "shallow clone")
        self.assertEqual((self.folder / "shallow clone" / "large").read_bytes(), content(_LARGE_BYTES))

    def _commit(self, clone, files: dict[str, bytes]) -> None:
        for name, data in files.items():
            (clone / name).parent.mkdir(exist_ok=True)
            (clone / name).write_bytes(data)
        self._git(clone, "add", "--all")
        self._git(clone, "commit", "--quiet", "--message", "a change")

    def _expect_same(self, *clones) -> None:
        heads = {self._git(clone, "rev-parse", "HEAD").stdout for clone in clones}
        self.assertEqual(len(heads), 1)
        self.assertEqual(self._git(clones[-1], "status", "--porcelain").stdout, b"")

    def test_over_http(self):
        self._push_and_clone(self.server.url("/git/project.git", "code.test"))
        self.weir.stop()
        rows = self.weir.rows()
        self.assertEqual({(row["host"], row["outcome"], row["status"]) for row in rows}, {("code.test", "served", 200)})
        posts = [row for row in rows if row["path"] == "/git/project.git/git-receive-pack"]
        self.assertGreater(max(row["request_body_bytes"] for row in posts), _LARGE_BYTES)

    def test_over_https(self):
        self._push_and_clone(self.server.secure_url("/git/project.git", "code.test"))
        self.weir.stop()
        rows = self.weir.rows()
        self.assertEqual({(row["method"], row["host"], row["outcome"]) for row in rows}, {("CONNECT", "code.test", "served")})
        self.assertGreater(sum(row["bytes_received"] for row in rows), _LARGE_BYTES)

    def test_a_repository_that_is_not_there_and_a_host_that_is_not_there(self):
        done = self._git(self.folder, "clone", self.server.url("/git/none.git", "code.test"), "none", status=128)
        self.assertIn(b"not found", done.stderr)
        for scheme in ("http", "https"):
            done = self._git(self.folder, "clone", f"{scheme}://nowhere.test/project.git", "none", status=128)
            self.assertIn(b"502", done.stderr)


if __name__ == "__main__":
    weir.main()
