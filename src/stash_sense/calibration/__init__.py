"""Labelled face photographs -> a pack's statistics, thresholds and curve, fitted and judged on different people."""
