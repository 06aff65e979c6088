"""Mixpanel's questions as SQL: the expression language, and one module per report.

What lives here: pure functions from a report's parameters and a table's columns to one ``Statement``, and
the calendar they share. What may not: input or output of any kind, a database, pandas. Whoever has a
table's columns can build the statements and run them on any engine that speaks DuckDB's SQL, or on
another one through a translator such as sqlglot.

What the reports mean is told in ``docs/local-reports.md``.
"""
