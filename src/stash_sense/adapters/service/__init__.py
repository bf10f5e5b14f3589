"""Speaking to a service of this program that runs on the same data folder."""
