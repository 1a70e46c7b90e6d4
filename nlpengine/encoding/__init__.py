"""Example → Encoding → PackedBatch. Importing this package imports no torch."""

from nlpengine.encoding.encoding import Encoding, window_spans

__all__ = ["Encoding", "window_spans"]
