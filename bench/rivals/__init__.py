"""The same authenticated GET of a timer, as engineers of other stacks would write it.

Each folder is the source of a Lambda package: ``bench.packages`` adds its dependencies and compiles
it. All read the tables of stint, in two calls, and answer the very document that stint answers;
``bench.cold_start`` compares them before it measures anything.
"""
