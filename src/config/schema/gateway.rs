//! `gateway`: where the gateway listens, for whom, and what it may use.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::secret_ref::Material;

/// `gateway`. Port and address hold from the next start; the rest at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Gateway {
    /// The port; 18789 when nothing is said.
    pub port: Option<u16>,
    /// `loopback`, or an address of this machine.
    pub bind: Option<String>,
    /// Names besides those of this machine that a request's `Host` may have.
    pub allowed_hosts: Vec<String>,
    /// Whether clients may be served with credentials of a Claude plan.
    pub allow_subscription: bool,
    /// Who may use the Control UI and its API.
    pub auth: GatewayAuth,
}

/// `gateway.auth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct GatewayAuth {
    /// The gateway's token: a text, `${VARIABLE}`, or a reference `{ source, provider, id }`. It wins over `gateway.token`
    /// in the state directory.
    pub token: Option<Material>,
}
