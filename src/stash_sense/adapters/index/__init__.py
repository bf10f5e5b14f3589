"""Search of vectors by libraries for it."""
