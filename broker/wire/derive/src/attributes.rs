//! What a declaration says, read from its attributes.

use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Ident, LitInt, Token, Type};

use crate::versions::Versions;

/// A struct inside a message, or the message itself.
pub(crate) struct Declaration {
    pub(crate) name: Ident,
    pub(crate) fields: Vec<Field>,
}

/// One field of a declaration.
pub(crate) struct Field {
    pub(crate) name: Ident,
    /// The declared type; the inner one if the declared one is an `Option`.
    pub(crate) value_type: Type,
    pub(crate) versions: Versions,
    /// The versions in which the `Option` may be null; `None` if the declared type is no `Option`.
    pub(crate) nullable: Option<Versions>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Option<Expr>,
    pub(crate) ignorable: bool,
}

/// Which side of an API a message is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
}

/// What `#[message(..)]` says.
pub(crate) struct MessageAttributes {
    pub(crate) key: Ident,
    pub(crate) kind: Kind,
    pub(crate) versions: Versions,
    pub(crate) flexible: Option<Versions>,
}

impl Declaration {
    pub(crate) fn parse(input: &DeriveInput) -> syn::Result<Declaration> {
        let Data::Struct(data) = &input.data else {
            return Err(syn::Error::new(input.span(), "a message is a struct"));
        };
        let Fields::Named(fields) = &data.fields else {
            return Err(syn::Error::new(input.span(), "the fields of a message have names"));
        };
        let fields = fields.named.iter().map(Field::parse).collect::<syn::Result<Vec<_>>>()?;
        Ok(Declaration { name: input.ident.clone(), fields })
    }

    /// The fields that stand one after the other.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.tag.is_none())
    }

    /// The tagged fields with their tags, in the order of the tags, as KIP-482 has them on the wire.
    pub(crate) fn tagged(&self) -> Vec<(u32, &Field)> {
        let mut tagged: Vec<_> =
            self.fields.iter().filter_map(|field| field.tag.map(|tag| (tag, field))).collect();
        tagged.sort_by_key(|(tag, _)| *tag);
        tagged
    }
}

impl Field {
    fn parse(field: &syn::Field) -> syn::Result<Field> {
        let Some(name) = field.ident.clone() else {
            return Err(syn::Error::new(field.span(), "the fields of a message have names"));
        };
        let inner = option_of(&field.ty);
        let mut parsed = Field {
            name,
            value_type: inner.unwrap_or(&field.ty).clone(),
            versions: Versions::ALL,
            nullable: None,
            tag: None,
            default: None,
            ignorable: false,
        };
        for attribute in named(&field.attrs, "field") {
            parsed.read(attribute)?;
        }
        if inner.is_some() != parsed.nullable.is_some() {
            return Err(syn::Error::new(field.span(), "an `Option`, and nothing else, says `nullable`"));
        }
        Ok(parsed)
    }

    fn read(&mut self, attribute: &Attribute) -> syn::Result<()> {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("versions") {
                self.versions = Versions::parse(&meta.value()?.parse()?)?;
            } else if meta.path.is_ident("nullable") {
                let every = !meta.input.peek(Token![=]);
                let versions = if every { Versions::ALL } else { Versions::parse(&meta.value()?.parse()?)? };
                self.nullable = Some(versions);
            } else if meta.path.is_ident("tag") {
                self.tag = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
            } else if meta.path.is_ident("default") {
                self.default = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("ignorable") {
                self.ignorable = true;
            } else {
                return Err(meta.error("a field says `versions`, `nullable`, `tag`, `default`, `ignorable`"));
            }
            Ok(())
        })
    }
}

impl MessageAttributes {
    pub(crate) fn parse(input: &DeriveInput) -> syn::Result<MessageAttributes> {
        let (mut key, mut kind, mut versions, mut flexible) = (None, None, None, None);
        for attribute in named(&input.attrs, "message") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("key") {
                    key = Some(meta.value()?.parse::<Ident>()?);
                } else if meta.path.is_ident("kind") {
                    kind = Some(Kind::parse(&meta.value()?.parse()?)?);
                } else if meta.path.is_ident("versions") {
                    versions = Some(Versions::parse(&meta.value()?.parse()?)?);
                } else if meta.path.is_ident("flexible") {
                    flexible = Some(Versions::parse(&meta.value()?.parse()?)?);
                } else {
                    return Err(meta.error("a message says `key`, `kind`, `versions`, `flexible`"));
                }
                Ok(())
            })?;
        }
        let missing = |what: &str| syn::Error::new(input.span(), format!("the message says no `{what}`"));
        Ok(MessageAttributes {
            key: key.ok_or_else(|| missing("key"))?,
            kind: kind.ok_or_else(|| missing("kind"))?,
            versions: versions.ok_or_else(|| missing("versions"))?,
            flexible,
        })
    }
}

impl Kind {
    fn parse(name: &Ident) -> syn::Result<Kind> {
        match name.to_string().as_str() {
            "request" => Ok(Kind::Request),
            "response" => Ok(Kind::Response),
            _ => Err(syn::Error::new(name.span(), "a message is a `request` or a `response`")),
        }
    }
}

fn named<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a Attribute> {
    attributes.iter().filter(move |attribute| attribute.path().is_ident(name))
}

/// `T` of `Option<T>`.
fn option_of(declared: &Type) -> Option<&Type> {
    let Type::Path(path) = declared else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}
