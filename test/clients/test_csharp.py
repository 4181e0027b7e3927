"""The C# client, compiled and run by Mono: against strange servers, and against a real agent (see with_agent.py)."""

import os
import socket
import subprocess
import tempfile
import time
import unittest

from client_under_test import ROOT
from strange_server import CHUNKED_HEAD, ENDLESS, GOOD, GOOD_TEXT, STRANGE, StrangeServer, answer, chunked, good, sends
from test_examples import block
from with_agent import LOW, NODE, OPERATOR, WithAgent

CLIENT = os.path.join(ROOT, "clients", "csharp", "MaintGate.cs")
TRY = os.path.join(ROOT, "test", "clients", "csharp", "TryGate.cs")
TIMEOUT_S = 0.6
SPARE_S = 3.0
UNAVAILABLE = "BLOCK runtime.unavailable:node "


def compiled(folder, source=CLIENT, name="try.exe", program=TRY):
    out = os.path.join(folder, name)
    # A weakened copy has code that is never reached, which is worth a warning.
    strict = ["-warnaserror"] if source == CLIENT else ["-nowarn:162,429"]
    words = ["mcs", "-langversion:7", *strict, "-r:System.Net.Http.dll", "-out:" + out, source, program]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return out


class Program:
    """One process of TryGate.cs: a line in, a line out."""

    def __init__(self, program):
        environment = dict(os.environ, http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9")
        environment.pop("MAINT_TOKEN_FILE", None)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(["mono", program], stdin=pipe, stdout=pipe, env=environment, universal_newlines=True)

    def ask(self, what, node=NODE, url="-", token="-", data="-", test="T-1", seconds=TIMEOUT_S):
        self.process.stdin.write("\t".join((what, node, url, token, data, test, str(seconds))) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        # Each of its lines was read; Mono 6.8 at times spins on its way out when a question was abandoned.
        self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=20)


class CSharp(WithAgent):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = cls.temporary.name
        cls.program = Program(compiled(cls.folder))
        cls.program.ask("check", url="http://127.0.0.1:1")  # What is compiled at the first use takes its time.

    @classmethod
    def tearDownClass(cls):
        cls.program.end()
        cls.temporary.cleanup()

    def test_with_the_agent(self):
        ask, data = self.program.ask, os.environ["MAINT_DATA"]
        settings = dict(data=data, token=OPERATOR, test="T-C1", seconds=10)
        self.assertRegex(ask("check", **settings), r"\AALLOW [1-9]\d*\Z")
        self.assertRegex(ask("require", **settings), r"\AALLOW [1-9]\d*\Z")
        self.assertRegex(ask("run", **settings), r"\ARAN  [1-9]\d*\Z")
        self.assertEqual(ask("twice", **settings), "UNTOLD MAINT_ERR_CONFLICT 409")
        self.assertEqual(ask("throw", **settings), "THROWN DivideByZeroException the real one")
        rows = self.gate._ask("GET", "/v1/evidence?kind=test-run&limit=4&subject=T-C1")["evidence"]
        self.assertEqual([row["body"].get("result") for row in rows], ["aborted", None, "passed", None])
        self.assertEqual(ask("check", **dict(settings, token="-")), "BLOCK ack.wrong-person:materials checked ")
        self.lamp("940")
        self.assertEqual(ask("check", **settings), "BLOCK %s " % LOW)
        for what in ("require", "run"):
            said = ask(what, **settings)
            self.assertTrue(said.startswith("THROWN BlockedException test T-C1 is blocked at LP-01"), said)
            self.assertIn("940 uW/cm2", said)
            self.assertIn("what would make it allowed", said)

    def test_what_the_readme_shows_compiles(self):
        program = "using System; using SmartMaintenanceHub; class Shown { static void Main() {\n%s\n} }" % block("csharp")
        source = os.path.join(self.folder, "shown.cs")
        with open(source, "w", encoding="utf-8") as file:
            file.write(program)
        compiled(self.folder, CLIENT, "shown.exe", source)

    def test_nobody_there(self):
        said = self.program.ask("explain", data=self.folder, token=OPERATOR)
        self.assertIn("no agent of node LP-01 runs in", said)
        self.assertIn("to do: start it with: maint node start LP-01", said)
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))
        self.addCleanup(closed.close)
        url = "http://127.0.0.1:%d" % closed.getsockname()[1]
        self.assertEqual(self.program.ask("check", url=url, token=OPERATOR), UNAVAILABLE + "MAINT_ERR_AGENT_UNREACHABLE")

    def test_what_cannot_be_right(self):
        for url in ("http://192.0.2.1:8421", "http://example.com", "https://127.0.0.1:1", "http://127.0.0.1:1/x", "127.0.0.1:1",
                    "http://127.0.0.1@192.0.2.1:1", "file:///etc/passwd"):  # fmt: skip
            self.assertRegex(self.program.ask("check", url=url), r"\ATHROWN ArgumentException ", url)
        for changed in ({"node": "../LP"}, {"seconds": 0}, {"seconds": 1e6}, {"what": "negative"}):
            self.assertRegex(self.program.ask(**{"what": "check", "url": "http://127.0.0.1:1", **changed}), r"\ATHROWN ArgumentException ")

    def test_control_a_good_answer_is_allowed(self):
        for how in (sends(answer(GOOD)), sends(CHUNKED_HEAD + chunked(GOOD_TEXT) + b"0\r\n\r\n")):
            with StrangeServer(how) as server:
                self.assertEqual(self.program.ask("check", url=server.url, token=OPERATOR, seconds=20), "ALLOW 7")
                self.assertIn('{"test":"T-1","part":"P \\u00221\\u0022 \\u00e9","planned":{"hours":"0.50"}}'.encode(), server.request)

    def test_strange(self):
        self.assertEqual(taken_in(self.program), [])

    def test_redirects_are_not_followed(self):
        with StrangeServer(sends(answer(GOOD))) as target:
            for status in ("301 Moved", "302 Found", "307 Temporary Redirect"):
                moved = answer(GOOD, status=status, extra="Location: %s/v1/gate\r\n" % target.url)
                with self.subTest(status), StrangeServer(sends(moved)) as server:
                    self.assertTrue(self.program.ask("check", url=server.url, token=OPERATOR).startswith(UNAVAILABLE))
            self.assertEqual(target.callers, 0)

    def test_control_a_weakened_copy_is_caught(self):
        with open(CLIENT, encoding="utf-8") as file:
            whole = file.read()
        for number, (old, new, caught) in enumerate((
            ('answer.ContainsKey("preview")', "false", "preview true"),
            ('node != null && !node.Equals(Get(answer, "node"))', "false", "another node"),
            ("response.StatusCode == HttpStatusCode.OK ?", "true ?", "status 500"),
            ("if (members.ContainsKey(name)) throw Bad();\n                members.Add(name, ", "members[name] = (", "allow said twice"),
            ("response.Version != HttpVersion.Version11", "false", "HTTP/1.0"),
            ("asking.Wait(timeout)", "asking.Wait(6000)", "never answers"),
        )):  # fmt: skip
            with self.subTest(caught):
                self.assertEqual(whole.count(old), 1, old)
                weak = whole.replace(old, new).replace("var cancel = new CancellationTokenSource(timeout);", "var cancel = new CancellationTokenSource();")
                source = os.path.join(self.folder, "weak%d.cs" % number)
                with open(source, "w", encoding="utf-8") as file:
                    file.write(weak)
                program = Program(compiled(self.folder, source, "weak%d.exe" % number))
                self.addCleanup(program.end)
                program.ask("check", url="http://127.0.0.1:1")
                self.assertEqual(taken_in(program, (caught,), TIMEOUT_S if caught in ENDLESS else 20), [caught])


def taken_in(program, names=tuple(STRANGE), seconds=TIMEOUT_S):
    """The names of those that the program took for an agent, or waited for too long."""
    found = []
    for name in names:
        with StrangeServer(STRANGE[name]) as server:
            began = time.monotonic()
            said = program.ask("check", url=server.url, token=OPERATOR, seconds=seconds)
            if not said.startswith(UNAVAILABLE) or server.callers != 1 or time.monotonic() - began > seconds + SPARE_S:
                found.append(name)
    return found


if __name__ == "__main__":
    unittest.main()
