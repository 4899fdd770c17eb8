"""A chapter's exercises as notebooks: for the student, for the teacher, and for nbgrader."""
