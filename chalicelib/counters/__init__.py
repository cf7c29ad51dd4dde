"""Exact totals and offset pages: counters, their roll-up, and the pages that rest on them."""
