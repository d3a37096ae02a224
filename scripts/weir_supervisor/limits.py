"""Every wait's limit, in seconds."""

START_TIMEOUT_S = 30.0  # start of a program to its READY
DRAIN_GRACE_S = 5.0  # beyond --drain-timeout, before a worker is killed
COLLECTOR_STOP_TIMEOUT_S = 30.0
REPORT_TIMEOUT_S = 60.0
SAME_STOP_S = 0.5  # another SIGINT or SIGTERM so soon is the same one: timeout(1) signals the process and its group
HURRY_TIMEOUT_S = 1.0  # after a second SIGINT or SIGTERM
KILL_TIMEOUT_S = 5.0  # a killed process of an earlier run to its end

BACK_OFF_FIRST_S = 0.1
BACK_OFF_MAX_S = 10.0
BACK_OFF_RESET_S = 30.0  # a run of this length starts the back-off anew

CHECK_TIMEOUT_S = 10.0  # a program's answer to --describe-options
SLEEP_MAX_S = 3600.0  # the selector takes no deadline that is weeks away
POLL_INTERVAL_S = 0.02  # looking whether a process that is not our child has ended


def stop_limit_s(drain_timeout_s: float) -> float:
    """The longest that a stop takes: workers, collector, reporter."""
    return drain_timeout_s + DRAIN_GRACE_S + COLLECTOR_STOP_TIMEOUT_S + REPORT_TIMEOUT_S
