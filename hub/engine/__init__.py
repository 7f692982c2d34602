"""Walk 1, a question: a document becomes a plan, the plan rows, the rows an answer."""
