"""Packages fetched by the user's own installer."""
