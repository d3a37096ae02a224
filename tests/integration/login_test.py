"""Only users of the password file may use the proxy; a password that is being hashed holds up nobody."""
import base64
import os
import signal
import subprocess
import threading

import patience
import weir
from echo import EchoOrigin
from origin import Origin


def _basic(user: str, password: str) -> list[tuple[str, str]]:
    return [("Proxy-Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())]


class LoginTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.users = self.folder / "users"

    def _write_users(self, cost: int = 4, **passwords: str) -> None:
        htpasswd = self.require_program("htpasswd", "apache2-utils")
        self.users.unlink(missing_ok=True)
        for user, password in passwords.items():
            subprocess.run([htpasswd, "-bB", "-C", str(cost), *([] if self.users.exists() else ["-c"]), self.users, user, password],
                           check=True, capture_output=True, timeout=60)

    def _start(self, *options: str) -> weir.Weir:
        return weir.Weir(self, "--password-file", str(self.users), *options)

    def test_a_request_without_login_is_asked_for_one(self):
        self._write_users(ann="secret")
        proxy = self._start()
        for fields in ([], [("Proxy-Authorization", "Bearer abc")], _basic("ann", "wrong"), _basic("bob", "secret")):
            with self.subTest(fields=fields):
                response = proxy.client().get(self.origin.url("/"), fields)
                self.assertEqual(response.status, 407)
                self.assertEqual(response.header("Proxy-Authenticate"), 'Basic realm="Weir", charset="UTF-8"')
        self.assertEqual(self.origin.requests, [])
        rows = proxy.wait_for_rows(4)
        self.assertEqual([row["reason"] for row in rows], ["login_required", "login_required", "login_refused", "login_refused"])
        self.assertEqual({row["outcome"] for row in rows}, {"refused"})

    def test_a_user_is_served_and_recorded(self):
        self._write_users(ann="secret")
        proxy = self._start()
        client = proxy.client()
        for number in range(3):
            response = client.get(self.origin.url(f"/{number}"), _basic("ann", "secret"))
            self.assertEqual((response.status, response.body), (200, f"hello from /{number}\n".encode()))
        client.request("POST", self.origin.url("/echo"), _basic("ann", "secret"), b"x" * 100_000)
        self.assertEqual(client.response().status, 200)
        self.assertEqual([request.header("Proxy-Authorization") for request in self.origin.requests], [None] * 4)
        rows = proxy.wait_for_rows(4)
        self.assertEqual({row["outcome"] for row in rows}, {"served"})
        self.assertEqual({row["user"] for row in rows}, {"ann"})
        for _, line in proxy.json_lines():
            self.assertEqual(line["User"], "ann")
            self.assertNotIn("c2VjcmV0", str(line))

    def test_pipelined_requests_and_tunnels_wait_for_the_check(self):
        self._write_users(cost=8, ann="secret", bob="other")
        proxy = self._start()
        echo = EchoOrigin(self)
        client = proxy.client()
        for number in range(5):
            client.request("GET", self.origin.url(f"/{number}"), _basic("ann", "secret"))
        self.assertEqual([client.response().body for _ in range(5)], [f"hello from /{number}\n".encode() for number in range(5)])
        tunnel = proxy.client()
        tunnel.request("CONNECT", echo.authority, _basic("bob", "other"))
        tunnel.send(b"early data")
        self.assertEqual(tunnel.response("CONNECT").status, 200)
        self.assertEqual(tunnel.read_exactly(10), b"early data")

    def test_slow_hashes_hold_up_nobody(self):
        self._write_users(cost=10, ann="secret", bob="other")
        proxy = self._start()
        known = proxy.client()
        self.assertEqual(known.get(self.origin.url("/"), _basic("ann", "secret")).status, 200)
        guesses = [proxy.client() for _ in range(8)]
        for number, guess in enumerate(guesses):
            guess.request("GET", self.origin.url("/guess"), _basic("bob", f"guess {number}"))
        served = 0
        done = threading.Event()
        def count():
            for guess in guesses:
                self.assertEqual(guess.response().status, 407)
            done.set()
        thread = threading.Thread(target=count, daemon=True)
        thread.start()
        while not done.is_set() and served < 20_000:
            self.assertEqual(known.get(self.origin.url("/"), _basic("ann", "secret")).status, 200)
            served += 1
        thread.join(patience.scaled(60))
        self.assertTrue(done.is_set())
        self.assertGreater(served, 20, "while eight passwords were hashed")

    def test_reload_takes_users_in_and_out(self):
        self._write_users(ann="secret")
        proxy = self._start()
        self.assertEqual(proxy.client().get(self.origin.url("/"), _basic("ann", "secret")).status, 200)
        self._write_users(bob="other")
        os.kill(proxy.worker_pids()[0], signal.SIGHUP)
        patience.await_that(lambda: proxy.client().get(self.origin.url("/"), _basic("bob", "other")).status == 200, "bob's login")
        self.assertEqual(proxy.client().get(self.origin.url("/"), _basic("ann", "secret")).status, 407)
        self.users.write_text("carl:not a hash\n")
        os.kill(proxy.worker_pids()[0], signal.SIGHUP)
        patience.await_that(lambda: "users:1: the hash of carl" in proxy.process.stderr, "the error's line")
        self.assertEqual(proxy.client().get(self.origin.url("/"), _basic("bob", "other")).status, 200, "the old file stays in force")

    def test_a_bad_file_is_refused_at_the_start(self):
        self.users.write_text("carl:not a hash\n")
        process = self.run_program("proxy_worker", "--data-dir", self.folder / "data", "--listen", "127.0.0.1:0", "--password-file", self.users)
        self.assertEqual(process.returncode, 2)
        self.assertIn(b"users:1: the hash of carl", process.stderr)
        self.assertEqual(len(process.stderr.strip().splitlines()), 1)


if __name__ == "__main__":
    weir.main()
