"""How results look: cards, charts, words, and the form of the explorer.

Nothing is computed here that a result does not hold.
"""
