//! Limits of single addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::raw::{Kind, Raw};
use super::valid::Valid;
use super::value::{SettingValue, read_raw};

/// `max.connections.per.ip.overrides`: how many connections an address may have that is not like the others.
///
/// Kafka also takes names of hosts and looks them up once. Here a name is refused: which address it stands for
/// may be another tomorrow, and a limit that silently stops to count is worse than none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionsPerIp(BTreeMap<IpAddr, i32>);

impl ConnectionsPerIp {
    /// The limit of this address, if it has one of its own.
    pub fn of(&self, address: IpAddr) -> Option<i32> {
        self.0.get(&address.to_canonical()).copied()
    }

    /// Reads `ADDRESS:NUMBER,ADDRESS:NUMBER`. An IPv6 address may stand in brackets; as in Kafka the last colon
    /// counts. The error is the reason.
    pub(super) fn parse(text: &str) -> Result<ConnectionsPerIp, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        Ok(ConnectionsPerIp(entries.map(entry).collect::<Result<_, _>>()?))
    }
}

fn entry(text: &str) -> Result<(IpAddr, i32), String> {
    let (address, number) =
        text.rsplit_once(':').ok_or_else(|| format!("{text} is not of the form ADDRESS:NUMBER"))?;
    let address = address.trim().trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr =
        address.parse().map_err(|_| format!("{address} is not an IP address; names are not looked up"))?;
    match number.trim().parse::<i32>() {
        Ok(number) if number >= 0 => Ok((address.to_canonical(), number)),
        _ => Err(format!("{number} is not a number of connections")),
    }
}

impl SettingValue for ConnectionsPerIp {
    const KIND: Kind = Kind::String;

    fn read(text: &str, valid: Valid) -> Result<Self, String> {
        match read_raw(Self::KIND, text, valid)? {
            Raw::Text(text) => ConnectionsPerIp::parse(&text),
            other => Err(format!("{other} is not of type {}", Self::KIND.name())),
        }
    }

    fn show(&self) -> Option<String> {
        let entries: Vec<_> = self.0.iter().map(|(address, number)| format!("{address}:{number}")).collect();
        Some(entries.join(","))
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::ConnectionsPerIp;
    use crate::settings::value::SettingValue;

    fn limit(limits: &ConnectionsPerIp, address: &str) -> Option<i32> {
        limits.of(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn addresses_have_limits_of_their_own() {
        let limits = ConnectionsPerIp::parse("10.0.0.1:5, ::1:6,[fe80::1]:0").unwrap();
        assert_eq!(limit(&limits, "10.0.0.1"), Some(5));
        assert_eq!(limit(&limits, "::ffff:10.0.0.1"), Some(5), "a client of a socket for both kinds");
        assert_eq!(limit(&limits, "::1"), Some(6));
        assert_eq!(limit(&limits, "fe80::1"), Some(0));
        assert_eq!(limit(&limits, "10.0.0.2"), None);
        assert_eq!(limits.show().unwrap(), "10.0.0.1:5,::1:6,fe80::1:0");
        assert_eq!(ConnectionsPerIp::parse(&limits.show().unwrap()), Ok(limits));
        assert_eq!(ConnectionsPerIp::parse(""), Ok(ConnectionsPerIp::default()));
    }

    #[test]
    fn what_is_not_an_address_with_a_number_is_refused() {
        for bad in ["10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:-1", "localhost:5", ":5"] {
            assert!(ConnectionsPerIp::parse(bad).is_err(), "{bad}");
        }
    }
}
