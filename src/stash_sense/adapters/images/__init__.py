"""Pictures read by Pillow."""
