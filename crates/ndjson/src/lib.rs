//! Streams JSON records out of files and pipes, in blocks, and parses them onto a tape.
