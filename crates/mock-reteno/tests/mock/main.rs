//! The mock as a client sees it, over plain HTTP.

mod accepting;
mod client;
mod closed;
mod faults;
mod looking_up;
mod merging;
mod program;
mod rate;
mod requests;
