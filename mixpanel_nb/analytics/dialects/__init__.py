"""Statements in the SQL of other engines.

Reports are written once, as DuckDB's SQL. ``translation`` parses a statement, ``portable`` replaces what only
DuckDB has by what every engine can say, and a module per engine (``spark``, ``clickhouse``) has its rules:
what each function and operator is called there. The rules are about nodes of the parsed statement, never
about its text, and a function without a rule is an error before anything runs.

All but ``said`` needs sqlglot (``pip install "mixpanel-nb[spark]"``), so nothing else imports it before a
statement is translated.
"""
