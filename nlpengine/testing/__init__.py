"""For the tests of plugin authors: tiny encoders that need no network.

What needs pytest stands in modules of its own: `task_contract`, `encoder_contract`,
`reader_contract`, and `fixtures` (``pytest_plugins = ["nlpengine.testing.fixtures"]``).
"""

from nlpengine.testing.tiny import tiny_encoder, tiny_encoder_of

__all__ = ["tiny_encoder", "tiny_encoder_of"]
