"""An OpenHTF test that starts only if the gate allows it: python3 openhtf_station.py LP-01 T-1"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import openhtf as htf
from maint_gate import require_maintenance


def measure_lamp(test):
    test.logger.info("the lamp reads 1180 uW/cm2")  # Your instrument.


def main(node: str, device: str) -> int:
    test = htf.Test(require_maintenance(lambda test: test.dut_id, node=node), measure_lamp)
    return 0 if test.execute(test_start=lambda: device) else 10


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
