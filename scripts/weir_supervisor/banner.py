"""What is said when the proxy is ready, and where the summary is at the end."""
import enum
import pathlib
import shlex

from .console import bold, report, say
from .data_directory import DataDirectory
from .listeners import ListenAddress


class Records(enum.Enum):
    """Where the records are kept. The value is what the banner says of it."""

    HERE = ""
    ELSEWHERE = "The records are kept by the collector at --collector-endpoint."
    NOWHERE = "No records are kept (--records off)."


def announce_ready(addresses: list[ListenAddress], workers: int, directory: DataDirectory, records: Records,
                   script: pathlib.Path) -> None:
    listening = ", ".join(map(str, addresses))
    option = f"--data-dir {shlex.quote(str(directory.path.absolute()))}"
    command = shlex.quote(str(script))
    rows = [("try it", f"curl -x http://{addresses[0].as_client_sees_it()} http://example.com/")]
    if records is Records.HERE:
        rows += [("logs", str(directory.path.absolute())), ("database", str(directory.database.absolute()))]
    rows += [("status", f"{command} status {option}"), ("stop", f"Ctrl-C, or {command} stop {option}")]
    lines = [bold(f"Weir is ready: {workers} worker{'s' if workers > 1 else ''} on {listening}"),
             *(f"  {name:<9} {text}" for name, text in rows)]
    if records.value:
        lines.append(f"  {records.value}")
    say("\n".join(["", *lines, ""]))


def show_summary(directory: DataDirectory) -> None:
    try:
        text = directory.summary_text.read_text("utf-8", "backslashreplace")
    except OSError as error:
        report(f"{directory.summary_text}: cannot read: {error.strerror}")
        return
    say(f"\n{bold('Summary')} in {directory.summary.absolute()}:\n\n{text.rstrip()}\n")
