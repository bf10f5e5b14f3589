"""Releases of the performers database: sign, publish, find, download, verify, install, roll back."""
