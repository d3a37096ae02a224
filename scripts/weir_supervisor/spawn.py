"""Starts a program with exactly the descriptors, signals and environment that it is meant to have.

subprocess cannot do that: listening sockets must arrive as descriptors 3, 4, ..., and LISTEN_PID must be the pid of
the new process, which is known only after fork.
"""
import fcntl
import os
import signal

_FIRST_PASSED_FD = 3
_CANNOT_EXECUTE = 127


def spawn(arguments: list[str], environment: dict[str, str], passed_fds: list[int], quiet: bool) -> int:
    """Gives the pid of a new process in its own process group. `quiet`: its standard output is /dev/null.
    OSError when it cannot be started."""
    failure_reader, failure_writer = os.pipe()
    # A signal that came between fork and exec would be handled by the supervisor's handlers in the child.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _become(arguments, environment, passed_fds, quiet, failure_writer, unblocked)
    except OSError:
        os.close(failure_reader)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        os.close(failure_writer)
    with open(failure_reader, "rb") as reader:
        failure = reader.read()  # Ends at exec, which closes the writer.
    if failure:
        os.waitpid(pid, 0)
        raise OSError(int(failure), os.strerror(int(failure)), arguments[0])
    return pid


def _become(arguments, environment, passed_fds, quiet, failure_writer, unblocked):
    """In the child; never returns."""
    try:
        os.setpgid(0, 0)  # Ctrl-C is for the supervisor alone.
        failure_writer = _place_descriptors(passed_fds, quiet, failure_writer)
        if passed_fds:
            environment = {**environment, "LISTEN_FDS": str(len(passed_fds)), "LISTEN_PID": str(os.getpid())}
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        os.execve(arguments[0], arguments, environment)
    except OSError as error:
        os.write(failure_writer, b"%d" % error.errno)
    finally:
        os._exit(_CANNOT_EXECUTE)


def _place_descriptors(passed_fds: list[int], quiet: bool, failure_writer: int) -> int:
    """Leaves 0-2, the passed ones from 3 on, and the failure pipe, whose new number is given."""
    end = _FIRST_PASSED_FD + len(passed_fds)
    # First out of the way, as a target may be the place of another source.
    sources = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, end + 1) for fd in (*passed_fds, failure_writer)]
    for target, source in enumerate(sources, _FIRST_PASSED_FD):
        os.dup2(source, target, inheritable=target < end)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    if quiet:
        os.dup2(nothing, 1)
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd > end:
            try:
                os.close(fd)
            except OSError:
                pass  # The descriptor of the listing itself.
    return end
