"""Value types and small tools without input or output, used everywhere."""
