"""The demo's departments: each a process (`python -m hub.demo.departments.<name>`) with its own data and manner.

Beside each module stands its descriptor, `<name>.toml`, in which `$place` is where its system is found and `$folder`
where it keeps its data. Departments share the demo's world and nothing else.
"""
