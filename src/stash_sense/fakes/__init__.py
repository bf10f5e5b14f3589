"""Simulators of the services that Stash Sense talks to, for tests and demonstrations."""
