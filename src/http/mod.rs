//! What comes in: webhooks, probes, and the operators' endpoints.
