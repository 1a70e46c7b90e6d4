"""Example → Encoding → PackedBatch. Importing this package imports no torch."""

from nlpengine.encoding.encoding import Encoding, window_spans
from nlpengine.encoding.windows import Over

__all__ = ["Encoding", "Over", "window_spans"]
