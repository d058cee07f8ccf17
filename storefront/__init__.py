"""What customers see of several rooms at once: the front page, and the search that finds in all of them."""
