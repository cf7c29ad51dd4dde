"""Commands to operate a stage: ``python -m tools.ops --help``.

They work on the tables that --stage, or the environment, selects: ``tools/stage.py``. The local
server's in-memory tables cannot be reached. Not deployed to Lambda.
"""
