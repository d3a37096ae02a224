"""Command line, configuration file, and what is passed on to the programs."""
import supervised


class Options(supervised.SupervisorTest):
    def assert_refused(self, running: supervised.Supervised, line: str):
        running.wait()
        self.assertEqual((running.process.returncode, running.err), (2, f"supervisor: {line}\n"))
        self.assertEqual(self.programs.events(), [])

    def config(self, text: str) -> str:
        (self.folder / "weir.toml").write_text(text)
        return "--config=weir.toml"

    def arguments(self, name: str) -> list[str]:
        return self.programs.events(name, "start")[0]["arguments"]

    def test_each_program_gets_its_own_options(self):
        running = self.start("--block=*.example.com", "--block=-x-", "--rate-limit=off", "--commit-interval", "1s",
                             "--workers=1").wait_ready()
        self.assertEqual(sorted(self.arguments("worker-0")),
                         ["--block=*.example.com", "--block=-x-", "--data-dir=Logs",
                          f"--listen=127.0.0.1:{running.port()}", "--rate-limit=off", "--worker-id=0"])
        self.assertEqual(sorted(self.arguments("collector")), ["--commit-interval=1s", "--data-dir=Logs"])

    def test_the_file_is_read_by_each_program_itself(self):
        config = self.config('workers = 3\nlisten = ["127.0.0.1:0"]\nrate-limit = "5/1s"\nblock = ["a", "b"]\n')
        self.start_command("run", f"--bin-dir={self.programs.bin}", config).wait_ready()
        self.assertIn("--config=weir.toml", self.arguments("worker-2"))
        self.assertFalse([argument for argument in self.arguments("worker-2") if "rate" in argument or "block" in argument])
        self.assertIn("--config=weir.toml", self.arguments("collector"))

    def test_the_command_line_wins_over_the_file(self):
        config = self.config('workers = 3\ndata-dir = "from file"\nlisten = "127.0.0.1:1"\n')
        self.start(config, "--workers=1", "--data-dir=given").wait_ready()
        self.assertIn("--data-dir=given", self.arguments("worker-0"))
        self.assertEqual(self.programs.events("worker-1"), [])
        self.assertTrue((self.folder / "given" / "run").is_dir())

    def test_a_value_in_the_file_counts(self):
        self.start(self.config('data-dir = "from file"\nrecords = "off"\n')).wait_ready()
        self.assertTrue((self.folder / "from file" / "run").is_dir())
        self.assertEqual(self.programs.events("collector"), [])

    def test_another_programs_option_may_stand_in_the_file(self):
        self.start(self.config('csv = "out.csv"\n')).wait_ready()

    def test_run_is_the_default_command(self):
        self.start_command(f"--bin-dir={self.programs.bin}", "--listen=127.0.0.1:0", "--workers=1").wait_ready()

    def test_bad_values_on_the_command_line(self):
        for option, line in {
            "--workers=0": '--workers: "0" is not N',
            "--workers=513": '--workers: "513" is not N',
            "--workers=two": '--workers: "two" is not N',
            "--drain-timeout=10": '--drain-timeout: "10" is not DURATION, such as 10s',
            "--records=maybe": '--records: "maybe" is not on|off, such as on',
            "--listen=8080": '--listen: "8080" is not ADDRESS:PORT, such as 127.0.0.1:8080',
            "--listen=localhost:1": '--listen: "localhost:1" is not ADDRESS:PORT, such as 127.0.0.1:8080',
            "--listen=::1:80": '--listen: "::1:80" is not ADDRESS:PORT, such as 127.0.0.1:8080',
            "--listen=[127.0.0.1]:80": '--listen: "[127.0.0.1]:80" is not ADDRESS:PORT, such as 127.0.0.1:8080',
            "--listen=127.0.0.1:65536": '--listen: "127.0.0.1:65536" is not ADDRESS:PORT, such as 127.0.0.1:8080',
            "--bogus": "unrecognized arguments: --bogus (see --help)",
            "--csv=x": "unrecognized arguments: --csv=x (see --help)",
            "--worker-id=1": "unrecognized arguments: --worker-id=1 (see --help)",
            "--work=1": "unrecognized arguments: --work=1 (see --help)",
            "extra": "unrecognized arguments: extra (see --help)",
        }.items():
            with self.subTest(option=option):
                self.assert_refused(self.start(option), line)

    def test_an_option_given_twice(self):
        self.assert_refused(self.start("--workers=1", "--workers=2"), "--workers: is given more than once")
        self.assert_refused(self.start("--listen=127.0.0.1:81", "--listen=127.0.0.1:81"),
                            "listen: 127.0.0.1:81 is given twice")

    def test_bad_values_in_the_file(self):
        for text, line in {
            "\nworkers = 0\n": 'weir.toml:2: workers: "0" is not N',
            'records = "on"\n"drain-timeout" = "1"\n': 'weir.toml:2: drain-timeout: "1" is not DURATION, such as 10s',
            "records = false\n": 'weir.toml:1: records: "false" is not on|off, such as on',
            "# a comment\nbogus = 1\n": "weir.toml:2: bogus: there is no such option (see --help)",
            "[policy]\nblock = 'a'\n": "weir.toml:1: policy: expected text, a whole number, true, false or a list of those",
            "worker-id = 1\n": "weir.toml:1: worker-id: there is no such option (see --help)",
            "data-dir = ['a', 'b']\n": "weir.toml:1: data-dir: takes one value, not a list",
            "block = 1.5\n": "weir.toml:1: block: expected text, a whole number, true, false or a list of those",
            "workers = \n": "weir.toml:1: Invalid value",
            "workers = 1\nblock = 'x": "weir.toml:2: Expected \"'\"",
        }.items():
            with self.subTest(text=text):
                self.assert_refused(self.start_command("run", f"--bin-dir={self.programs.bin}", self.config(text)), line)

    def test_a_missing_file(self):
        self.assert_refused(self.start("--config=none.toml"), "none.toml: cannot read: No such file or directory")

    def test_help_names_every_option_of_the_supervisor_and_no_other(self):
        shown = self.command("--help", f"--bin-dir={self.programs.bin}")
        self.assertEqual(shown.process.returncode, 0, shown.err)
        for text in ("--workers N", "--block PATTERN", "100% of it", "[100/10s]", "status", "--bin-dir", "Policy:"):
            self.assertIn(text, shown.out)
        for text in ("--csv", "--worker-id", "--write-summary"):
            self.assertNotIn(text, shown.out)

    def test_version(self):
        self.assertEqual(self.command("--version", f"--bin-dir={self.programs.bin}").out, "supervisor 1.2.3\n")

    def test_an_unknown_command(self):
        self.assert_refused(self.command("begin"), 'there is no command "begin"; run, status, reload and stop are (see --help)')
