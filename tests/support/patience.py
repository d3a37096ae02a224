"""Every wait of the tests: bounded, and longer where sanitizers make the programs slow (WEIR_TIME_SCALE)."""
import os
import time
from typing import Callable, TypeVar

_SCALE = float(os.environ.get("WEIR_TIME_SCALE", "1"))
_POLL_INTERVAL_S = 0.02

Value = TypeVar("Value")


def scaled(seconds: float) -> float:
    return seconds * _SCALE


def await_that(condition: Callable[[], Value], what: str, timeout_s: float = 15.0) -> Value:
    """Polls until `condition` gives something true, and gives that."""
    deadline = time.monotonic() + scaled(timeout_s)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"did not happen within {scaled(timeout_s):g} s: {what}; last seen: {value!r}")
        time.sleep(_POLL_INTERVAL_S)
