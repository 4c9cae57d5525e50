//! Kafka's form of an address: `PLAINTEXT://HOST:PORT`.

use super::OptionsError;

/// The `host:port` of a `listeners` or `advertised.listeners` setting.
pub(super) fn address(setting: &'static str, value: &str) -> Result<String, OptionsError> {
    let refuse = |reason| Err(OptionsError::Listener { setting, value: value.to_owned(), reason });
    if value.contains(',') {
        return refuse("this broker has one listener");
    }
    let Some((protocol, address)) = value.trim().split_once("://") else {
        return refuse("the protocol is missing");
    };
    if !protocol.eq_ignore_ascii_case("PLAINTEXT") {
        return refuse("only PLAINTEXT is offered");
    }
    match address.strip_prefix(':') {
        // Kafka takes the missing host for every address of the machine.
        Some(port) => Ok(format!("0.0.0.0:{port}")),
        None => Ok(address.to_owned()),
    }
}

/// The setting's form of `host:port`.
pub(super) fn setting(address: &str) -> String {
    format!("PLAINTEXT://{address}")
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn kafkas_form_becomes_an_address() {
        assert_eq!(address("listeners", "PLAINTEXT://localhost:9092").unwrap(), "localhost:9092");
        assert_eq!(address("listeners", "plaintext://:9092").unwrap(), "0.0.0.0:9092");
    }

    #[test]
    fn what_is_not_offered_is_refused_with_the_reason() {
        for (value, reason) in [
            ("SSL://localhost:9093", "only PLAINTEXT is offered"),
            ("localhost:9092", "the protocol is missing"),
            ("PLAINTEXT://a:1,PLAINTEXT://b:2", "this broker has one listener"),
        ] {
            let error = address("listeners", value).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("PLAINTEXT://HOST:PORT"), "{error}");
        }
    }
}
