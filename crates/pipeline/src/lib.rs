//! Wires source, rules, batches and sink together on threads, in order and in bounds.
