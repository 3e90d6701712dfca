//! Ports at which nobody listens.

use std::io::ErrorKind;
use std::net::TcpStream;

use mock_reteno::{ClosedPort, MockOptions};

fn connect(url: &str) -> Result<TcpStream, ErrorKind> {
    let host = url.strip_prefix("http://").and_then(|url| url.strip_suffix("/api/v1/")).expect(url);
    TcpStream::connect(host).map_err(|error| error.kind())
}

#[test]
fn a_port_is_closed_open_and_closed_again() {
    let port = ClosedPort::new().expect("a port");
    let url = port.url();
    assert_eq!(connect(&url).expect_err("nobody listens"), ErrorKind::ConnectionRefused);
    let mock = port.open(MockOptions::default()).expect("a mock");
    assert_eq!(mock.url(), url);
    let open = connect(&url).expect("a mock listens");
    let port = mock.close().expect("the port stays");
    assert_eq!(port.url(), url);
    assert_eq!(connect(&url).expect_err("nobody listens any more"), ErrorKind::ConnectionRefused);
    drop(open);
}
