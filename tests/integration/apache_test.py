"""Apache httpd as the origin, with programs behind it."""
import hashlib
import os

import real_origin
import weir
from origin import content
from web_server import Apache

_COUNTING = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
sha256sum
"""
_STREAMING = """#!/bin/sh
printf 'Content-Type: application/octet-stream\\r\\n\\r\\n'
for part in 1 2 3 4 5 6 7 8 9 10; do head -c 100000 /dev/zero; done
"""
_FAILING = """#!/bin/sh
echo 'this is no header field'
"""


class ApacheTest(real_origin.Checks, weir.WeirTest):
    server_type = Apache
    gateway_error = 503

    def setUp(self):
        super().setUp()
        for name, text in (("counting", _COUNTING), ("streaming", _STREAMING), ("failing", _FAILING)):
            program = self.server.programs / name
            program.write_text(text)
            os.chmod(program, 0o755)

    def test_a_program_reads_the_body_of_a_request(self):
        client = self.weir.client(timeout_s=60)
        data = content(5_000_000)
        expected = f"{hashlib.sha256(data).hexdigest()}  -\n".encode()
        for headers, body in (([], data), ([("Transfer-Encoding", "chunked")], b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))):
            client.request("POST", self.server.url("/cgi/counting"), headers, body)
            response = client.response()
            self.assertEqual((response.status, response.body), (200, expected))

    def test_an_answer_of_a_program_has_no_known_length(self):
        for version, framing in (("HTTP/1.1", "chunked"), ("HTTP/1.0", "close")):
            response = self._through_proxy("GET", "/cgi/streaming", [], version)
            self.assertEqual((response.status, response.framing, response.body), (200, framing, bytes(1_000_000)))

    def test_a_program_that_fails(self):
        self._expect_same("/cgi/failing", 500)


if __name__ == "__main__":
    weir.main()
