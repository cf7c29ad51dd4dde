"""Baselines: the same authenticated GET of a timer on other stacks.

Each folder is the source of a Lambda package: ``bench.packages`` adds its dependencies and compiles
it. All read stint's tables, in two calls, and return the same document as stint;
``bench.cold_start`` compares the documents before it measures.
"""
