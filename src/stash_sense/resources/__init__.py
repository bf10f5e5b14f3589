"""What is heavy: loaded when first needed, shared by all who use it, given back when nobody has for a while."""
