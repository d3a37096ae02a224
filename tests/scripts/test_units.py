"""Parts of the supervisor that need no process."""
import pathlib
import sys
import unittest

import supervised

sys.dont_write_bytecode = True
sys.path.insert(0, str(supervised.SCRIPTS))

from weir_supervisor.back_off import BackOff  # noqa: E402
from weir_supervisor.failure import Failure  # noqa: E402
from weir_supervisor.listeners import ListenAddress  # noqa: E402
from weir_supervisor.process_identity import ProcessIdentity  # noqa: E402
from weir_supervisor.programs import PROGRAMS, find_programs  # noqa: E402
from weir_supervisor.status import bytes_text, duration_text  # noqa: E402


class BackOffTest(unittest.TestCase):
    def test_doubles_up_to_ten_seconds(self):
        back_off = BackOff()
        self.assertEqual([round(back_off.after_run_of(29.9), 1) for _ in range(9)],
                         [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0])

    def test_starts_anew_after_a_long_run(self):
        back_off = BackOff()
        for _ in range(5):
            back_off.after_run_of(0.0)
        self.assertEqual([back_off.after_run_of(30.0), back_off.after_run_of(0.0)], [0.1, 0.2])


class ListenAddressTest(unittest.TestCase):
    def test_reads_every_form(self):
        for text, host, port, shown in (("127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080"), (":80", "", 80, "*:80"),
                                        ("*:0", "", 0, "*:0"), ("[::1]:65535", "::1", 65535, "[::1]:65535")):
            address = ListenAddress.parse(text)
            self.assertEqual((address.host, address.port, str(address)), (host, port, shown))

    def test_a_client_on_this_machine_can_use_what_it_is_shown(self):
        for text, seen in ((":80", "127.0.0.1:80"), ("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"),
                           ("192.0.2.1:80", "192.0.2.1:80")):
            self.assertEqual(ListenAddress.parse(text).as_client_sees_it(), seen)

    def test_refuses_everything_else(self):
        for text in ("", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536",
                     "127.1:80", "::1:80", "[::1:80", "[]:80", "example.com:80", "127.0.0.1:\u0661"):
            self.assertIsNone(ListenAddress.parse(text), text)


class TextTest(unittest.TestCase):
    def test_durations(self):
        for seconds, text in ((0, "0s"), (59.9, "59s"), (60, "1m 00s"), (3725, "1h 02m"), (360000, "4d 04h")):
            self.assertEqual(duration_text(seconds), text)

    def test_bytes(self):
        for count, text in ((0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10239, "10 KiB"), (1023 * 1024, "1.0 MiB"),
                            (5 * 1024**3, "5.0 GiB"), (2**64 - 1, "16 EiB")):
            self.assertEqual(bytes_text(count), text)


class ProcessIdentityTest(unittest.TestCase):
    def test_another_start_time_is_another_process(self):
        own = ProcessIdentity.of(supervised.os.getpid())
        self.assertTrue(own.is_alive())
        self.assertFalse(ProcessIdentity(own.pid, own.start_ticks + 1, own.boot_id).is_alive())
        self.assertFalse(ProcessIdentity(own.pid, own.start_ticks, "another boot").is_alive())


class FindProgramsTest(supervised.SupervisorTest):
    def fill(self, folder: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        for program in PROGRAMS:
            (folder / program).write_text("")

    def test_takes_the_release_build_first_and_any_other_after_it(self):
        scripts = self.folder / "clone" / "scripts"
        builds = self.folder / "clone" / "build"
        for preset in ("my-preset", "asan", "dev", "release"):
            self.fill(builds / preset / "bin")
            self.assertEqual(find_programs(None, scripts).folder, builds / preset / "bin")

    def test_finds_what_is_installed_beside_the_script(self):
        self.fill(self.folder / "bin")
        self.assertEqual(find_programs(None, self.folder / "libexec").folder, self.folder / "bin")

    def test_says_how_to_build(self):
        with self.assertRaisesRegex(Failure, "scripts/run"):
            find_programs(None, self.folder / "clone" / "scripts")


if __name__ == "__main__":
    unittest.main()
