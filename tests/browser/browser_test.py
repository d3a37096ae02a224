"""Chromium and Firefox load a page with sub-resources through the proxy, over http and https; rows agree with the origin.

The page's own script reports to the origin what it could load, so nothing is taken from the browser on trust.
"""
import collections
import json
import os
import pathlib
import signal
import struct
import subprocess
import zlib

import weir
from certificates import CertificateAuthority
from dns import NameServer
from origin import Exchange, Origin, content
from patience import await_that, scaled

_LOAD_S = 90.0
_DATA_BYTES = 300_000

_PAGE = b"""<!doctype html><html><head><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css"><script src="/script.js" defer></script></head>
<body><p id="styled">text</p><img id="image" src="/image.png"><iframe id="frame" src="/frame.html"></iframe></body></html>
"""
_STYLE = b"#styled { color: rgb(1, 2, 3); background-image: url(/background.png) }\n"
_FRAME = b"<!doctype html><html><head><title>frame</title></head><body><p>inner</p></body></html>\n"
_SCRIPT = b"""addEventListener('load', async () => {
  const result = {};
  try {
    const data = await (await fetch('/data')).arrayBuffer();
    result.data_bytes = data.byteLength;
    const echoed = await fetch('/upload', {method: 'PUT', body: data});
    result.upload_status = echoed.status;
    result.colour = getComputedStyle(document.getElementById('styled')).color;
    result.image = [document.getElementById('image').naturalWidth, document.getElementById('image').naturalHeight];
    result.frame = document.getElementById('frame').contentDocument.querySelector('p').textContent;
  } catch (error) {
    result.error = String(error);
  }
  await fetch('/report', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(result)});
});
"""


def _png(width: int, height: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\x20\x80\xff" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))


_BODIES = {
    "/": ("text/html", _PAGE),
    "/style.css": ("text/css", _STYLE),
    "/script.js": ("text/javascript", _SCRIPT),
    "/frame.html": ("text/html", _FRAME),
    "/image.png": ("image/png", _png(31, 17)),
    "/background.png": ("image/png", _png(5, 5)),
    "/data": ("application/octet-stream", content(_DATA_BYTES)),
}
_EXPECTED = {"data_bytes": _DATA_BYTES, "upload_status": 200, "colour": "rgb(1, 2, 3)", "image": [31, 17], "frame": "inner"}
_ASKED = {("GET", path) for path in _BODIES} | {("PUT", "/upload"), ("POST", "/report")}


class _Site:
    """The page at one origin, and what its script reported."""

    def __init__(self, test: weir.WeirTest, tls=None):
        self.reports: list[dict] = []
        self.origin = Origin(test, tls=tls)
        for path in _BODIES:
            self.origin.on(path, self._serve)
        self.origin.on("/upload", lambda exchange: exchange.respond(body=exchange.request.body_sha256.encode()))
        self.origin.on("/report", self._take_report)

    @staticmethod
    def _serve(exchange: Exchange) -> None:
        kind, body = _BODIES[exchange.request.target]
        exchange.respond(body=body, headers=[("Content-Type", kind), ("Cache-Control", "no-store")])

    def _take_report(self, exchange: Exchange) -> None:
        exchange.respond(204, reason="No Content")
        self.reports.append(json.loads(exchange.request.body))


class BrowserTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.require_program("certutil", "libnss3-tools")
        self.require_program("openssl", "openssl")
        NameServer(self, {"site.test": ["127.0.0.1"]})
        self.authority = CertificateAuthority(self.folder / "certificates", ["site.test"])
        self.home = self.folder / "home"
        self.home.mkdir()
        self.weir = weir.Weir(self, workers=2)

    # What a browser is told

    def _chromium(self, url: str) -> list[str]:
        database = self.home / ".pki" / "nssdb"
        database.mkdir(parents=True)
        self._trust_authority(database)
        return [self.require_program("chromium", "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-default-apps", "--disable-extensions", "--password-store=basic",
                f"--user-data-dir={self.folder / 'chromium'}", f"--proxy-server={self.weir.url}",
                "--proxy-bypass-list=<-loopback>", url]

    def _firefox(self, url: str) -> list[str]:
        profile = self.folder / "firefox"
        profile.mkdir()
        self._trust_authority(profile)
        host, port = self.weir.address
        preferences = {
            "network.proxy.type": 1, "network.proxy.http": host, "network.proxy.http_port": port,
            "network.proxy.ssl": host, "network.proxy.ssl_port": port, "network.proxy.no_proxies_on": "",
            "network.proxy.allow_hijacking_localhost": True, "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False, "network.trr.mode": 5, "network.dns.disablePrefetch": True,
            "network.prefetch-next": False, "app.update.enabled": False, "app.normandy.enabled": False,
            "toolkit.telemetry.enabled": False, "toolkit.telemetry.server": "", "toolkit.telemetry.unified": False,
            "datareporting.healthreport.uploadEnabled": False, "datareporting.policy.dataSubmissionEnabled": False,
            "browser.safebrowsing.malware.enabled": False, "browser.safebrowsing.phishing.enabled": False,
            "browser.safebrowsing.downloads.enabled": False, "browser.safebrowsing.provider.mozilla.updateURL": "",
            "services.settings.server": "http://127.0.0.1:1/", "extensions.update.enabled": False,
            "extensions.systemAddon.update.enabled": False, "extensions.getAddons.cache.enabled": False,
            "browser.shell.checkDefaultBrowser": False, "browser.startup.homepage_override.mstone": "ignore",
            "browser.newtabpage.enabled": False, "browser.aboutwelcome.enabled": False, "dom.security.https_first": False,
            "media.gmp-manager.url": "", "geo.enabled": False, "browser.region.network.url": "",
            "security.OCSP.enabled": 0, "dom.push.enabled": False, "signon.rememberSignons": False,
        }
        (profile / "user.js").write_text("".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                                                 for name, value in preferences.items()))
        return [self.require_program("firefox-esr", "firefox-esr"), "--headless", "--no-remote", "--profile", str(profile), url]

    def _trust_authority(self, database: pathlib.Path) -> None:
        for arguments in (["-N", "--empty-password"], ["-A", "-n", "weir-tests", "-t", "C,,", "-i", str(self.authority.ca_file)]):
            subprocess.run(["certutil", "-d", f"sql:{database}", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                           check=True, timeout=scaled(60))

    # What it does

    def _load(self, name: str, command: list[str], site: _Site) -> None:
        """Until the page's script has reported; then the browser is ended."""
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        for variable in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
            environment.pop(variable, None)
        environment |= {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "XDG_CACHE_HOME": str(self.home),
                        "MOZ_DISABLE_AUTO_SAFE_MODE": "1"}
        log = self.folder / f"{name}.log"
        with open(log, "wb") as output:
            browser = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, env=environment, start_new_session=True)
        try:
            def has_reported():
                if browser.poll() is not None:
                    raise AssertionError(f"{name} ended with status {browser.returncode}")
                return site.reports
            await_that(has_reported, "the page's report", _LOAD_S)
        except AssertionError as error:
            self.fail(f"{error}\nasked of the origin: {[request.target for request in site.origin.requests]}\n"
                      f"{name} said:\n{log.read_text('utf-8', 'replace')[-5000:]}")
        finally:
            self._end(browser)

    @staticmethod
    def _end(browser: subprocess.Popen) -> None:
        """With its helper processes: they are all of its session."""
        browser.terminate()
        try:
            browser.wait(scaled(15))
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(browser.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        browser.wait()

    def _expect_whole_page(self, site: _Site) -> None:
        self.assertEqual(site.reports, [_EXPECTED])
        self.assertEqual({(request.method, request.target) for request in site.origin.requests}, _ASKED)
        self.assertEqual(site.origin.failures, [])

    def _load_over_http(self, name: str, command) -> None:
        site = _Site(self)
        self._load(name, command(site.origin.url("/", "site.test")), site)
        self.weir.stop()
        self._expect_whole_page(site)
        rows = self.weir.rows("SELECT * FROM all_requests WHERE host = 'site.test'")
        self.assertEqual(collections.Counter((row["method"], row["path"]) for row in rows),
                         collections.Counter((request.method, request.target) for request in site.origin.requests))
        for row in rows:
            if row["path"] in _BODIES:
                self.assertEqual((row["status"], row["outcome"], row["response_body_bytes"]),
                                 (200, "served", len(_BODIES[row["path"]][1])), row["path"])
        upload = [row for row in rows if row["path"] == "/upload"]
        self.assertEqual([row["request_body_bytes"] for row in upload], [_DATA_BYTES])

    def _load_over_https(self, name: str, command) -> None:
        site = _Site(self, self.authority.origin_context())
        self._load(name, command(site.origin.url("/", "site.test")), site)
        self.weir.stop()
        self._expect_whole_page(site)
        rows = self.weir.rows("SELECT * FROM all_requests WHERE host = 'site.test'")
        self.assertEqual({(row["method"], row["port"], row["status"]) for row in rows}, {("CONNECT", site.origin.port, 200)})
        self.assertEqual(len(rows), site.origin.connections)
        self.assertGreater(sum(row["bytes_sent"] for row in rows), sum(len(body) for _, body in _BODIES.values()))
        self.assertGreater(sum(row["bytes_received"] for row in rows), _DATA_BYTES)

    def test_chromium_over_http(self):
        self._load_over_http("chromium", self._chromium)

    def test_chromium_over_https(self):
        self._load_over_https("chromium", self._chromium)

    def test_firefox_over_http(self):
        self._load_over_http("firefox", self._firefox)

    def test_firefox_over_https(self):
        self._load_over_https("firefox", self._firefox)


if __name__ == "__main__":
    weir.main()
