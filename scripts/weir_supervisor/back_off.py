"""How long to wait before a program that crashed is started again."""
from . import limits


class BackOff:
    def __init__(self):
        self._next_s = limits.BACK_OFF_FIRST_S

    def after_run_of(self, run_s: float) -> float:
        """The wait, doubled with each crash; a long run starts it anew."""
        if run_s >= limits.BACK_OFF_RESET_S:
            self._next_s = limits.BACK_OFF_FIRST_S
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, limits.BACK_OFF_MAX_S)
        return wait_s
