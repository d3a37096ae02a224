"""A client that ends its side before the answer comes: it gets the answer when it is still there, and when it has left,
the request is cancelled at the origin."""
import threading

import patience
import weir
from origin import Exchange, Origin

_LONG_ENOUGH_TO_BE_ASKED_S = 4.5  # the proxy asks after 3 s


class ClientLeavesTest(weir.WeirTest):
    def setUp(self):
        super().setUp()
        self.weir = weir.Weir(self)
        self.origin = Origin(self)
        self.go_on = threading.Event()
        self.was_cancelled = threading.Event()
        self.addCleanup(self.go_on.set)
        self.origin.on("/wait", self._wait)
        self.origin.on("/until-left", self._until_left)

    def _wait(self, exchange: Exchange) -> None:
        self.go_on.wait(patience.scaled(30))
        exchange.respond(body=b"here")

    def _until_left(self, exchange: Exchange) -> None:
        try:
            exchange.await_close()
        finally:
            self.was_cancelled.set()

    def _ask_and_end(self, path: str, version: str = "HTTP/1.1"):
        client = self.weir.client()
        client.request("GET", self.origin.url(path), version=version)
        client.half_close()
        return client

    def test_half_closing_client_gets_its_response(self):
        client = self._ask_and_end("/wait")
        self.go_on.set()
        response = client.response()
        self.assertEqual((response.status, response.body, response.interim), (200, b"here", []))
        self.assertEqual(response.header("Connection"), "close")

    def test_half_closing_client_that_waits_long_gets_it_too(self):
        client = self._ask_and_end("/wait")
        timer = threading.Timer(_LONG_ENOUGH_TO_BE_ASKED_S, self.go_on.set)
        timer.start()
        self.addCleanup(timer.cancel)
        response = client.response()
        self.assertEqual((response.status, response.body), (200, b"here"))
        self.assertEqual([interim.status for interim in response.interim], [100])

    def test_http_1_0_client_is_sent_nothing_but_its_response(self):
        client = self._ask_and_end("/wait", "HTTP/1.0")
        timer = threading.Timer(_LONG_ENOUGH_TO_BE_ASKED_S, self.go_on.set)
        timer.start()
        self.addCleanup(timer.cancel)
        response = client.response()
        self.assertEqual((response.status, response.body, response.interim), (200, b"here", []))

    def test_client_that_has_left_cancels_its_waiting_request(self):
        client = self._ask_and_end("/until-left")
        client.close()
        self.assertTrue(self.was_cancelled.wait(patience.scaled(20)), "the origin still works for nobody")
        row = self.weir.wait_for_rows(1)[0]
        self.assertEqual((row["outcome"], row["fault"], row["reason"]), ("cut_off", "client", "client_closed"))

    def test_client_that_resets_cancels_its_waiting_request(self):
        client = self.weir.client()
        client.request("GET", self.origin.url("/until-left"))
        patience.await_that(lambda: self.origin.seen("/until-left"), "the request's arrival")
        client.reset()
        self.assertTrue(self.was_cancelled.wait(patience.scaled(20)), "the origin still works for nobody")


if __name__ == "__main__":
    weir.main()
