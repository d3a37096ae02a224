"""Lists of names as large and as varied as the largest public ones."""
import pathlib

_ENDINGS = ("com", "com", "com", "com", "com", "net", "net", "org", "info", "ru", "de", "xyz", "top", "club", "site", "io", "co.uk",
            "com.br", "online", "ir")
_WORDS = ("ad", "ads", "track", "pixel", "metrics", "cdn-", "static", "click", "promo-", "shop", "banner", "stats")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PRIME = 2_654_435_761  # odd, so that numbers below 2^32 stay distinct when they are multiplied by it


def write_list(path: pathlib.Path, count: int, turn: int = 0) -> None:
    """`count` distinct names; each turn has the same ones in another order and one of its own, turn-N.example, first."""
    with open(path, "w", encoding="ascii") as file:
        file.write(f"turn-{turn}.example\n")
        file.writelines(f"{_name((number + turn) % (count - 1))}\n" for number in range(count - 1))


def _name(number: int) -> str:
    scattered = number * _PRIME % (1 << 32)
    token = ""
    rest = scattered
    while rest:
        rest, digit = divmod(rest, 36)
        token += _DIGITS[digit]
    word = _WORDS[scattered % len(_WORDS)]
    below = f"{_WORDS[number % 7].rstrip('-')}." if scattered & 1 else ""
    return f"{below}{word}{token or 0}.{_ENDINGS[scattered // 7 % len(_ENDINGS)]}"
