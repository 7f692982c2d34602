"""The commands of `hub`, one file a group. Each opens the services it needs, does one thing, prints it, closes."""
