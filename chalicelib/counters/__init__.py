"""Exact totals and offset pages: counters, their roll-up, and the pages that use them.

Lists use only ``offset_pages``, with the types of ``model``. Operations write the counter deltas of
``model``, and the handler of the counters' stream uses ``rollup``. Decision 0008.
"""
