//! A NetSuite and an X-Series to try and test against, with faults on demand.
