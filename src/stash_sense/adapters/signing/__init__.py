"""Signatures made and checked by libsodium."""
