"""Files that items of type G name: one-time addresses, and their download under the same decision and audit."""
