"""The marks of hooks: ``hookspec`` what the core asks, ``hookimpl`` what a plugin answers."""

from __future__ import annotations

import pluggy

hookspec = pluggy.HookspecMarker("nlpengine")
hookimpl = pluggy.HookimplMarker("nlpengine")
