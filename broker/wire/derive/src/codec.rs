//! `Wire`: reading and writing the fields of one struct.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use crate::attributes::{Declaration, Field};
use crate::defaults::{default_of, is_default};

/// `impl Wire` and, for tests (of the crate that declares the struct, or with its feature `generate`), `impl Generate`.
pub(crate) fn wire_impl(declaration: &Declaration) -> TokenStream {
    let name = &declaration.name;
    let min_bytes = declaration.plain().map(min_bytes_of);
    let (read, write) = (read_body(declaration), write_body(declaration));
    let generated = declaration.fields.iter().map(generate);
    quote! {
        impl ::klamm_wire::codec::Wire for #name {
            fn min_bytes(version: i16) -> usize {
                let _ = version;
                0 #(+ #min_bytes)*
            }

            fn read(
                decoder: &mut ::klamm_wire::Decoder,
                version: i16,
            ) -> ::core::result::Result<Self, ::klamm_wire::DecodeError> {
                #read
            }

            fn write(
                &self,
                encoder: &mut ::klamm_wire::Encoder,
                version: i16,
            ) -> ::core::result::Result<(), ::klamm_wire::EncodeError> {
                #write
            }
        }

        impl ::klamm_wire::codec::WireStruct for #name {}

        #[cfg(any(test, feature = "generate"))]
        impl ::klamm_wire::generate::Generate for #name {
            fn generate(tape: &mut ::klamm_wire::generate::Tape<'_>, version: i16) -> Self {
                Self { #(#generated,)* }
            }
        }
    }
}

fn min_bytes_of(field: &Field) -> TokenStream {
    let value_type = &field.value_type;
    // A null of any kind takes one byte or more.
    let not_null = quote!(<#value_type as ::klamm_wire::codec::Wire>::min_bytes(version));
    let bytes = if field.nullable.is_some() { quote!(1) } else { not_null };
    let bytes = in_versions(field, &bytes, &quote!(0));
    quote!(({ #bytes }))
}

fn read_body(declaration: &Declaration) -> TokenStream {
    let plain = declaration.plain().map(|field| {
        let name = &field.name;
        let value = in_versions(field, &read_value(field), &default_of(field));
        quote!(let #name = #value;)
    });
    let tagged = declaration.tagged();
    let tagged_defaults = tagged.iter().map(|(_, field)| {
        let (name, default) = (&field.name, default_of(field));
        quote!(let mut #name = #default;)
    });
    let tagged_arms = tagged.iter().map(|(tag, field)| {
        let (name, value) = (&field.name, read_value(field));
        let guard = field.versions.condition().map(|condition| quote!(if #condition));
        quote!(#tag #guard => { #name = #value; ::core::result::Result::Ok(true) })
    });
    let arms = if tagged.is_empty() {
        quote!(decoder.skip_tagged_fields()?;)
    } else {
        quote! {
            decoder.read_tagged_fields(|decoder, tag| match tag {
                #(#tagged_arms)*
                _ => ::core::result::Result::Ok(false),
            })?;
        }
    };
    let names = declaration.fields.iter().map(|field| &field.name);
    quote! {
        #(#plain)*
        #(#tagged_defaults)*
        if decoder.is_flexible() {
            #arms
        }
        ::core::result::Result::Ok(Self { #(#names,)* })
    }
}

fn read_value(field: &Field) -> TokenStream {
    let (value_type, text) = (&field.value_type, field.name.unraw().to_string());
    let plain = quote!(<#value_type as ::klamm_wire::codec::Wire>::read(decoder, version));
    let nullable = quote!(<#value_type as ::klamm_wire::codec::Nullable>::read_nullable(decoder, version));
    let read = choose_nullable(field, &nullable, &quote!(#plain.map(::core::option::Option::Some)), &plain);
    quote!(#read.map_err(|error| error.in_field(#text))?)
}

fn write_body(declaration: &Declaration) -> TokenStream {
    let plain = declaration.plain().map(|field| in_versions(field, &write_value(field), &refuse(field)));
    let tagged = declaration.tagged();
    let absent = tagged.iter().map(|(_, field)| in_versions(field, &quote!({}), &refuse(field)));
    let counts = tagged.iter().map(|(_, field)| {
        let present = is_present(field);
        quote!(+ u32::from(#present))
    });
    let writes = tagged.iter().map(|(tag, field)| {
        let (present, value) = (is_present(field), write_value(field));
        quote! {
            if #present {
                encoder.put_tagged_field(#tag, |encoder| {
                    #value
                    ::core::result::Result::Ok(())
                })?;
            }
        }
    });
    quote! {
        let _ = version;
        #(#plain)*
        #(#absent)*
        if encoder.is_flexible() {
            encoder.put_uvarint(0 #(#counts)*);
            #(#writes)*
        }
        ::core::result::Result::Ok(())
    }
}

fn write_value(field: &Field) -> TokenStream {
    let (name, value_type, text) = (&field.name, &field.value_type, field.name.unraw().to_string());
    let nullable = quote! {
        <#value_type as ::klamm_wire::codec::Nullable>::write_nullable(self.#name.as_ref(), encoder, version)
    };
    let never_null = quote!(::klamm_wire::codec::write_never_null(self.#name.as_ref(), encoder, version));
    let plain = quote!(<#value_type as ::klamm_wire::codec::Wire>::write(&self.#name, encoder, version));
    let write = choose_nullable(field, &nullable, &never_null, &plain);
    quote!(#write.map_err(|error| error.in_field(#text))?;)
}

/// What to do with a field in a version that lacks it.
fn refuse(field: &Field) -> TokenStream {
    if field.ignorable {
        return quote!({});
    }
    let (text, is_default) = (field.name.unraw().to_string(), is_default(field));
    quote! {
        if !(#is_default) {
            return ::core::result::Result::Err(::klamm_wire::EncodeError::not_in_version(#text, version));
        }
    }
}

fn is_present(field: &Field) -> TokenStream {
    let is_default = is_default(field);
    let condition = field.versions.condition().unwrap_or_else(|| quote!(true));
    quote!((#condition && !(#is_default)))
}

fn generate(field: &Field) -> TokenStream {
    let (name, value_type) = (&field.name, &field.value_type);
    let plain = quote!(<#value_type as ::klamm_wire::generate::Generate>::generate(tape, version));
    let nullable = quote!(tape.null_or(|tape| {
        <#value_type as ::klamm_wire::generate::Generate>::generate(tape, version)
    }));
    let value = choose_nullable(field, &nullable, &quote!(::core::option::Option::Some(#plain)), &plain);
    let value = in_versions(field, &value, &default_of(field));
    quote!(#name: #value)
}

/// `present` in the versions that have the field, `absent` in the others.
fn in_versions(field: &Field, present: &TokenStream, absent: &TokenStream) -> TokenStream {
    let Some(condition) = field.versions.condition() else { return present.clone() };
    quote!(if #condition { #present } else { #absent })
}

/// The code for a field that may be null now, that may be null in other versions, or that is no `Option`.
fn choose_nullable(
    field: &Field,
    nullable: &TokenStream,
    never_null: &TokenStream,
    plain: &TokenStream,
) -> TokenStream {
    match field.nullable {
        None => plain.clone(),
        Some(versions) if versions.covers(field.versions) => nullable.clone(),
        Some(versions) => {
            let condition = versions.condition().unwrap_or_else(|| quote!(true));
            quote!((if #condition { #nullable } else { #never_null }))
        }
    }
}
