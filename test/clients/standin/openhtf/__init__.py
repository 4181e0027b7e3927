"""Stands in for OpenHTF where it is not installed: the few names of OpenHTF 1.6 that the client uses, each doing what it
does there as far as the client can tell. It proves the client's side only."""

import enum
import logging


class PhaseResult(enum.Enum):
    CONTINUE = "CONTINUE"
    STOP = "STOP"


class TestApi:
    def __init__(self, dut_id):
        self.dut_id = dut_id
        self.logger = logging.getLogger("openhtf.standin")


class Test:
    """Runs phases in order until one stops or raises; makes each plug once and tears all of them down at the end."""

    __test__ = False

    def __init__(self, *phases):
        self.phases = phases

    def execute(self, test_start):
        """True if the test passed. `test_start` answers the id of the device under test."""
        made = {}
        api = TestApi(test_start())
        try:
            for phase in self.phases:
                needed = getattr(phase, "plugs", {})
                for plug in needed.values():
                    if plug not in made:
                        made[plug] = plug()
                if phase(api, **{name: made[plug] for name, plug in needed.items()}) is PhaseResult.STOP:
                    return False
            return True
        except Exception:
            api.logger.exception("a phase failed")
            return False
        finally:
            for plug in made.values():
                plug.tearDown()
