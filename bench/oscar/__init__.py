"""django-oscar with 10,000 products, to compare the catalogue with; it has an environment of its own."""
