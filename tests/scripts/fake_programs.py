"""Stand-ins for proxy_worker, collector and reporter that keep the supervisor's contract and can be told to misbehave.

They write what happens to them, one JSON object a line, into FOLDER/events; how each behaves is read at its start from
FOLDER/behaviour/NAME.json.
"""
import json
import os
import pathlib
import stat
import sys

_ALL = ["supervisor", "proxy_worker", "collector", "reporter"]


def _option(name, value, default, programs, repeatable=False, internal=False, flag=False, group="General"):
    return {"name": name, "value": value, "default": default, "repeatable": repeatable, "flag": flag,
            "programs": programs, "group": group, "help": f"The {name}, 100% of it", "internal": internal}


OPTIONS = [
    _option("data-dir", "DIR", "Logs", _ALL),
    _option("worker-id", "N", "0", ["proxy_worker"], internal=True),
    _option("listen", "ADDRESS:PORT", "127.0.0.1:8080", ["supervisor", "proxy_worker"], repeatable=True),
    _option("workers", "N", "", ["supervisor"]),
    _option("drain-timeout", "DURATION", "10s", ["supervisor", "proxy_worker"]),
    _option("rate-limit", "REQUESTS/WINDOW|off", "100/10s", ["supervisor", "proxy_worker"], group="Policy"),
    _option("block", "PATTERN", "", ["supervisor", "proxy_worker"], repeatable=True, group="Policy"),
    _option("records", "on|off", "on", ["supervisor", "proxy_worker"], group="Records"),
    _option("collector", "on|off", "on", ["supervisor"], group="Delivery"),
    _option("commit-interval", "DURATION", "200ms", ["supervisor", "collector"], group="Records"),
    _option("csv", "FILE", "", ["reporter"], group="Report"),
    _option("write-summary", "", "", ["reporter"], flag=True, group="Report"),
]

_PROGRAM = r'''#!{python} -IS
import json, os, pathlib, resource, select, signal, socket, sys, time

FOLDER = pathlib.Path({folder!r})
program = pathlib.Path(sys.argv[0]).name
options = [argument.partition("=")[::2] for argument in sys.argv[1:]]
values = dict(options)
name = "worker-" + values["--worker-id"] if "--worker-id" in values else program

def event(what, **more):
    line = json.dumps({{"name": name, "pid": os.getpid(), "what": what, **more}}) + "\n"
    fd = os.open(FOLDER / "events", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, line.encode())
    os.close(fd)

def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.sendto(text, "\0" + os.environ["NOTIFY_SOCKET"][1:])

if ("--describe-options", "") in options:
    if "abc" in values.get("--rate-limit", ""):
        sys.exit((sys.stderr.write(program + ": --rate-limit: \"abc\" is not REQUESTS/WINDOW|off\n"), 2)[1])
    print((FOLDER / "options.json").read_text())
    sys.exit(0)
if ("--version", "") in options:
    print(program, "1.2.3")
    sys.exit(0)

try:
    behaviour = json.loads((FOLDER / "behaviour" / (name + ".json")).read_text())
except FileNotFoundError:
    behaviour = {{}}

def descriptors():
    numbers = [int(number) for number in os.listdir("/proc/self/fd")]
    return sorted(number for number in numbers if os.path.lexists(f"/proc/self/fd/{{number}}"))  # not the listing's own

opened = descriptors()
signal_reader, signal_writer = socket.socketpair()
signal_writer.setblocking(False)
signal.set_wakeup_fd(signal_writer.fileno())
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda *_: None)
if os.environ.get("WEIR_SUPERVISOR_PID"):
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
passed = int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
listeners = [socket.socket(fileno=3 + i) for i in range(passed)]
event("start", arguments=sys.argv[1:], descriptors=opened, group=os.getpgid(0),
      listening=[listener.getsockname()[:2] for listener in listeners],
      blocking=[os.get_blocking(listener.fileno()) for listener in listeners],
      shared=[listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) for listener in listeners],
      status=pathlib.Path("/proc/self/status").read_text(),
      stdin=os.readlink("/proc/self/fd/0"), files=resource.getrlimit(resource.RLIMIT_NOFILE),
      environment={{key: value for key, value in os.environ.items() if key.startswith(("LISTEN_", "WEIR_", "WATCHDOG"))}})

if "exit" in behaviour:
    print(name + ": told to end", file=sys.stderr)
    sys.exit(behaviour["exit"])
if program == "reporter":
    folder = pathlib.Path(values["--data-dir"]) / "Summary Logs"
    folder.mkdir(exist_ok=True)
    (folder / "summary_report.txt").write_text("Total requests handled: 42\n")
    print("not for the terminal")
    time.sleep(behaviour.get("seconds", 0))
    event("end")
    sys.exit(0)
if behaviour.get("is_ready", True):
    event("ready")  # Before it is said: whoever hears of it may kill this program at once.
    notify(b"READY=1")

sources = [signal_reader, *listeners]
while True:
    for source in select.select(sources, [], [])[0]:
        if source is not signal_reader:
            try:
                connection, _ = source.accept()
            except BlockingIOError:
                continue
            connection.sendall(name.encode())
            connection.close()
            continue
        for number in signal_reader.recv(100):
            event(signal.Signals(number).name)
            if number != signal.SIGHUP and not behaviour.get("ignores_term"):
                time.sleep(behaviour.get("drain_s", 0))
                event("end")
                sys.exit(behaviour.get("end_status", 0))
'''


class FakePrograms:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        (folder / "behaviour").mkdir()
        (folder / "options.json").write_text(json.dumps(OPTIONS))
        for name in ("proxy_worker", "collector", "reporter"):
            path = self.bin / name
            path.write_text(_PROGRAM.format(python=os.path.realpath(sys.executable), folder=str(folder)))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def behave(self, name: str, **behaviour) -> None:
        """From its next start on."""
        path = self.folder / "behaviour" / f"{name}.json"
        path.with_suffix(".new").write_text(json.dumps(behaviour))
        os.replace(path.with_suffix(".new"), path)

    def events(self, name: str | None = None, what: str | None = None) -> list[dict]:
        try:
            lines = (self.folder / "events").read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        events = [json.loads(line) for line in lines if line.endswith("\n")]  # The last may be half written.
        return [event for event in events if name in (None, event["name"]) and what in (None, event["what"])]
