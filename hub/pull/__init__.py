"""Walk 2, a change: from a page of a department's rows to committed, applied and numbered changes."""
