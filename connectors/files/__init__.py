"""The files connector: a folder of csv, xlsx, jsonl or xml files as one source."""
