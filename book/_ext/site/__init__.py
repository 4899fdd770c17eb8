"""The site: where it is published, and what it offers."""
