"""The composition root: settings in, ready services out. The only module that imports adapters."""
