//! Handing groups out to threads that fold them, and taking them back in their order.

use std::collections::BTreeMap;
use std::thread::Builder;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use merge::Groups;
use spill::SpillError;

use crate::fold::{Folder, Folding};
use crate::outcome::End;
use crate::progress::Stop;
use crate::run::STOP_INTERVAL;
use crate::unit::Unit;

/// How many units are on their way for each thread that folds.
const UNITS_PER_THREAD: usize = 3;

enum Message {
    /// A unit was folded; units are numbered from 0.
    Folded(u64, Box<Unit>),
    /// So many units there are.
    End(u64),
    Failed(SpillError),
    /// A thread has panicked, and its unit is gone: a fault of this program.
    Lost,
}

/// Tells when its thread panics.
struct Watch(Sender<Message>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Message::Lost);
        }
    }
}

/// Reads groups on one thread, folds them on several, and gives each unit to `take`, in their order.
pub(crate) fn hand_out(
    mut groups: Groups,
    folding: &Folding,
    threads: usize,
    stop: &Stop,
    take: impl FnMut(&mut Unit) -> Result<(), End>,
) -> Result<(), End> {
    let units = threads * UNITS_PER_THREAD;
    let (idle, take_idle) = bounded(units);
    for _ in 0..units {
        // The channel holds exactly this many; there is nobody to have hung up yet.
        let _ = idle.send(Box::<Unit>::default());
    }
    let (work, take_work) = bounded::<(u64, Box<Unit>)>(units);
    let (done, messages) = unbounded();
    std::thread::scope(|scope| {
        let done_reading = done.clone();
        let reading = move || {
            let watch = Watch(done_reading);
            let message = match read(&mut groups, &take_idle, &work) {
                Ok(units) => Message::End(units),
                Err(error) => Message::Failed(error),
            };
            // Whoever ended the run early has no use for it.
            let _ = watch.0.send(message);
        };
        // Without threads nothing is sent, and the run ends as one that lost its workers.
        let mut running = Vec::new();
        running.extend(Builder::new().name("groups".to_owned()).spawn_scoped(scope, reading));
        for nth in 0..threads {
            let (work, done) = (take_work.clone(), done.clone());
            let folding_thread = move || {
                let watch = Watch(done);
                let mut folder = Folder::default();
                for (number, mut unit) in work {
                    let message = match folder.fold(folding, &mut unit) {
                        Ok(()) => Message::Folded(number, unit),
                        Err(error) => Message::Failed(error),
                    };
                    if watch.0.send(message).is_err() {
                        return;
                    }
                }
            };
            running.extend(Builder::new().name(format!("fold-{nth}")).spawn_scoped(scope, folding_thread));
        }
        drop((take_work, done));
        // When it returns, the channels are closed, and the threads end.
        let end = in_order(messages, idle, stop, take);
        // One that panicked has said so.
        running.into_iter().for_each(|thread| drop(thread.join()));
        end
    })
}

/// Packs groups into units; says how many.
fn read(
    groups: &mut Groups,
    idle: &Receiver<Box<Unit>>,
    work: &Sender<(u64, Box<Unit>)>,
) -> Result<u64, SpillError> {
    let space = groups.space().clone();
    let mut number = 0;
    let Ok(mut unit) = idle.recv() else { return Ok(0) };
    while groups.next_group()? {
        unit.begin(groups.lost().to_vec());
        // They come by their rank already.
        if let Some(log) = groups.log().cloned() {
            while let Some(place) = groups.next_place()? {
                unit.push_place(&log, place);
            }
        }
        while let Some((_, row)) = groups.next_row()? {
            unit.push(0, &[row], &space)?;
        }
        unit.end()?;
        if unit.is_full() {
            let Ok(next) = idle.recv() else { return Ok(number) };
            if work.send((number, std::mem::replace(&mut unit, next))).is_err() {
                return Ok(number);
            }
            number += 1;
        }
    }
    if work.send((number, unit)).is_ok() {
        number += 1;
    }
    Ok(number)
}

fn in_order(
    messages: Receiver<Message>,
    idle: Sender<Box<Unit>>,
    stop: &Stop,
    mut take: impl FnMut(&mut Unit) -> Result<(), End>,
) -> Result<(), End> {
    let mut early = BTreeMap::new();
    let (mut next, mut total) = (0, None);
    while total != Some(next) {
        if stop.is_requested() {
            return Err(End::Interrupted);
        }
        match messages.recv_timeout(STOP_INTERVAL) {
            Ok(Message::Folded(number, unit)) => {
                early.insert(number, unit);
            }
            Ok(Message::End(units)) => total = Some(units),
            Ok(Message::Failed(error)) => return Err(End::SpillFailed(error)),
            Ok(Message::Lost) => return Err(End::WorkersLost),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Err(End::WorkersLost),
        }
        while let Some(mut unit) = early.remove(&next) {
            next += 1;
            take(&mut unit)?;
            unit.clear();
            // The reader may be done already.
            let _ = idle.send(unit);
        }
    }
    Ok(())
}
