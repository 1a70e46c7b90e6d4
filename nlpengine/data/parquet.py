"""Parquet → records; also what turns Arrow batches of any origin into records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nlpengine.data.lines import StrPath, open_binary
from nlpengine.data.records import Origin, Record
from nlpengine.errors import DataError

_BATCH_ROWS = 4096


def read_parquet(path: StrPath) -> Iterator[Record]:
    """Read a Parquet file by batches.

    Where the file's Hugging Face metadata says that a column holds class numbers, the values are
    the class names. See :func:`batch_records` for the other types.

    Yields:
        One record a row; its origin's line is the 1-based row.

    Raises:
        DataError: Not a Parquet file, a damaged one, or a column of a type that isn't text or
            JSON-like.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = os.fspath(path)
    open_binary(name).close()  # a missing file gets the same message as everywhere
    try:
        with pq.ParquetFile(name) as file:
            names = class_names(_features(file.schema_arrow.metadata))
            row = 1
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from batch_records(batch, names, name, row)
                row += batch.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"not a Parquet file, or a damaged one ({said}). Fetch or write it again", name
        ) from error


def batch_records(
    batch: Any, names: Mapping[str, Sequence[str]], path: str, first: int
) -> Iterator[Record]:
    """Turn an Arrow record batch or table into records.

    Strings, integers, booleans, lists and structs stay what they are; null and NaN become None;
    dates and decimals become their text; class numbers become names, and -1 (no label) None.

    Args:
        batch: ``pyarrow.RecordBatch`` or ``pyarrow.Table``.
        names: Column → its class names.
        path: What to name in origins and messages.
        first: 1-based row of the batch's first record.

    Raises:
        DataError: A column has no name, a name twice, or a type or value no record can hold.
    """
    header: list[str] = list(batch.schema.names)
    for name in header:
        if not name.strip() or header.count(name) > 1:
            raise DataError(f"column name {name!r} is empty or stands twice. Rename it", path)
    columns = [
        _values(batch.column(index), name, names.get(name), path, first)
        for index, name in enumerate(header)
    ]
    for offset, row in enumerate(zip(*columns, strict=True)):
        yield Record(dict(zip(header, row, strict=True)), Origin(path, first + offset))


def class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """Column → class names, of a data set's features in the Hub's JSON form.

    A column of lists of classes (tags of tokens) counts like a column of classes.
    """
    found: dict[str, list[str]] = {}
    for column, feature in features.items():
        # Lists are [feature] in old sets and {"feature": …} in newer ones, to any depth.
        while True:
            if isinstance(feature, list) and feature:
                feature = feature[0]
            elif isinstance(feature, dict) and isinstance(feature.get("feature"), dict | list):
                feature = feature["feature"]
            else:
                break
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
            found[column] = [str(name) for name in feature.get("names") or ()]
    return {column: names for column, names in found.items() if names}


def _features(metadata: Mapping[bytes, bytes] | None) -> Mapping[str, Any]:
    # Whatever is wrong with this metadata leaves the numbers as they are: it is optional.
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _values(
    column: Any, name: str, names: Sequence[str] | None, path: str, first: int
) -> list[object]:
    from pyarrow import types

    kind = column.type
    if not _is_json_like(kind):
        if types.is_temporal(kind) or types.is_decimal(kind):
            return [None if value is None else str(value) for value in column.to_pylist()]
        raise DataError(
            f"column {name!r} has type {kind}, which is neither text nor JSON-like. "
            "Write it as string, or leave the column out",
            path,
        )
    values: list[object] = column.to_pylist()
    if names is not None:
        return [_named(value, names, name, path, first + i) for i, value in enumerate(values)]
    if types.is_floating(kind):
        for offset, value in enumerate(values):
            if value in (float("inf"), float("-inf")):
                raise DataError(
                    f"column {name!r} holds an infinite number. Write null where there is no "
                    "number",
                    path,
                    first + offset,
                )
        return [
            None if value != value else value for value in values
        ]  # NaN alone differs from itself
    return values


def _is_json_like(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_json_like(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_json_like(kind.value_type)
    if types.is_struct(kind):
        return all(_is_json_like(kind.field(index).type) for index in range(kind.num_fields))
    scalar = (
        types.is_string,
        types.is_large_string,
        types.is_string_view,
        types.is_integer,
        types.is_floating,
        types.is_boolean,
        types.is_null,
    )
    return any(test(kind) for test in scalar)


def _named(value: object, names: Sequence[str], column: str, path: str, row: int) -> object:
    if isinstance(value, list):
        return [_named(item, names, column, path, row) for item in value]
    if value is None or value == -1:
        return None
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    raise DataError(
        f"column {column!r} holds {value!r}, and its {len(names)} class names go from 0 to "
        f"{len(names) - 1}. Mend the value or the file's metadata",
        path,
        row,
    )
