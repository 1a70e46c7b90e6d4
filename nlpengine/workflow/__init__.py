"""The only loops: train, evaluate, predict; and what a run leaves behind."""
