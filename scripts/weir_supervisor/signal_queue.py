"""Signals as readable bytes on a descriptor, for the event loop."""
import signal
import socket

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class SignalQueue:
    def __init__(self):
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _HANDLED:
            signal.signal(number, _ignore)  # Python writes the number to the wakeup descriptor.

    def fileno(self) -> int:
        return self._reader.fileno()

    def take(self) -> list[int]:
        """The signals that have come since the last call, in their order."""
        try:
            return list(self._reader.recv(4096))
        except BlockingIOError:
            return []


def _ignore(number, frame):
    pass
