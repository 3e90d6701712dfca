//! Seeded synthetic contact exports with known faults, for tests and benchmarks.
