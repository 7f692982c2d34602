"""The demo departments: seeded data that fits together, each department a process of its own with its own manner."""
