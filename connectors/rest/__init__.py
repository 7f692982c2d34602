"""The rest connector: JSON answers of a department's HTTP service as one source."""
