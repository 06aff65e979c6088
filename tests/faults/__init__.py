"""Under fire: whatever breaks, nothing is lost, nothing leaks and nothing is stuck.

Each module makes trials of one kind; a trial arranges a fault, lets it happen, and checks what must hold
afterwards. ``test_*.py`` run some of them with every ``make test``; ``python -m faults`` (``make soak``)
runs all of them, many times, and writes ``docs/reliability.md``.
"""
