"""Bad lists of every kind: one clear line and exit 2 at the start, the old policy on reload. And whatever happens to the compiled
policy on the disk, what is to be blocked is never let through."""
import os
import pathlib
import signal
import socket
import subprocess
import time

import private_network
import weir
from dns import NameServer
from patience import await_that
from raw_client import Ended, RawClient

_OLD_STAYS = "the old policy stays in force: "
_BLOCKED, _OTHER = "http://old.test/", "http://new.test/"


def _make_fifo(path: pathlib.Path) -> None:
    os.mkfifo(path)


def _make_socket(path: pathlib.Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def _make_huge(path: pathlib.Path) -> None:
    with open(path, "wb") as file:
        file.truncate((256 << 20) + 1)


def _content(content: bytes):
    return lambda path: path.write_bytes(content)


# How each is made, and what its line says behind the file's name.
_BAD = {
    "missing": (lambda path: None, ": cannot read: No such file or directory"),
    "a folder": (pathlib.Path.mkdir, ": cannot read: Is a directory"),
    "a pipe that nobody writes": (_make_fifo, ": is not a file"),
    "a socket": (_make_socket, ": cannot read: No such device or address"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), ": is not a file"),
    "larger than any list": (_make_huge, ": larger than 256 MiB"),
    "compressed": (_content(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c\x2a"), ":1: "),
    "a program": (_content(pathlib.Path("/bin/true").read_bytes()), ":1: "),
    "zeros": (_content(bytes(1000)), ":1: "),
    "UTF-16": (_content("ads.test\r\n".encode("utf-16")), ":1: "),
    "a web page": (_content(b"<!DOCTYPE html>\n<html></html>\n"), ":1: "),
    "JSON": (_content(b'{"domains": ["ads.test"]}\n'), ":1: "),
    "an address with a path": (_content(b"ok.test\n\nhttps://ads.test/x\n"), ":3: "),
    "a line too long": (_content(b"ok.test\n" + b"a" * 65_537 + b"\n"), ":2: longer than 65536 bytes"),
    "an open bracket": (_content(b"[ab.test\n"), ":1: "),
    "too many wildcards": (_content(b"".join(b"*a%d*\n" % number for number in range(10_001))), ":10001: "),
}


class BadFileTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {})

    def test_at_the_start_each_is_one_line_and_exit_2(self):
        for name, (make, expected) in _BAD.items():
            with self.subTest(name=name):
                blocklist = self.folder / f"list, {name}"
                make(blocklist)
                done = self.run_program("proxy_worker", "--data-dir", self.folder / "data", "--listen", "127.0.0.1:0", "--records", "off",
                                        "--block", "fine.test", "--blocklist", blocklist)
                self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1), done.stderr)
                line = done.stderr.decode()
                self.assertTrue(line.startswith(f"proxy_worker: {blocklist}{expected}"), line)
                self.assertLess(len(line), 500)
                self.assertTrue(line.rstrip("\n").isprintable(), line)
        self.assertFalse((self.folder / "data" / "run" / "policy.bin").exists())

    def test_the_supervisor_passes_it_on_and_stops(self):
        supervisor = self.start("supervisor", [weir.supervisor_script(), "run", "--bin-dir", weir.bin_dir(), "--data-dir", self.folder / "data",
                                               "--workers", "2", "--listen", "127.0.0.1:0", "--blocklist", self.folder / "missing"])
        self.assertEqual(supervisor.wait(), 2)
        self.assertIn(f"{self.folder / 'missing'}: cannot read: No such file or directory", supervisor.stderr)

    def test_unreadable_for_who_runs_it(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to run the worker as somebody else")
        blocklist = self.folder / "list"
        blocklist.write_text("ads.test\n")
        blocklist.chmod(0o600)
        self.folder.chmod(0o755)
        data_dir = self.folder / "data"
        data_dir.mkdir()
        os.chown(data_dir, 65534, 65534)
        done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", weir.bin_dir() / "proxy_worker", "--data-dir", data_dir,
                               "--listen", "127.0.0.1:0", "--records", "off", "--blocklist", blocklist], capture_output=True, timeout=60, check=False)
        if b"Permission denied" in done.stderr and b"proxy_worker:" not in done.stderr:
            self.skipTest("the programs are where only root may go")
        self.assertEqual((done.returncode, done.stderr.decode()), (2, f"proxy_worker: {blocklist}: cannot read: Permission denied\n"))

    def test_on_reload_each_is_one_line_and_changes_nothing(self):
        blocklist = self.folder / "list"
        blocklist.write_text("old.test\n")
        proxy = weir.Weir(self, "--blocklist", str(blocklist), workers=2)
        for name, (make, expected) in _BAD.items():
            with self.subTest(name=name):
                _remove(blocklist)
                make(blocklist)
                said = proxy.process.stderr.count(_OLD_STAYS)
                proxy.process.send(signal.SIGHUP)
                await_that(lambda: proxy.process.stderr.count(_OLD_STAYS) >= said + 2, "the complaint of both workers")
                lines = [line for line in proxy.process.stderr.splitlines() if _OLD_STAYS in line][-2:]
                for line in lines:
                    self.assertIn(f"{_OLD_STAYS}{blocklist}{expected}", line)
                self.assertEqual(proxy.client().get(_BLOCKED).status, 403)
        _remove(blocklist)
        blocklist.write_text("new.test\n")
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: _blocks(proxy, _OTHER), "a good list")
        proxy.assert_never_restarted()

    def test_what_is_unusual_but_fine(self):
        blocklist = self.folder / "list"
        for content, rules in ((b"", 0), (b"\n\n# nothing\n", 0), (b"\xef\xbb\xbfold.test\r\nnew.test\r\n", 2), (b"old.test", 1),
                               (b"\t old.test \t # why\n", 1), (b"\xef\xbb\xbf", 0), (b"OLD.Test.\nold.test\n", 1),
                               (b"b\xfccher.test\n" + b"a" * 64 + b".test\n", 0)):
            with self.subTest(content=content):
                blocklist.write_bytes(content)
                done = self.run_program("reporter", "--data-dir", self.folder, "--explain", "http://www.old.test/", "--blocklist", blocklist)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(b"REFUSED" in done.stdout, rules > 0)


class CompiledFileTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        NameServer(self, {})  # so that what is let through is a 502 at once
        self.list = self.folder / "list"
        self._write("old.test")

    def _write(self, name: str, names: int = 0) -> None:
        temporary = self.list.with_suffix(".new")
        temporary.write_text(f"{name}\n" + "".join(f"n{number}.many.test\n" for number in range(names)))
        os.replace(temporary, self.list)

    def _start(self, **further) -> weir.Weir:
        proxy = weir.Weir(self, "--blocklist", str(self.list), **further)
        self.compiled = proxy.data_dir / "run" / "policy.bin"
        self.assertTrue(_blocks(proxy, _BLOCKED))
        return proxy

    def test_a_storm_of_reloads_ends_with_the_last_list(self):
        proxy = self._start(workers=2)
        kept = proxy.client()
        for turn in range(50):
            self._write("old.test" if turn % 2 else "new.test", names=5_000)
            proxy.process.send(signal.SIGHUP)
            time.sleep(0.02)
        self._write("last.test", names=5_000)
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: all(_blocks(proxy, "http://last.test/") for _ in range(8)), "the last list in force in both workers", 60)
        self.assertEqual(kept.get("http://last.test/").status, 403, "the connection from before the storm")
        self.assertFalse(_blocks(proxy, _BLOCKED))
        self.assertNotIn(_OLD_STAYS, proxy.process.stderr)
        proxy.assert_never_restarted()

    def test_a_list_that_changes_while_it_is_compiled_is_compiled_again(self):
        proxy = self._start()
        for turn in range(5):
            self._write("new.test", names=100_000)
            proxy.process.send(signal.SIGHUP)
            # At another moment of the compiling each time.
            time.sleep(0.03 * turn)
            self._write(f"turn{turn}.test", names=10)
            proxy.process.send(signal.SIGHUP)
            await_that(lambda: _blocks(proxy, f"http://turn{turn}.test/"), "the later list in force", 60)
            self.assertFalse(_blocks(proxy, _OTHER))
        proxy.assert_never_restarted()

    def test_on_a_full_disk_the_old_policy_stays(self):
        if not private_network.is_private():
            self.skipTest("needs a mount namespace of its own")
        disk = self.folder / "small disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", disk], check=True, timeout=30)
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk], check=True, timeout=30)
        proxy = self._start(data_dir=disk / "data", workers=2)
        version = proxy.client().get(_BLOCKED).body
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass
        self._write("new.test", names=100_000)
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: proxy.process.stderr.count(_OLD_STAYS) >= 2, "the complaint of both workers")
        self.assertIn(f"{_OLD_STAYS}{self.compiled}.new: cannot write: No space left on device", proxy.process.stderr)
        self.assertEqual(proxy.client().get(_BLOCKED).body, version)
        self.assertFalse(pathlib.Path(f"{self.compiled}.new").exists(), "what could be written of it is not left there")
        ballast.unlink()
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: _blocks(proxy, _OTHER), "the new list, when there is room again")
        proxy.assert_never_restarted()

    def test_a_damaged_file_is_noticed_at_the_start(self):
        proxy = self._start()
        proxy.stop()
        good = self.compiled.read_bytes()
        middle = len(good) // 2
        for damaged in (b"", good[:100], good[:-1], good[:middle], good + b"\0", bytes(len(good)),
                        good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:], good[:8] + b"\xff\xff\xff\xff" + good[12:]):
            with self.subTest(bytes=len(damaged)):
                self.compiled.write_bytes(damaged)
                proxy = self._start(data_dir=proxy.data_dir)
                self.assertEqual(self.compiled.read_bytes(), good)
                proxy.stop()

    def test_a_damaged_file_is_noticed_by_a_reload(self):
        proxy = self._start()
        good = self.compiled.read_bytes()
        with open(self.compiled, "r+b") as file:  # in place: it is mapped
            file.seek(len(good) // 2)
            file.write(bytes(64))
        proxy.process.send(signal.SIGHUP)
        await_that(lambda: self.compiled.read_bytes() == good, "the file made anew")
        self.compiled.unlink()
        proxy.process.send(signal.SIGHUP)
        await_that(self.compiled.exists, "the file made anew after it was removed")
        self.assertTrue(_blocks(proxy, _BLOCKED))
        proxy.assert_never_restarted()

    def test_who_cuts_the_mapped_file_short_does_not_open_the_way(self):
        self._write("old.test", names=50_000)
        # The bus error that ends a worker here is no finding of a sanitizer.
        proxy = self._start(workers=2, environment={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_sigbus=0"})
        os.truncate(self.compiled, 4096)
        def is_back() -> bool:
            """Until the restart a worker may be gone, but none lets anything through."""
            try:
                self.assertEqual(proxy.client().get(_BLOCKED).status, 403)
            except (OSError, Ended):
                return False
            return all(proxy.restarts()[f"worker-{number}"] for number in range(2)) and proxy.is_serving()
        await_that(is_back, "both workers restarted with a good policy", 60)
        self.assertGreater(self.compiled.stat().st_size, 4096)


def _blocks(proxy: weir.Weir, url: str) -> bool:
    with RawClient(proxy.address) as client:
        return client.get(url).status == 403


def _remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    weir.main()
