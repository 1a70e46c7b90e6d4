"""A plugin's failure is its own: named, kept with its traceback, and never another's."""

import json
import sys
from importlib.metadata import entry_points

import pytest

from nlpengine import Engine, PluginError, UsageError
from nlpengine.cli.main import main
from nlpengine.plugin.contract import Task
from nlpengine.plugin.listing import Switches, find_plugins
from nlpengine.plugin.manager import PluginManager

OURS = "nlpengine"
HOOK = "from nlpengine.plugin import hookimpl\n@hookimpl\ndef nlpengine_task():\n    "

CULPRITS = {
    "raises": ("raise ValueError('no luck')", "ValueError: no luck", "raise ValueError"),
    "syntax": ("def (:", "SyntaxError: ", "def (:"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3", "sys.exit(3)"),
    "exits-plainly": ("raise SystemExit", "SystemExit", "raise SystemExit"),
    "needs": (
        "import a_module_nobody_has",
        "ModuleNotFoundError: No module named 'a_module_nobody_has'",
        "import a_module_nobody_has",
    ),
    "misspelt": (HOOK.replace("_task", "_tsk") + "pass", "unknown hook 'nlpengine_tsk'", "check_"),
    "unmarked": (
        "def nlpengine_task():\n    pass",
        "implements no hook nlpengine_task",
        "hookimpl",
    ),
    "silent": (HOOK + "return None", "nlpengine_task() gave nothing", "Breach"),
    "wrong-type": (HOOK + "return 'a task'", "gave str, not a Task", "Breach"),
    "a-class": (
        "from nlpengine.plugin import Task\n" + HOOK + "return Task",
        "gave the class Task, not a Task: nlpengine_task() must return an instance",
        "Breach",
    ),
    "wrong-arguments": (HOOK.replace("()", "(name)") + "pass", "name", "Error"),
    "hook-raises": (HOOK + "return {}['x']", "KeyError: 'x'", "return {}['x']"),
    "recursion": ("def f():\n    f()\nf()", "RecursionError: ", "f()"),
}
"""Task's name → the module's source, the reason, and a word of the traceback."""


def names():
    """Tasks of strangers, and the one of ours that these tests look at."""
    own = {e.name for e in entry_points(group="nlpengine.tasks") if e.dist.name == OURS}
    return [n for n in PluginManager().task_names() if n == "sentiment" or n not in own]


def test_without_plugins_there_are_our_own(states):
    assert names() == ["sentiment"]
    assert list(states()) == [OURS]


def test_a_stranger_s_task_is_listed_and_loads(install, states):
    install("shout")
    assert names() == ["sentiment", "shout"]
    manager = PluginManager()
    task = manager.task("shout")
    assert isinstance(task, Task)
    assert task.name == "shout"
    assert manager.task("shout") is task
    assert manager.used() == [
        {"kind": "task", "name": "shout", "distribution": "nlpengine-shout", "version": "1.2"}
    ]
    found = states()
    assert {name: state.status for name, state in found.items()} == {
        OURS: "ok", "nlpengine-shout": "ok",
    }  # fmt: skip
    assert found["nlpengine-shout"].reason == found["nlpengine-shout"].trace == ""


def test_a_stranger_s_task_runs_and_its_model_opens(install, tiny, reviews, tmp_path):
    install("shout")
    engine = Engine()
    run = engine.run(
        "shout", encoder=str(tiny), data=str(reviews), epochs=1, lr=1e-3,
        output=tmp_path / "run", options={"loudness": 5},
    )  # fmt: skip
    assert run.record.status == "finished"
    assert run.record.config["options"] == {"loudness": 5}
    assert [plugin["distribution"] for plugin in run.record.plugins] == ["nlpengine-shout"]
    assert next(iter(run.metrics)) == "accuracy"
    model = Engine().load(run.path)
    assert model("a great film") == run.model("a great film")


def test_its_options_are_flags(install, capsys):
    install("shout")
    with pytest.raises(SystemExit) as stop:
        main(["run", "shout", "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert "--loudness INTEGER" in said
    assert "How loud it shouts. [default: 3]" in " ".join(said.split())


def test_listing_imports_nothing(install, capsys):
    file = install("shout")
    flag = file.with_suffix(".imported")
    assert names() == ["sentiment", "shout"]
    assert "shout" in [p.name for p in find_plugins("task", Switches())]
    for words in (["--help"], ["run", "--help"], ["run", "sentiment", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    assert "shout" in capsys.readouterr().out
    PluginManager().task("sentiment")
    assert not flag.exists()
    assert "nlpengine_shout" not in sys.modules
    PluginManager().task("shout")
    assert flag.exists()


@pytest.mark.parametrize("name", CULPRITS)
def test_a_culprit_is_named_and_fails_alone(install, states, name):
    source, reason, trace = CULPRITS[name]
    install(name, source)
    install("shout")
    assert names() == sorted([name, "sentiment", "shout"])
    found = states()
    culprit = found.pop(f"nlpengine-{name}")
    assert culprit.status == "failed"
    assert reason in culprit.reason
    assert f"(from nlpengine-{name} 1.2)" in culprit.reason
    assert "Traceback (most recent call last)" in culprit.trace
    assert trace in culprit.trace
    assert {state.status for state in found.values()} == {"ok"}
    manager = PluginManager()
    with pytest.raises(PluginError, match=f"the plugin for task '{name}' failed") as caught:
        manager.task(name)
    assert reason in str(caught.value)
    assert manager.task("sentiment").name == "sentiment"
    assert manager.task("shout").name == "shout"
    assert [plugin["name"] for plugin in manager.used()] == ["sentiment", "shout"]


def test_all_culprits_at_once(install, states):
    for name, (source, _, _) in CULPRITS.items():
        install(name, source)
    found = states()
    assert found.pop(OURS).status == "ok"
    assert len(found) == len(CULPRITS)
    assert {state.status for state in found.values()} == {"failed"}
    assert all(state.reason and state.trace for state in found.values())
    assert PluginManager().task("sentiment").name == "sentiment"


def test_a_task_under_another_name_than_its_entry(install, states):
    install("whisper", distribution="their-tasks")
    file = install("shout", distribution="other-tasks")
    file.write_text(file.read_text().replace('"shout"', '"hush"'))
    found = states()
    assert found["their-tasks"].status == "ok"
    assert "a task named 'hush'; the entry point is 'shout'" in found["other-tasks"].reason


def test_ctrl_c_at_import_is_ctrl_c(install):
    install("stopped", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        PluginManager().task("stopped")


def test_ctrl_c_at_import_names_the_plugin(install, capsys):
    install("stopped", "raise KeyboardInterrupt")
    with pytest.raises(SystemExit) as stop:
        main(["run", "stopped"])
    assert stop.value.code == 130
    said = capsys.readouterr().err
    assert "while the task 'stopped' of nlpengine-stopped 1.2 was loaded" in said
    assert "--no-plugins" in said


# --- two for one name -----------------------------------------------------------------------------


def test_what_is_ours_stays_ours(install, states, tiny, reviews, tmp_path):
    install("sentiment", distribution="their-sentiment")
    install("shout")
    engine = Engine()
    assert engine.plugins.task("sentiment").__class__.__module__ == "nlpengine_sentiment.task"
    (remark,) = engine.plugins.remarks
    assert (
        "the task 'sentiment' of their-sentiment 1.2: the task 'sentiment' is nlpengine's" in remark
    )
    found = states()
    assert found[OURS].status == found["nlpengine-shout"].status == "ok"
    assert found["their-sentiment"].status == "quarantined"
    assert "pip uninstall their-sentiment" in found["their-sentiment"].way_out
    assert names() == ["sentiment", "shout"]
    run = engine.run(
        "sentiment", encoder=str(tiny), data=str(reviews), epochs=1, baseline=False,
        output=tmp_path / "run",
    )  # fmt: skip
    assert any("left out: the task 'sentiment' of their-sentiment" in n for n in run.record.notes)


def test_a_rival_that_is_switched_off_is_none(install, states, monkeypatch):
    install("sentiment", distribution="their-sentiment")
    monkeypatch.setenv("NLPENGINE_LOAD_PLUGINS", "")
    manager = PluginManager()
    assert manager.task("sentiment").__class__.__module__ == "nlpengine_sentiment.task"
    assert [plugin["distribution"] for plugin in manager.used()] == [OURS]
    found = states()
    assert found[OURS].status == "ok"
    assert found["their-sentiment"].status == "blocked"


def test_two_strangers_with_one_name(install, states):
    install("shout", distribution="theirs")
    install("shout", distribution="others")
    with pytest.raises(PluginError, match=r"offered by others 1\.2 and theirs 1\.2"):
        PluginManager().task("shout")
    found = states()
    assert found["theirs"].status == found["others"].status == "quarantined"
    assert found["theirs"].reason == "also offered by others 1.2"
    assert found["others"].reason == "also offered by theirs 1.2"
    chosen = PluginManager(Switches(only=frozenset({"others"})))
    assert chosen.task("shout").name == "shout"
    assert chosen.used()[0]["distribution"] == "others"
    assert PluginManager().task("sentiment").name == "sentiment"


# --- switches -------------------------------------------------------------------------------------


def test_load_plugins_names_who_may_load(install, states, monkeypatch):
    flag = install("shout").with_suffix(".imported")
    install("whisper")
    monkeypatch.setenv("NLPENGINE_LOAD_PLUGINS", " whisper, nobody ,")
    assert names() == ["sentiment", "whisper"]
    found = states()
    assert found["nlpengine-shout"].status == "blocked"
    assert "NLPENGINE_LOAD_PLUGINS" in found["nlpengine-shout"].reason
    assert found["nlpengine-whisper"].status == found[OURS].status == "ok"
    with pytest.raises(UsageError, match="'shout' is switched off by NLPENGINE_LOAD_PLUGINS"):
        PluginManager().task("shout")
    assert not flag.exists()


def test_no_plugins_on_the_command_line(install, capsys, monkeypatch):
    install("shout")
    monkeypatch.setenv("NLPENGINE_LOAD_PLUGINS", "shout")  # the flag wins; undone after the test
    with pytest.raises(SystemExit) as stop:
        main(["--no-plugins", "run", "shout"])
    assert stop.value.code == 2
    assert "'shout' is switched off" in capsys.readouterr().err


def test_strict_makes_a_failure_an_error_at_once(install, monkeypatch):
    install("raises", "raise ValueError('no luck')")
    monkeypatch.setenv("NLPENGINE_STRICT_PLUGINS", "1")
    assert names() == ["raises", "sentiment"]
    assert PluginManager().task("sentiment").name == "sentiment"
    with pytest.raises(PluginError, match=r"(?s)raises'.*: ValueError: no luck .*Traceback"):
        PluginManager().task("raises")
    with pytest.raises(PluginError, match="plugin '"):
        PluginManager().states()
    assert "raises" in {s.entry.name for s in PluginManager(Switches(strict=False)).states()}


# --- the commands ---------------------------------------------------------------------------------


def test_the_commands_show_who_failed_and_why(install, capsys):
    install("raises", "raise ValueError('no luck')")

    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main(words)
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    code, out, _ = call("plugins", "--load", "--json")
    rows = {row["name"]: row for row in json.loads(out)["plugins"]}
    assert code == 0
    assert rows["raises"]["status"] == "failed"
    assert rows["raises"]["distribution"] == "nlpengine-raises"
    assert "Traceback" in rows["raises"]["traceback"]
    assert rows["sentiment"]["status"] == "ok"
    code, out, err = call("plugins", "--load")
    assert code == 0
    assert "ValueError: no luck (from nlpengine-raises 1.2)" in out
    assert "nlpengine plugins doctor" in err
    code, out, _ = call("plugins", "doctor", "--traceback")
    assert code == 3
    assert "nlpengine_raises.py:1: raise ValueError('no luck')" in out
    assert "pip uninstall nlpengine-raises" in out
    assert "Traceback (most recent call last)" in out
    code, out, _ = call("tasks", "--json")
    tasks = {row["name"]: row for row in json.loads(out)["tasks"]}
    assert code == 0
    assert "no luck" in tasks["raises"]["error"]
    assert "error" not in tasks["sentiment"]
    code, out, _ = call("doctor", "--json")
    assert "ValueError: no luck" in json.loads(out)["plugins"]["task raises"]
    code, out, err = call("run", "raises")
    assert code == 3
    assert out == ""
    assert "the plugin for task 'raises' failed: ValueError: no luck" in err
