"""hidden → logits. A task names a head by `HeadSpec`; the modules live in files of their own."""

from nlpengine.heads.spec import HeadKind, HeadSpec

__all__ = ["HeadKind", "HeadSpec"]
