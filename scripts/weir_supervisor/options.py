"""The supervisor's options. Each is declared once, in the C++ programs: they describe them, this builds on that."""
import argparse
import dataclasses
import re
import tomllib

from .failure import EXIT_BAD_OPTIONS, Failure

_USAGE = """%(prog)s [run] [options]        start the proxy and watch it
       %(prog)s status [--json]       show each process
       %(prog)s reload                have the policy files read again
       %(prog)s stop                  let requests finish, write the summary, end
       (the last three take --data-dir and --config)"""

_DURATION_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclasses.dataclass(frozen=True)
class Option:
    name: str
    value: str  # its form, for people
    default: str
    repeatable: bool
    flag: bool
    programs: tuple[str, ...]
    group: str
    help: str
    internal: bool

    @classmethod
    def from_description(cls, described: dict) -> "Option":
        return cls(name=described["name"], value=described["value"], default=described["default"],
                   repeatable=described["repeatable"], flag=described["flag"],
                   programs=tuple(described["programs"]), group=described["group"], help=described["help"],
                   internal=described.get("internal", False))


class OneLineParser(argparse.ArgumentParser):
    """A parser that answers a bad option with one line and exit status 2."""

    def __init__(self, **arguments):
        super().__init__(allow_abbrev=False, add_help=False, prog="supervisor",
                         formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=40, width=118),
                         **arguments)

    def error(self, message: str):
        raise Failure(f"{message} (see --help)", EXIT_BAD_OPTIONS)


class Values:
    """What was asked for: the command line wins over the file, the file over the default."""

    def __init__(self, options: list[Option], given: dict[str, list[str]], config: "ConfigFile | None"):
        self._options = {option.name: option for option in options}
        self._given = given
        self._config = config

    def all(self, name: str) -> list[str]:
        if name in self._given:
            return self._given[name]
        if self._config is not None and name in self._config.values:
            return self._config.values[name]
        default = self._options[name].default
        return [default] if default else []

    def one(self, name: str) -> str:
        """Empty when there is neither a value nor a default."""
        return (self.all(name) or [""])[-1]

    def seconds(self, name: str) -> float:
        text = self.one(name)
        match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
        if match is None and text != "0":
            raise self.refusal(name, text)
        return float(match[1]) * _DURATION_UNITS_S[match[2]] if match else 0.0

    def whole_number(self, name: str, at_most: int) -> int:
        text = self.one(name)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= at_most:
            raise self.refusal(name, text)
        return int(text)

    def is_on(self, name: str) -> bool:
        text = self.one(name)
        if text not in ("on", "off"):
            raise self.refusal(name, text)
        return text == "on"

    def refusal(self, name: str, text: str) -> Failure:
        """Says where a bad value stands and what was expected, as the other programs do."""
        option = self._options[name]
        example = f", such as {option.default}" if option.default else ""
        return Failure(f'{self._where(name)}{name}: "{text}" is not {option.value}{example}', EXIT_BAD_OPTIONS)

    def arguments_for(self, program: str, replaced: dict[str, list[str]]) -> list[str]:
        """The command line's options that `program` takes. What stands in the file it reads for itself."""
        arguments = [f"--config={self._config.path}"] if self._config is not None else []
        for name, values in {**self._given, **replaced}.items():
            option = self._options[name]
            if program in option.programs:
                arguments += [f"--{name}"] if option.flag else [f"--{name}={value}" for value in values]
        return arguments

    def _where(self, name: str) -> str:
        is_in_file = self._config is not None and name not in self._given
        return self._config.where(name) if is_in_file else "--"


class ConfigFile:
    """The TOML file of --config: option names and their values, as text."""

    def __init__(self, path: str):
        self.path = path
        try:
            with open(path, encoding="utf-8") as file:
                self._text = file.read()
            table = tomllib.loads(self._text)
        except OSError as error:
            raise Failure(f"{path}: cannot read: {error.strerror}", EXIT_BAD_OPTIONS) from None
        except UnicodeDecodeError:
            raise Failure(f"{path}: is not UTF-8 text", EXIT_BAD_OPTIONS) from None
        except tomllib.TOMLDecodeError as error:
            raise Failure(_syntax_error(path, self._text, str(error)), EXIT_BAD_OPTIONS) from None
        self.values = {name: self._texts(name, value) for name, value in table.items()}

    def where(self, name: str) -> str:
        line = _line_of_key(self._text, name)
        return f"{self.path}:{line}: " if line else f"{self.path}: "

    def refuse_unknown(self, options: list[Option]) -> None:
        """A list for an option that takes one value is refused as well. Values are judged by who uses them."""
        known = {option.name: option for option in options if not option.internal}
        for name, values in self.values.items():
            if name not in known:
                raise Failure(f"{self.where(name)}{name}: there is no such option (see --help)", EXIT_BAD_OPTIONS)
            if len(values) != 1 and not known[name].repeatable:
                raise Failure(f"{self.where(name)}{name}: takes one value, not a list", EXIT_BAD_OPTIONS)

    def _texts(self, name: str, value) -> list[str]:
        texts = []
        for element in value if isinstance(value, list) else [value]:
            if not isinstance(element, (str, int)):
                raise Failure(f"{self.where(name)}{name}: expected text, a whole number, true, false "
                              "or a list of those", EXIT_BAD_OPTIONS)
            texts.append(str(element).lower() if isinstance(element, bool) else str(element))
        return texts


def _syntax_error(path: str, text: str, message: str) -> str:
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", message, re.DOTALL)
    if match is None:
        return f"{path}: {message}"
    return f"{path}:{match[2] or max(1, len(text.splitlines()))}: {match[1]}"


def _line_of_key(text: str, name: str) -> int | None:
    key = re.compile(rf"""\s*(["']?){re.escape(name)}\1\s*[=.]|\s*\[\s*(["']?){re.escape(name)}\2""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if key.match(line)), None)


def add_general_group(parser: argparse.ArgumentParser):
    group = parser.add_argument_group("General")
    group.add_argument("--help", "-h", action="help", help="Print this and exit")
    group.add_argument("--config", metavar="FILE", help="Read options from this TOML file; the command line wins")
    return group


def read_run_options(options: list[Option], arguments: list[str]) -> Values | None:
    """By a parser built out of the programs' description. None when the version is asked for; ends the process after
    --help."""
    taken = [option for option in options if "supervisor" in option.programs and not option.internal]
    parser = OneLineParser(usage=_USAGE, epilog="Every option may stand in the file of --config too, without dashes: "
                           'workers = 4, block = ["*.example.com"].')
    groups = {"General": add_general_group(parser)}
    groups["General"].add_argument("--version", action="store_true", help="Print the version and exit")
    groups["General"].add_argument("--bin-dir", metavar="DIR", help="Where the programs are, if not beside the script")
    for option in taken:
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group)
        _add_option(groups[option.group], option)
    parsed = vars(parser.parse_args(arguments))
    if parsed["version"]:
        return None
    config = ConfigFile(parsed["config"]) if parsed["config"] is not None else None
    if config is not None:
        config.refuse_unknown(options)
    given = {option.name: parsed[option.name] for option in taken if parsed[option.name] is not None}
    for option in taken:
        if not option.repeatable and len(given.get(option.name, [])) > 1:
            raise Failure(f"--{option.name}: is given more than once", EXIT_BAD_OPTIONS)
    return Values(options, given, config)


def _add_option(group, option: Option) -> None:
    name = f"--{option.name}"
    text = option.help.replace("%", "%%")
    if option.flag:
        group.add_argument(name, dest=option.name, action="append_const", const="true", help=text)
        return
    if option.default:
        text += f" [{option.default}]".replace("%", "%%")
    if option.repeatable:
        text += " (may be repeated)"
    group.add_argument(name, dest=option.name, action="append", metavar=option.value, help=text)
