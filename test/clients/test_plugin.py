"""The client as a pytest plugin, against a real agent: pytest runs small suites as a child process. See with_agent.py."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
import uuid

from client_under_test import CLIENT
from with_agent import LOW, NODE, OPERATOR, WithAgent, maint_gate

SUITE = """
    import pytest

    @pytest.fixture
    def lamp():
        print("LAMP ON")

    @pytest.mark.maint(test_id="T-{id}-1", part="P-1", planned_hours="0.5")
    def test_marked(lamp):
        print("BODY RAN")

    def test_unmarked():
        print("UNMARKED RAN")
"""


class Plugin(WithAgent):
    def pytest(self, suite, *words, conftest="", way=("-p", "maint_gate")):
        """Exit code and output of pytest over `suite`."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in (("test_suite.py", suite), ("conftest.py", conftest), ("pytest.ini", "[pytest]\n")):
            with open(os.path.join(folder.name, name), "w", encoding="utf-8") as file:
                file.write(textwrap.dedent(text))
        environment = dict(os.environ, PYTHONPATH=os.path.dirname(CLIENT), PYTHONDONTWRITEBYTECODE="1")
        environment.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        environment.pop("MAINT_TOKEN_FILE", None)
        base = [sys.executable, "-m", "pytest", "-s", "-v", "-p", "no:cacheprovider", "--strict-markers", *way]
        done = subprocess.run(
            [*base, "--maint-token-file=" + OPERATOR, *words], cwd=folder.name, env=environment, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
        )  # fmt: skip
        return done.returncode, done.stdout

    def not_running(self, test):
        with self.assertRaises(maint_gate.MaintError) as caught:
            self.gate.end(test)
        self.assertEqual(caught.exception.code, "MAINT_ERR_CONFLICT")

    def test_a_marked_test_runs_where_the_gate_allows(self):
        for way, conftest in ((("-p", "maint_gate"), ""), ((), 'pytest_plugins = ["maint_gate"]\n')):
            with self.subTest(way):
                code, said = self.pytest(SUITE.format(id="A"), "--maint-node=" + NODE, way=way, conftest=conftest)
                self.assertEqual(code, 0, said)
                self.assertIn("BODY RAN", said)
                self.assertIn("2 passed", said)
                self.not_running("T-A-1")

    def test_a_blocked_test_fails_with_its_reasons_and_touches_nothing(self):
        self.lamp("940")
        code, said = self.pytest(SUITE.format(id="B"), "--maint-node=" + NODE)
        self.assertEqual(code, 1, said)
        self.assertIn(LOW, said)
        self.assertIn("what would make it allowed", said)
        self.assertNotIn("BODY RAN", said)
        self.assertNotIn("LAMP ON", said)
        self.assertIn("UNMARKED RAN", said)
        self.not_running("T-B-1")

    def test_a_blocked_test_is_skipped_where_that_was_asked_for(self):
        self.lamp("940")
        code, said = self.pytest(SUITE.format(id="C"), "--maint-node=" + NODE, "--maint-skip-blocked", "-rs")
        self.assertEqual(code, 0, said)
        self.assertNotIn("BODY RAN", said)
        self.assertIn("1 passed, 1 skipped", said)
        self.assertIn(LOW, said)

    def test_without_an_agent_or_a_node_it_fails(self):
        for words, why in (((), "say which agent"), (("--maint-node=LP-77",), "no agent of node LP-77"),
                           (("--maint-node=" + NODE, "--maint-url=http://192.0.2.1:80"), "another machine")):  # fmt: skip
            with self.subTest(words):
                code, said = self.pytest(SUITE.format(id="D"), *words)
                self.assertEqual(code, 1, said)
                self.assertIn(why, said)
                self.assertNotIn("BODY RAN", said)
                self.assertIn("1 passed", said)

    def test_how_it_ends_is_told(self):
        cases = (
            ("pass", "", "", "passed"),
            ("assert 0", "", "", "failed"),
            ("raise OSError", "", "", "failed"),
            ('pytest.fail("x")', "", "", "failed"),
            ('pytest.skip("x")', "", "", "aborted"),
            ("assert 0", "@pytest.mark.xfail", "", "failed"),
            ("pass", "", "broken", "aborted"),
            ("pass", "@pytest.mark.skip", "", None),
            ("raise KeyboardInterrupt", "", "", "aborted"),
        )
        ids = ["T-%s-%d" % (uuid.uuid4().hex[:8], number) for number in range(len(cases))]
        lines = ["import pytest", "@pytest.fixture", "def broken():", "    raise OSError('no lamp')"]
        for test, (body, mark, fixture, _) in zip(ids, cases):
            name = test.replace("-", "_").lower()
            lines += [mark, '@pytest.mark.maint(test_id="%s")' % test, "def test_%s(%s):" % (name, fixture), "    " + body]
        said = self.pytest("\n".join(lines), "--maint-node=" + NODE)[1]
        for test, (body, mark, fixture, result) in zip(ids, cases):
            with self.subTest(body=body, mark=mark, fixture=fixture):
                self.assertEqual(self.told_of(test), result, said)
                self.not_running(test)

    def told_of(self, test):
        """The result the agent wrote down for a test; None where it never ran."""
        runs = [row for row in self.evidence() if row["subject"] == test and row["body"].get("state") == "ended"]
        self.assertLessEqual(len(runs), 1)
        return runs[0]["body"]["result"] if runs else None

    def evidence(self):
        answer = self.gate._ask("GET", "/v1/evidence?kind=test-run&limit=500")
        return answer["evidence"]

    def test_the_fixture_is_the_gate(self):
        suite = """
            def test_fixture(maint_gate):
                assert maint_gate.node == "LP-01"
                assert maint_gate.check("T-F").allow
        """
        code, said = self.pytest(suite, "--maint-node=" + NODE)
        self.assertEqual(code, 0, said)

    def test_a_mark_that_cannot_be_right_fails(self):
        for mark in ("planned_hours=0.5", "hours=1", "test_id=7"):
            suite = "import pytest\n@pytest.mark.maint(%s)\ndef test_it():\n    print('BODY RAN')\n" % mark
            code, said = self.pytest(suite, "--maint-node=" + NODE)
            self.assertEqual(code, 1, said)
            self.assertIn("cannot ask the maintenance gate", said)
            self.assertNotIn("BODY RAN", said)


if __name__ == "__main__":
    unittest.main()
