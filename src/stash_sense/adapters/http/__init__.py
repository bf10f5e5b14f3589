"""Servers asked over http and https."""
