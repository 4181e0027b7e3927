"""Loads the client that the tests are about: clients/python/maint_gate.py, or the file MAINT_GATE_FILE names."""

import importlib.util
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLIENT = os.path.join(ROOT, "clients", "python", "maint_gate.py")


def load():
    path = os.environ.get("MAINT_GATE_FILE", CLIENT)
    spec = importlib.util.spec_from_file_location("maint_gate", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["maint_gate"] = module
    spec.loader.exec_module(module)
    return module
