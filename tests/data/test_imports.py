import os
import subprocess
import sys
from pathlib import Path


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, nlpengine.data.load, nlpengine.data.hub\n"
        "heavy = {'torch', 'pyarrow', 'datasets', 'pandas', 'transformers'} & sys.modules.keys()\n"
        "print(sorted(heavy))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
