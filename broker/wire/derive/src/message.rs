//! `Message`, and `Request` or `Response`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::attributes::{Kind, MessageAttributes};

/// `impl Message` with the side's trait, and a proof at compile time that the table of API keys agrees.
pub(crate) fn message_impl(name: &Ident, attributes: &MessageAttributes) -> TokenStream {
    let MessageAttributes { key, kind, versions, flexible } = attributes;
    let (first, last, text) = (versions.first, versions.last, name.to_string());
    let first_flexible = flexible.map(|flexible| flexible.first).map_or_else(
        || quote!(::core::option::Option::None),
        |first| quote!(::core::option::Option::Some(#first)),
    );
    let side = side_impl(name, *kind);
    quote! {
        impl ::klamm_wire::Message for #name {
            const KEY: ::klamm_wire::ApiKey = ::klamm_wire::ApiKey::#key;
            const VERSIONS: ::core::ops::RangeInclusive<i16> = #first..=#last;
            const FIRST_FLEXIBLE: ::core::option::Option<i16> = #first_flexible;
            const NAME: &'static str = #text;
        }

        const _: () = assert!(
            ::klamm_wire::ApiKey::#key.agrees_with(#first, #last, #first_flexible),
            "the table of API keys says other versions",
        );

        #side
    }
}

fn side_impl(name: &Ident, kind: Kind) -> TokenStream {
    if kind == Kind::Response {
        return quote!(impl ::klamm_wire::Response for #name {});
    }
    let text = name.to_string();
    let response = format_ident!("{}Response", text.strip_suffix("Request").unwrap_or(&text));
    quote! {
        impl ::klamm_wire::Request for #name {
            type Response = #response;
        }
    }
}
