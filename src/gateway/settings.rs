//! Where the gateway listens and to which names it answers, from flags, environment and config in that order.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::config::schema;
use crate::env::Env;

/// The port when nothing else is said.
pub const USUAL_PORT: u16 = 18789;

/// The variable that sets the port.
const PORT_VARIABLE: &str = "FASED_GATEWAY_PORT";

/// What a start asks for by flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// `--port`.
    pub port: Option<u16>,
    /// `--bind`: the one way to be reached from other machines.
    pub bind: Option<IpAddr>,
}

/// Settings that hold from start to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// What the config wants and does not get.
    pub unheeded: Option<UnheededBind>,
}

/// An address in the config that would open the gateway to other machines, which only a flag does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "gateway.bind is \"{0}\", and only --bind opens the gateway to other machines; it listens on this machine alone"
)]
pub struct UnheededBind(String);

/// The variable holds no port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("FASED_GATEWAY_PORT is not a port from 0 to 65535")]
pub struct BadPort;

impl Settings {
    /// Works them out.
    ///
    /// # Errors
    /// When the variable holds no port.
    pub fn resolve(asked: Asked, config: &schema::Gateway, env: &Env) -> Result<Self, BadPort> {
        let port = port(asked.port, config, env)?;
        let (ip, unheeded) = match (asked.bind, config.bind.as_deref().map(str::trim)) {
            (Some(ip), _) => (ip, None),
            (None, None | Some("" | "loopback" | "localhost")) => (Ipv4Addr::LOCALHOST.into(), None),
            (None, Some(text)) => match text.parse::<IpAddr>() {
                Ok(ip) if ip.is_loopback() => (ip, None),
                _ => (Ipv4Addr::LOCALHOST.into(), Some(UnheededBind(crate::text::one_line(text)))),
            },
        };
        Ok(Self { address: SocketAddr::new(ip, port), unheeded })
    }
}

/// The port the gateway of this configuration has, or would have.
///
/// # Errors
/// When the variable holds no port.
pub fn port(asked: Option<u16>, config: &schema::Gateway, env: &Env) -> Result<u16, BadPort> {
    if let Some(port) = asked {
        return Ok(port);
    }
    match env.get(PORT_VARIABLE) {
        Some(text) => text.trim().parse().map_err(|_| BadPort),
        None => Ok(config.port.unwrap_or(USUAL_PORT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(asked: Asked, config: &str, env: &[(&str, &str)]) -> Result<Settings, BadPort> {
        let config = crate::config::load::parse(config).unwrap();
        Settings::resolve(asked, &config.gateway, &Env::from_pairs(env.iter().copied()))
    }

    #[test]
    fn a_flag_wins_over_the_variable_and_that_over_the_config() {
        let of = |asked, config, env: &[(&str, &str)]| resolve(asked, config, env).unwrap().address.port();
        let flag = Asked { port: Some(1), bind: None };
        assert_eq!(of(flag, "{gateway:{port:3}}", &[(PORT_VARIABLE, "2")]), 1);
        assert_eq!(of(Asked::default(), "{gateway:{port:3}}", &[(PORT_VARIABLE, "2")]), 2);
        assert_eq!(of(Asked::default(), "{gateway:{port:3}}", &[(PORT_VARIABLE, "")]), 3);
        assert_eq!(of(Asked::default(), "{}", &[]), USUAL_PORT);
        assert_eq!(resolve(Asked::default(), "{}", &[(PORT_VARIABLE, "web")]), Err(BadPort));
    }

    #[test]
    fn only_a_flag_opens_it_to_other_machines() {
        for bind in ["lan", "auto", "0.0.0.0", "192.168.1.5", "::"] {
            let settings = resolve(Asked::default(), &format!("{{gateway:{{bind:'{bind}'}}}}"), &[]).unwrap();
            assert!(settings.address.ip().is_loopback() && settings.unheeded.is_some(), "{bind}");
        }
        for bind in ["loopback", "localhost", "127.0.0.1", "::1", ""] {
            let settings = resolve(Asked::default(), &format!("{{gateway:{{bind:'{bind}'}}}}"), &[]).unwrap();
            assert!(settings.address.ip().is_loopback() && settings.unheeded.is_none(), "{bind}");
        }
        let asked = Asked { port: None, bind: Some("0.0.0.0".parse().unwrap()) };
        assert!(!resolve(asked, "{}", &[]).unwrap().address.ip().is_loopback());
    }
}
