"""Useful work of an encoder: what real tokens need."""


def flops(lengths, config, *, last_whole: bool) -> float:
    """Of one forward pass over sequences: linear layers and attention, real tokens only.

    ``last_whole``: whether the last layer computes all rows, as stock models do, or all keys and
    values but the rest for first tokens alone.
    """
    width, inner = config.hidden_size, config.intermediate_size
    pair, rest = 2 * 2 * width * width, 2 * (2 * width * width + 2 * width * inner)

    def layer(tokens: int, queries: int) -> float:
        return tokens * pair + queries * (rest + 4 * tokens * width)

    return sum(
        (config.num_hidden_layers - 1) * layer(n, n) + layer(n, n if last_whole else 1)
        for n in lengths
    )
