"""Where the C++ programs are, and what they say about their options."""
import json
import pathlib
import subprocess

from . import limits
from .failure import EXIT_BAD_OPTIONS, Failure

PROGRAMS = ("proxy_worker", "collector", "reporter")

# The fastest build first; within a clone, any build will do.
_PRESETS = ("release", "dev", "coverage", "asan", "tsan")


class Programs:
    """One folder that holds all programs."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def path(self, program: str) -> str:
        return str(self.folder / program)

    def describe_options(self) -> list[dict]:
        """All options of all programs, as common/options declares them."""
        answer = self._run("proxy_worker", ["--describe-options"])
        try:
            return json.loads(answer.stdout)
        except ValueError:
            raise Failure(f"{self.path('proxy_worker')} --describe-options ended with exit status {answer.returncode} "
                          f"and no description; build again: scripts/run {answer.stderr.strip()}".rstrip()) from None

    def check_options(self, program: str, arguments: list[str]) -> None:
        """Lets a program judge its options before anything is started."""
        answer = self._run(program, [*arguments, "--describe-options"])
        if answer.returncode == EXIT_BAD_OPTIONS:
            message = answer.stderr.strip()
            raise Failure(message.removeprefix(f"{program}: "), EXIT_BAD_OPTIONS)

    def version(self) -> str:
        return self._run("proxy_worker", ["--version"]).stdout.strip().replace("proxy_worker", "supervisor", 1)

    def _run(self, program: str, arguments: list[str]) -> subprocess.CompletedProcess:
        try:
            return subprocess.run([self.path(program), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="backslashreplace", timeout=limits.CHECK_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"{self.path(program)}: cannot run: {error}; build again: scripts/run") from None


def find_programs(bin_dir: str | None, script_folder: pathlib.Path) -> Programs:
    """`bin_dir` when given, else beside the script: its build folders, or where packages install programs."""
    if bin_dir is not None:
        folder = pathlib.Path(bin_dir).absolute()
        missing = [program for program in PROGRAMS if not (folder / program).is_file()]
        if missing:
            raise Failure(f"--bin-dir: {folder} has no {missing[0]}", EXIT_BAD_OPTIONS)
        return Programs(folder)
    for folder in _candidates(script_folder):
        if all((folder / program).is_file() for program in PROGRAMS):
            return Programs(folder)
    raise Failure(f"the programs are not built: {', '.join(PROGRAMS)}; "
                  "build them with scripts/run, or name their folder with --bin-dir")


def _candidates(script_folder: pathlib.Path) -> list[pathlib.Path]:
    build = script_folder.parent / "build"
    try:
        others = sorted(folder.name for folder in build.iterdir() if folder.name not in _PRESETS)
    except OSError:
        others = []
    builds = [build / preset / "bin" for preset in (*_PRESETS, *others)]
    return [*builds, script_folder, script_folder.parent / "bin", pathlib.Path("/usr/lib/weir")]
