"""Baselines: the same authenticated GET of a timer on other stacks.

Each folder is the source of a Lambda package: ``benchmarks.packages`` adds its dependencies and
compiles it. All read stint's tables, in two calls, and return the same document as stint;
``benchmarks.cold_start`` compares the documents before it measures.
"""
