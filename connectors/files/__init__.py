"""The files connector: a folder of csv, xlsx or jsonl files as one source."""
