"""A plugin that fails in the middle of a run, a prediction or a command is named."""

import pytest
import torch

from nlpengine import DataError, Engine, PluginError
from nlpengine.cli.main import main
from nlpengine.plugin.guarded import ANSWERS
from nlpengine.plugin.manager import PluginManager

RETURNS = {
    "adapt": "return record",
    "label_set": "return ['a']",
    "head": "return 2",
    "loss": "return logits.sum()",
    "decode": "return None",
    "score": "return 0.5",
}
"""Method of the task in conftest → a body that gives something else."""


def spoil(source, method, body):
    """The source with another body of a method."""
    lines = source.split("\n")
    (start,) = [i for i, line in enumerate(lines) if line.startswith(f"    def {method}(")]
    end = next(i for i in range(start + 1, len(lines)) if lines[i].startswith(("    def", "@")))
    return "\n".join([*lines[: start + 1], f"        {body}", "", *lines[end:]])


@pytest.fixture
def spoiled(install):
    """Install the task of conftest with another body of a method."""

    def call(method, body):
        file = install("shout")
        file.write_text(spoil(file.read_text(), method, body))
        return file

    return call


def run(tiny, reviews, tmp_path, **settings):
    return Engine().run(
        "shout", encoder=str(tiny), data=str(reviews), epochs=1, baseline=False,
        output=tmp_path / "run", **settings,
    )  # fmt: skip


def line_of(file, text):
    lines = file.read_text().split("\n")
    return f"{file}:{next(i for i, line in enumerate(lines, start=1) if text in line)}: {text}"


@pytest.mark.parametrize("method", [*RETURNS, "gold"])
def test_a_method_that_raises(spoiled, tiny, reviews, tmp_path, method):
    file = spoiled(method, "return {}['x']")
    with pytest.raises(PluginError) as caught:
        run(tiny, reviews, tmp_path)
    said = str(caught.value)
    assert f"the plugin for task 'shout' failed in {method}(): KeyError: 'x'" in said
    assert "(from nlpengine-shout 1.2)" in said
    assert line_of(file, "return {}['x']") in said
    assert "pip uninstall nlpengine-shout" in said
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(("method", "body"), RETURNS.items())
def test_a_method_that_gives_something_else(spoiled, tiny, reviews, tmp_path, method, body):
    file = spoiled(method, body)
    with pytest.raises(PluginError) as caught:
        run(tiny, reviews, tmp_path)
    said = str(caught.value)
    assert f"failed in {method}(): {method}() gave " in said
    assert f", not {ANSWERS[method][1]}" in said
    assert line_of(file, f"def {method}(") in said
    assert "nlpengine plugins check shout" in said


IN_CONTEXT = {
    "return list(rows)[1:]": "out of turn",
    "return list(rows)[::-1]": "out of turn",
    "return list(rows)[:-1]": "gave fewer rows than it got",
    "return iter(())": "gave fewer rows than it got",
    "return ({} for row in rows)": "gave {} out of turn",
    "return {}['x']": "KeyError: 'x'",
}
"""Bodies that give other rows than they got → what is said."""


@pytest.mark.parametrize(("body", "fault"), IN_CONTEXT.items())
def test_rows_in_context_are_all_rows(install, tiny, reviews, tmp_path, body, fault):
    file = install("shout")
    method = f"    def in_context(self, rows, options):\n        {body}\n\n    def adapt("
    file.write_text(file.read_text().replace("    def adapt(", method, 1))
    with pytest.raises(PluginError) as caught:
        run(tiny, reviews, tmp_path)
    assert "failed in in_context(): " in str(caught.value)
    assert fault in str(caught.value)
    assert line_of(file, body if "x" in body else "def in_context(") in str(caught.value)


def test_the_command_ends_with_its_code_and_no_bug(spoiled, tiny, reviews, tmp_path, capsys):
    spoiled("loss", "raise ValueError('no luck')")
    words = "run", "shout", "--encoder", tiny, "--data", reviews, "--output", tmp_path / "run"
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert stop.value.code == 3
    said = capsys.readouterr().err
    assert "failed in loss(): ValueError: no luck" in said
    assert "bug in nlpengine" not in said


@pytest.mark.parametrize(
    "error", ["sys.exit(0)", "raise RecursionError", "assert False", "raise BrokenPipeError"]
)
def test_whatever_it_raises(spoiled, tiny, reviews, tmp_path, error):
    spoiled("decode", f"import sys; {error}")
    with pytest.raises(PluginError, match=r"failed in decode\(\)"):
        run(tiny, reviews, tmp_path)


def test_what_a_user_did_is_not_its_fault(spoiled, tiny, reviews, tmp_path):
    spoiled("adapt", "from nlpengine import DataError; raise DataError('odd', record.origin.path)")
    with pytest.raises(DataError, match="odd"):
        run(tiny, reviews, tmp_path)


def test_ctrl_c_is_ctrl_c(spoiled, tiny, reviews, tmp_path):
    spoiled("adapt", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        run(tiny, reviews, tmp_path)


def test_memory_that_is_out_is_the_core_s_affair(spoiled):
    spoiled("loss", "raise MemoryError")
    task = PluginManager().task("shout")
    with pytest.raises(MemoryError):
        task.loss(torch.zeros(1), torch.zeros(1), None, None)


def test_its_own_calls_are_its_own(install):
    """What a task catches from itself is what it raised."""
    file = install("shout")
    own = (
        "    def check_gold(self, example, labels):\n        try:\n"
        "            self.head(None, None)\n"
        "        except AttributeError:\n            raise DataErr('mine') from None\n\n"
    )
    source = file.read_text().replace("    def head(", own + "    def head(")
    file.write_text("from nlpengine import DataError as DataErr\n" + source)
    with pytest.raises(DataError, match="mine"):
        PluginManager().task("shout").check_gold(None, None)


# --- encoders, readers, commands ------------------------------------------------------------------

READER = """
from nlpengine.data import Origin, Record
from nlpengine.plugin import ReaderSpec, hookimpl

def read(path):
    yield Record({{"text": "good", "label": "pos"}}, Origin(path, 1))
    {last}

@hookimpl
def nlpengine_reader():
    return ReaderSpec("{name}", {suffixes}, read{more})
"""
COMMAND = """
import click
from nlpengine.plugin import CommandSpec, hookimpl

@click.command()
@click.argument("word")
def own(word):
    "Say a word."
    {body}

@hookimpl
def nlpengine_command():
    return CommandSpec("{name}", "say a word", {command})
"""


def reader(name, last="pass", suffixes='(".odd",)', more=""):
    return READER.format(name=name, last=last, suffixes=suffixes, more=more)


def command(name="say", body="click.echo(word)", command="own"):
    return COMMAND.format(name=name, body=body, command=command)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("raise ValueError('no luck')", "ValueError: no luck"),
        ("yield {'text': 'x'}", "row 2 is {'text': 'x'}, not a Record"),
    ],
)
def test_a_reader_that_fails(install, tiny, tmp_path, last, said):
    install("odd", reader("odd", last), kind="reader")
    (tmp_path / "a.odd").write_text("x")
    with pytest.raises(PluginError) as caught:
        Engine().run("sentiment", encoder=str(tiny), data=str(tmp_path / "a.odd"))
    assert "the plugin for reader 'odd' failed in read(" in str(caught.value)
    assert said in str(caught.value)


def test_an_encoder_that_fails_at_work(install, reviews, tmp_path):
    install("sparkly", ENCODER, kind="encoder")
    with pytest.raises(PluginError) as caught:
        Engine().run(
            "sentiment", encoder="sparkly", from_scratch=True, data=str(reviews), baseline=False,
            output=tmp_path / "run",
        )  # fmt: skip
    said = str(caught.value)
    assert "the plugin for encoder 'sparkly' failed at work: ZeroDivisionError" in said
    assert "nlpengine_sparkly.py:" in said


ENCODER = """
import dataclasses

from nlpengine.plugin.encoder import EncoderOffer, EncoderSpec, Family, hookimpl, shapes

def dropout(config):
    return 1 / 0

FAMILY = Family(name="electra", prefix="electra.", heads=shapes("Electra", None, dropout),
                tokenizer="bert")
SPEC = EncoderSpec(
    name="sparkly", family="electra", hub_id="someone/electra", layers=2, width=32, heads=2,
    vocabulary=1000, parameters=1, max_length=64, cased=False, languages="en", licence="MIT",
    learning_rate=1e-3, settings={"embedding_size": 32, "intermediate_size": 64},
)
FAMILY = dataclasses.replace(FAMILY, heads=dict(FAMILY.heads, sequence=FAMILY.heads["token"]))

@hookimpl
def nlpengine_encoder():
    return EncoderOffer(SPEC, FAMILY)
"""


@pytest.fixture
def call(capsys):
    """Words → exit code, output, errors."""

    def do(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return stop.value.code or 0, printed.out, printed.err

    return do


def test_a_command_is_listed_and_called(install, call):
    flag = install(
        "say",
        "x = 1\n" + command() + "\nimport pathlib\n"
        "pathlib.Path(__file__).with_suffix('.imported').touch()",
        kind="command",
    )
    code, out, _ = call("--help")
    assert code == 0
    assert "say  from nlpengine-say 1.2" in out
    assert call("run", "--help")[0] == 0
    assert not flag.with_suffix(".imported").exists()
    assert call("say", "hello") == (0, "hello\n", "")
    code, _, err = call("say")
    assert code == 2
    assert "Missing argument 'WORD'" in err
    code, out, err = call("--no-plugins", "say", "hello")
    assert (code, out) == (2, "")
    assert "unknown command 'say'" in err


def test_no_plugins_leaves_them_out_of_the_help(install, call):
    install("say", command(), kind="command")
    assert "Commands of plugins" not in call("--no-plugins", "--help")[1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (command(body="raise ValueError('no luck')"), "failed at work: ValueError: no luck"),
        ("raise ValueError('no luck')", "failed: ValueError: no luck"),
        (command(command="len"), "not a click.Command"),
        (command(name="other"), "gave a command named 'other'; the entry point is 'say'"),
    ],
)
def test_a_command_that_fails(install, call, source, said):
    install("say", source, kind="command")
    code, _, err = call("say", "hello")
    assert code == 3
    assert "the plugin for command 'say' failed" in err
    assert said in err
    assert "bug in nlpengine" not in err
    assert call("--version")[0] == 0


def test_a_command_s_own_errors_are_told_as_the_core_s(install, call):
    body = "from nlpengine import DataError; raise DataError('no such row', 'a.csv', 3)"
    install("say", command(body=body), kind="command")
    code, _, err = call("say", "hello")
    assert (code, err) == (4, "nlpengine: a.csv:3: no such row\n")


def test_no_command_of_ours_can_be_replaced(install, call):
    install("run", command("run"), kind="command")
    assert "Commands of plugins" not in call("--help")[1]
    assert "Fine-tune an encoder" in call("run", "--help")[1]
    (state,) = [s for s in PluginManager().states() if s.entry.kind == "command"]
    assert state.status == "quarantined"
    assert "the command 'run' is nlpengine's own" in state.reason


def test_the_names_that_are_ours_are_those_that_are_there():
    from nlpengine.cli.main import COMMANDS
    from nlpengine.data.sniff import _TASK_FORMATS
    from nlpengine.data.sources import READERS
    from nlpengine.plugin.listing import COMMAND_NAMES, FORMAT_NAMES
    from nlpengine.workflow.bulk import FORMATS

    assert set(COMMANDS) == COMMAND_NAMES
    assert {*READERS, *_TASK_FORMATS, *FORMATS} == FORMAT_NAMES
