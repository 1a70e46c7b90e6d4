"""The task's entry point, where the distribution isn't installed: its metadata on the path."""

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import torch

pytest_plugins = ["nlpengine.testing.fixtures"]

HOME = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="session")
def installed(tmp_path_factory):
    """Folders that a process needs on its path to find the task."""
    torch.set_num_threads(1)
    if any(entry.name == "aspect" for entry in entry_points(group="nlpengine.tasks")):
        yield []
        return
    site = tmp_path_factory.mktemp("site")
    info = site / "nlpengine_aspect-0.1.0.dist-info"
    info.mkdir()
    name = "Metadata-Version: 2.1\nName: nlpengine-aspect\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(name)
    (info / "entry_points.txt").write_text("[nlpengine.tasks]\naspect = nlpengine_aspect\n")
    folders = [str(site), str(HOME)]
    sys.path[:0] = folders
    yield folders
    for folder in folders:
        sys.path.remove(folder)
