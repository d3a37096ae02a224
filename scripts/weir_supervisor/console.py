"""What the supervisor says: a terminal or pipe that has gone away must not stop the proxy."""
import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Opens descriptors 0-2 if the caller closed them, so that no socket or file takes their place."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # Paths need not be valid UTF-8.


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError:
        pass  # A full disk: the next line may find room.


def _silence(stream: TextIO) -> None:
    """Nobody reads any more. What the stream still holds would be tried again at the end, and make the exit status 120."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def say(text: str) -> None:
    """For whoever asked: standard output."""
    _write(sys.stdout, text)


def report(text: str) -> None:
    """For the operation log: standard error, as the other programs do."""
    _write(sys.stderr, f"supervisor: {text}")


def bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if _takes_colour() else text


def green(text: str) -> str:
    return f"\033[32m{text}\033[0m" if _takes_colour() else text


def red(text: str) -> str:
    return f"\033[31m{text}\033[0m" if _takes_colour() else text


def _takes_colour() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return sys.stdout is not None and sys.stdout.isatty()
    except ValueError:
        return False
