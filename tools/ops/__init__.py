"""Commands to operate a stage: ``python -m tools.ops --help``.

They work on the tables that --stage, or the environment, selects: ``tools/stage.py``. Without
them, on those of a running local server. Not deployed to Lambda.
"""
