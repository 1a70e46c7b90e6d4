"""The toys and the culprits, imported by their paths: they are no test modules."""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent

for name in ("toys", "culprits"):
    path = HERE / f"{name}.py"
    if path.is_file() and name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
