"""Answers beside the truth: how many names are right, how sure they were, and who lacks references."""
