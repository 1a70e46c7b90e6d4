"""Formats of plugins: found by suffix, name and lines; the core's own win; two are an error."""

import pytest

from nlpengine import DataError, Engine, PluginError, UsageError
from nlpengine.cli.main import main
from nlpengine.data.sources import read_source
from nlpengine.plugin.manager import PluginManager

READER = """
import pathlib
from nlpengine.data import Origin, Record, read_lines
from nlpengine.plugin import ReaderSpec, hookimpl

pathlib.Path(__file__).with_suffix(".imported").touch()

def read(path):
    for number, line in read_lines(path):
        label, text = line.split("|")
        yield Record({{"label": label, "text": text}}, Origin(path, number))

@hookimpl
def nlpengine_reader():
    return ReaderSpec("{name}", {suffixes}, read, lambda lines: all("|" in line for line in lines))
"""


def bars(name="bars", suffixes='(".bar", ".csv")'):
    return READER.format(name=name, suffixes=suffixes)


@pytest.fixture
def readers(install):
    """The readers of one plugin, installed."""
    install("bars", bars(), kind="reader")
    return PluginManager().readers


def write(folder, name, text="pos|good\nneg|bad\n"):
    path = folder / name
    path.write_text(text)
    return str(path)


def labels(source, readers, **options):
    table = read_source(source, readers=readers, **options).whole
    return [record.fields["label"] for record in table.records]


def test_a_suffix_a_name_and_lines_say_it(readers, tmp_path):
    assert labels(write(tmp_path, "a.bar"), readers) == ["pos", "neg"]
    assert labels(write(tmp_path, "a.odd"), readers.wanting("bars")) == ["pos", "neg"]
    read = read_source(write(tmp_path, "a"), readers=readers)
    assert len(read.whole.records) == 2
    assert read.notes == [
        "files without a telling suffix were read as bars, going by their first lines."
    ]


def test_the_core_s_own_formats_win(readers, tmp_path):
    path = write(tmp_path, "a.csv", "label,text\nx,a|b\n")
    assert labels(path, readers) == ["x"]
    assert labels(write(tmp_path, "b.csv"), readers.wanting("bars")) == ["pos", "neg"]


def test_a_run_of_the_core_s_formats_loads_no_reader(install, tiny, reviews, tmp_path):
    flag = install("bars", bars(), kind="reader").with_suffix(".imported")
    run = Engine().run("sentiment", encoder=str(tiny), data=str(reviews), epochs=1, baseline=False,
                       output=tmp_path / "run")  # fmt: skip
    assert not flag.exists()
    assert [plugin["kind"] for plugin in run.record.plugins] == ["task"]


def test_two_for_a_suffix_are_named(install, tmp_path):
    install("bars", bars(suffixes='(".bar",)'), kind="reader")
    install("pipes", bars("pipes", '(".bar",)'), kind="reader")
    path = write(tmp_path, "a.bar")
    with pytest.raises(PluginError) as caught:
        read_source(path, readers=PluginManager().readers)
    said = str(caught.value)
    assert "files named *.bar are read by 'bars' (nlpengine-bars 1.2) and 'pipes'" in said
    assert "--format bars" in said
    assert labels(path, PluginManager().readers.wanting("pipes")) == ["pos", "neg"]
    with pytest.raises(PluginError, match="files with such lines are read by"):
        read_source(write(tmp_path, "a"), readers=PluginManager().readers)


def test_what_is_no_format_is_said_with_what_there_is(readers, install, tmp_path):
    with pytest.raises(UsageError, match=r"--format bar: no such format.* 'bars'.*There are csv"):
        read_source(write(tmp_path, "a.bar"), readers=readers.wanting("bar"))
    with pytest.raises(DataError, match=r"\.odd is not .*; \.bar, \.csv \(nlpengine-bars 1\.2\)"):
        read_source(write(tmp_path, "a.odd"), readers=readers)
    install("broken", "raise ValueError('no luck')", kind="reader")
    with pytest.raises(DataError, match="the plugin for reader 'broken' failed: ValueError"):
        read_source(write(tmp_path, "a.odd"), readers=PluginManager().readers)
    with pytest.raises(UsageError, match="--format bars: is for files"):
        read_source("owner/name", readers=readers.wanting("bars"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (bars(suffixes='(".BAR",)'), "the suffix '.BAR' is no lower-case string"),
        (bars(suffixes='"bar"'), "is no lower-case string"),
        (bars("other"), "gave a reader named 'other'"),
        (bars().replace("ReaderSpec(", "dict("), "TypeError"),
    ],
)
def test_a_reader_that_is_none_says_why(install, source, reason):
    install("bars", source, kind="reader")
    (state,) = [s for s in PluginManager().states() if s.entry.kind == "reader"]
    assert state.status == "failed"
    assert reason in state.reason


def test_a_name_of_ours_is_ours(install):
    install("csv", bars("csv"), kind="reader")
    (state,) = [s for s in PluginManager().states() if s.entry.kind == "reader"]
    assert "the reader 'csv' is nlpengine's own" in state.reason
    assert PluginManager().readers.names == ()


@pytest.mark.parametrize(
    "words",
    [
        ("run", "sentiment", "--encoder", "{tiny}", "--data", "{file}", "--epochs", "1",
         "--output", "{out}", "--no-baseline", "--format", "bars"),
        ("evaluate", "{run}", "--data", "{file}", "--format", "bars"),
        ("predict", "{run}", "{file}", "--format", "bars"),
        ("data", "check", "sentiment", "{file}", "--encoder", "{run}/model", "--format", "bars"),
    ],
)  # fmt: skip
def test_every_command_that_reads_files_takes_it(
    install, tiny, finished_run, tmp_path, capsys, words
):
    install("bars", bars(), kind="reader")
    first, second = finished_run.record.labels
    rows = [f"{first if i % 2 else second}|{'good' if i % 2 else 'bad'} soup {i}\n"
            for i in range(40)]  # fmt: skip
    text = "".join(rows)
    file = write(tmp_path, "rows.odd", text)
    places = {"tiny": tiny, "file": file, "run": finished_run.path, "out": tmp_path / "out"}
    with pytest.raises(SystemExit) as stop:
        main([word.format(**places) for word in words])
    assert not stop.value.code, capsys.readouterr().err
