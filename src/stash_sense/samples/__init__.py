"""Public-domain portraits (see NOTICE.md) and a film made from them, for the demonstration and the tests."""

from pathlib import Path

SAMPLES = Path(__file__).parent
PEOPLE = SAMPLES / "people"
"""One folder for each sample person, as `--gallery` takes it."""
STRANGER = SAMPLES / "stranger" / "portrait.jpg"
"""Somebody who is in the film but not among the sample people."""
