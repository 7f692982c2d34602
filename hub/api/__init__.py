"""Bytes in, bytes out: HTTP, WebSocket and the routes around them, on Starlette. Ours, from request to answer."""
