//! Connections that can be broken where it hurts.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const WHOLE: u8 = 0;
const RESET: u8 = 1;
const CUT_SHORT: u8 = 2;
const ENDED: u8 = 3;

/// How the connection of a request treats the answer that comes next. A handler sees it, and the connection obeys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Arc<AtomicU8>);

impl Line {
    /// Instead of the next answer the connection is reset.
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::SeqCst);
    }

    /// Half of the body of the next answer is sent, and then the connection ends.
    pub(crate) fn cut_short(&self) {
        self.0.store(CUT_SHORT, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, Listener>> for Line {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().line.clone()
    }
}

/// Accepts connections with a [`Line`].
pub(crate) struct Listener(pub(crate) TcpListener);

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    // Small answers must not wait for one another; where that cannot be had, they do.
                    let _ = stream.set_nodelay(true);
                    return (Connection { stream, line: Line::default() }, address);
                }
                // Out of files, most likely: some will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that does to answers what its line says.
pub(crate) struct Connection {
    stream: TcpStream,
    line: Line,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    // The server writes a small answer whole, head and body at once: vectored writes are not offered.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.line.0.load(Ordering::SeqCst) {
            WHOLE => Pin::new(&mut self.stream).poll_write(cx, buf),
            CUT_SHORT => {
                let written = Pin::new(&mut self.stream).poll_write(cx, &buf[..half_of_body(buf)]);
                if written.is_ready() {
                    self.line.0.store(ENDED, Ordering::SeqCst);
                }
                written
            }
            state => {
                if state == RESET {
                    self.stream.set_zero_linger()?;
                }
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How much of an answer is its head and half of its body.
fn half_of_body(answer: &[u8]) -> usize {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    let head = answer.windows(HEAD_END.len()).position(|window| window == HEAD_END);
    let head = head.map_or(0, |at| at + HEAD_END.len());
    head + (answer.len() - head) / 2
}
