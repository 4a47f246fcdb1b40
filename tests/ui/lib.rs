//! There is nothing to use: see ui.rs.
