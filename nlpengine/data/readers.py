"""Formats beside the core's own: what a reader offers, and all that are offered together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from nlpengine.data.records import Record
from nlpengine.errors import PluginError


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """A format that files may be in; what the hook ``nlpengine_reader`` returns.

    Attributes:
        name: For ``--format``; the entry point's. The core's own formats can't be replaced.
        suffixes: Lower-case ends of file names, like ".ft", that say this format. The core's own
            stay the core's; each may also be followed by ".gz".
        read: Path → records under the file's own column names, each with file and line, one by one;
            raises `DataError` at what it can't read. `nlpengine.data.read_lines` does decoding and
            decompression.
        looks_like: The first 50 lines that aren't empty → whether they are this format, for names
            that say nothing (".txt" or no suffix). None where that can't be told.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[str], Iterator[Record]]
    looks_like: Callable[[Sequence[str]], bool] | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """Readers that somebody offers.

    Attributes:
        specs: Who offers it → the reader.
        failed: A sentence on each that was offered and can't be had.
    """

    specs: tuple[tuple[str, ReaderSpec], ...] = ()
    failed: tuple[str, ...] = ()


class Readers:
    """Readers that are loaded when a file asks for one: at a suffix or name that isn't the core's.

    Args:
        load: Gives them.
        wanted: What all files are, whatever their names say (``--format``); None to go by names and
            lines.
    """

    def __init__(self, load: Callable[[], Offered] = Offered, wanted: str | None = None) -> None:
        self._load = load
        self.wanted = wanted

    def wanting(self, name: str | None) -> Readers:
        """These, with what all files are."""
        return Readers(lambda: self._offered, name)

    @cached_property
    def _offered(self) -> Offered:
        return self._load()

    @property
    def names(self) -> tuple[str, ...]:
        """What ``--format`` may be."""
        return tuple(spec.name for _, spec in self._offered.specs)

    def by_name(self, name: str) -> ReaderSpec | None:
        """A format's reader."""
        return next((spec for _, spec in self._offered.specs if spec.name == name), None)

    def by_suffix(self, suffix: str) -> ReaderSpec | None:
        """The reader of files whose names end so; ``suffix`` in lower case, without ".gz".

        Raises:
            PluginError: Several are.
        """
        found = [(who, spec) for who, spec in self._offered.specs if suffix in spec.suffixes]
        return _only(found, f"files named *{suffix}")

    def by_lines(self, lines: Sequence[str]) -> ReaderSpec | None:
        """The reader that knows a file by its first lines.

        Raises:
            PluginError: Several do.
        """
        found = [
            (who, spec)
            for who, spec in self._offered.specs
            if spec.looks_like is not None and spec.looks_like(lines)
        ]
        return _only(found, "files with such lines")

    def said(self) -> str:
        """The formats in words, to end a list of the core's own; and what is missing."""
        parts = [f"{', '.join(spec.suffixes)} ({who})" for who, spec in self._offered.specs]
        return "".join(f"; {part}" for part in (*parts, *self._offered.failed))


NO_READERS = Readers()


def _only(found: Sequence[tuple[str, ReaderSpec]], what: str) -> ReaderSpec | None:
    if len(found) > 1:
        listed = " and ".join(f"{spec.name!r} ({who})" for who, spec in found)
        raise PluginError(
            f"{what} are read by {listed}. Say which with --format {found[0][1].name}, or "
            "uninstall one."
        )
    return found[0][1] if found else None
