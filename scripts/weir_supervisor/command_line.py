"""The commands: run, status, reload, stop."""
import argparse
import os
import pathlib
import resource

from . import control, status
from .banner import Records, announce_ready, show_summary
from .child import Child
from .console import prepare_streams, report, say
from .counters import SLOTS
from .data_directory import DataDirectory
from .failure import EXIT_BAD_OPTIONS, Failure
from .listeners import ListenAddress, Listeners
from .options import ConfigFile, OneLineParser, Option, Values, add_general_group, read_run_options
from .process_identity import ProcessIdentity
from .process_table import end_survivors, read_process_table
from .programs import Programs, find_programs
from .readiness import Readiness
from .signal_queue import SignalQueue
from .supervisor import Family, Supervisor

# As common/options declares it. Repeated here so that a proxy can be stopped while its programs are being rebuilt.
_DEFAULT_DATA_DIR = "Logs"

_INTERRUPTED = 130


def main(argv: list[str]) -> int:
    prepare_streams()
    script = pathlib.Path(argv[0]).absolute()
    command = argv[1] if len(argv) > 1 and not argv[1].startswith("-") else "run"
    arguments = argv[2:] if argv[1:2] == [command] else argv[1:]
    try:
        match command:
            case "run":
                return _run(script, arguments)
            case "status":
                return _status(arguments)
            case "reload":
                return control.reload_policy(_data_directory(_control_parser("reload").parse_args(arguments)))
            case "stop":
                return control.stop(_data_directory(_control_parser("stop").parse_args(arguments)))
        raise Failure(f'there is no command "{command}"; run, status, reload and stop are (see --help)', EXIT_BAD_OPTIONS)
    except Failure as failure:
        report(str(failure))
        return failure.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(script: pathlib.Path, arguments: list[str]) -> int:
    programs = find_programs(_bin_dir(arguments), pathlib.Path(os.path.realpath(script)).parent)
    values = read_run_options([Option.from_description(option) for option in programs.describe_options()], arguments)
    if values is None:
        say(programs.version())
        return 0
    addresses = _listen_addresses(values)
    workers = values.whole_number("workers", at_most=SLOTS) if values.one("workers") else _cores()
    drain_timeout_s = values.seconds("drain-timeout")
    has_records = values.is_on("records")
    for program in ("proxy_worker", "collector", "reporter"):
        programs.check_options(program, values.arguments_for(program, {}))
    if ProcessIdentity.of(os.getpid()) is None:
        raise Failure("/proc is not mounted: mount -t proc proc /proc")
    directory = DataDirectory(values.one("data-dir"))
    directory.create()
    lock = directory.acquire()
    try:
        return _serve(script, programs, values, directory, addresses, workers, drain_timeout_s, has_records)
    finally:
        os.close(lock)


def _serve(script: pathlib.Path, programs: Programs, values: Values, directory: DataDirectory,
           addresses: list[ListenAddress], workers: int, drain_timeout_s: float, has_records: bool) -> int:
    previous = read_process_table(directory.process_table)
    if previous is not None:
        end_survivors(previous)
    _raise_open_file_limit()
    listeners = Listeners(addresses, workers)
    signals = SignalQueue()
    readiness = Readiness()
    if has_records:
        directory.set_aside_spools_of_earlier_boots(workers)
    family = _family(programs, values, directory, listeners, workers, has_records, readiness.address)
    return Supervisor(
        family, listeners, readiness, signals, drain_timeout_s, directory.process_table,
        announce=lambda: announce_ready(listeners.addresses, workers, directory, _place_of_records(values), script),
        show_summary=lambda: show_summary(directory)).run()


def _family(programs: Programs, values: Values, directory: DataDirectory, listeners: Listeners, workers: int,
            has_records: bool, notify_address: str) -> Family:
    environment = _child_environment(notify_address)
    has_collector = _place_of_records(values) is Records.HERE
    data_dir = {"data-dir": [str(directory.path)]}
    listen = {"listen": [str(address) for address in listeners.addresses]}  # with the ports that were found for port 0

    def child(name: str, program: str, replaced: dict[str, list[str]], **further) -> Child:
        return Child(name, [programs.path(program), *values.arguments_for(program, {**data_dir, **replaced})],
                     environment, **{"passed_fds": [], **further})

    return Family(
        workers=[child(f"worker-{worker_id}", "proxy_worker", {**listen, "worker-id": [str(worker_id)]},
                       passed_fds=listeners.of_worker(worker_id), worker_id=worker_id) for worker_id in range(workers)],
        collector=child("collector", "collector", {}) if has_collector else None,
        # Fewer workers than before: what the others left is delivered all the same.
        deliveries=[child(f"delivery-{number}", "proxy_worker", {"worker-id": [str(number)], "deliver-only": ["on"]})
                    for number in directory.leftover_spools(workers)] if has_records else [],
        # Its text is shown out of the file that it writes.
        reporter=child("reporter", "reporter", {"write-summary": ["true"]}, quiet=True) if has_collector else None)


def _place_of_records(values: Values) -> Records:
    if not values.is_on("records"):
        return Records.NOWHERE
    return Records.HERE if values.is_on("collector") else Records.ELSEWHERE


def _status(arguments: list[str]) -> int:
    parser = _control_parser("status")
    parser.add_argument("--json", action="store_true", help="For programs: the same and more as JSON")
    parsed = parser.parse_args(arguments)
    return status.show_status(_data_directory(parsed), parsed.json)


def _control_parser(command: str) -> OneLineParser:
    parser = OneLineParser(usage=f"%(prog)s {command} [options]")
    group = add_general_group(parser)
    group.add_argument("--data-dir", metavar="DIR", help=f"The running proxy's [{_DEFAULT_DATA_DIR}]")
    return parser


def _data_directory(parsed: argparse.Namespace) -> DataDirectory:
    if parsed.data_dir is not None:
        return DataDirectory(parsed.data_dir)
    values = ConfigFile(parsed.config).values if parsed.config is not None else {}
    return DataDirectory(values.get("data-dir", [_DEFAULT_DATA_DIR])[-1])


def _bin_dir(arguments: list[str]) -> str | None:
    """Needed before the options can be described."""
    parser = OneLineParser()
    parser.add_argument("--bin-dir")
    return parser.parse_known_args(arguments)[0].bin_dir


def _listen_addresses(values: Values) -> list[ListenAddress]:
    addresses = []
    for text in values.all("listen"):
        address = ListenAddress.parse(text)
        if address is None:
            raise values.refusal("listen", text)
        if address in addresses and address.port != 0:
            raise Failure(f"listen: {text} is given twice", EXIT_BAD_OPTIONS)
        addresses.append(address)
    if not addresses:
        raise Failure("listen: expected at least one ADDRESS:PORT", EXIT_BAD_OPTIONS)
    return addresses


def _cores() -> int:
    return min(len(os.sched_getaffinity(0)), SLOTS)


def _child_environment(notify_address: str) -> dict[str, str]:
    """Ours, but nothing that whoever started us meant for us alone."""
    foreign = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID", "WATCHDOG_USEC")
    return {**{name: value for name, value in os.environ.items() if name not in foreign},
            "NOTIFY_SOCKET": notify_address, "WEIR_SUPERVISOR_PID": str(os.getpid())}


def _raise_open_file_limit() -> None:
    """Every connection of a worker is a descriptor."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
