"""The conditional random field: loss, best sequence and marginals against all sequences."""

import itertools
import json

import numpy as np
import pytest
import torch
from nlpengine_ner.chain import chain_of, crf_size, read_words, word_scores
from nlpengine_ner.crf import CrfHead, crf_loss
from nlpengine_ner.decoding import tagset
from nlpengine_ner.pieces import WINDOW

import nlpengine
from nlpengine import Engine, UsageError
from nlpengine.metrics import softmax
from nlpengine.plugin import IGNORED

NAMES = ("O", "B-A", "I-A", "B-B", "I-B")
TAGS = len(NAMES)


def logits(words: int, seed: int) -> np.ndarray:
    """As a head gives them: scores of each word, the same pairs in all rows."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=(words, TAGS))
    pairs = random.normal(size=TAGS * (TAGS + 2))
    return np.concatenate([scores, np.broadcast_to(pairs, (words, len(pairs)))], axis=1)


def weight_of(rows: np.ndarray, path) -> float:
    """The sum that the paper defines, term by term."""
    pairs = rows[0, TAGS:]
    step = pairs[: TAGS**2].reshape(TAGS, TAGS)
    start, stop = pairs[TAGS**2 : TAGS**2 + TAGS], pairs[TAGS**2 + TAGS :]
    total = start[path[0]] + stop[path[-1]]
    total += sum(rows[place, tag] for place, tag in enumerate(path))
    return total + sum(step[after, before] for before, after in itertools.pairwise(path))


def all_paths(words: int):
    return itertools.product(range(TAGS), repeat=words)


def test_the_loss_is_that_of_all_sequences():
    windows = [logits(words, 7) for words in (1, 2, 4)]
    for window in windows:
        window[:, TAGS:] = windows[0][0, TAGS:]  # one model, one set of pairs
    random = np.random.default_rng(3)
    rows, gold, expected = [], [], 0.0
    for window in windows:
        path = random.integers(0, TAGS, len(window))
        everything = np.logaddexp.reduce([weight_of(window, p) for p in all_paths(len(window))])
        expected += everything - weight_of(window, path)
        rows.append(np.zeros((1, window.shape[1])) + window[0])
        gold.append(WINDOW)
        for row, tag in zip(window, path, strict=True):
            rows += [row[None], row[None] + 5.0 * (np.arange(len(row)) < TAGS)]  # a second piece
            gold += [tag, IGNORED]
    summed, weight = crf_loss(torch.tensor(np.concatenate(rows)), torch.tensor(gold), TAGS)
    assert float(weight) == 7
    assert float(summed) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("words", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_the_best_sequence_and_the_marginals_are_those_of_all_valid_ones(words, seed):
    rows, rules = logits(words, seed), tagset(NAMES)
    valid = [path for path in all_paths(words) if rules.is_valid(np.array(path))]
    weights = np.array([weight_of(rows, path) for path in valid])
    tags, path, scores = read_words(rows, NAMES, "crf")
    assert tuple(path) == valid[int(weights.argmax())]
    assert tags == [NAMES[tag] for tag in path]
    share = softmax(weights[None])[0]
    expected = np.zeros((words, TAGS))
    for one, chosen in zip(share, valid, strict=True):
        expected[np.arange(words), list(chosen)] += one
    assert np.allclose(softmax(scores), expected, atol=1e-9)
    assert np.array_equal(scores, word_scores(rows, NAMES, "crf"))


def test_a_long_text_stays_finite():
    rows = logits(3000, 1)
    found = chain_of(rows, tagset(NAMES)).log_marginals()
    assert np.isfinite(found).all()
    assert np.allclose(np.exp(found).sum(axis=1), 1.0)


def test_pairs_are_learned_where_words_say_nothing():
    # B-A is always followed by I-A, and nothing but the pair can know it.
    torch.manual_seed(0)
    head = CrfHead(4, TAGS, dropout=0.0)
    optimiser = torch.optim.AdamW(head.parameters(), lr=1e-3)
    hidden, gold = torch.ones(4, 4), torch.tensor([WINDOW, 1, 2, 0])
    first = None
    for _ in range(200):
        summed, weight = crf_loss(head(hidden), gold, TAGS)
        first = first if first is not None else float(summed.detach())
        (summed / weight).backward()
        optimiser.step()
        optimiser.zero_grad()
    assert float(summed.detach()) < 0.1 * first
    tags, _, _ = read_words(head(hidden).detach().numpy()[1:].astype(float), NAMES, "crf")
    assert tags == ["B-A", "I-A", "O"]


def test_windows_without_words_cost_nothing():
    rows = torch.zeros(3, crf_size(TAGS), requires_grad=True)
    summed, weight = crf_loss(rows, torch.tensor([WINDOW, IGNORED, IGNORED]), TAGS)
    assert (float(summed.detach()), float(weight)) == (0.0, 0.0)
    summed.backward()


def test_a_run_with_pairs_is_kept_and_can_do_without_them(tiny, tmp_path):
    rows = [
        {"words": ["we", "love", "the", "hotel"], "tags": ["O", "O", "O", "B-LOC"]},
        {"words": ["the", "train", "service", "was", "bad"], "tags": ["O", "B-A", "I-A", "O", "O"]},
    ]
    for split, count in (("train", 20), ("dev", 4), ("test", 4)):
        lines = "".join(json.dumps(row) + "\n" for row in rows * count)
        (tmp_path / f"{split}.jsonl").write_text(lines)
    run = Engine().run(
        "ner", encoder=str(tiny), data=str(tmp_path), epochs=8, lr=3e-3, batch_size=8,
        baseline=False, decoder="crf", output=tmp_path / "run",
    )  # fmt: skip
    assert run.metrics["f1"].value == 1.0
    model = nlpengine.load(run.path)
    assert model.options.decoder == "crf"
    pairs = model.network.head.pairs.detach()
    assert float(pairs.abs().max()) > 1e-3
    for row in rows:
        answers = [model(words=row["words"], decoder=d) for d in ("crf", "viterbi", "softmax")]
        assert [list(answer.tags) for answer in answers] == [row["tags"]] * 3
        assert answers[0] == run.model(words=row["words"])


def test_a_model_without_pairs_says_so():
    with pytest.raises(UsageError, match="has learned no weights for pairs of tags"):
        read_words(np.zeros((2, TAGS)), NAMES, "crf")
