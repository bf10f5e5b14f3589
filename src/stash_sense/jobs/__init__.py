"""The operation queue: long work that is stopped, resumed, scheduled and watched."""
