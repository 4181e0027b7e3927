"""What clients/README.md and the examples say is run as it stands there, against a real agent (see with_agent.py)."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest
import uuid

from client_under_test import ROOT
from with_agent import LOW, NODE, OPERATOR, WithAgent

EXAMPLES = os.path.join(ROOT, "clients", "python", "examples")
STANDIN = os.path.join(ROOT, "test", "clients", "standin")


def block(language):
    with open(os.path.join(ROOT, "clients", "README.md"), encoding="utf-8") as file:
        (found,) = re.findall(r"```%s\n(.*?)```" % language, file.read(), re.S)
    return found


def has(module):
    return importlib.util.find_spec(module) is not None


class Examples(WithAgent):
    def run_it(self, *words, **more):
        environment = dict(os.environ, MAINT_TOKEN_FILE=OPERATOR, PYTHONDONTWRITEBYTECODE="1", **more)
        done = subprocess.run(
            words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=60
        )
        return done.returncode, done.stdout

    @unittest.skipUnless(shutil.which("curl") and shutil.which("sh"), "curl is not on this machine")
    def test_the_shell(self):
        self.assertEqual(self.run_it("sh", "-c", block("sh")), (0, "ALLOW\nALLOW\n"))
        self.lamp("940")
        code, said = self.run_it("sh", "-c", block("sh"))
        self.assertEqual((code, said), (10, "BLOCK %s\nBLOCK %s\nthe test must not start\n" % (LOW, LOW)))
        self.lamp("1180")
        code, said = self.run_it("sh", "-c", block("sh").replace("'Accept", "'X-Accept"))
        self.assertEqual(code, 10, said)
        code, said = self.run_it("sh", "-c", block("sh").replace("NODE=LP-01", "NODE=LP-77"))
        self.assertEqual(code, 10, said)

    def test_the_raw_text(self):
        with open(OPERATOR, encoding="ascii") as file:
            token = file.read().strip()
        port = self.gate._address()[0].rpartition(":")[2]
        head, body = block("http").rstrip("\n").split("\n\n")
        self.assertIn("Content-Length: %d\n" % len(body), head)
        head = re.sub("Bearer .*", "Bearer " + token, head).replace("8421", port).replace("\n", "\r\n")
        with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as connection:
            connection.sendall((head + "\r\n\r\n" + body).encode("ascii"))
            said = b"".join(iter(lambda: connection.recv(4096), b"")).decode("ascii")
        self.assertTrue(said.startswith("HTTP/1.1 200 OK\r\n"), said)
        self.assertEqual(said.partition("\r\n\r\n")[2], "ALLOW\n")

    def test_the_plain_program(self):
        words = (sys.executable, os.path.join(EXAMPLES, "plain_program.py"), NODE, "T-" + uuid.uuid4().hex[:8])
        code, said = self.run_it(*words)
        self.assertEqual(code, 0, said)
        self.assertIn("passed; check now: nothing", said)
        self.lamp("940")
        code, said = self.run_it(*words)
        self.assertEqual(code, 10, said)
        self.assertIn(LOW, said)

    @unittest.skipUnless(has("pytest"), "pytest is not on this machine")
    def test_the_pytest_suite(self):
        words = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", os.path.join(EXAMPLES, "pytest_suite"))
        code, said = self.run_it(*words)
        self.assertEqual(code, 0, said)
        self.lamp("940")
        code, said = self.run_it(*words)
        self.assertEqual(code, 1, said)
        self.assertIn(LOW, said)

    def test_the_openhtf_station(self):
        standin = {} if has("openhtf") else {"PYTHONPATH": STANDIN}
        words = (sys.executable, os.path.join(EXAMPLES, "openhtf_station.py"), NODE, "T-" + uuid.uuid4().hex[:8])
        code, said = self.run_it(*words, **standin)
        self.assertEqual(code, 0, said)
        self.lamp("940")
        code, said = self.run_it(*words, **standin)
        self.assertEqual(code, 10, said)


if __name__ == "__main__":
    unittest.main()
