"""One Gate for as long as this process lives: a command a line in, an answer a line out. See clients.test.ts."""

import os
import sys

from client_under_test import load

maint_gate = load()
gate = maint_gate.Gate("LP-01", token_file=os.environ["MAINT_TEST_OPERATOR"])

for line in sys.stdin:
    what, test = line.split()
    try:
        if what == "check":
            decision = gate.check(test)
            print("ALLOW" if decision else "BLOCK " + " ".join(decision.reasons), flush=True)
        elif what == "start":
            gate.start(test)
            print("STARTED", flush=True)
        else:
            gate.end(test, "passed")
            print("ENDED", flush=True)
    except maint_gate.MaintError as error:
        print("ERROR", error.code, flush=True)
    except maint_gate.Blocked as blocked:
        print("BLOCKED", *blocked.decision.reasons, flush=True)
