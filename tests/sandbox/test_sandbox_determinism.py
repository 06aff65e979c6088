"""The same seed is the same bytes, everywhere."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import islice
from pathlib import Path

import mixpanel_nb
from mixpanel_nb.sandbox.dataset import generate_events, generate_profiles

# When a change of the generator is meant: put the new digests here and raise GENERATOR_VERSION.
FIRST_EVENTS = "09954c086c35872044505428d23e65ebb4a8dda34c033628f12ab2587949c3ee"
FIRST_PROFILES = "e37900a8aacc5fe7e484597e68bc224795e40959256a6f0c61f2ca62625ed9e6"


def digest(lines: list[bytes]) -> str:
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def test_the_lines_are_the_pinned_ones() -> None:
    assert digest(list(islice(generate_events(2000), 1000))) == FIRST_EVENTS
    assert digest(list(islice(generate_profiles(2000), 50))) == FIRST_PROFILES


def test_a_process_with_another_hash_seed_generates_the_same() -> None:
    program = (
        "import hashlib; from mixpanel_nb.sandbox.dataset import generate_events; "
        "print(hashlib.sha256(b'\\n'.join(generate_events(3000))).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "42", "PYTHONPATH": str(Path(mixpanel_nb.__file__).parents[1])}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert found.stdout.decode().strip() == digest(list(generate_events(3000)))


def test_another_seed_is_another_store() -> None:
    assert digest(list(generate_events(1000, seed=1))) != digest(list(generate_events(1000, seed=2)))


def test_more_events_are_asked_for_and_delivered_within_a_few_per_cent() -> None:
    assert 28_000 < sum(1 for _ in generate_events(30_000)) < 32_000


def test_a_handful_of_events_is_possible() -> None:
    assert list(generate_events(1)) == list(generate_events(1))
