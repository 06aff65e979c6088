"""Measurements of what the design promises: time and memory, side by side in one run.

``python -m benchmarks`` (``make bench``) makes its data, runs everything and writes ``docs/performance.md``.
Ratios are medians of interleaved rounds; each round is a process of its own, so that peak memory is its own.
"""
