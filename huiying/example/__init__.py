"""The demonstration: an invented county's desk, its outlets served on loopback, and the posts written for them."""
