"""What is held on a person: how it is found, handed out, and erased."""
