//! Uploads against the mock of the API: whatever goes wrong, every contact is accounted for.

mod accounting;
mod away;
mod faults;
mod resuming;
mod support;
