"""Settings that users change while the service runs: what there is, what holds, and who wins."""
