"""Clients that keep asking, each request with a path of its own, until they are told to stop."""
import threading
import time

from raw_client import RawClient


class SteadyLoad:
    """`statuses` maps each path that was answered to its status; `failures` lists what went wrong."""

    def __init__(self, proxy, origin, clients: int = 4, requests_per_connection: int = 50):
        self.statuses: dict[str, int] = {}
        self.failures: list[str] = []
        self.longest_wait_s = 0.0
        self._proxy, self._origin = proxy, origin
        self._requests_per_connection = requests_per_connection
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]

    def __enter__(self) -> "SteadyLoad":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        turn = 0
        while not self._is_over.is_set():
            try:
                with RawClient(self._proxy.address) as client:
                    for _ in range(self._requests_per_connection):
                        if self._is_over.is_set():
                            return
                        self._ask(client, f"/load/{number}/{turn}")
                        turn += 1
            except Exception as error:
                self.failures.append(f"client {number}, turn {turn}: {error!r}")
                turn += 1

    def _ask(self, client, path: str) -> None:
        began = time.monotonic()
        response = client.get(self._origin.url(path))
        self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - began)
        self.statuses[path] = response.status
        if response.body != f"hello from {path}\n".encode():
            self.failures.append(f"{path}: {response.status} {response.body[:100]!r}")
