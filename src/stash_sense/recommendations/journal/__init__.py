"""The journal: every write to the library with what was before, so that it can be undone."""
