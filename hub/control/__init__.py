"""Control state: leases, fences, watermarks, checkpoints, runs and quarantine, behind `hub.control.ports`."""
