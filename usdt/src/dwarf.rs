//! Locations in DWARF.
