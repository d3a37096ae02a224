"""Runs a real client to its end, with nothing of our own environment that would lead it to another proxy or authority."""
import os
import re
import subprocess

import weir
from patience import scaled

_TIMEOUT_S = 90.0
_STEERING = re.compile(r".*_proxy$|GIT_|SSL_|CURL_|WGET|REQUESTS_|WEBSOCKET", re.I)


def environment(**further: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not _STEERING.match(name)}
    return {**own, "LC_ALL": "C", **further}


def run(test: weir.WeirTest, program: str, package: str, *arguments, status: int | None = 0, stdin: bytes = b"",
        folder=None, **variables: str) -> subprocess.CompletedProcess:
    """`status`: the exit status it must have, None for any."""
    done = subprocess.run([test.require_program(program, package), *map(str, arguments)], input=stdin, capture_output=True,
                          cwd=folder, env=environment(**variables), timeout=scaled(_TIMEOUT_S), check=False)
    if status is not None:
        test.assertEqual(done.returncode, status, f"{program} {arguments}:\n{done.stdout.decode('utf-8', 'replace')[-3000:]}\n"
                                                  f"{done.stderr.decode('utf-8', 'replace')[-6000:]}")
    return done
