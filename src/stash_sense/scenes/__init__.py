"""Labelled face photographs -> generated films, with the truth about who is in them."""
