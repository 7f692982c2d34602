"""The OAuth side of the hub: tokens for registered clients, and what is published about them. No web framework here.

`endpoints` takes bytes and gives bytes; `authlib_server` is the one module that touches Authlib, which judges the
request; `access_token` signs what it allowed. Everything is loaded before and runs in memory: an access token is not
stored, so there is nothing to commit after.
"""
