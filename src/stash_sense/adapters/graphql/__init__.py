"""Servers asked in GraphQL over http and https."""
