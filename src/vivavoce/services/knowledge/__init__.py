"""What organisations know: files, collections of documents, the work that makes them searchable, and the searching."""
