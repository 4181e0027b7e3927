"""The client against a real agent; see with_agent.py."""

import json
import os
import socket
import unittest

from with_agent import LOW, NODE, OPERATOR, WithAgent, maint_gate


def address():
    with open(os.path.join(os.environ["MAINT_DATA"], "nodes", NODE, "address.json"), encoding="utf-8") as file:
        return json.load(file)


class Agent(WithAgent):
    def test_allowed(self):
        decision = self.gate.check("T-1", part="P-1", planned_hours="0.5")
        self.assertTrue(decision, decision.explain())
        self.assertEqual((decision.reasons, decision.node, decision.test), ((), NODE, "T-1"))
        self.assertGreater(decision.ledger_seq, 0)
        self.assertEqual(decision.raw["operator"], "STF-1")
        self.assertEqual(self.gate.require("T-1").allow, True)

    def test_blocked_says_why_and_what_to_do(self):
        self.lamp("940")
        decision = self.gate.check("T-2")
        self.assertFalse(decision)
        self.assertEqual(decision.reasons, (LOW,))
        self.assertIsNone(decision.problem)
        self.assertGreater(decision.ledger_seq, 0)
        self.assertTrue(decision.get_to_green)
        with self.assertRaises(maint_gate.Blocked) as caught:
            self.gate.require("T-2")
        for word in (LOW, "940 uW/cm2", "what would make it allowed", decision.get_to_green[0].text):
            self.assertIn(word, str(caught.exception))

    def test_by_every_way_in(self):
        ways = [{"url": address()["url"]}, {"url": address()["url"].replace("127.0.0.1", "localhost")}]
        if hasattr(socket, "AF_UNIX"):
            self.assertTrue(os.path.exists(address()["socket"]))
            ways.append({"socket": address()["socket"]})
        for way in ways:
            with self.subTest(way):
                self.assertTrue(maint_gate.Gate(NODE, token_file=OPERATOR, **way).check("T-3"))
                self.assertTrue(maint_gate.Gate(token_file=OPERATOR, **way).check("T-3"))
                self.assertEqual(maint_gate.Gate(NODE, token_file=OPERATOR, **way).status()["node"], NODE)
                other = maint_gate.Gate("LP-02", token_file=OPERATOR, **way).check("T-3")
                self.assertEqual((other.allow, other.reasons), (False, (maint_gate.UNAVAILABLE,)))

    def test_a_program_has_the_node_s_own_token(self):
        decision = maint_gate.Gate(NODE).check("T-4")
        # The contract asks for the operator's own word, and a program is no operator: its decision is another.
        self.assertEqual(decision.reasons, ("ack.wrong-person:materials checked",))
        self.assertGreater(decision.ledger_seq, 0)
        with self.assertRaises(maint_gate.MaintError) as caught:
            maint_gate.Gate(NODE).record("reading", quantity="uv-intensity", value="1", unit="uW/cm2")
        self.assertEqual((caught.exception.code, caught.exception.status), ("MAINT_ERR_FORBIDDEN", 403))

    def test_a_wrong_token_and_a_wrong_question_block(self):
        unknown = os.path.join(os.environ["MAINT_TEST_FOLDER"], "unknown.token")
        with open(unknown, "w", encoding="ascii") as file:
            file.write("STF-1:" + "A" * 43)
        os.chmod(unknown, 0o600)
        decision = maint_gate.Gate(NODE, token_file=unknown).check("T-5")
        self.assertEqual((decision.allow, decision.reasons), (False, (maint_gate.UNAVAILABLE,)))
        self.assertEqual(decision.problem.code, "MAINT_ERR_UNAUTHORIZED")
        too_long = self.gate.check("T" * 300)
        self.assertEqual((too_long.allow, too_long.problem.code), (False, "MAINT_ERR_REQUEST"))
        self.assertIn("characters", too_long.explain())

    def test_a_test_that_runs_and_ends(self):
        with self.gate.test("T-6", part="P-6") as run:
            self.assertTrue(run.decision)
            self.assertIsNone(run.closing_checks)
        # The contract asks for no check after use, so that none is due.
        self.assertEqual((run.used_assets, run.closing_checks), (("UV-LAMP-01", "LM-01"), ()))
        with self.assertRaises(maint_gate.MaintError) as caught:
            self.gate.end("T-6", "passed")
        self.assertEqual((caught.exception.code, caught.exception.status), ("MAINT_ERR_CONFLICT", 409))

    def test_the_body_of_a_blocked_test_does_not_run(self):
        self.lamp("940")
        with self.assertRaises(maint_gate.Blocked):
            with self.gate.test("T-7"):
                self.fail("the body ran")
        with self.assertRaises(maint_gate.MaintError) as caught:
            self.gate.end("T-7")
        self.assertEqual(caught.exception.code, "MAINT_ERR_CONFLICT")

    def test_a_body_that_raises_is_told_as_failed(self):
        with self.assertRaises(ZeroDivisionError):
            with self.gate.test("T-8") as run:
                raise ZeroDivisionError
        self.assertIsNotNone(run.closing_checks)
        self.assertRaises(maint_gate.MaintError, self.gate.end, "T-8")

    def test_an_end_somebody_else_told_first(self):
        with self.assertLogs("maint_gate", "WARNING"), self.assertRaises(maint_gate.EndNotTold) as caught:
            with self.gate.test("T-9"):
                self.gate.end("T-9", "aborted")
        self.assertEqual(caught.exception.error.code, "MAINT_ERR_CONFLICT")

    def test_what_the_agent_says_of_evidence_that_is_wrong(self):
        for fields, word in (({"quantity": "uv-intensty"}, "uv-intensity"), ({"quantity": "uv-intensity", "unit": "lx"}, "uW/cm2")):
            with self.subTest(fields), self.assertRaises(maint_gate.MaintError) as caught:
                self.gate.record("reading", value="1", **fields)
            self.assertEqual((caught.exception.code, caught.exception.status), ("MAINT_ERR_EVIDENCE", 400))
            self.assertIn(word, str(caught.exception))

    def test_status(self):
        status = self.gate.status()
        self.assertEqual((status["node"], status["standing"]), (NODE, "ready"))

    def test_station(self):
        station = self.gate.station()
        self.assertEqual((station["node"], station["you"]["id"], station["you"]["person"]), (NODE, "STF-1", True))
        with self.gate.test("T-11"):
            self.assertIn("T-11", [run["test"] for run in self.gate.station()["running"]])

    def test_nobody_there(self):
        for data in (os.environ["MAINT_TEST_FOLDER"], os.path.join(os.environ["MAINT_TEST_FOLDER"], "nowhere")):
            decision = maint_gate.Gate(NODE, token_file=OPERATOR, data=data).check("T-10")
            self.assertEqual((decision.allow, decision.reasons), (False, (maint_gate.UNAVAILABLE,)))
            self.assertIn("maint node start LP-01", decision.explain())
            with self.assertRaises(maint_gate.MaintError) as caught:
                maint_gate.Gate(NODE, token_file=OPERATOR, data=data).status()
            self.assertEqual(caught.exception.code, "MAINT_ERR_NO_AGENT")


if __name__ == "__main__":
    unittest.main()
