//! `#[derive(Fields)]` and `#[derive(Message)]`: codecs from declarations.
//!
//! What it is: it turns a struct whose fields say in which versions they exist into the code that reads and
//! writes every version. A declaration carries the facts of Kafka's message definition and nothing else.
//!
//! What it is not: it knows no message and no type of Kafka's; how a type looks on the wire is
//! `klamm_wire::codec`'s.
//!
//! ```text
//!   struct + attributes --attributes--> Declaration --defaults, codec, message--> impl Default, Wire, Message
//! ```
//!
//! # Attributes of a message
//!
//! `#[message(key = Produce, kind = request, versions = "3-13", flexible = "9+")]`: the API key, whether it is
//! the request or the response, the versions, and the versions with compact lengths and tagged fields
//! (KIP-482; left out where a message has none). `ProduceRequest` finds its response by name:
//! `ProduceResponse`.
//!
//! # Attributes of a field
//!
//! `#[field(..)]` with any of
//! - `versions = "4+"`: the versions that have the field; all, unless said.
//! - `nullable` or `nullable = "12+"`: the versions in which the field may be null, all unless said. An `Option`
//!   must say it.
//! - `tag = 0`: the field is a tagged one, in all of its versions.
//! - `default = -1`: its value in versions that lack it, and in `Default`; `Default::default()` unless said.
//! - `ignorable`: in a version that lacks the field, a value is dropped. Without it such a value is an error,
//!   because the receiver would misunderstand the message.

mod attributes;
mod codec;
mod defaults;
mod message;
mod versions;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

use crate::attributes::{Declaration, MessageAttributes};

/// Derives `Default` with Kafka's defaults and `Wire` for a struct inside a message.
#[proc_macro_derive(Fields, attributes(field))]
pub fn derive_fields(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives what [`Fields`](macro@Fields) does, and `Message` with `Request` or `Response`.
#[proc_macro_derive(Message, attributes(message, field))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    message(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn fields(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let declaration = Declaration::parse(input)?;
    let default = defaults::default_impl(&declaration);
    let wire = codec::wire_impl(&declaration);
    Ok(quote! { #default #wire })
}

fn message(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let attributes = MessageAttributes::parse(input)?;
    let fields = fields(input)?;
    let message = message::message_impl(&input.ident, &attributes);
    Ok(quote! { #fields #message })
}
