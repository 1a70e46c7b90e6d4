"""The order of training data and of random numbers: pure functions of (seed, epoch, step, rank).

Nothing here is carried from step to step, so a position in the data is one integer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def epoch_order(seed: int, epoch: int, examples: int) -> list[int]:
    """A permutation of the examples for an epoch (0-based)."""
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, epoch]))
    order: list[int] = generator.permutation(examples).tolist()
    return order


def epoch_steps(
    seed: int,
    epoch: int,
    windows_of: Sequence[Sequence[int]],
    batch_size: int,
    *,
    rank: int = 0,
    world: int = 1,
) -> list[list[int]]:
    """The optimiser steps of an epoch, each a list of window indices.

    Examples are shuffled, their windows stay together; a step takes the next ``batch_size`` of
    them.

    Args:
        seed: The run's.
        epoch: 0-based.
        windows_of: Per example, the indices of its windows.
        batch_size: Windows in a step over all ranks.
        rank: This process; it gets every ``world``-th window of each step.
        world: Number of processes.
    """
    order = epoch_order(seed, epoch, len(windows_of))
    windows = [window for example in order for window in windows_of[example]]
    steps = [windows[start : start + batch_size] for start in range(0, len(windows), batch_size)]
    return [step[rank::world] for step in steps]


def interleave(seed: int, epoch: int, counts: Sequence[int]) -> list[int]:
    """In which order an epoch takes its steps from several data sets.

    Every step of each set occurs once, so sets are drawn in proportion to their sizes.

    Args:
        seed: The run's.
        epoch: 0-based.
        counts: Steps of each set.

    Returns:
        Index of a set, per step.
    """
    turns = [place for place, count in enumerate(counts) for _ in range(count)]
    if len(counts) == 1:
        return turns
    generator = np.random.Generator(np.random.Philox(key=seed, counter=[1, 0, 0, epoch]))
    return [turns[index] for index in generator.permutation(len(turns))]


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """The seed of a step's dropout, in [0, 2^63)."""
    state = np.random.SeedSequence([seed, step, rank]).generate_state(2, np.uint32)
    return (int(state[0]) << 31) ^ int(state[1])
