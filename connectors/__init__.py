"""Where records come from: department systems. Imports only `catalogue`."""
