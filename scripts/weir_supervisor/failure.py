"""How a command ends early: one line on standard error that says what to do next, and an exit status."""

EXIT_FAILED = 1
EXIT_BAD_OPTIONS = 2
EXIT_NOT_RUNNING = 3  # as LSB init scripts answer `status`


class Failure(Exception):
    def __init__(self, message: str, exit_status: int = EXIT_FAILED):
        super().__init__(message)
        self.exit_status = exit_status
