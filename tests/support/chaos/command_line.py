"""scripts/chaos."""
import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile

import private_network

from .product import Broken
from .run import Plan, Report, Run

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_PRESETS = ("release", "dev")
_PROBLEMS_SHOWN = 40
_BAR_LETTERS = 40


def main() -> int:
    options = _parse_options()
    private_network.enter()  # Loopback with nobody else's ports.
    plan = Plan(kills=options.kills, seed=options.seed, workers=options.workers, clients=options.clients, seconds_max=options.seconds)
    print(f"chaos: {plan.kills} kills, seed {plan.seed}, {plan.workers} workers, {plan.clients} clients", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-chaos-"))
    bar = _Bar(plan.kills)
    try:
        report = Run(plan, folder, options.bin_dir, options.supervisor, bar.show).carry_out()
        bar.wipe()
        print(_summary(report))
        problems = report.problems
    except Broken as broken:
        bar.wipe()
        problems = [str(broken)]
    return _conclude(plan, problems, folder, options.keep)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Kills Weir's processes at random moments under load, and compares "
                                     "what clients and origin saw with what was recorded.")
    parser.add_argument("--kills", type=_number_from(1), default=60, metavar="N", help="kill -9 in all, of workers, collector and supervisor [60]")
    parser.add_argument("--seed", type=int, metavar="S", help="decides on the kills and on what clients ask [random; it is printed]")
    parser.add_argument("--workers", type=_number_from(1), default=2, metavar="W", help="worker processes [2]")
    parser.add_argument("--clients", type=_number_from(1), default=8, metavar="N", help="clients at once [8]")
    parser.add_argument("--seconds", type=float, default=3600.0, metavar="MAX", help="give up after so long [3600]")
    parser.add_argument("--keep", action="store_true", help="keep the data directory, also when all is well")
    parser.add_argument("--bin-dir", type=pathlib.Path, help="the programs [WEIR_BIN_DIR, else build/release/bin, else build/dev/bin]")
    parser.add_argument("--supervisor", type=pathlib.Path, default=_ROOT / "scripts" / "supervisor", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
        sys.orig_argv += ["--seed", str(options.seed)]  # for the start within the network of its own
    options.bin_dir = (options.bin_dir or _environment_folder() or _first_build(parser)).absolute()
    return options


def _number_from(least: int):
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError
        return value
    return number


def _environment_folder() -> pathlib.Path | None:
    return pathlib.Path(os.environ["WEIR_BIN_DIR"]) if os.environ.get("WEIR_BIN_DIR") else None


def _first_build(parser: argparse.ArgumentParser) -> pathlib.Path:
    for preset in _PRESETS:
        folder = _ROOT / "build" / preset / "bin"
        if (folder / "reporter").is_file():
            return folder
    parser.error("the programs are not built; build them with scripts/test, or name their folder with --bin-dir")


def _summary(report: Report) -> str:
    result = report.comparison
    kills = ", ".join(f"{count} {victim}" for victim, count in report.kills.items())
    return (f"killed: {kills}; the supervisor was started {report.starts} times; {report.seconds:.0f} s\n"
            f"requests sent: {result.sent}; rows: {result.recorded}, of them interrupted: {result.interrupted}; "
            f"read by no worker: {result.unseen}; not sent, as nobody listened: {result.not_sent}\n"
            f"reporter --verify: {report.verifications} times")


def _conclude(plan: Plan, problems: list[str], folder: pathlib.Path, keep: bool) -> int:
    for line in problems[:_PROBLEMS_SHOWN]:
        print(f"chaos: {line}", file=sys.stderr)
    if len(problems) > _PROBLEMS_SHOWN:
        print(f"chaos: ... and {len(problems) - _PROBLEMS_SHOWN} more", file=sys.stderr)
    if problems:
        print(f"chaos: FAILED, seed {plan.seed}; everything is kept in {folder}", file=sys.stderr)
        return 1
    if keep:
        print(f"kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print("each request is recorded exactly once")
    return 0


class _Bar:
    """On a terminal only."""

    def __init__(self, kills: int):
        self._kills = kills
        self._is_terminal = sys.stderr.isatty()

    def show(self, kills: int, requests: int) -> None:
        if self._is_terminal:
            bar = ("#" * (kills * _BAR_LETTERS // self._kills)).ljust(_BAR_LETTERS, ".")
            print(f"\r\033[K[{bar}] {kills}/{self._kills} kills, {requests} requests", end="", file=sys.stderr, flush=True)

    def wipe(self) -> None:
        if self._is_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
