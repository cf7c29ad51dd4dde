"""Campaigns: an example of a new resource. ``tests/test_new_resource.py`` registers it."""
