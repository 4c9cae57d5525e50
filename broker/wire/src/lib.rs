//! Kafka's messages as Rust structs, and the way from bytes to them and back.
//!
//! What it is: one declaration for each message, in the words of Kafka's own definitions; codecs for every
//! version of it, derived from the declaration; the frames that carry messages over a connection. Decoding is
//! total and bounded: any bytes give a message or an error that says where, and no number from the wire is
//! trusted for an allocation. Record bytes are slices that share the frame's memory, never copies.
//!
//! What it is not: it opens no connection, it does not look into record batches (`klamm-records` does), and it
//! does not know what a broker answers.
//!
//! ```text
//!   frame (without its size) --RequestHeader::peek--> who asks what
//!          |--decode_request---> RequestHeader, ProduceRequest     Decoder --Wire::read--> fields
//!   ProduceResponse --encode_response--> EncodedFrame (chunks)     fields --Wire::write--> Encoder
//! ```
//!
//! To add an API: a file in `messages/`, a line in the table of `api_key.rs`.

// The derived code names this crate as users of the derives do.
extern crate self as klamm_wire;

mod api_key;
pub mod codec;
mod decode_error;
mod decoder;
mod encode_error;
mod encoded_frame;
mod encoder;
mod envelope;
#[cfg(any(test, feature = "generate"))]
pub mod generate;
mod header;
#[cfg(test)]
mod hostile;
mod limits;
mod message;
pub mod messages;
#[cfg(test)]
mod oracle;
mod records;
mod versioned;

pub use api_key::ApiKey;
pub use decode_error::{DecodeError, DecodeFault};
pub use decoder::Decoder;
pub use encode_error::{EncodeError, EncodeFault};
pub use encoded_frame::EncodedFrame;
pub use encoder::Encoder;
pub use envelope::{decode_message, decode_request, decode_response, encode_request, encode_response};
pub use header::{RequestHead, RequestHeader};
pub use limits::Limits;
pub use message::{Message, Request, Response};
pub use messages::*;
pub use records::Records;
pub use versioned::{decode_versioned, encode_versioned, version_of};
