"""Kills Weir's processes at random moments under load, and compares what clients saw with what was recorded."""
