"""What is remembered of the scenes and images that were looked at: who is in them, and their faces."""
