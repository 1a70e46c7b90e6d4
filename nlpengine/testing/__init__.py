"""For the tests of plugin authors: a tiny encoder that needs no network."""

from nlpengine.testing.tiny import tiny_encoder

__all__ = ["tiny_encoder"]
