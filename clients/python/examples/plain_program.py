"""A test program that starts only if the gate allows it: python3 plain_program.py LP-01 T-1"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from maint_gate import Blocked, Gate


def measure_lamp() -> float:
    return 1180.0  # Your instrument.


def main(node: str, test: str) -> int:
    gate = Gate(node=node)
    try:
        with gate.test(test, part="P-1", planned_hours="0.5") as run:
            value = measure_lamp()
            run.result = "passed" if value >= 1000 else "failed"
    except Blocked as blocked:
        print(blocked)
        return 10
    print("%s %s; check now: %s" % (test, run.result, ", ".join(run.closing_checks) or "nothing"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
