"""The OpenHTF plug against a real agent (see with_agent.py), in OpenHTF where it is installed, else in a stand-in of it."""

import importlib.util
import os
import sys
import unittest
import uuid

if importlib.util.find_spec("openhtf") is None:
    print("OpenHTF is not on this machine: its plug is tried against test/clients/standin only")
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "standin"))

import openhtf
from openhtf import plugs
from with_agent import LOW, NODE, OPERATOR, WithAgent, maint_gate


class Lp01(maint_gate.MaintGatePlug):
    settings = {"node": NODE, "token_file": OPERATOR}


class OpenHtf(WithAgent):
    def setUp(self):
        super().setUp()
        self.test = "T-%s" % uuid.uuid4().hex[:8]
        self.ran = []

    def execute(self, *phases):
        return openhtf.Test(*phases).execute(test_start=lambda: self.test)

    def body(self, test):
        # The test runs at the agent while the phases do.
        self.ran.append(self.gate.check(self.test).allow)

    def not_running(self):
        with self.assertRaises(maint_gate.MaintError) as caught:
            self.gate.end(self.test)
        self.assertEqual(caught.exception.code, "MAINT_ERR_CONFLICT")

    def told(self):
        rows = self.gate._ask("GET", "/v1/evidence?kind=test-run&limit=500")["evidence"]
        return [(row["body"]["state"], row["body"].get("result")) for row in rows if row["subject"] == self.test]

    def test_what_the_gate_allows_runs_and_ends(self):
        needed = maint_gate.require_maintenance(lambda test: test.dut_id, plug=Lp01, part="P-1", planned_hours="0.5")
        self.assertTrue(self.execute(needed, self.phase()))
        self.assertEqual(self.ran, [True])
        self.not_running()
        self.assertEqual(self.told(), [("ended", None), ("started", None)])

    def phase(self):
        def body(test):
            self.body(test)

        return body

    def test_what_the_gate_blocks_stops_with_its_reasons(self):
        self.lamp("940")
        with self.assertLogs("openhtf", "ERROR") as logged:
            self.assertFalse(self.execute(maint_gate.require_maintenance(self.test, plug=Lp01), self.phase()))
        self.assertEqual(self.ran, [])
        self.assertIn(LOW, "\n".join(logged.output))
        self.not_running()

    def test_without_an_agent_it_stops(self):
        with self.assertLogs("openhtf", "ERROR") as logged:
            self.assertFalse(self.execute(maint_gate.require_maintenance(self.test, node="LP-77"), self.phase()))
        self.assertEqual(self.ran, [])
        self.assertIn("no agent of node LP-77", "\n".join(logged.output))

    def test_it_ends_when_a_later_phase_fails(self):
        def broken(test):
            raise OSError("no lamp")

        with self.assertLogs("openhtf"):
            self.assertFalse(self.execute(maint_gate.require_maintenance(self.test, plug=Lp01), broken))
        self.not_running()
        self.assertEqual([state for state, _ in self.told()], ["ended", "started"])

    def test_a_phase_may_ask_the_plug_itself(self):
        @plugs.plug(maint=Lp01)
        def asks(test, maint):
            self.ran.append(maint.check("T-1").allow)

        self.assertTrue(self.execute(asks))
        self.assertEqual(self.ran, [True])


if __name__ == "__main__":
    unittest.main()
