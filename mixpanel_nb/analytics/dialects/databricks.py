"""Databricks' SQL, which is Spark's. It was not run by us: https://docs.databricks.com/sql/language-manual."""

from __future__ import annotations

from dataclasses import replace

from mixpanel_nb.analytics.dialects.spark import SPARK

DATABRICKS = replace(
    SPARK,
    engine="Databricks",
    sqlglot="databricks",
    text_is_bound=False,
    session=("SET TIME ZONE 'UTC'", "SET ANSI_MODE = true"),
)
