"""Stash Sense: local intelligence for a Stash library."""

import os

__version__ = "0.1.0"

# onnxruntime's packages gather facts on the machine and send them to their maker unless this is set before they are
# first loaded; setting it through their API is too late. Nothing may leave the user's machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
