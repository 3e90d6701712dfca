//! The mock as it runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::account::Account;
use crate::closed::ClosedPort;
use crate::connection::{Line, Listener};
use crate::contact::ContactState;
use crate::fault::{Draw, Faults};
use crate::log::{Log, Request};
use crate::options::MockOptions;
use crate::request::Reader;
use crate::routes;

/// As many requests are worked on at once, at least: a busy one must not keep others from arriving.
const WORKERS: usize = 4;

/// A running mock. It listens on a thread of its own and stops when it is dropped.
///
/// What it is asked to tell waits for nothing: sessions that are due are settled first.
#[derive(Debug)]
pub struct Mock {
    server: Arc<Server>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the routes share.
pub(crate) struct Server {
    pub(crate) options: MockOptions,
    pub(crate) reader: Reader,
    account: Mutex<Account>,
    log: Mutex<Log>,
    draw: Mutex<Draw>,
    /// How many requests were answered 400 so far.
    pub(crate) bad_requests: AtomicUsize,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        locked(&self.account)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.log)
    }

    pub(crate) fn draw(&self) -> MutexGuard<'_, Draw> {
        locked(&self.draw)
    }
}

/// A test that failed while it held the lock must not hide its message behind those of others.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mock {
    /// Starts a mock on a free port of this machine's loopback address.
    ///
    /// # Errors
    /// If no port could be had, or no thread.
    pub fn start(options: MockOptions) -> io::Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), options)
    }

    /// Starts a mock at this address.
    ///
    /// # Errors
    /// If the address could not be had, or no thread.
    pub fn start_at(address: SocketAddr, options: MockOptions) -> io::Result<Self> {
        let server = Arc::new(Server {
            reader: Reader::new().map_err(io::Error::other)?,
            account: Mutex::new(Account::new(&options)),
            log: Mutex::new(Log::new(options.rate)),
            draw: Mutex::new(Draw::new(options.faults.clone(), options.seed)),
            bad_requests: AtomicUsize::new(0),
            options,
        });
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("mock-reteno")
            .enable_io()
            .enable_time()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            Listener(tokio::net::TcpListener::from_std(listener)?)
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("mock-reteno".to_owned()).spawn({
            let server = Arc::clone(&server);
            move || serve(runtime, listener, server, stopped)
        })?;
        Ok(Self { server, address, stop: Some(stop), thread: Some(thread) })
    }

    /// The base of its paths, such as `http://127.0.0.1:40123/api/v1/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/api/v1/", self.address)
    }

    /// The contact with this `externalCustomerId`, deleted or not.
    #[must_use]
    pub fn contact(&self, key: &str) -> Option<ContactState> {
        self.server.account().contacts().by_external_id(key).cloned()
    }

    /// All contacts, deleted ones too, in the order of their numbers.
    #[must_use]
    pub fn contacts(&self) -> Vec<ContactState> {
        self.server.account().contacts().all().cloned().collect()
    }

    /// How often a request that holds this `externalCustomerId` was accepted. It is counted when the request is
    /// accepted, whatever becomes of the contact: also if it comes back as failed, or its session ends with an error.
    #[must_use]
    pub fn applied(&self, key: &str) -> u32 {
        self.server.account().applied(key)
    }

    /// The BLAKE3 hashes, in hexadecimal, of the bodies that were accepted, in the order in which each was first
    /// accepted, and how often it was.
    #[must_use]
    pub fn applied_bodies(&self) -> Vec<(String, u32)> {
        self.server.account().applied_bodies().to_vec()
    }

    /// All requests so far, in the order in which they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.log().requests().to_vec()
    }

    /// The most `POST contacts` that arrived within any one second, refused ones included.
    #[must_use]
    pub fn most_in_a_second(&self) -> usize {
        self.server.log().seconds().max().unwrap_or_default()
    }

    /// In how many windows of one second more `POST contacts` arrived than this, refused ones included. There is a
    /// window for each of them: the second that it ends.
    #[must_use]
    pub fn windows_above(&self, rate: usize) -> usize {
        self.server.log().seconds().filter(|requests| *requests > rate).count()
    }

    /// Stops; from now on connections to its port are refused.
    ///
    /// # Errors
    /// If the port could not be kept.
    pub fn close(self) -> io::Result<ClosedPort> {
        let address = self.address;
        drop(self);
        ClosedPort::at(address)
    }

    /// From now on these faults, their script from its beginning.
    pub fn set_faults(&self, faults: Faults) {
        self.server.draw().set(faults);
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // Where the thread is gone already, nobody waits for this.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(runtime: Runtime, listener: Listener, server: Arc<Server>, stopped: oneshot::Receiver<()>) {
    let service = routes::router(server).into_make_service_with_connect_info::<Line>();
    runtime.block_on(async {
        tokio::select! {
            // It has no end of its own.
            _ = async { axum::serve(listener, service).await } => {}
            _ = stopped => {}
        }
    });
    // Connections end with the runtime; what a request is busy with may end by itself.
    runtime.shutdown_background();
}
