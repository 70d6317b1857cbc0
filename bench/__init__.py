"""Benchmarks: every figure is a ratio in one run, against a floor or a peer. None asserts."""
