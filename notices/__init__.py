"""E-mails to customers about what happened to their things, each kind with a switch of its own."""
