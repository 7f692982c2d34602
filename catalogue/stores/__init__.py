"""Embedded stores of the catalogue, and the SQLite file on which every embedded store of the hub stands."""
