"""The random lifecycle test; see README.md."""
