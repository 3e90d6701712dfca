//! `mock-reteno`: a mock of the Reteno API to try an upload with.

use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mock_reteno::{Faults, Mock, MockOptions};

/// A mock of the Reteno API: tells its URL in the first line of its output and runs until it is ended
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port of the loopback address; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// API key that requests must have as their password
    #[arg(long, default_value = "test-key")]
    key: String,
    /// Requests of contacts that are let through in any one second
    #[arg(long, value_name = "N", default_value_t = 200)]
    rate: u32,
    /// How long each answer is held back, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// How long an import takes after its request was accepted, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    session_delay: u64,
    /// Odds of each kind of fault, from 0 to 1
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = odds)]
    faults: f64,
    /// What the drawing of faults begins with
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even this can be told, the exit code does.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> io::Result<()> {
    let options = MockOptions {
        key: arguments.key,
        rate: arguments.rate,
        latency: Duration::from_millis(arguments.latency),
        session_delay: Duration::from_millis(arguments.session_delay),
        faults: Faults::each(arguments.faults),
        seed: arguments.seed,
        ..MockOptions::default()
    };
    let mock = Mock::start_at((Ipv4Addr::LOCALHOST, arguments.port).into(), options)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", mock.url())?;
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

fn odds(text: &str) -> Result<f64, String> {
    let odds: f64 = text.parse().map_err(|_| "write a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&odds) { Ok(odds) } else { Err("write a number from 0 to 1".to_owned()) }
}
