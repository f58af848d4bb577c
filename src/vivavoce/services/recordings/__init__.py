"""Recordings of calls: made while a call lasts, kept in a folder or an object store, fetched, deleted, outlived."""
