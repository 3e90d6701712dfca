//! The way of bodies to the sink: by a thread, or at once where that is faster.

use sink::{Sink, SinkError};

use crate::outcome::End;
use crate::progress::Stop;
use crate::sink_thread::{AtEnd, Completing, Ended, SinkThread};
use crate::tally::{Tally, TallyContacts};

/// A sink, and how bodies get to it.
pub(crate) enum Outlet {
    /// On a thread of its own: writing overlaps with the work.
    Thread(SinkThread),
    /// On the thread that hands the body over. Waking another one for a sink that does next to nothing costs more than
    /// it does, and the workers share their cores with it.
    Direct(Direct),
}

/// A sink that takes bodies at once.
pub(crate) struct Direct {
    sink: Box<dyn Sink + Send>,
    completing: Completing,
    bodies_sent: u64,
    /// The memory of the last body.
    spare: Option<Vec<u8>>,
}

impl Outlet {
    pub(crate) fn open(
        sink: Box<dyn Sink + Send>,
        completing: Completing,
        tally: TallyContacts,
        stop: Stop,
    ) -> Self {
        if sink.is_prompt() && tally == TallyContacts::No {
            return Self::Direct(Direct { sink, completing, bodies_sent: 0, spare: None });
        }
        Self::Thread(SinkThread::start(sink, completing, tally, stop))
    }

    /// Hands a body over; waits while the sink has enough, and nobody asks to stop.
    pub(crate) fn take(&mut self, body: batch::Body) -> Result<(), End> {
        match self {
            Self::Thread(thread) => thread.take(body),
            Self::Direct(direct) => {
                direct.sink.write(&body).map_err(End::SinkFailed)?;
                direct.bodies_sent += 1;
                direct.spare = Some(body.bytes);
                Ok(())
            }
        }
    }

    pub(crate) fn bodies_sent(&self) -> u64 {
        match self {
            Self::Thread(thread) => thread.bodies_sent(),
            Self::Direct(direct) => direct.bodies_sent,
        }
    }

    /// The memory of a body that is written.
    pub(crate) fn take_back(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Thread(thread) => thread.take_back(),
            Self::Direct(direct) => direct.spare.take(),
        }
    }

    /// How many contacts are written, after everything sent so far; `None` if the sink has failed.
    pub(crate) fn contacts_written(&self) -> Option<u64> {
        match self {
            Self::Thread(thread) => thread.contacts_written(),
            Self::Direct(direct) => Some(direct.sink.contacts_written()),
        }
    }

    /// Ends the sink; its output is called complete only if the counts at the end are given.
    pub(crate) fn end(self, at_end: Option<&AtEnd<'_>>) -> Ended {
        match self {
            Self::Thread(thread) => thread.end(at_end),
            Self::Direct(Direct { sink, completing, .. }) => {
                let finished = at_end.map(|at_end| sink.finish(completing.completion(at_end)));
                (finished.unwrap_or(Ok::<(), SinkError>(())), None)
            }
        }
    }

    /// Ends the sink soon, whatever it is doing.
    pub(crate) fn abandon(self) -> Option<Tally> {
        match self {
            Self::Thread(thread) => thread.abandon(),
            Self::Direct(_) => None,
        }
    }
}
