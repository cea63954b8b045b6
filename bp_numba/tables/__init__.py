"""Tables that people have: read from files, and turned into the inputs and targets of a network."""
