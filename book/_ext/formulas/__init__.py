"""Formulas, set when the book is built: no reader's browser runs a script for them."""
