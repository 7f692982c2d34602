"""Following changes: cursors, and the walk over the change log for one subscriber."""
