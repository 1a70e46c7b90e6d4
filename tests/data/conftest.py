from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from nlpengine.errors import DataError

Refused = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def refused() -> Refused:
    """Expects a DataError whose message starts with ``where`` and holds all the words."""

    @contextmanager
    def check(where: str, *words: str) -> Iterator[None]:
        with pytest.raises(DataError) as caught:
            yield
        message = str(caught.value)
        assert message.startswith(f"{where}: "), message
        for word in words:
            assert word in message, message

    return check
