"""The page that a browser gets at /graphql: its sources, how it is built, and the questions that it offers.

`hub.api.explorer` serves what `hub.explorer.build` leaves in `built`. Nothing here runs in a serving process.
"""
