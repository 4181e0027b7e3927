"""Control: a copy of the client in which one guard is taken out must be caught by test_hostile.py."""

import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from client_under_test import CLIENT

HERE = os.path.dirname(os.path.abspath(__file__))

# What is weakened, the text that does it, what stands there instead, and the test that must fail.
PLANTED = (
    ("any truth is an allow", "type(allow) is not bool or ", "", "Hostile.test_strange"),
    ("allow is not looked at", 'allow, seq = answer.get("allow")', "allow, seq = True", "Hostile.test_control_a_blocked_answer_keeps_its_reasons"),
    ("a preview allows", 'if "preview" in answer:', "if False:", "Hostile.test_strange"),
    ("any node may answer", 'if node is not None and answer.get("node") != node:', "if False:", "Hostile.test_strange"),
    ("any test may be meant", 'if answer.get("testId") != test:', "if False:", "Hostile.test_strange"),
    ("no ledger is needed", "if not _is_seq(seq) and (allow or seq is not None):", "if False:", "Hostile.test_strange"),
    ("every status is fine", "return answer if status == 200 else", "return answer if status else", "Hostile.test_strange"),
    ("every JSON is fine", "object_pairs_hook=_once,", "", "Hostile.test_strange"),
    ("each read has a time-out of its own", "self.hurry()\n        return super().recv_into", "return super().recv_into", "Hostile.test_strange"),
    ("no time-out", "        self.settimeout(left)\n", "        pass\n", "Hostile.test_strange"),
    ("what is cut off is fine", "or (expected is not None and len(read) != expected)", "", "Hostile.test_strange"),
    ("HTTP/1.0 is fine", "response.version != 11", "False", "Hostile.test_strange"),
    ("a start need not be noted", 'running.get("test") != test', "False", "Hostile.test_strange_at_a_start"),
    ("a mistake allows", "return Decision(False, (UNAVAILABLE,)", "return Decision(True, (UNAVAILABLE,)", "Hostile.test_strange"),
    ("every machine gets the token", "if not ip.is_loopback and", "if False and", "Hostile.test_only_this_machine_gets_the_token"),
    ("floats are fine", "not isinstance(value, (str, int, decimal.Decimal))", "False", "Arguments.test_arguments_that_cannot_be_right"),
    ("a lost end is silent", "            if error is None:\n                raise", "            if False:\n                raise", "Ends.test_an_end_that_was_not_told_is_said"),
    ("a lost end hides the failure", "            if error is None:\n                raise", "            if True:\n                raise", "Ends.test_an_end_that_was_not_told_hides_no_failure"),
    ("whatever happens is passed", "result = _result_of(error)", "pass", "Ends.test_how_it_ended_is_told"),
)  # fmt: skip


AT_ONCE = 6  # Most of each run is waiting for time-outs.


class Planted(unittest.TestCase):
    def test_each_weakened_client_is_caught(self):
        with open(CLIENT, encoding="utf-8") as file:
            whole = file.read()
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
            runs = []
            for number, (what, old, new, test) in enumerate(PLANTED):
                self.assertEqual(whole.count(old), 1, "%s: %r must stand in the client once" % (what, old))
                path = os.path.join(folder, "weak%d.py" % number)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(whole.replace(old, new))
                runs.append((what, test, pool.submit(run, path, test)))
            for what, test, outcome in runs:
                code, said = outcome.result()
                with self.subTest(what):
                    self.assertEqual(code, 1, said[-2000:])
                    self.assertIn(": %s" % test.split(".")[1], said)


def run(path, test):
    environment = dict(os.environ, MAINT_GATE_FILE=path, PYTHONDONTWRITEBYTECODE="1")
    words = [sys.executable, os.path.join(HERE, "test_hostile.py"), "--failfast", test]
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


if __name__ == "__main__":
    unittest.main()
