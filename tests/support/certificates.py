"""A certificate authority that lives as long as a test, made by the openssl program."""
import pathlib
import ssl
import subprocess

_DAYS = "2"


class CertificateAuthority:
    """Files in `folder`: ca.pem, and one certificate and key for all `names` (host names or addresses)."""

    def __init__(self, folder: pathlib.Path, names: list[str]):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file = folder / "ca.pem"
        self.certificate_file, self.key_file = folder / "origin.pem", folder / "origin.key"
        ca_key, request, extensions = folder / "ca.key", folder / "origin.csr", folder / "origin.ext"
        subject = ["-subj", "/O=Weir tests/CN=Weir test authority"]
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", _DAYS,
                      "-keyout", ca_key, "-out", self.ca_file, *subject,
                      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-keyout", self.key_file, "-out", request, "-subj", f"/CN={names[0]}")
        extensions.write_text("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                              f"extendedKeyUsage=serverAuth\nsubjectAltName={','.join(map(_alternative_name, names))}\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", ca_key, "-CAcreateserial",
                      "-days", _DAYS, "-extfile", extensions, "-out", self.certificate_file)

    def origin_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    @staticmethod
    def _openssl(*arguments) -> None:
        subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, check=True,
                       timeout=60)


def _alternative_name(name: str) -> str:
    is_address = ":" in name or name.replace(".", "").isdigit()
    return f"{'IP' if is_address else 'DNS'}:{name}"
