"""Stash Sense: local intelligence for a Stash library."""

__version__ = "0.1.0"
