"""The clients' list and the database, request by request."""
import collections
import contextlib
import dataclasses
import pathlib
import sqlite3
from typing import Iterable

from .attempt import Attempt, Kind

_SELECT = """SELECT request.path, user_agent.text, method.name, request.status, request.outcome FROM request
 LEFT JOIN user_agent ON user_agent.id = +request.user_agent_id LEFT JOIN method ON method.id = +request.method_id"""
_TOLD = "SELECT total(told_bytes_sent), total(told_bytes_received) FROM request"
_PROGRESS = "SELECT total(bytes_sent), total(bytes_received) FROM progress"
_SERVED, _INTERRUPTED = 1, 6


@dataclasses.dataclass(frozen=True)
class Row:
    token: str
    status: int
    outcome: int


@dataclasses.dataclass
class Comparison:
    sent: int = 0
    not_sent: int = 0  # nobody listened: the supervisor was dead
    recorded: int = 0
    interrupted: int = 0
    unseen: int = 0  # sent, nothing came back, not recorded: nobody can know of them
    differences: list[str] = dataclasses.field(default_factory=list)


def read_rows(database_file: pathlib.Path) -> Iterable[Row]:
    with _open(database_file) as database:
        for path, user_agent, method, status, outcome in database.execute(_SELECT):
            # An interrupted request may have lost a part of a long path or its user agent.
            token = user_agent or "" if method == "CONNECT" else path.split("/")[1] if path.count("/") == 3 else ""
            yield Row(token, status, outcome)


def judge_progress(database_file: pathlib.Path) -> list[str]:
    """When all requests have ended, what their rows say of their progress is what the progress rows say."""
    with _open(database_file) as database:
        [told], [progress] = database.execute(_TOLD).fetchall(), database.execute(_PROGRESS).fetchall()
    return [] if told == progress else [f"octets told in progress by the requests: {told}, in progress rows: {progress}"]


def _open(database_file: pathlib.Path):
    return contextlib.closing(sqlite3.connect(f"{database_file.absolute().as_uri()}?mode=ro", uri=True, timeout=30))


def compare(attempts: dict[str, Attempt], rows: Iterable[Row]) -> Comparison:
    sent = sum(attempt.is_sent for attempt in attempts.values())
    result = Comparison(sent=sent, not_sent=len(attempts) - sent)
    rows_of = collections.defaultdict(list)
    for row in rows:
        result.recorded += 1
        result.interrupted += row.outcome == _INTERRUPTED
        if row.token in attempts:
            rows_of[row.token].append(row)
        elif row.token or row.outcome != _INTERRUPTED:
            result.differences.append(f"nobody asked for what was recorded: {row}")
    for attempt in attempts.values():
        found = rows_of.get(attempt.token, [])
        difference = _judge(attempt, found)
        if difference:
            result.differences.append(f"{difference}: {attempt}, recorded: {found}")
        result.unseen += attempt.is_sent and not found and not difference
    return result


def _judge(attempt: Attempt, rows: list[Row]) -> str | None:
    if len(rows) > 1:
        return "recorded more than once"
    if not rows:
        return "not recorded" if attempt.must_be_recorded() else None
    if not attempt.may_be_recorded():
        return "recorded although it was not sent"
    [row] = rows
    if row.outcome == _INTERRUPTED or not attempt.is_complete:
        return None
    if row.status != attempt.status:
        return "recorded with another status"
    is_served = row.outcome == _SERVED
    is_refused = attempt.kind in (Kind.BLOCKED, Kind.UNREACHABLE)
    if is_served == is_refused and attempt.status not in (502, 503, 504):
        return "recorded with another outcome"
    return None
