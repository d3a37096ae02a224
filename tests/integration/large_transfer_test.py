"""Large bodies pass through one worker unchanged, and its memory stays flat."""
import hashlib
import os
import threading
import time

import weir
from echo import ScriptedOrigin
from origin import Exchange, Origin, content_blocks, content_hash
from patience import await_that, scaled

_MIB = 1 << 20
_DOWNLOAD_BYTES = 2048 * _MIB if weir.is_full_size() else 256 * _MIB
_UPLOAD_BYTES = 500 * _MIB if weir.is_full_size() else 64 * _MIB
_GROWTH_BYTES_MAX = 32 * _MIB
_STALL_BYTES = 64 * _MIB

# Freed memory that AddressSanitizer keeps to itself is not the worker's.
_SANITIZER = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}


class LargeTransferTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.weir = weir.Weir(self, environment=_SANITIZER)
        self.origin = Origin(self, keeps_bodies=False)
        self.client = self.weir.client(timeout_s=60)
        self.client.get(self.origin.url("/warm"))
        self.worker = self.weir.pid("worker-0")

    def _watched(self, work):
        before = weir.resident_bytes(self.worker)
        with weir.MemoryWatch(self.worker) as memory:
            result = work()
        growth = memory.highest - before
        self.assertLess(growth, _GROWTH_BYTES_MAX, f"resident memory grew from {before} by {growth} octets")
        return result

    def test_a_download_of_known_length(self):
        def answer(exchange: Exchange):
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {_DOWNLOAD_BYTES}\r\n\r\n".encode())
            for block in content_blocks(_DOWNLOAD_BYTES):
                exchange.send(block)
        self.origin.on("/large", answer)

        def download():
            self.client.request("GET", self.origin.url("/large"))
            head = self.client.head()
            self.assertEqual(head.header("content-length"), str(_DOWNLOAD_BYTES))
            return self.client.hash_to_end_of(_DOWNLOAD_BYTES)
        self.assertEqual(self._watched(download), content_hash(_DOWNLOAD_BYTES))
        self.weir.wait_for_rows(2)
        self.assertEqual(self.weir.row_of("/large")["response_body_bytes"], _DOWNLOAD_BYTES)

    def test_a_chunked_download(self):
        def answer(exchange: Exchange):
            exchange.respond_chunked(content_blocks(_UPLOAD_BYTES))
        self.origin.on("/large", answer)

        def download():
            self.client.request("GET", self.origin.url("/large"))
            self.client.head()
            digest, received = hashlib.sha256(), 0
            while size := int(self.client.read_until(b"\r\n").split(b";")[0], 16):
                digest.update(self.client.read_exactly(size))
                received += size
                self.assertEqual(self.client.read_exactly(2), b"\r\n")
            self.assertEqual(self.client.read_until(b"\r\n"), b"\r\n")
            return received, digest.hexdigest()
        self.assertEqual(self._watched(download), (_UPLOAD_BYTES, content_hash(_UPLOAD_BYTES)))

    def test_a_chunked_upload(self):
        def upload():
            host = self.origin.authority()
            self.client.send(f"PUT {self.origin.url('/echo')} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
                             .encode())
            for block in content_blocks(_UPLOAD_BYTES):
                self.client.send(b"%x\r\n%b\r\n" % (len(block), block))
            self.client.send(b"0\r\n\r\n")
            return self.client.response()
        self.assertEqual(self._watched(upload).status, 200)
        request = self.origin.seen("/echo")[0]
        self.assertEqual((request.body_bytes, request.body_sha256), (_UPLOAD_BYTES, content_hash(_UPLOAD_BYTES)))
        self.weir.wait_for_rows(2)
        self.assertEqual(self.weir.row_of("/echo")["request_body_bytes"], _UPLOAD_BYTES)

    def test_a_tunnel(self):
        def serve(connection):
            for block in content_blocks(_UPLOAD_BYTES):
                connection.sendall(block)
        origin = ScriptedOrigin(self, serve)

        def download():
            self.assertEqual(self.client.connect_tunnel(origin.authority).status, 200)
            return self.client.hash_to_end_of(_UPLOAD_BYTES)
        self.assertEqual(self._watched(download), content_hash(_UPLOAD_BYTES))

    def test_a_reader_that_stalls_stops_the_origin_and_loses_nothing(self):
        sent = [0]

        def answer(exchange: Exchange):
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {_STALL_BYTES}\r\n\r\n".encode())
            for block in content_blocks(_STALL_BYTES):
                exchange.send(block)
                sent[0] += len(block)
        self.origin.on("/stalled", answer)

        def stall_then_download():
            self.client.request("GET", self.origin.url("/stalled"))
            self.client.head()
            await_that(lambda: self._is_standing_still(sent), "the origin is stopped", 20)
            self.assertLess(sent[0], _STALL_BYTES, "somebody has taken what the client did not")
            return self.client.hash_to_end_of(_STALL_BYTES)
        self.assertEqual(self._watched(stall_then_download), content_hash(_STALL_BYTES))

    def test_an_origin_that_stalls_stops_the_client_and_loses_nothing(self):
        may_read = threading.Event()

        def answer(exchange: Exchange):
            may_read.wait(scaled(60))
            exchange.read_body()
            exchange.respond()
        self.origin.late_reading("/slow", answer)
        sent = [0]

        def send():
            for block in content_blocks(_STALL_BYTES):
                self.client.send(block)
                sent[0] += len(block)

        def upload():
            self.client.request("PUT", self.origin.url("/slow"), [("Content-Length", str(_STALL_BYTES))])
            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            await_that(lambda: self._is_standing_still(sent), "the client is stopped", 20)
            self.assertLess(sent[0], _STALL_BYTES, "somebody has taken what the origin did not")
            may_read.set()
            sender.join()
            return self.client.response().status
        self.assertEqual(self._watched(upload), 200)
        self.assertEqual(self.origin.seen("/slow")[0].body_sha256, content_hash(_STALL_BYTES))

    @staticmethod
    def _is_standing_still(count: list[int]) -> bool:
        """No octet for half a second. The one thing here that only passing time can show."""
        before = count[0]
        time.sleep(scaled(0.5))
        return before > 0 and count[0] == before


if __name__ == "__main__":
    weir.main()
