"""What programs can ask for, described once: the page in the shop and the OpenAPI document are made of it."""
