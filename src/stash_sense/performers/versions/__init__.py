"""The versions that are installed: putting one into use, going back, forgetting people."""
