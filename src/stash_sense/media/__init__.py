"""Frames out of videos and pictures: what a frame is, which moments to look at, and the ports that read them."""
