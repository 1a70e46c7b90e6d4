"""``python -m nlpengine.encoders.convert PICKLE… TARGET``: a .bin checkpoint → safetensors.

It runs as a process of its own: a pickle is a program, and although torch's restricted unpickler
(``weights_only=True``) builds tensors and plain containers alone, whatever goes wrong in it should
not go wrong in the process that has the user's data and tokens.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nlpengine.errors import EncoderUnavailable


def convert(pickles: Sequence[Path], target: Path) -> None:
    """Convert in a subprocess.

    Args:
        pickles: The .bin files of one checkpoint.
        target: The file to write.

    Raises:
        EncoderUnavailable: They hold something else than tensors, are damaged, or don't fit into
            memory.
    """
    words = [sys.executable, "-m", "nlpengine.encoders.convert", *map(str, pickles), str(target)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0 and target.is_file():
        return
    lines = done.stderr.strip().splitlines()
    reason = lines[-1] if lines else f"the conversion ended with code {done.returncode}"
    if done.returncode < 0:
        reason = f"the conversion was killed (signal {-done.returncode}): out of memory?"
    raise EncoderUnavailable(f"{pickles[0]} can't be converted to safetensors: {reason}")


def rewrite(pickles: Sequence[Path], target: Path) -> None:
    """Convert in this process.

    Tensors that share memory (an output layer tied to the word embeddings) are stored once, under
    the first of their names; the file's metadata says which names those stand for.

    Raises:
        ValueError: A file holds something else than a flat table of tensors.
        Exception: Whatever `torch.load` raises.
    """
    import torch
    from safetensors.torch import save_file
    from torch import Tensor

    tensors: dict[str, Tensor] = {}
    metadata = {"format": "pt"}
    views: dict[tuple[object, ...], str] = {}
    storages: set[int] = set()
    for path in pickles:
        table = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(table, Mapping) or not table:
            raise ValueError(f"{path.name} holds no table of tensors")
        for name, tensor in table.items():
            if not isinstance(name, str) or not isinstance(tensor, Tensor):
                raise ValueError(f"{path.name}: {name!r} is no tensor but {type(tensor).__name__}")
            storage = tensor.untyped_storage()
            where = storage.data_ptr()
            view = (where, tensor.storage_offset(), tuple(tensor.shape), tensor.stride())
            if where and view in views:
                metadata[name] = views[view]
                continue
            views[view] = name
            whole = tensor.is_contiguous() and storage.nbytes() == tensor.nbytes
            tensors[name] = (
                tensor if whole and where not in storages else tensor.clone().contiguous()
            )
            storages.add(where)
    save_file(tensors, target, metadata=metadata)


def main(words: Sequence[str]) -> int:
    """Convert; the reason for a failure is the last line on standard error."""
    *pickles, target = map(Path, words)
    try:
        rewrite(pickles, target)
    except Exception as error:  # a damaged pickle can raise anything
        target.unlink(missing_ok=True)
        print(_reason(error), file=sys.stderr)
        return 1
    return 0


def _reason(error: Exception) -> str:
    text = str(error).strip()
    if found := re.search(r"GLOBAL (\S+)", text):  # the restricted unpickler's refusal
        return (
            f"it asks to call {found[1]}, which a table of weights has no need of. Nothing of it "
            "was run; don't trust this file."
        )
    if isinstance(error, ValueError):
        return f"{text}."
    return (
        f"it is damaged or no checkpoint ({type(error).__name__}: {(text or '?').splitlines()[0]})."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
