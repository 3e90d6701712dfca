//! What can go wrong while contacts are grouped.

use spill::SpillError;
use thiserror::Error;

/// Why a contact was not taken. Nothing of the batcher has changed then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PushError {
    /// A body with nothing but this contact is over the limit.
    #[error("a request with this contact alone has {bytes} bytes; at most {limit} are allowed")]
    ContactTooLarge {
        /// The size of the smallest complete body that the contact would need.
        ///
        /// Where absent fields are cleared, a contact that brings a new field makes every body longer: then this is
        /// the size of the body of the longest contact so far.
        bytes: usize,
        /// [`BatchOptions::max_bytes`](crate::BatchOptions::max_bytes).
        limit: usize,
    },
    /// The id was held while too many other sets came by: intern the field set again and push again.
    #[error("the id of this field set has been retired; it has to be asked for again")]
    SetRetired,
    /// [`Batcher::finish`](crate::Batcher::finish) was called before.
    #[error("a contact came after the end of the contacts")]
    Finished,
    /// The temporary file failed.
    #[error(transparent)]
    Spill(#[from] SpillError),
}
