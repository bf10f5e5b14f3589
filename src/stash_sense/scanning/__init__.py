"""Looking through a whole library, and saying what was found."""
