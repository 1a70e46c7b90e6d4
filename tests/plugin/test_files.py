"""A task in a single file: run, recorded, opened again, and refused where it isn't here."""

import hashlib
import json
import shutil
import sys

import pytest

from nlpengine import Engine, PluginError, UsageError
from nlpengine.cli.main import main
from nlpengine.plugin.files import file_reference, recall
from nlpengine.plugin.manager import PluginManager

EMOTION = '''
"""The emotion of a text."""

from nlpengine.data import Column, Record, TextExample
from nlpengine.plugin import Classification, label_of, slices_of


class Emotion(Classification[TextExample]):
    """The emotion of a text."""

    name = "emotion"
    summary = "the emotion of a text"
    columns = (Column("text"), Column("label", required=False, role="gold"))

    def adapt(self, record: Record) -> TextExample:
        """A text with its label."""
        return TextExample(record.text("text"), label_of(record), record.origin, slices_of(record))
'''
SECOND = "class Mood(Emotion):\n    name = 'mood'\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NLPENGINE_HOME", str(tmp_path / "home"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_task.py"
    path.write_text(EMOTION, encoding="utf-8")
    return path


def call(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    printed = capsys.readouterr()
    return stop.value.code, printed.out, printed.err


@pytest.fixture
def run(file, tiny, reviews, tmp_path, capsys):
    code, out, err = call(
        capsys, "run", f"{file}:emotion", "--data", reviews, "--encoder", tiny, "--epochs", 1,
        "--output", tmp_path / "run", "--no-baseline", "--json",
    )  # fmt: skip
    assert code == 0, err
    return tmp_path / "run", json.loads(out)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sentiment", None),
        ("my_task.py", ("my_task.py", None)),
        ("./a/my_task.py:emotion", ("a/my_task.py", "emotion")),
        ("c:/x.py:mood", ("c:/x.py", "mood")),
        ("my_task:emotion", None),
    ],
)
def test_what_names_a_file(text, found):
    reference = file_reference(text)
    assert found == (reference and (str(reference[0]), reference[1]))


def test_a_run_keeps_the_file_s_name_and_digest(run, file):
    folder, record = run
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert record["task"] == "emotion"
    (plugin,) = record["plugins"]
    assert (plugin["name"], plugin["distribution"], plugin["sha256"]) == (
        "emotion", "my_task.py", digest,
    )  # fmt: skip
    card = json.loads((folder / "model/nlpengine.json").read_text())
    assert card["task"] == "emotion"
    assert card["task_file"] == {"name": "my_task.py", "sha256": digest}
    assert str(file.parent) not in json.dumps(card["task_file"])


def test_its_model_predicts_and_is_evaluated_where_the_file_was_run(run, reviews, capsys):
    folder, _ = run
    code, out, err = call(capsys, "predict", folder, "--text", "a great film", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["label"] in ("neg", "pos")
    assert call(capsys, "evaluate", folder, "--data", reviews, "--json")[0] == 0
    assert Engine().load(folder)("a great film").label in ("neg", "pos")


def test_elsewhere_the_file_has_to_be_given(run, file, tmp_path, monkeypatch, capsys):
    folder, _ = run
    moved = tmp_path / "elsewhere" / "my_task.py"
    moved.parent.mkdir()
    shutil.move(file, moved)
    monkeypatch.setenv("NLPENGINE_HOME", str(tmp_path / "another home"))
    code, _, err = call(capsys, "predict", folder, "--text", "a great film")
    assert code == 2
    assert "the task 'emotion' of" in err
    assert "is the file my_task.py (sha256 " in err
    assert "Give it: --task ./my_task.py:emotion (in Python: task=…)" in err
    words = ("predict", folder, "--text", "a great film", "--task", f"{moved}:emotion")
    code, _, err = call(capsys, *words)
    assert (code, err) == (0, "")
    assert call(capsys, *words[:-2])[0] == 0  # now this machine knows it


def test_a_changed_file_is_not_taken_unasked(run, file, capsys):
    folder, _ = run
    file.write_text(EMOTION + "\n# changed\n")
    code, _, err = call(capsys, "predict", folder, "--text", "a great film")
    assert code == 2
    assert "no such file was run on this machine" in err
    code, _, err = call(
        capsys, "predict", folder, "--text", "a great film", "--task", f"{file}:emotion"
    )
    assert code == 0
    assert "my_task.py is not the file of training: it was changed since" in err


def test_a_model_folder_runs_no_file_by_its_own_word(run, tmp_path, monkeypatch):
    """A stranger's folder may hold code and name it; nothing of it is run."""
    folder, _ = run
    monkeypatch.setenv("NLPENGINE_HOME", str(tmp_path / "another home"))
    evil = folder / "model" / "evil.py"
    evil.write_text(EMOTION + f"\nopen({str(tmp_path / 'ran')!r}, 'w')\n")
    path = folder / "model/nlpengine.json"
    card = json.loads(path.read_text())
    card["task_file"] = {"name": str(evil), "sha256": hashlib.sha256(evil.read_bytes()).hexdigest()}
    path.write_text(json.dumps(card))
    (folder / "model/manifest.json").unlink()
    with pytest.raises(UsageError, match="no such file was run on this machine"):
        Engine().load(folder)
    assert not (tmp_path / "ran").exists()
    assert recall(card["task_file"]["sha256"]) is None


def test_the_installed_task_is_taken_where_the_file_became_one(
    run, file, install, tmp_path, monkeypatch
):
    folder, _ = run
    monkeypatch.setenv("NLPENGINE_HOME", str(tmp_path / "another home"))
    hook = "\nfrom nlpengine.plugin import hookimpl\n@hookimpl\ndef nlpengine_task(): return "
    install("emotion", EMOTION + hook + "Emotion()")
    model = Engine().load(folder)
    assert model.notes == (
        "the task 'emotion' was the file my_task.py in training; the installed one is taken",
    )


def test_another_task_s_file_is_refused(run, file):
    folder, _ = run
    other = file.with_name("other.py")
    other.write_text(EMOTION.replace('"emotion"', '"mood"'))
    with pytest.raises(UsageError, match="is a model of the task 'emotion', not 'mood'"):
        Engine().load(folder, task=f"{other}:mood")


def test_data_check_reads_for_a_file_s_task(file, tiny, reviews, capsys):
    code, out, err = call(
        capsys, "data", "check", f"{file}:emotion", reviews, "--encoder", tiny, "--json"
    )
    assert code == 0, err
    assert json.loads(out)["task"] == "emotion"


# --- files that won't do --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name", "error", "said"),
    [
        (EMOTION, "emotoin", UsageError, "has no task 'emotoin'. Did you mean 'emotion'?"),
        (EMOTION + SECOND, None, UsageError, "several tasks, emotion, mood: name one, like "),
        ("x = 1", "emotion", PluginError, "holds no task: write a subclass"),
        ("def (:", "emotion", PluginError, "failed: SyntaxError"),
        ("import sys\nsys.exit(4)", None, PluginError, "failed: SystemExit: 4"),
        ("from nlpengine.plugin import hookimpl\n@hookimpl\ndef nlpengine_task():\n    return 3",
         None, PluginError, "nlpengine_task() gave int, not a Task"),
        ("from nlpengine.plugin import hookimpl\n@hookimpl\ndef nlpengine_tsk():\n    return 3",
         None, PluginError, "unknown hook 'nlpengine_tsk'"),
    ],
)  # fmt: skip
def test_a_file_that_won_t_do_says_why(tmp_path, source, name, error, said):
    path = tmp_path / "their.py"
    path.write_text(source)
    before = set(sys.modules)
    with pytest.raises(error) as caught:
        PluginManager().task(f"{path}:{name}" if name else str(path))
    assert said in str(caught.value)
    if "failed: S" in said:
        assert not {m for m in set(sys.modules) - before if m.startswith("nlpengine_file_")}


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.py: No such file or directory"):
        PluginManager().task(str(tmp_path / "nowhere.py:emotion"))


def test_one_of_two_and_the_hook_s(tmp_path):
    path = tmp_path / "their.py"
    path.write_text(EMOTION + SECOND)
    manager = PluginManager()
    assert manager.task(f"{path}:mood").name == "mood"
    assert manager.task(f"{path}:mood") is manager.task(f"{path}:mood")
    assert [plugin["name"] for plugin in manager.used()] == ["mood"]


def test_two_versions_of_a_file_are_two(file):
    first = PluginManager().task(str(file))
    file.write_text(EMOTION.replace("the emotion of a text", "changed"))
    second = PluginManager().task(str(file))
    assert (first.summary, second.summary) == ("the emotion of a text", "changed")


def test_a_read_only_home_is_no_obstacle(file, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("NLPENGINE_HOME", str(tmp_path / "a file"))
    assert PluginManager().task(str(file)).name == "emotion"


def test_several_tasks_on_one_encoder_may_be_files(file, tiny, reviews, tmp_path, capsys):
    from nlpengine.workflow.joint import JointModel

    other = file.with_name("other.py")
    other.write_text(EMOTION.replace('"emotion"', '"mood"'))
    output = tmp_path / "joint"
    code, _, err = call(
        capsys, "run", f"{file}:emotion,{other}:mood", "--data", f"emotion={reviews}", "--data",
        f"mood={reviews}", "--encoder", tiny, "--epochs", 1, "--output", output, "--no-baseline",
    )  # fmt: skip
    assert code == 0, err
    model = Engine().load(output)
    assert isinstance(model, JointModel)
    assert set(model("a great film").to_json()) == {"emotion", "mood"}
    other.write_text("")
    with pytest.raises(UsageError, match="no such file was run on this machine"):
        Engine().load(output)
