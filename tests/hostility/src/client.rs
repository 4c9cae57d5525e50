//! A connection on which anything can be sent.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use klamm_wire::{Request, RequestHeader, decode_response, encode_request};

/// Long enough for a busy machine: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// One connection.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    next: i32,
}

/// What came instead of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A frame, without its size.
    Frame(Bytes),
    /// The broker closed the connection.
    Closed,
    /// Nothing, for as long as was waited.
    Silence,
}

impl Client {
    /// Connects to `address`.
    pub fn connect(address: SocketAddr) -> io::Result<Client> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { socket, next: 1 })
    }

    /// The same connection, for a thread that only reads.
    pub fn reader(&self) -> io::Result<Client> {
        Ok(Client { socket: self.socket.try_clone()?, next: self.next })
    }

    /// The frame of a request, with its size, and its correlation id.
    pub fn frame<R: Request>(&mut self, version: i16, request: &R) -> (i32, Bytes) {
        let correlation_id = self.next;
        self.next += 1;
        let client_id = Some("hostility".to_owned());
        let header =
            RequestHeader { api_key: R::KEY.as_i16(), api_version: version, correlation_id, client_id };
        (correlation_id, encode_request(&header, request).unwrap().into_bytes())
    }

    /// Sends bytes, whatever they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// The next frame, waited for as long as `time`.
    pub fn receive_within(&mut self, time: Duration) -> Answer {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let mut size = [0; 4];
        if let Err(error) = self.socket.read_exact(&mut size) {
            return match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Answer::Silence,
                _ => Answer::Closed,
            };
        }
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let size = usize::try_from(i32::from_be_bytes(size)).unwrap();
        let mut frame = Vec::new();
        match (&mut self.socket).take(size as u64).read_to_end(&mut frame) {
            Ok(read) if read == size => Answer::Frame(frame.into()),
            Ok(_) => Answer::Closed,
            Err(error) => panic!("the rest of an answer does not come: {error}"),
        }
    }

    /// The next frame.
    pub fn receive(&mut self) -> Answer {
        self.receive_within(PATIENCE)
    }

    /// Sends a request and gives its answer.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let (sent, frame) = self.frame(version, request);
        self.send(&frame).unwrap();
        let Answer::Frame(frame) = self.receive() else { panic!("{} is not answered", R::NAME) };
        let (received, response) = decode_response(frame, version).unwrap();
        assert_eq!(received, sent, "correlation id");
        response
    }

    /// As [`Client::call`], in the newest version.
    pub fn ask<R: Request>(&mut self, request: &R) -> R::Response {
        self.call(*R::VERSIONS.end(), request)
    }
}
