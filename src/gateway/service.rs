//! Running the gateway as a service of the user's systemd.

use std::path::Path;

/// What a unit is made for.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'a> {
    /// This program.
    pub program: &'a Path,
    /// The state directory, where it is not the usual one.
    pub state: Option<&'a Path>,
    /// The port, where it is not the configured one.
    pub port: Option<u16>,
}

/// The unit's text. It starts the gateway with the session, starts it again when it fails, and lets answers under way end.
/// A gateway that finds another one running does not try again.
pub fn systemd_unit(unit: &Unit<'_>) -> String {
    let Unit { program, state, port } = unit;
    let port = port.map(|port| format!(" --port {port}")).unwrap_or_default();
    let state =
        state.map(|path| format!("Environment={}\n", quoted(&format!("FASED_STATE_DIR={}", path.display()))));
    format!(
        "[Unit]\n\
         Description=Fased gateway\n\
         Documentation=man:fased-gateway(1)\n\
         After=network-online.target\n\
         StartLimitIntervalSec=60\n\
         StartLimitBurst=5\n\
         \n\
         [Service]\n\
         ExecStart={program} gateway{port}\n\
         {state}Environment=FASED_LOG=info\n\
         Restart=on-failure\n\
         RestartSec=2\n\
         TimeoutStopSec=600\n\
         KillMode=mixed\n\
         NoNewPrivileges=yes\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        program = quoted(&program.display().to_string()),
        state = state.unwrap_or_default(),
    )
}

/// A word as systemd reads it: its signs of quoting, of variables and of specifiers stand for themselves.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if escaped.contains([' ', '\t', '"', '\\', '\'', ';', '#']) { format!("\"{escaped}\"") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted_as_systemd_reads_them() {
        let unit = Unit {
            program: Path::new("/opt/my tools/fased"),
            state: Some(Path::new("/srv/100%/$state")),
            port: Some(8080),
        };
        let text = systemd_unit(&unit);
        assert!(text.contains("ExecStart=\"/opt/my tools/fased\" gateway --port 8080\n"), "{text}");
        assert!(text.contains("Environment=FASED_STATE_DIR=/srv/100%%/$$state\n"), "{text}");
    }
}
