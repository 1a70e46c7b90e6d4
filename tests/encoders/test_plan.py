"""The plan of a batch's attention: every row has one place, and nothing is made that isn't used."""

from unittest import mock

import torch
from hypothesis import given
from hypothesis import strategies as st

from nlpengine.encoders import plan as plans
from nlpengine.encoders.attention import attend
from nlpengine.encoders.plan import AttentionPlan, plan_attention

CPU = torch.device("cpu")


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=30).map(sorted),
    heads=st.integers(1, 3),
    piece=st.integers(1, 3000),
    alone=st.integers(1, 50),
    fused=st.booleans(),
)
def test_a_plan_takes_every_row_to_one_place_and_back(lengths, heads, piece, alone, fused):
    with (
        mock.patch.object(plans, "PIECE", piece),
        mock.patch.object(plans, "ALONE", alone),
        mock.patch.object(plans, "LONG", alone + 5),
    ):
        plan = plan_attention(lengths, heads, CPU, fused=fused)
    assert plan.first.tolist() == [sum(lengths[:n]) for n in range(len(lengths))]
    owner = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    rows = torch.arange(sum(lengths) * heads).view(-1, heads, 1)
    back, seen = torch.full_like(rows, -1), []
    for part in plan.parts(first=False):
        taken, room = part.keys.take(rows), part.keys.room(back)
        for piece in part.pieces:
            tokens = piece.of_keys(taken)[..., 0]  # [b, L]
            assert tokens.shape == piece.of_queries(taken).shape[:2]
            assert all(len({*row.tolist()}) == 1 for row in owner[tokens // heads])
            assert all(len({*row.tolist()}) == 1 for row in tokens % heads)
            assert piece.count == tokens.numel() * piece.length
            piece.of_keys(room).copy_(piece.of_keys(taken))
            seen += tokens.flatten().tolist()
        part.keys.give(room, back)
    assert torch.equal(back, rows)
    assert [n for n in lengths if n < alone] == list(plan.in_runs)
    padded = 0 if not plan.in_runs or plan.slots.padded is None else len(plan.slots.padded)
    assert len(seen) == rows.numel() + padded
    done = 0
    for run in plan.runs:
        hidden = 0 if run.bias is None else int(torch.isinf(run.bias).sum())
        assert hidden == heads * (run.count * run.length - sum(lengths[done : done + run.count]))
        done += run.count
    assert done == len(plan.in_runs)
    firsts = torch.arange(len(lengths) * heads).view(-1, heads, 1)
    read = [
        piece.of_queries(part.queries.take(firsts)).flatten().tolist()
        for part in plan.parts(first=True)
        for piece in part.pieces
    ]
    assert [row for rows in read for row in rows] == firsts.flatten().tolist()


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=30).map(sorted),
    heads=st.integers(1, 3),
    most=st.integers(1, 5000),
)
def test_a_plan_by_head_takes_every_row_to_one_slot_and_back(lengths, heads, most):
    with mock.patch.object(plans, "RUN", most):
        plan = plan_attention(lengths, heads, CPU, by_head=True)
    rows = torch.arange(sum(lengths) * heads)
    slots = rows[plan.slots.gather]
    assert torch.equal(slots[plan.slots.scatter], rows)
    assert sum(run.count for run in plan.runs) == len(lengths)
    (part,) = plan.parts(first=False)
    for run, piece in zip(plan.runs, part.pieces, strict=True):
        assert run.count == 1 or piece.count <= most
        tokens = piece.of_keys(slots[:, None]).view(heads, run.count, run.length)
        assert torch.equal(tokens % heads, torch.arange(heads)[:, None, None].expand_as(tokens))


def test_a_plan_works_out_what_is_used_alone():
    """A text alone needs no slots; nor do long ones."""

    def made(lengths):
        plan = plan_attention(lengths, 2, CPU)
        q, k, v = (torch.randn(sum(lengths), 2, 4) for _ in "qkv")
        with torch.no_grad():
            attend(q, k, v, plan, scaling=1.0)
        return vars(plan).keys() - AttentionPlan.__annotations__.keys()

    assert made([7]) == set()
    assert made([7, 7]) == {"slots", "runs", "_all_parts", "in_runs", "tokens"}
    assert made([70, 70]) == {"_all_parts", "in_runs", "tokens"}
