"""Tokens of SQL from DuckDB's own tokenizer."""

from __future__ import annotations

import duckdb


def words(sql: str) -> list[tuple[int, str]]:
    """The words and signs of ``sql`` without comments, and at which byte each begins."""
    encoded = sql.encode()
    tokens = duckdb.tokenize(sql)
    ends = [offset for offset, _ in tokens[1:]] + [len(encoded)]
    return [
        (offset, encoded[offset:end].decode().rstrip())
        for (offset, kind), end in zip(tokens, ends, strict=True)
        if kind != duckdb.token_type.comment
    ]
