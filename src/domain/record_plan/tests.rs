//! The table of the record plan, every row written out.
