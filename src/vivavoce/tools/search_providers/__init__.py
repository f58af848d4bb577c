"""Search engines of the web behind one port, one file each. What is common to asking them is in `asking`."""
