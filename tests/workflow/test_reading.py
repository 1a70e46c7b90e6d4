"""Rows that can't be used are named in the order of their file, all of them."""

import pytest

from nlpengine import Engine
from nlpengine.errors import DataError, UsageError
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.config import make_config, make_options
from nlpengine.workflow.reading import read_examples


def read(path, task="pair", seed=0):
    config = make_config({"task": task, "data": str(path), "seed": seed})
    found = PluginManager().task(task)
    return read_examples(config, found, make_options(found, {}))


@pytest.mark.parametrize("seed", range(3))
def test_the_first_wrong_row_is_the_first_of_the_file(tmp_path, seed):
    """Splits made here are shuffled; what is said must not depend on that."""
    file = tmp_path / "pairs.jsonl"
    rows = [f'{{"first": "a {n}", "second": "b {n}", "label": "{n % 2}"}}' for n in range(40)]
    for place in (5, 17, 30):
        rows[place] = f'{{"first": "a {place}", "second": "", "label": "1"}}'
    for place in (8, 21):
        rows[place] = f'{{"first": "a {place}", "second": 7, "label": "1"}}'
    file.write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError) as caught:
        read(file, seed=seed)
    assert str(caught.value).startswith(f"{file}:9: ")
    assert str(caught.value).endswith(f"1 more can't be used either: {file}:22")


def test_an_output_that_exists_is_refused_before_anything_is_read(tmp_path, tiny):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"--output .*: exists already"):
        Engine().run("sentiment", encoder=str(tiny), data="no-such-data", output=tmp_path)


def test_a_task_s_options_may_stand_among_the_settings(tmp_path, tiny):
    """Whose they are is plain; a setting that is nobody's stays an error."""
    with pytest.raises(DataError):  # the option is taken, the data isn't there
        Engine().run("ner", encoder=str(tiny), data=str(tmp_path / "none"), decoder="softmax")
    with pytest.raises(UsageError, match="unknown setting 'decodr'"):
        Engine().run("ner", encoder=str(tiny), data=str(tmp_path / "none"), decodr="softmax")
