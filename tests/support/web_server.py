"""nginx and Apache httpd as origins: the Debian programs, started by the test on free ports with a configuration of its own.

Both serve the folder `root` at /, take PUT below /upload/, at most 1000 octets of it below /upload/small/, and fail with a
gateway error of their own below /broken/. Text is gzip'ed for who accepts it, in chunks. The same site is there a second time
at `brief`, where a connection ends after a second of silence."""
import pathlib
import socket

import weir
from certificates import CertificateAuthority
from patience import await_that

UPLOAD_BYTES_MAX_SMALL = 1000
_LOG = "weir-test "


class WebServer:
    """The parts that both have in common."""

    name = ""

    def __init__(self, test: weir.WeirTest, root: pathlib.Path, certificates: CertificateAuthority | None = None):
        self.root = root
        self.folder = test.folder / self.name
        self.folder.mkdir()
        (root / "upload" / "small").mkdir(parents=True, exist_ok=True)
        ports: set[int] = set()
        while len(ports) < 4:
            ports.add(weir.free_port())
        self.port, self.brief_port, self.secure_port, refusing_port = ports
        self.access_log = self.folder / "access.log"
        configuration = self.folder / f"{self.name}.conf"
        configuration.write_text(self._configuration(certificates, refusing_port), "utf-8")
        self.process = test.start(self.name, self._command(test, configuration))
        for port in (self.port, self.brief_port, *([self.secure_port] if certificates else [])):
            await_that(lambda port=port: self._accepts(port), f"{self.name} listens on port {port}", 30)

    def authority(self, name: str = "127.0.0.1") -> str:
        return f"{name}:{self.port}"

    def url(self, path: str, name: str = "127.0.0.1") -> str:
        return f"http://{name}:{self.port}{path}"

    def brief_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.brief_port}{path}"

    def secure_url(self, path: str, name: str) -> str:
        return f"https://{name}:{self.secure_port}{path}"

    def requests(self) -> list[tuple[int, str, str]]:
        """Which request of its connection each was, from 1; its method; its target."""
        lines = self.access_log.read_text("utf-8").splitlines()
        fields = [line.removeprefix(_LOG).split(" ") for line in lines if line.startswith(_LOG)]
        return [(int(number) + self._first_request_offset, method, target) for number, method, target in fields]

    _first_request_offset = 0

    def _command(self, test: weir.WeirTest, configuration: pathlib.Path) -> list:
        raise NotImplementedError

    def _configuration(self, certificates: CertificateAuthority | None, refusing_port: int) -> str:
        raise NotImplementedError

    def _accepts(self, port: int) -> bool:
        if not self.process.is_running():
            raise AssertionError(f"{self.name} ended with status {self.process.wait()}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return True
        except ConnectionRefusedError:
            return False


class Nginx(WebServer):
    name = "nginx"

    def _command(self, test, configuration):
        return [test.require_program("nginx", "nginx"), "-p", self.folder, "-c", configuration, "-e", "stderr"]

    def _configuration(self, certificates, refusing_port):
        temporary = "\n".join(f'  {kind}_temp_path "{self.folder}/{kind}";'
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        site = f"""
    root "{self.root}";
    location /upload/ {{ dav_methods PUT DELETE; client_max_body_size 100m; }}
    location /upload/small/ {{ dav_methods PUT; client_max_body_size {UPLOAD_BYTES_MAX_SMALL}; }}
    location /broken/ {{ proxy_pass http://127.0.0.1:{refusing_port}; }}"""
        secure = "" if certificates is None else f"""
  server {{ listen 127.0.0.1:{self.secure_port} ssl; keepalive_timeout 60s;
    ssl_certificate "{certificates.certificate_file}"; ssl_certificate_key "{certificates.key_file}";{site}
  }}"""
        return f"""
daemon off;
worker_processes 1;
user root;
pid "{self.folder}/pid";
events {{ worker_connections 1024; }}
http {{
{temporary}
  log_format weir '{_LOG}$connection_requests $request_method $request_uri';
  access_log "{self.access_log}" weir;
  types {{ text/html html; text/plain txt; application/octet-stream bin; }}
  gzip on;
  gzip_proxied any;
  gzip_types text/plain;
  keepalive_requests 1000;
  server {{ listen 127.0.0.1:{self.port}; keepalive_timeout 60s;{site}
  }}
  server {{ listen 127.0.0.1:{self.brief_port}; keepalive_timeout 1s;{site}
  }}{secure}
}}
"""


class Apache(WebServer):
    """Besides: programs of the folder `programs` below /cgi/, and git repositories of `repositories` below /git/."""

    name = "apache2"
    _first_request_offset = 1
    _modules = ("mpm_event", "authz_core", "mime", "dir", "alias", "env", "setenvif", "filter", "deflate", "headers", "dav",
                "dav_fs", "proxy", "proxy_http", "cgid", "reqtimeout")

    @property
    def programs(self) -> pathlib.Path:
        return self.folder / "programs"

    @property
    def repositories(self) -> pathlib.Path:
        return self.folder / "repositories"

    def _command(self, test, configuration):
        # As another user than root inside, which Apache insists on, and as ourselves outside, who owns the files.
        self.programs.mkdir()
        self.repositories.mkdir()
        return ["unshare", "--user", "--map-user=33", "--map-group=33", test.require_program("apache2", "apache2-bin"),
                "-f", configuration, "-DFOREGROUND"]

    def _configuration(self, certificates, refusing_port):
        modules = "\n".join(f"LoadModule {name}_module modules/mod_{name}.so"
                            for name in (*self._modules, *(["ssl"] if certificates else [])))
        secure = "" if certificates is None else f"""
Listen 127.0.0.1:{self.secure_port}
<VirtualHost 127.0.0.1:{self.secure_port}>
  SSLEngine on
  SSLCertificateFile "{certificates.certificate_file}"
  SSLCertificateKeyFile "{certificates.key_file}"
</VirtualHost>"""
        return f"""
ServerRoot /usr/lib/apache2
ServerName localhost
DefaultRuntimeDir "{self.folder}"
PidFile "{self.folder}/pid"
Mutex pthread
{modules}
ScriptSock "{self.folder}/cgid"
DavLockDB "{self.folder}/dav"
ErrorLog /dev/stderr
LogFormat "{_LOG}%k %m %U%q" weir
CustomLog "{self.access_log}" weir
TypesConfig /dev/null
AddType text/html html
AddType text/plain txt
AddType application/octet-stream bin
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 1000
StartServers 1
ServerLimit 2
ThreadsPerChild 128
MaxRequestWorkers 256
Listen 127.0.0.1:{self.port}
Listen 127.0.0.1:{self.brief_port}
DocumentRoot "{self.root}"
AddOutputFilterByType DEFLATE text/plain
<Directory />
  Require all granted
</Directory>
<Location /upload/>
  Dav On
  LimitRequestBody 104857600
</Location>
<Location /upload/small/>
  LimitRequestBody {UPLOAD_BYTES_MAX_SMALL}
</Location>
ProxyPass /broken/ http://127.0.0.1:{refusing_port}/
ScriptAlias /cgi/ "{self.programs}/"
ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
SetEnv GIT_PROJECT_ROOT "{self.repositories}"
SetEnv GIT_HTTP_EXPORT_ALL 1
<VirtualHost 127.0.0.1:{self.brief_port}>
  KeepAliveTimeout 1
</VirtualHost>{secure}
"""
