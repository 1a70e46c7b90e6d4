"""The plan of a batch's attention: every row has one slot, and nothing is made that isn't used."""

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
)
def test_a_plan_takes_every_row_to_one_slot_and_back(lengths, heads, piece):
    with mock.patch.object(plans, "PIECE", piece):
        plan = plan_attention(lengths, heads, CPU)
    rows = torch.arange(sum(lengths) * heads)
    slots = rows[plan.slots.gather]
    assert torch.equal(slots[plan.slots.scatter], rows)
    padded = set(range(len(slots))) - set(plan.slots.scatter.tolist())
    assert padded == (set() if plan.slots.padded is None else set(plan.slots.padded.tolist()))
    assert sum(run.count for run in plan.runs) == len(lengths)
    assert plan.first.tolist() == [sum(lengths[:n]) for n in range(len(lengths))]
    owner = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    done = 0
    for run in plan.runs:
        hidden = 0 if run.bias is None else int(torch.isinf(run.bias).sum())
        assert hidden == heads * (run.count * run.length - sum(lengths[done : done + run.count]))
        done += run.count
    seen = []
    for part in plan.pieces:
        tokens = part.of_keys(slots[:, None])[..., 0]  # [b, L]
        assert tokens.shape == part.of_queries(slots[:, None]).shape[:2]
        assert all(len({*row.tolist()}) == 1 for row in owner[tokens // heads])
        assert all(len({*row.tolist()}) == 1 for row in tokens % heads)
        assert part.count == tokens.numel() * part.run.length
        seen += tokens.flatten().tolist()
    assert seen == slots.tolist()


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
    for run, piece in zip(plan.runs, plan.pieces, strict=True):
        assert run.count == 1 or piece.count <= most
        tokens = piece.of_keys(slots[:, None]).view(heads, run.count, run.length)
        assert torch.equal(tokens % heads, torch.arange(heads)[:, None, None].expand_as(tokens))


def test_a_plan_works_out_what_is_used_alone():
    """A text alone needs no slots; nor does a batch need the runs as wholes."""

    def made(lengths):
        plan = plan_attention(lengths, 2, CPU)
        q, k, v = (torch.randn(sum(lengths), 2, 4) for _ in "qkv")
        with torch.no_grad():
            attend(q, k, v, plan, scaling=1.0)
        return vars(plan).keys() - AttentionPlan.__annotations__.keys()

    assert made([7]) == set()
    assert made([7, 7]) == {"slots", "runs", "pieces"}
