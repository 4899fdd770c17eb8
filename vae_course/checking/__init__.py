"""What a reader uses: an answer is tried, compared with the reference, and told what is wrong with it."""
