"""The JSON API, by version."""
