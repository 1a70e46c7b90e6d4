"""Call a plugin: import it, register it with a pluggy manager of its own, ask its one hook."""

from __future__ import annotations

from typing import Any

import pluggy

from nlpengine.errors import PluginError
from nlpengine.plugin import hookspecs
from nlpengine.plugin.contract import Task
from nlpengine.plugin.listing import PluginEntry


def call(entry: PluginEntry) -> Any:
    """What a plugin gives: a `Task`, or an `nlpengine.plugin.encoder.EncoderOffer`.

    Raises:
        PluginError: It has no such hook, or what the hook gave is something else.
        BaseException: Whatever the plugin raises.
    """
    manager = pluggy.PluginManager("nlpengine")
    manager.add_hookspecs(hookspecs)
    manager.register(entry.entry.load(), name=entry.name)
    manager.check_pending()  # a misspelt hook name is an error
    hook = f"nlpengine_{entry.kind}"
    answers = getattr(manager.hook, hook)()
    if len(answers) != 1:
        raise PluginError(f"{entry.entry.value} implements no hook {hook} (is @hookimpl missing?)")
    (answer,) = answers
    name = _name(entry, answer, hook)
    if name != entry.name:
        raise PluginError(
            f"{hook}() gave {_article(entry.kind)} named {name!r}; the entry point is "
            f"{entry.name!r}"
        )
    return answer


def _name(entry: PluginEntry, answer: object, hook: str) -> str:
    wanted: type[Any] = Task
    if entry.kind == "encoder":
        from nlpengine.plugin.encoder import EncoderOffer  # imports torch: only where needed

        wanted = EncoderOffer
    if not isinstance(answer, wanted):
        raise PluginError(f"{hook}() gave {type(answer).__name__}, not {_article(wanted.__name__)}")
    named: Any = answer.spec if entry.kind == "encoder" else answer
    return str(named.name)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"
