//! One body per line, on standard output or any other writer.

use std::io::{self, Write};

use batch::Body;
use batch::manifest::Completion;

use crate::{Sink, SinkError, Written};

/// Writes each body and a line feed, and flushes, so that a reader has a body as soon as it is ready.
///
/// Give it an unbuffered writer: it writes whole bodies.
#[derive(Debug)]
pub struct StdoutSink<W> {
    writer: W,
    written: Written,
}

impl<W: Write> StdoutSink<W> {
    /// Writes to standard output or whatever stands for it.
    pub fn new(writer: W) -> Self {
        Self { writer, written: Written::default() }
    }

    /// The writer, with everything in it that was written.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Write + Send> Sink for StdoutSink<W> {
    fn write(&mut self, body: &Body) -> Result<(), SinkError> {
        self.writer
            .write_all(&body.bytes)
            .and_then(|()| self.writer.write_all(b"\n"))
            .and_then(|()| self.writer.flush())
            .map_err(output_error)?;
        self.written.add(body);
        Ok(())
    }

    fn contacts_written(&self) -> u64 {
        self.written.contacts
    }

    fn finish(mut self: Box<Self>, completion: Completion) -> Result<(), SinkError> {
        self.written.check(&completion)?;
        self.writer.flush().map_err(output_error)
    }
}

fn output_error(source: io::Error) -> SinkError {
    match source.kind() {
        io::ErrorKind::BrokenPipe => SinkError::Closed,
        _ => SinkError::Output { source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::body;

    /// Takes so many bytes, then fails.
    #[derive(Debug)]
    struct Full(usize, io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(self.1.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn standard_output_is_a_sink() {
        crate::conformance::check(|| Box::new(StdoutSink::new(Vec::new())));
    }

    #[test]
    fn each_body_is_one_line() {
        let mut sink = StdoutSink::new(Vec::new());
        let bodies = [body(1), body(2)];
        for body in &bodies {
            sink.write(body).expect("memory");
        }
        let text = sink.into_inner();
        let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
        assert_eq!(lines.len(), 2);
        for (line, body) in lines.iter().zip(&bodies) {
            assert_eq!(line[..line.len() - 1], body.bytes);
        }
    }

    #[test]
    fn a_body_that_was_written_in_part_does_not_count() {
        let first = body(3);
        for (kind, closed) in [
            (io::ErrorKind::BrokenPipe, true),
            (io::ErrorKind::StorageFull, false),
            (io::ErrorKind::Other, false),
        ] {
            let mut sink = StdoutSink::new(Full(first.bytes.len() + 5, kind));
            sink.write(&first).expect("there is room for it");
            let error = sink.write(&body(4)).expect_err("no more room");
            assert_eq!(matches!(error, SinkError::Closed), closed, "{error}");
            assert_eq!(error.is_out_of_space(), kind == io::ErrorKind::StorageFull);
            assert_eq!(sink.contacts_written(), 3);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_an_error_that_says_so() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let error = StdoutSink::new(full).write(&body(1)).expect_err("it is always full");
        assert!(error.is_out_of_space());
        assert!(error.to_string().contains("disk is full"), "{error}");
    }
}
