"""Gives a test a network of its own: loopback only, every port free, names answered by the test itself (dns.py).

The test program runs itself again inside fresh network and mount namespaces, which root may always make and others
where user namespaces are allowed. Where neither is possible the test goes on in the machine's own network, and fails
only if it needs names.
"""
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

_STATE = "WEIR_TEST_NETWORK"  # unset | "entered" | "private" | "shared"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

_RESOLVER = "nameserver 127.0.0.1\n"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_own_files: set[str] = set()  # those that are seen in this mount namespace only


def enter() -> None:
    """Called once, before anything else of the test; starts the program again when it is not yet in its network."""
    state = os.environ.get(_STATE)
    if state is None:
        for flags in (["--net", "--mount"], ["--user", "--map-root-user", "--net", "--mount"]):
            if _is_possible(flags):
                os.environ[_STATE] = "entered"
                os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.orig_argv[1:]])
        os.environ[_STATE] = "shared"
    elif state == "entered":
        _raise_loopback()
        _replace_file("/etc/resolv.conf", _RESOLVER)
        _replace_file("/etc/hosts", _HOSTS)
        os.environ[_STATE] = "private"


def is_private() -> bool:
    return os.environ.get(_STATE) == "private"


def set_hosts(test, text: str) -> None:
    """More lines of /etc/hosts, until the test ends or sets others."""
    _rewrite(test, "/etc/hosts", _HOSTS + text, _HOSTS)


def set_resolver(test, text: str) -> None:
    """What /etc/resolv.conf says, until the test ends. Programs that run already do not read it again."""
    _rewrite(test, "/etc/resolv.conf", text, _RESOLVER)


def add_address(test, address: str) -> None:
    """Another address of this machine that is no loopback address, until the test ends. In a private network only."""
    if not is_private():
        test.fail("an address can be added in a network of the test's own only, which cannot be made here")
    prefix = f"{address}/{128 if ':' in address else 32}"
    ip = shutil.which("ip") or "/usr/sbin/ip"
    flags = ["nodad"] if ":" in address else []
    subprocess.run([ip, "address", "add", prefix, "dev", "lo", *flags], check=True, timeout=30)
    test.addCleanup(subprocess.run, [ip, "address", "del", prefix, "dev", "lo"], check=True, timeout=30)


def _is_possible(flags: list[str]) -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", *flags, "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=30, check=False).returncode == 0


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _replace_file(path: str, text: str) -> None:
    """Seen in this mount namespace only. A missing file means what the new one says anyway."""
    if not os.path.exists(path):
        return
    with tempfile.NamedTemporaryFile("w", suffix=os.path.basename(path)) as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        subprocess.run(["mount", "--bind", file.name, path], check=True, timeout=30)
    _own_files.add(path)


def _rewrite(test, path: str, text: str, original: str) -> None:
    """In place: the file is mounted over the system's, and cannot be replaced."""
    if path not in _own_files:
        test.fail(f"{path} is not this test's own: names need a mount namespace, which cannot be made here")
    def write(content: str) -> None:
        with open(path, "w", encoding="ascii") as file:
            file.write(content)
    test.addCleanup(write, original)
    write(text)
