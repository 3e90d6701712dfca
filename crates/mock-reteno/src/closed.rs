//! A server that is not there.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

use crate::options::MockOptions;
use crate::server::Mock;

/// A port of this machine's loopback address at which nobody listens: connections to it are refused. While this lives,
/// the system gives the port to nobody else.
#[derive(Debug)]
pub struct ClosedPort {
    socket: TcpSocket,
    address: SocketAddr,
}

impl ClosedPort {
    /// Any free port.
    ///
    /// # Errors
    /// If no port could be had.
    pub fn new() -> io::Result<Self> {
        Self::at((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// This port, at which nobody listens any more.
    pub(crate) fn at(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Connections to who listened there before may not have ended quite yet.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where the API would be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/api/v1/", self.address)
    }

    /// Starts a mock at this port.
    ///
    /// # Errors
    /// As [`Mock::start_at`].
    pub fn open(self, options: MockOptions) -> io::Result<Mock> {
        let mock = Mock::start_at(self.address, options);
        drop(self.socket);
        mock
    }
}
