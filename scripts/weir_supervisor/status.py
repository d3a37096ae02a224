"""What `status` shows: one line per process, or JSON."""
import dataclasses
import json
import time

from .console import bold, green, red, say
from .collector_status import CollectorStatus, read_collector_status
from .counters import WorkerCounters, read_counters
from .data_directory import DataDirectory
from .failure import EXIT_FAILED, EXIT_NOT_RUNNING
from .process_table import Entry, ProcessTable, read_process_table

_HEADINGS = ("NAME", "PID", "STATE", "UPTIME", "RESTARTS", "REQUESTS", "CONNECTIONS", "TUNNELS", "SENT", "RECEIVED",
             "PENDING")
_LEFT_ALIGNED = ("NAME", "STATE")
_RUNNING = "running"
_WAITING = "waiting"  # of the collector: cannot write


@dataclasses.dataclass(frozen=True)
class Process:
    entry: Entry
    state: str
    uptime_s: float | None
    counters: WorkerCounters | None


def show_status(directory: DataDirectory, as_json: bool) -> int:
    """0 when all run, 1 when one does not or the collector cannot write, 3 when there is no supervisor."""
    try:
        table = read_process_table(directory.process_table)
    except OSError as error:
        raise directory.unusable(error) from None
    if table is None or not table.supervisor.identity.is_alive():
        say(json.dumps({"running": False}) if as_json else f"{directory.path}: not running")
        return EXIT_NOT_RUNNING
    counters = read_counters(directory.counters)
    processes = [_observe(entry, counters) for entry in (table.supervisor, *table.processes) if _is_of_interest(entry)]
    collector = _observe_collector(processes, directory)
    say(_as_json(table, processes, collector, directory) if as_json else _as_text(table, processes, collector, directory))
    is_well = all(process.state == _RUNNING for process in processes) and (collector is None or collector.state != _WAITING)
    return 0 if is_well else EXIT_FAILED


def _is_of_interest(entry: Entry) -> bool:
    return entry.name != "reporter" or entry.identity is not None


def _observe(entry: Entry, counters: dict[int, WorkerCounters]) -> Process:
    is_alive = entry.identity is not None and entry.identity.is_alive()
    return Process(entry=entry,
                   state="down" if entry.state == _RUNNING and not is_alive else entry.state,
                   uptime_s=max(0.0, time.time() - entry.started_at) if is_alive else None,
                   counters=counters.get(entry.identity.pid) if is_alive and entry.worker_id is not None else None)


def _observe_collector(processes: list[Process], directory: DataDirectory) -> CollectorStatus | None:
    """What the one that runs, or is being started again and again, says of itself."""
    if all(process.entry.name != "collector" for process in processes):
        return None
    return read_collector_status(directory.collector_status)


def _as_json(table: ProcessTable, processes: list[Process], collector: CollectorStatus | None,
             directory: DataDirectory) -> str:
    return json.dumps({
        "running": True,
        "state": table.state,
        "listen": table.listen,
        "data_dir": str(directory.path.absolute()),
        "processes": [{
            "name": process.entry.name,
            "pid": process.entry.identity.pid if process.entry.identity else None,
            "state": process.state,
            "uptime_s": None if process.uptime_s is None else round(process.uptime_s, 3),
            "restarts": process.entry.restarts,
            "counters": None if process.counters is None else dataclasses.asdict(process.counters),
        } for process in processes],
        "collector": None if collector is None else dataclasses.asdict(collector),
    }, indent=1)


def _as_text(table: ProcessTable, processes: list[Process], collector: CollectorStatus | None,
             directory: DataDirectory) -> str:
    rows = [_HEADINGS, *(_row(process) for process in processes)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) if heading in _LEFT_ALIGNED else cell.rjust(width)
                       for cell, width, heading in zip(row, widths, _HEADINGS)).rstrip() for row in rows]
    paint = [bold, *(green if process.state == _RUNNING else red for process in processes)]
    table_text = "\n".join(colour(line) for colour, line in zip(paint, lines))
    return f"{table.state}, listening on {', '.join(table.listen)}, data in {directory.path.absolute()}\n\n{table_text}" + \
        "".join(f"\n\n{line}" for line in _collector_lines(collector))


def _collector_lines(collector: CollectorStatus | None) -> list[str]:
    """Nothing while all is well."""
    if collector is None:
        return []
    lines = []
    if collector.state == _WAITING:
        lines.append(red(f"The collector cannot write since {duration_text(_seconds_since(collector.since))}: "
                         f"{collector.last_error}; the workers keep the records."))
    elif collector.last_error:
        lines.append(f"The collector's last trouble, {duration_text(_seconds_since(collector.last_error_at))} ago: "
                     f"{collector.last_error}")
    counts = {"refused batches": collector.refused_batches, "refused connections": collector.refused_peers,
              "unreadable events": collector.unreadable_events, "lost events": collector.lost_events}
    if any(counts.values()):
        lines.append("Since the collector started: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count))
    return lines


def _seconds_since(when: float | None) -> float:
    """Not negative when the clock was set back."""
    return max(0.0, time.time() - (when or 0.0))


def _row(process: Process) -> tuple[str, ...]:
    entry, counters = process.entry, process.counters
    start = (entry.name, str(entry.identity.pid) if entry.identity else "-", process.state,
             "-" if process.uptime_s is None else duration_text(process.uptime_s), str(entry.restarts))
    if counters is None:
        return (*start, *["-"] * (len(_HEADINGS) - len(start)))
    return (*start, str(counters.requests), str(counters.client_connections_open), str(counters.tunnels_open),
            bytes_text(counters.bytes_sent), bytes_text(counters.bytes_received), str(counters.records_pending))


def duration_text(seconds: float) -> str:
    """The two largest units: 12s, 2m 05s, 1h 02m, 3d 04h."""
    whole = int(seconds)
    for unit, part, unit_s, part_s in (("d", "h", 86400, 3600), ("h", "m", 3600, 60), ("m", "s", 60, 1)):
        if whole >= unit_s:
            return f"{whole // unit_s}{unit} {whole % unit_s // part_s:02}{part}"
    return f"{whole}s"


def bytes_text(count: int) -> str:
    """512 B, 1.5 KiB, 20 MiB: three digits at most, powers of 1024."""
    if count < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        amount /= 1024
        if amount < 999.5 or unit == "EiB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"
