"""Benchmarks: cost, latency and throughput measurements. Not tests, and not deployed."""
