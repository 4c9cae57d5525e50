//! A client that sends and receives frames, good and bad.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use klamm_wire::{Request, RequestHeader, Response, decode_response, encode_request};

/// Long enough for a busy machine: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub struct Client {
    socket: TcpStream,
    next: i32,
    id: String,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Client { socket, next: 1, id: "test".to_owned() }
    }

    /// The same with another client id.
    pub fn called(mut self, id: &str) -> Client {
        id.clone_into(&mut self.id);
        self
    }

    /// The frame of a request, with its size.
    pub fn frame<R: Request>(&mut self, version: i16, request: &R) -> (i32, Bytes) {
        let correlation_id = self.next;
        self.next += 1;
        let header = RequestHeader {
            api_key: R::KEY as i16,
            api_version: version,
            correlation_id,
            client_id: Some(self.id.clone()),
        };
        (correlation_id, encode_request(&header, request).unwrap().into_bytes())
    }

    /// Sends a request; gives its correlation id.
    pub fn send<R: Request>(&mut self, version: i16, request: &R) -> i32 {
        let (correlation_id, frame) = self.frame(version, request);
        self.send_bytes(&frame);
        correlation_id
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// A request of any key and version, with this body after a header without a client id.
    pub fn send_header(&mut self, key: i16, version: i16, correlation_id: i32, body: &[u8]) {
        let mut frame = Vec::new();
        frame.extend(key.to_be_bytes());
        frame.extend(version.to_be_bytes());
        frame.extend(correlation_id.to_be_bytes());
        frame.extend((-1_i16).to_be_bytes());
        frame.extend(body);
        let size = i32::try_from(frame.len()).unwrap().to_be_bytes();
        self.send_bytes(&[&size[..], &frame].concat());
    }

    /// The next answer's frame, without its size.
    pub fn receive_frame(&mut self) -> Bytes {
        let mut size = [0; 4];
        self.socket.read_exact(&mut size).unwrap();
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
        self.socket.read_exact(&mut frame).unwrap();
        frame.into()
    }

    /// As [`Client::receive_frame`]; `None` if the broker closed the connection instead.
    pub fn next_frame(&mut self) -> Option<Bytes> {
        match self.socket.peek(&mut [0; 1]) {
            Ok(0) => None,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            _ => Some(self.receive_frame()),
        }
    }

    /// The next answer, with its correlation id.
    pub fn receive<R: Response>(&mut self, version: i16) -> (i32, R) {
        decode_response(self.receive_frame(), version).unwrap()
    }

    /// Sends a request and gives its answer.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        let sent = self.send(version, request);
        let (received, response) = self.receive(version);
        assert_eq!(received, sent, "correlation id");
        response
    }

    /// As [`Client::call`], in the newest version.
    pub fn ask<R: Request>(&mut self, request: &R) -> R::Response {
        self.call(*R::KEY.versions().end(), request)
    }

    /// Whether the broker has closed the connection, without another byte.
    pub fn is_closed(&mut self) -> bool {
        match self.socket.read(&mut [0; 1]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Whether nothing comes for this long.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let silent = self.socket.peek(&mut [0; 1]).is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        });
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    }

    /// Nothing more will be sent; answers still come.
    pub fn shutdown_write(&self) {
        self.socket.shutdown(std::net::Shutdown::Write).unwrap();
    }
}
