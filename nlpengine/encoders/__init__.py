"""PackedBatch → hidden: families, attention, kernels, devices, checkpoints."""
