"""Small models with the real shapes, for tests of the production engines."""
