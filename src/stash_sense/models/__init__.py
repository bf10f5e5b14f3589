"""Model packs: what a pack says of itself, which exist, which are installed, and how they get there."""
