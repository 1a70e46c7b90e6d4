"""The report: what it says, that it escapes, fetches nothing and bears every kind of run."""

import dataclasses
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from nlpengine.metrics import Score, Scores, Table, classification_scores, paired_difference
from nlpengine.report import charts, formats
from nlpengine.report.html import write_report
from nlpengine.report.tables import table_view
from nlpengine.workflow.record import BaselineScore, Mistake, RunRecord

LABELS = ("negative", "neutral", "positive")
PHENOMENA = ("plain", "negation", "sarcasm", "contrast", "neutral-mixed", "comparison")
VOID = {"meta", "br", "path", "circle", "polyline", "polygon"}
EVIL = "<script>alert('x')</script>"


def answers(gold, right, labels, rng):
    """Predictions that are right that often."""
    others = [[x for x in labels if x != g] for g in gold]
    return [
        g if rng.random() < right else str(rng.choice(o)) for g, o in zip(gold, others, strict=True)
    ]


def scores_of(right, labels=LABELS, n=210, seed=1):
    rng = np.random.default_rng(seed)
    gold = [labels[i % len(labels)] for i in range(n)]
    predicted = answers(gold, right, labels, rng)
    table = rng.random((n, len(labels)))
    for row, label in zip(table, predicted, strict=True):
        row[labels.index(label)] = 3.0
    slices = {"phenomenon": [PHENOMENA[i % len(PHENOMENA)] for i in range(n)]}
    return classification_scores(
        gold,
        predicted,
        labels,
        probabilities=table / table.sum(axis=1, keepdims=True),
        slices=slices,
    )


def baseline_of(name, summary, note, right, model, seed):
    own = scores_of(right, seed=seed)
    gap = paired_difference(model.outcomes, own.outcomes)
    return BaselineScore(name, summary, note, own.main[1], gap)


def evaluation(step, value, best):
    low, high = max(0.0, value - 0.085), min(1.0, value + 0.08)
    epoch = step // 20
    at = {"step": step, "epoch": epoch, "metric": "accuracy", "value": value}
    return at | {"low": low, "high": high, "n": 105, "best": best}


MISTAKES = [
    Mistake(
        "Sunshine all week, which sounds nice until you've spent it in a top-floor flat at 34 "
        "degrees with a feverish toddler and no fan to be had in town.",
        "negative", "positive", 0.9871, "test.jsonl:3",
    ),
    Mistake("Long. " * 500, "neutral", "negative", 0.954, "test.jsonl:17"),
    Mistake("השירות היה איטי, אבל האוכל היה מצוין.", "neutral", "positive", 0.91, "test.jsonl:88"),
    Mistake("One line,\nand another: 3 < 4 & so on.", "neutral", "negative", 0.62, "test.jsonl:90"),
]  # fmt: skip
DETAILS = {
    "encoder": {
        "name": "minilm", "kind": "package", "hub_id": "sentence-transformers/all-MiniLM-L6-v2",
        "revision": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "family": "bert", "parameters": 22565376, "head": "new, pre-trained pooler",
    },
    "config": {
        "task": "sentiment", "encoder": "minilm", "data": "demo", "map": {"text": "review_text"},
        "options": {"class_weights": "none", "label_smoothing": 0.0}, "epochs": 8, "lr": 5e-05,
        "batch_size": 32, "batch_tokens": 4096, "patience": None, "baseline": True, "seed": 0,
    },
    "data": {
        "source": "demo", "train": 630, "dev": 105, "test": 210, "train_windows": 630,
        "train_tokens": 22774, "fingerprint": "6c32e5e6" * 8,
        "files": {"dev_set.jsonl": "0bbb292d" * 8, "test.jsonl": "e1f3" * 16},
    },
    "device": {
        "device": "cpu", "precision": "fp32", "threads": 2,
        "linear": "oneDNN (AMD with AVX-512, where MKL keeps to AVX2)", "attention": "packed",
    },
    "plugins": [
        {"kind": "task", "name": "sentiment", "distribution": "nlpengine", "version": "0.1.0"}
    ],
    "versions": {"python": "3.11.7", "nlpengine": "0.1.0", "torch": "2.13.0+cpu"},
    "timings": {
        "train_texts_per_s": 214.3, "train_tokens_per_s": 7746.1, "train_s": 23.5,
        "predict_texts_per_s": 618.0, "baselines_s": 1.24, "total_s": 131.2,
    },
    "training": {
        "steps": 160, "best_step": 120, "stopped_early": False, "batch_tokens": 4096, "saved": True,
    },
    "notes": [
        "epochs 8 (recipe)", "lr 5e-05 (recipe)", "batch_size 32 (recipe)",
        "linear layers: oneDNN (AMD with AVX-512, where MKL keeps to AVX2)",
    ],
}  # fmt: skip


@pytest.fixture
def record(tmp_path):
    """A finished run, as the sentiment demo has it."""
    model = scores_of(0.79)
    values = (0.581, 0.667, 0.714, 0.752, 0.743, 0.781, 0.771, 0.762)
    bests = (True, True, True, True, False, True, False, False)
    return RunRecord(
        task="sentiment",
        run_dir=tmp_path,
        seed=0,
        labels=list(LABELS),
        status="finished",
        scores=model,
        baselines=[
            baseline_of("majority", "always the most frequent training label",
                        "always 'negative', the label of 210 of 630 training texts",
                        0.33, model, 5),
            baseline_of("tf-idf", "TF-IDF of words and word pairs, logistic regression",
                        "C = 3, 3-fold cross-validation on 630 of 630 training texts",
                        0.62, model, 7),
        ],
        mistakes=list(MISTAKES),
        history=[evaluation(20 * (i + 1), v, b)
                 for i, (v, b) in enumerate(zip(values, bests, strict=True))],
        **DETAILS,
    )  # fmt: skip


class Checker(HTMLParser):
    """Fails on tags that don't nest; keeps the tags and their attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def html_of(record):
    path = write_report(record)
    assert path == record.run_dir / "report.html"
    page = path.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    assert not {"script", "img", "link", "iframe", "object", "a"} & {t for t, _ in checker.tags}
    assert not any({"src", "href", "onload", "onerror"} & attrs.keys() for _, attrs in checker.tags)
    assert not re.search(r"url\(|@import", page)
    assert "None" not in words(page).split()
    return page


def words(page):
    """The text a reader sees, white space folded."""
    body = page.partition("<body>")[2]
    text = re.sub(r"<[^>]*>", "", re.sub(r"</t[hd]>", " ", body))
    return " ".join(unescape(text).replace("\xa0", " ").split())


def headings(page):
    return [unescape(found) for found in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]


def test_everything_is_there(record):
    page = html_of(record)
    assert headings(page) == [
        "Scores on the test examples",
        "Beside simple baselines",
        "Per class",
        "Confusion (rows: gold, columns: predicted)",
        "By phenomenon",
        "Learning curve",
        "Worst mistakes",
        "What was decided",
        "How it was made",
    ]
    text = words(page)
    for piece in (
        "Macro F1", "Calibration error", "TF-IDF", "Chose: C = 3, 3-fold", "98.7 % sure",
        "test.jsonl:3", "best 78.1 %", "epochs 8 (recipe)", "options: class_weights none",
        "map: text review_text", "train tokens 22,774", "files: dev_set.jsonl 0bbb292d",
        "Training 214 texts/s", "Whole run 2 min 11 s", "oneDNN (AMD", "2.13.0+cpu",
        "plugin: task sentiment nlpengine 0.1.0", "patience \u2013", "batch size 32",
    ):  # fmt: skip
        assert piece in text, piece


def test_no_address_leads_outside(record):
    page = html_of(record)
    assert "http://" not in page
    assert "https://" not in page
    assert not re.search(r"""["'(]//""", page)


def with_scores(record, value, low, high, difference):
    record.scores = Scores({"accuracy": Score(value, low, high, 210)})
    record.baselines = [
        BaselineScore("majority", "", "", Score(0.333, 0.27, 0.4, 210), Score(0.4, 0.3, 0.5, 210)),
        BaselineScore("tf-idf", "", "", Score(0.657, 0.59, 0.72, 210), difference),
    ]
    return words(html_of(record))


@pytest.mark.parametrize(
    ("difference", "wanted"),
    [
        (Score(0.124, 0.052, 0.195, 210), "beats TF-IDF by 12.4 points [5.2, 19.5]."),
        (
            Score(0.021, -0.01, 0.052, 210),
            "does not clearly beat TF-IDF (difference +2.1 points [−1.0, 5.2]).",
        ),
        (Score(-0.031, -0.058, -0.004, 210), "is worse than TF-IDF by 3.1 points [0.4, 5.8]."),
        (None, "not compared in pairs with TF-IDF, which has 65.7 % [59.0, 72.0]."),
    ],
)
def test_the_verdict_in_words(record, difference, wanted):
    text = with_scores(record, 0.781, 0.7238, 0.8333, difference)
    assert text.startswith(f"Accuracy 78.1 % [72.4, 83.3] on 210 test examples; {wanted}")


def test_one_example_and_no_baseline(record):
    record.scores = Scores({"accuracy": Score(1.0, 1.0, 1.0, 1)})
    record.baselines = []
    page = html_of(record)
    assert "on 1 test example; no baseline was compared." in words(page)
    assert "Beside simple baselines" not in headings(page)


@pytest.mark.parametrize("status", ["interrupted", "running", "finished"])
@pytest.mark.parametrize("trained", [True, False])
def test_without_scores(record, status, trained):
    record.status, record.scores = status, None
    record.baselines, record.mistakes, record.notes = [], [], []
    if not trained:
        record.history, record.timings, record.training = [], {}, {}
    page = html_of(record)
    assert headings(page) == ["Learning curve", "How it was made"][0 if trained else 1 :]
    assert 'class="stopped" role="alert"' in page
    assert words(page).startswith(
        {
            "interrupted": "Interrupted: stopped before the test, so this run has no scores.",
            "running": "Not finished",
            "finished": "Finished, but without scores",
        }[status]
    )
    assert ("it reached Accuracy 78.1 %, at step 120" in words(page)) == (
        trained and status == "interrupted"
    )
    assert ("before a model was saved" in words(page)) == (not trained and status == "interrupted")


def test_a_bare_record(tmp_path):
    html_of(RunRecord("t", tmp_path, {}, {}, {}, 0, {}, [], {}, []))


def test_everything_a_user_wrote_is_escaped(record):
    folder = record.run_dir / "<script>alert(1)<" / "script>"
    folder.mkdir(parents=True)
    labels = (EVIL, '" onload="x', "plain")
    record.run_dir = folder
    record.task = record.encoder["name"] = EVIL
    record.labels = list(labels)
    record.scores = dataclasses.replace(scores_of(0.6, labels))
    record.mistakes = [Mistake(EVIL, *labels[:2], 0.9, EVIL)]
    record.notes = [EVIL]
    evil = dataclasses.replace(record.baselines[0], name=EVIL, summary=EVIL, note=EVIL)
    record.baselines = [evil]
    for values in (record.config, record.data, record.device, record.versions, record.timings):
        values.update({EVIL: EVIL} if values is not record.timings else {EVIL: 1.0})
    record.history[0]["metric"] = EVIL
    page = html_of(record)
    assert "<script" not in page
    assert 'onload="' not in page
    assert words(page).count(EVIL) > 12


def test_twenty_labels(record):
    labels = tuple(f"a rather long label, number {i}" for i in range(20))
    record.scores = scores_of(0.5, labels, n=400)
    page = html_of(record)
    assert 'class="heat upright"' in page
    assert page.count("--share:") == 400


def test_texts_are_kept_whole_and_find_their_direction(record):
    page = html_of(record)
    assert "Long. " * 500 in page
    assert 'dir="auto">השירות' in page
    assert "3 &lt; 4 &amp; so on." in page


def test_half_a_surrogate_costs_no_report(record):
    record.mistakes = [Mistake("broken \ud83d end", "a", "b", 0.9, "x:1")]
    assert "broken ? end" in html_of(record)


def test_any_cell_of_any_table(record):
    score = Score(0.5, 0.25, 0.75, 8)
    own_unit = Score(12.345, 10.0, 15.5, 8)
    row = ("x", 1234, 0.5, 3.14159, 0.00001, score, own_unit, None)
    names = ("a_name", "n", "recall", "loss", "small", "accuracy", "perplexity", "gap")
    table = Table("Odd", names, (row,))
    view = table_view(table)
    assert view.heads[:3] == ["A name", "Examples", "Recall"]
    assert [cell.text.replace("\xa0", " ") for cell in view.rows[0]] == [
        "x", "1,234", "50.0 %", "3.142", "1e−05", "50.0 %", "12.345", "–",
    ]  # fmt: skip
    assert [cell.bar is None for cell in view.rows[0][5:7]] == [False, True]
    record.scores = Scores({"perplexity": own_unit}, (table, Table("Empty", ("a",), ())))
    record.baselines = [BaselineScore("b", "", "", own_unit, Score(-2.0, -3.5, -1.0, 8))]
    text = words(html_of(record))
    assert text.startswith(
        "Perplexity 12.345 [10.0, 15.5] on 8 test examples; is worse than b by 2.0 [1.0, 3.5]."
    )


def test_confusion_is_coloured_by_the_share_of_the_row():
    view = table_view(Table("Confusion", ("gold", "n", "b"), (("n", 3, 1), ("b", 0, 0))))
    assert view.heat
    assert view.heads == ["Gold", "n", "b"]
    assert [(c.share, c.right) for c in view.rows[0][1:]] == [(0.75, True), (0.25, False)]
    assert [(c.share, c.right) for c in view.rows[1][1:]] == [(0.0, False), (0.0, True)]


def test_a_negative_end_is_cut_at_the_axis():
    mark = charts.whisker(Score(-0.1, -0.3, 0.5, 9))
    assert (mark.low, mark.value, mark.high, mark.cut) == (6.0, 6.0, 100.0, True)


def test_the_curve(record):
    drawn = charts.curve(record.history)
    assert [dot.best for dot in drawn.dots].index(True) == 5
    assert sum(dot.best for dot in drawn.dots) == 1
    assert drawn.dots[-1].x == charts.WIDTH - charts.RIGHT
    heights = [dot.y for dot in drawn.dots]
    assert min(heights) == drawn.best.y
    assert charts.curve(record.history[:1]) is None
    assert not charts.curve([evaluation(i, 0.5, False) for i in range(1, 200)]).show_dots


@pytest.mark.parametrize("value", [0.0, 1.0, 37.5])
def test_a_flat_curve(value):
    at = {"epoch": 1, "metric": "m", "value": value, "low": value, "high": value, "best": False}
    drawn = charts.curve([{"step": 1} | at, {"step": 2} | at])
    assert drawn.best is None
    assert charts.TOP <= drawn.dots[0].y <= charts.HEIGHT - charts.BOTTOM


@pytest.mark.parametrize(
    ("low", "high", "about", "wanted"),
    [
        (0.0, 160.0, 6, [0, 50, 100, 150, 200]),
        (0.52, 0.86, 4, [0.5, 0.6, 0.7, 0.8, 0.9]),
        (0.0, 3.0, 6, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
    ],
)
def test_ticks_are_round(low, high, about, wanted):
    assert charts.ticks(low, high, about) == wanted


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(0.5, "0.5"), (2.0, "2.0"), (1.25, "1.25"), (-0.0001, "−0.0001"), (1234.5678, "1,234.568"),
     (-0.5, "−0.5"), (0.0, "0.0"), (float("nan"), "–")],
)  # fmt: skip
def test_plain_numbers(number, wanted):
    assert formats.plain(number) == wanted


def test_signs_and_durations():
    assert formats.points(-0.0001, True) == "+0.0\xa0points"
    assert formats.points(-0.031, True) == "−3.1\xa0points"
    assert formats.points(1.5, False) == "+1.5"
    assert formats.percent(float("nan")) == "–\xa0%"
    assert [formats.duration(s).replace("\xa0", " ") for s in (8.44, 133.4, 3900.0, 7500.0)] == [
        "8.4 s", "2 min 13 s", "65 min 0 s", "2 h 05 min",
    ]  # fmt: skip
