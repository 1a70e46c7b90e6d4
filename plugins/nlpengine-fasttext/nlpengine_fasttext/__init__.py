"""fastText's labelled lines for nlpengine, and a command that lists a run's errors."""
