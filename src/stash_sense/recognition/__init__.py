"""Faces to persons: find, align and embed faces, group them, and decide who each person is. No I/O."""
