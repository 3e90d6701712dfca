//! Single calls for who has no runtime.

use std::io;

/// Waits for a call of the API.
///
/// # Errors
/// If the system gives no means to wait with.
pub fn block_on<F: Future>(call: F) -> io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(call))
}
