"""Performers and their pictures -> a version of the performers database, in steps that can be interrupted."""
