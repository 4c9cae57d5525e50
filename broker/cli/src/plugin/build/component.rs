//! From a module to a component.

use wit_component::ComponentEncoder;

use crate::error::CliError;

/// The component of a module that says in its custom sections what it is, as the SDK's macro makes it.
pub(super) fn of_module(module: &[u8]) -> Result<Vec<u8>, CliError> {
    let mut encoder =
        ComponentEncoder::default().validate(true).module(module).map_err(|error| failed(&error))?;
    encoder.encode().map_err(|error| failed(&error))
}

fn failed(error: &impl std::fmt::Display) -> CliError {
    CliError::failed(format!("the module makes no component: {error:#}"))
        .next("does the crate have `klamm_plugin::export!(..)`, once, and use nothing of WASI?")
}

#[cfg(test)]
mod tests {
    use super::of_module;

    #[test]
    fn what_makes_no_component_is_said() {
        let error = of_module(b"\0asm\x01\0\0\0 and no more").unwrap_err().to_string();
        assert!(error.starts_with("error: the module makes no component: "), "{error}");
        assert!(error.contains("klamm_plugin::export!"), "{error}");
    }
}
