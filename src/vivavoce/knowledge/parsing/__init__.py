"""From a file to its text, one module a kind. Runs in the parsing process alone (`knowledge/parsing_process.py`)."""
