"""Tables of cases become tests; those of a class share one running proxy."""
import concurrent.futures
import re
import sys
from typing import Callable

import weir
from case import BYTEWISE, WHOLE, Case
from conversation import Run
from origin import Origin


class ConformanceTest(weir.WeirTest):
    """All cases of a class share one running proxy; each has origins of its own, and `at_once` of them run side by side
    unless single tests were asked for."""
    options: tuple[str, ...] = ()
    guarded = False
    at_once = 4
    cases: list[Case] = []
    _started: dict[str, concurrent.futures.Future] | None = None
    _failed = False

    @classmethod
    def setUpClass(cls) -> None:
        cls._host = _Host()
        cls._host.setUp()
        cls.addClassCleanup(cls._end)
        cls.prepare(cls._host)
        cls.proxy = weir.Weir(cls._host, *cls.options, guarded=cls.guarded)
        cls._probed = Origin(cls._host)
        cls.probe_authority = cls._probed.authority().encode()
        cls.worker_pid = cls.proxy.pid("worker-0")

    @classmethod
    def prepare(cls, host: weir.WeirTest) -> None:
        """Before the proxy is started."""

    @classmethod
    def _end(cls) -> None:
        sound = cls._host.doCleanups()
        if cls._failed or not sound:
            print("\n".join(cls._host.said), file=sys.stderr, flush=True)
        if not sound:
            raise AssertionError("the processes did not end in order, or reported an error")

    def run(self, result=None):
        result = super().run(result)
        type(self)._failed |= not result.wasSuccessful()
        return result

    def run_case(self, case: Case) -> None:
        """What came of it, if it runs or has run beside others."""
        if self._started is None:
            self._start_all()
        if case.name in self._started:
            self._started[case.name].result()
        else:
            self._run(case)

    def _start_all(self) -> None:
        cls = type(self)
        cls._started = {}
        if len(sys.argv) == 1 and self.at_once > 1:
            pool = concurrent.futures.ThreadPoolExecutor(self.at_once)
            cls.addClassCleanup(pool.shutdown)
            cls._started = {case.name: pool.submit(self._run, case) for case in self.cases}

    def _run(self, case: Case) -> None:
        for what, segments in _segmentations(case):
            self._run_once(case, what, segments)
        self.assertEqual(self.proxy.pid("worker-0"), self.worker_pid, "the worker was restarted")

    def _run_once(self, case: Case, what: str, segments: Callable[[bytes], list[bytes]]) -> None:
        run = Run(self, case)
        try:
            run.converse(segments)
            run.client.close()
            run.check_received()
        except AssertionError as error:
            failures = [failure for origin in run.origins for failure in origin.failures]
            raise self.failureException(f"{case.name}{what}: {error}" + (f"; at the origin: {failures}"
                    if failures else "")) from None
        finally:
            run.close()


class _Host(weir.WeirTest):
    """Owns the processes of a class."""

    def setUp(self) -> None:
        super().setUp()
        self._said = []

    @property
    def said(self) -> list[str]:
        return self._said


def _segmentations(case: Case):
    if case.segments == WHOLE:
        return [("", lambda data: [data])]
    if case.segments == BYTEWISE:
        return [("", lambda data: [data[at:at + 1] for at in range(len(data))])]
    longest = len(next(step for step in case.client if isinstance(step, bytes))) + 40
    return [(f", split at {at}", lambda data, at=at: [part for part in (data[:at], data[at:]) if part])
            for at in range(1, longest)]


def table(*cases: Case | list[Case]):
    """Makes each case a test method of the decorated class."""
    def add(cls):
        cls.cases = []
        for case in (one for item in cases for one in (item if isinstance(item, list) else [item])):
            name = "test_" + re.sub(r"[^a-z0-9]+", "_", case.name.lower()).strip("_")
            if hasattr(cls, name):
                raise TypeError(f"two cases are called {case.name!r}")
            method = _method_of(case)
            method.__name__ = name
            setattr(cls, name, method)
            cls.cases.append(case)
        return cls
    return add


def _method_of(case: Case):
    def method(self):
        self.run_case(case)
    return method
