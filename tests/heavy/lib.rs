//! There is nothing to use: see the tests.
