"""The datagram socket on which programs say READY=1: systemd's protocol, sd_notify(3)."""
import socket
import struct

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_MESSAGE_BYTES_MAX = 4096


class Readiness:
    def __init__(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        # The kernel names each message's sender: nobody can speak for a program of ours.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind("")  # The kernel chooses an abstract name: no file, whatever the data directory is.

    @property
    def address(self) -> str:
        """For NOTIFY_SOCKET."""
        return "@" + self._socket.getsockname()[1:].decode("ascii")

    def fileno(self) -> int:
        return self._socket.fileno()

    def take_ready_pids(self) -> list[int]:
        """The processes that have said READY=1 since the last call."""
        pids = []
        while True:
            try:
                message, ancillary, _, _ = self._socket.recvmsg(_MESSAGE_BYTES_MAX,
                                                                socket.CMSG_SPACE(_CREDENTIALS.size))
            except BlockingIOError:
                return pids
            if b"READY=1" in message.split(b"\n"):
                pids += [_CREDENTIALS.unpack(data)[0] for level, kind, data in ancillary
                         if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)]

    def close(self) -> None:
        self._socket.close()
