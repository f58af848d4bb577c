"""How the process feels: is its event loop on time, do its engines keep up. Standard library only; no room below it."""
