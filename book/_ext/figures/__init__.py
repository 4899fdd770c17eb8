"""Figures in a page: drawings that follow its theme, and live ones."""
