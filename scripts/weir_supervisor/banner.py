"""What is said when the proxy is ready, and where the summary is at the end."""
import pathlib
import shlex

from .console import bold, report, say
from .data_directory import DataDirectory
from .listeners import ListenAddress


def announce_ready(addresses: list[ListenAddress], workers: int, directory: DataDirectory, has_records: bool,
                   script: pathlib.Path) -> None:
    listening = ", ".join(map(str, addresses))
    option = f"--data-dir {shlex.quote(str(directory.path.absolute()))}"
    command = shlex.quote(str(script))
    rows = [("try it", f"curl -x http://{addresses[0].as_client_sees_it()} http://example.com/")]
    if has_records:
        rows += [("logs", str(directory.path.absolute())), ("database", str(directory.database.absolute()))]
    rows += [("status", f"{command} status {option}"), ("stop", f"Ctrl-C, or {command} stop {option}")]
    lines = [bold(f"Weir is ready: {workers} worker{'s' if workers > 1 else ''} on {listening}"),
             *(f"  {name:<9} {text}" for name, text in rows)]
    if not has_records:
        lines.append("  No records are kept (--records off).")
    say("\n".join(["", *lines, ""]))


def show_summary(directory: DataDirectory) -> None:
    try:
        text = directory.summary_text.read_text("utf-8", "backslashreplace")
    except OSError as error:
        report(f"{directory.summary_text}: cannot read: {error.strerror}")
        return
    say(f"\n{bold('Summary')} in {directory.summary.absolute()}:\n\n{text.rstrip()}\n")
