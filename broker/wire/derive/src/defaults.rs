//! `Default`, and the values for versions that lack a field.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attributes::{Declaration, Field};

/// `impl Default` with the declared defaults.
pub(crate) fn default_impl(declaration: &Declaration) -> TokenStream {
    let name = &declaration.name;
    let fields = declaration.fields.iter().map(|field| {
        let (field_name, default) = (&field.name, default_of(field));
        quote!(#field_name: #default)
    });
    quote! {
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#fields,)* }
            }
        }
    }
}

/// The default of one field.
pub(crate) fn default_of(field: &Field) -> TokenStream {
    let declared = field.default.as_ref().map(|default| quote!(#default));
    declared.unwrap_or_else(|| quote!(::core::default::Default::default()))
}

/// The condition "this field has its default", for `self`.
pub(crate) fn is_default(field: &Field) -> TokenStream {
    let (name, value_type) = (&field.name, &field.value_type);
    match (&field.default, field.nullable) {
        (Some(default), _) => quote!(self.#name == (#default)),
        (None, Some(_)) => quote!(self.#name.is_none()),
        (None, None) => quote!(self.#name == <#value_type as ::core::default::Default>::default()),
    }
}
