"""What the tests with a real agent share. clients.test.ts starts it: MAINT_DATA is its data folder, MAINT_TEST_OPERATOR the
token file of the operator STF-1, who may record. Everything LP-01 needs is recorded, and its lamp reads 1180 uW/cm2."""

import os
import unittest
from decimal import Decimal

from client_under_test import load

maint_gate = load()
NODE = "LP-01"
OPERATOR = os.environ["MAINT_TEST_OPERATOR"]
LOW = "reading.out-of-limits:uv-intensity"


class WithAgent(unittest.TestCase):
    def setUp(self):
        self.gate = maint_gate.Gate(NODE, token_file=OPERATOR)
        self.lamp("1180")

    def lamp(self, value):
        recorded = self.gate.record("reading", quantity="uv-intensity", value=Decimal(value), unit="uW/cm2", taken_with="light-meter")
        self.assertEqual(recorded.id, "E%d" % recorded.ledger_seq)
