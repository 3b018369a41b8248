"""What scripts and packages share: one error type, safe file writing, command-line plumbing."""
