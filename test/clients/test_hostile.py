"""Nothing that answers wrongly, late or not at all is ever taken for an agent that allows."""

import json
import os
import socket
import tempfile
import threading
import unittest

from client_under_test import load
from strange_server import CHUNKED_HEAD, ENDLESS, GOOD, GOOD_TEXT, STRANGE, StrangeServer, answer, chunked, good, sends

maint_gate = load()
TIMEOUT_S = 0.6
# Generous, because a busy machine is slow as well; what never ends takes far longer.
SPARE_S = 3.0


class WithToken(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.token_file = os.path.join(self.folder, "token")
        with open(os.path.join(self.folder, "token"), "w", encoding="ascii") as file:
            file.write("LP-01:" + "A" * 43 + "\n")
        os.chmod(self.token_file, 0o600)

    def gate(self, url=None, timeout=TIMEOUT_S, **settings):
        return maint_gate.Gate("LP-01", url=url, token_file=self.token_file, timeout=timeout, **settings)

    def patient(self, url=None, **settings):
        """For answers that must arrive."""
        return self.gate(url, 20, **settings)

    def assert_blocked(self, decision):
        self.assertIs(decision.allow, False)
        self.assertFalse(decision)
        self.assertEqual(decision.reasons, ("runtime.unavailable:node",))
        self.assertIsNone(decision.ledger_seq)
        self.assertIsInstance(decision.problem, maint_gate.MaintError)
        self.assertIn("T-1 is blocked", decision.explain())


def in_time(gate, ask):
    """What `ask(gate)` answers; fails where that takes longer than the gate's time-out, without waiting for it to end."""
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(gate)), daemon=True)
    asking.start()
    asking.join(gate.timeout + SPARE_S)
    if not answers:
        raise AssertionError("no answer after %g s" % (gate.timeout + SPARE_S))
    return answers[0]


def bodies_run(gate):
    try:
        with gate.test("T-1"):
            return 1
    except maint_gate.Blocked:
        return 0


class Hostile(WithToken):
    def test_control_a_good_answer_is_allowed(self):
        for how in (sends(answer(GOOD)), sends(CHUNKED_HEAD + chunked(GOOD_TEXT) + b"0\r\n\r\n")):
            with StrangeServer(how) as server:
                decision = self.patient(server.url).check("T-1")
                self.assertIs(decision.allow, True, decision.explain())
                self.assertEqual((decision.ledger_seq, decision.node, decision.problem), (7, "LP-01", None))

    def test_control_a_blocked_answer_keeps_its_reasons(self):
        body = good(allow=False, reasons=["lot.expired:P-1"], getToGreen=[{"text": "Fill", "who": "operator", "removes": []}])
        with StrangeServer(sends(answer(body))) as server:
            decision = self.patient(server.url).check("T-1")
        self.assertEqual((decision.allow, decision.reasons, decision.ledger_seq), (False, ("lot.expired:P-1",), 7))
        self.assertIn("Fill (operator)", decision.explain())

    def test_strange(self):
        for what, behave in STRANGE.items():
            with self.subTest(what), StrangeServer(behave) as server:
                gate = self.gate(server.url) if what in ENDLESS else self.patient(server.url)
                self.assert_blocked(in_time(gate, lambda gate: gate.check("T-1")))
                self.assertEqual(server.callers, 1)

    def test_strange_at_a_start(self):
        running = {"test": "T-1", "startedAt": "2026-01-01T00:00:00Z"}
        with StrangeServer(sends(answer(good(running=running)))) as server:
            self.assertTrue(self.patient(server.url).start("T-1"))
        strange = dict(STRANGE, **{
            "no running": sends(answer(GOOD)),
            "running null": sends(answer(good(running=None))),
            "running another": sends(answer(good(running={"test": "T-2"}))),
        })  # fmt: skip
        for what, behave in strange.items():
            with self.subTest(what), StrangeServer(behave) as server:
                gate = self.gate(server.url) if what in ENDLESS else self.patient(server.url)
                self.assertEqual(in_time(gate, bodies_run), 0)

    def test_redirects_are_not_followed(self):
        for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"):
            with StrangeServer(sends(answer(GOOD))) as target:
                moved = answer(GOOD, status=status, extra="Location: %s/v1/gate\r\n" % target.url)
                with self.subTest(status), StrangeServer(sends(moved)) as server:
                    self.assert_blocked(self.gate(server.url).check("T-1"))
                    self.assertEqual(target.callers, 0)

    def test_no_proxy_of_the_environment_is_asked(self):
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))
        self.addCleanup(closed.close)
        with StrangeServer(sends(answer(GOOD))) as proxy:
            names = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
            before = {name: os.environ.get(name) for name in names}
            os.environ.update({name: proxy.url for name in names})
            try:
                self.assert_blocked(self.gate("http://127.0.0.1:%d" % closed.getsockname()[1]).check("T-1"))
            finally:
                for name, value in before.items():
                    os.environ.pop(name) if value is None else os.environ.update({name: value})
            self.assertEqual(proxy.callers, 0)

    @unittest.skipUnless(hasattr(socket, "AF_UNIX"), "this system has no Unix sockets")
    def test_a_unix_socket_is_no_more_trusted(self):
        path = os.path.join(self.folder, "agent.sock")
        with StrangeServer(sends(answer(GOOD)), unix=path) as server:
            self.assertTrue(self.patient(socket=path).check("T-1"))
            self.assertIn(b"\r\nHost: localhost\r\n", server.request)
        for what in ("never answers", "allow 1", "a dribble", "preview true"):
            os.unlink(path)
            with self.subTest(what), StrangeServer(STRANGE[what], unix=path):
                self.assert_blocked(self.gate(socket=path).check("T-1"))
        os.unlink(path)
        self.assert_blocked(self.gate(socket=path).check("T-1"))

    def test_only_this_machine_gets_the_token(self):
        for url in ("http://192.0.2.1:8421", "http://example.com:80", "https://127.0.0.1:1", "http://127.0.0.1:1/x",
                    "http://127.0.0.1@192.0.2.1:1", "http://user@127.0.0.1:1", "file:///etc/passwd", "127.0.0.1:1",
                    "http://localhost.example.com:1", "http://[2001:db8::1]:1", "http://127.0.0.1:99999", "http://127.0.0.1:0", ""):  # fmt: skip
            with self.subTest(url), self.assertRaises(ValueError):
                self.gate(url)
        self.gate("http://192.0.2.1:8421", insecure_remote=True)
        self.gate("http://[::1]:8421")
        self.gate("http://localhost:8421")

    def test_an_address_file_gets_no_more_trust_than_a_parameter(self):
        node = os.path.join(self.folder, "nodes", "LP-01")
        os.makedirs(node)
        for text in ('{"url":"http://192.0.2.1:8421"}', "{}", "[]", "\x00", '{"url":7}', '{"url":"http://127.0.0.1:1","socket":7}'):
            with open(os.path.join(node, "address.json"), "w", encoding="utf-8") as file:
                file.write(text)
            with self.subTest(text):
                self.assert_blocked(self.gate(data=self.folder).check("T-1"))

    def test_a_token_file_that_others_may_read_is_not_used(self):
        with StrangeServer(sends(answer(GOOD))) as server:
            os.chmod(self.token_file, 0o644)
            if os.name == "posix":
                self.assert_blocked(self.gate(server.url).check("T-1"))
            os.chmod(self.token_file, 0o600)
            with open(self.token_file, "w", encoding="ascii") as file:
                file.write("LP-01:short\r\nX-Evil: 1\n")
            self.assert_blocked(self.gate(server.url).check("T-1"))
            self.assertEqual(server.callers, 0)


class Ends(WithToken):
    RUNNING = good(running={"test": "T-1", "startedAt": "2026-01-01T00:00:00Z"})
    ENDED = {"id": "E1", "ledgerSeq": 9, "test": "T-1", "usedAssets": ["L"], "closingChecks": ["L"]}

    def serve(self, end):
        """Starts as an agent does, ends with `end`; keeps the bodies of the ends."""
        told = []

        def behave(connection):
            head, _, body = server.request.partition(b"\r\n\r\n")
            if head.startswith(b"POST /v1/test/start"):
                connection.sendall(answer(self.RUNNING))
                return
            told.append(json.loads(body.decode()))
            connection.sendall(end)

        server = StrangeServer(behave)
        return server, told

    def run_with(self, end, error=None, result=None):
        server, told = self.serve(end)
        with server, self.patient(server.url).test("T-1") as run:
            if result is not None:
                run.result = result
            if error is not None:
                raise error
        return run, told

    def test_how_it_ended_is_told(self):
        class Skipped(BaseException):
            """As pytest's."""

        for error, result, expected in (
            (None, None, "passed"), (None, "failed", "failed"), (None, "aborted", "aborted"),
            (AssertionError(), None, "failed"), (RuntimeError(), "passed", "failed"), (RuntimeError(), "aborted", "aborted"),
            (KeyboardInterrupt(), None, "aborted"), (SystemExit(1), None, "aborted"), (Skipped(), None, "aborted"),
        ):  # fmt: skip
            with self.subTest(error=error, result=result):
                server, told = self.serve(answer(self.ENDED))
                try:
                    with server, self.patient(server.url).test("T-1") as run:
                        run.result = result or run.result
                        if error is not None:
                            raise error
                except type(error) if error is not None else () as raised:
                    self.assertIs(raised, error)
                self.assertEqual(told, [{"test": "T-1", "result": expected}])
                self.assertEqual((run.used_assets, run.closing_checks), (("L",), ("L",)))

    UNTOLD = (
        b"", answer({}), answer({**ENDED, "test": "T-2"}), answer({**ENDED, "closingChecks": 1}), answer(ENDED, status="302 Found"),
        answer({"error": {"code": "MAINT_ERR_CONFLICT", "message": "no such test runs", "help": None}}, status="409 Conflict"),
    )  # fmt: skip

    def test_an_end_that_was_not_told_is_said(self):
        for end in self.UNTOLD:
            with self.subTest(end), self.assertLogs("maint_gate", "WARNING"):
                with self.assertRaises(maint_gate.EndNotTold) as caught:
                    self.run_with(end)
                self.assertEqual((caught.exception.test, caught.exception.result), ("T-1", "passed"))

    def test_an_end_that_was_not_told_hides_no_failure(self):
        for end in self.UNTOLD:
            with self.subTest(end), self.assertLogs("maint_gate", "WARNING"):
                with self.assertRaisesRegex(ZeroDivisionError, "the real one"):
                    self.run_with(end, ZeroDivisionError("the real one"))


class Arguments(WithToken):
    def sent(self, ask):
        with StrangeServer(sends(answer(GOOD))) as server:
            ask(self.patient(server.url))
            return json.loads(server.request.partition(b"\r\n\r\n")[2].decode())

    def test_numbers_stay_exact(self):
        from decimal import Decimal

        for given, written in ((2, "2"), ("0.10", "0.10"), (Decimal("1E+3"), "1E+3"), (Decimal("0.1"), "0.1"), (10**30, str(10**30))):
            body = self.sent(lambda gate: gate.check("T-1", planned_hours=given, planned_cycles=3))
            self.assertEqual(body["planned"], {"hours": written, "cycles": "3"})

    def test_arguments_that_cannot_be_right(self):
        from decimal import Decimal

        with StrangeServer(sends(answer(GOOD))) as server:
            gate = self.patient(server.url)
            for hours in (0.1, True, [], b"1"):
                self.assertRaises(TypeError, gate.check, "T-1", planned_hours=hours)
            for hours in ("", "-1", -1, "0x1", "1_0", " 1", "NaN", Decimal("Infinity"), Decimal("NaN"), "١"):
                self.assertRaises(ValueError, gate.check, "T-1", planned_hours=hours)
            self.assertRaises(TypeError, gate.check, 1)
            self.assertRaises(TypeError, gate.check, "")
            self.assertRaises(TypeError, gate.start, None)
            self.assertRaises(ValueError, gate.end, "T-1", "ok")
            self.assertRaises(TypeError, gate.record, "reading", value=0.1)
            self.assertEqual(server.callers, 0)
        for settings in ({}, {"node": "../LP"}, {"node": "LP-01\n"}, {"node": "LP-01", "timeout": 0}, {"node": "LP-01", "timeout": 1e9}):
            self.assertRaises(ValueError, maint_gate.Gate, **settings)
        self.assertRaises(TypeError, maint_gate.Gate, "LP-01", timeout=float("nan"))

    def test_evidence_is_written_as_it_was_meant(self):
        from datetime import date, datetime, timezone
        from decimal import Decimal

        at = datetime(2026, 11, 24, 6, 20, tzinfo=timezone.utc)
        ok = answer({"id": "E12", "ledgerSeq": 12})
        with StrangeServer(sends(ok)) as server:
            gate = self.patient(server.url)
            self.assertEqual(gate.record("reading", value=Decimal("1.10"), taken_at=at, taken_with=None), ("E12", 12))
            body = json.loads(server.request.partition(b"\r\n\r\n")[2].decode())
            self.assertEqual(body, {"kind": "reading", "value": "1.10", "takenAt": "2026-11-24T06:20:00.000+00:00"})
            gate.record("calibration", performed_on=date(2026, 1, 2), ranges=[("0", Decimal("20.0"), "mV")])
            body = json.loads(server.request.partition(b"\r\n\r\n")[2].decode())
            self.assertEqual((body["performedOn"], body["ranges"]), ("2026-01-02", [["0", "20.0", "mV"]]))
            self.assertRaises(ValueError, gate.record, "reading", taken_at=datetime(2026, 1, 1))


if __name__ == "__main__":
    unittest.main()
