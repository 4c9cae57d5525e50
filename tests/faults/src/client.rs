//! A client of a broker that may be killed at any moment: it sends what it is told and says what became of it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use klamm_wire::{Request, RequestHeader, Response, decode_response, encode_request};

use crate::PATIENCE;

/// One connection.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    next: i32,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn connect(bootstrap: &str) -> io::Result<Client> {
        let socket = TcpStream::connect(bootstrap)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        Ok(Client { socket, next: 1 })
    }

    /// Sends a request and doesn't wait for its answer.
    ///
    /// # Errors
    /// If the connection is broken.
    ///
    /// # Panics
    /// If the request can't be encoded in that version.
    pub fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<()> {
        let header = RequestHeader {
            api_key: R::KEY.as_i16(),
            api_version: version,
            correlation_id: self.next,
            client_id: Some("faults".to_owned()),
        };
        self.next += 1;
        let frame = encode_request(&header, request).expect("a request can be encoded").into_bytes();
        self.socket.write_all(&frame)
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    /// If the connection breaks first.
    ///
    /// # Panics
    /// If a whole answer comes that isn't one.
    pub fn receive<R: Response>(&mut self, version: i16) -> io::Result<R> {
        let mut size = [0; 4];
        self.socket.read_exact(&mut size)?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).expect("sizes are positive")];
        self.socket.read_exact(&mut frame)?;
        let (_, response) = decode_response(frame.into(), version).expect("an answer of this version");
        Ok(response)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// If the connection breaks; nobody knows then whether the request was heeded.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        self.send(version, request)?;
        self.receive(version)
    }

    /// As [`Client::call`], in the newest version.
    ///
    /// # Errors
    /// As those of [`Client::call`].
    pub fn ask<R: Request>(&mut self, request: &R) -> io::Result<R::Response> {
        self.call(*R::VERSIONS.end(), request)
    }
}
