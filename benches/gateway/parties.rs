//! Who is measured: the sandbox itself, nginx in front of it, and the gateway in front of it.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Request;
use crate::process::{Program, free_port};

const FASED: &str = env!("CARGO_BIN_EXE_fased");
/// A key the sandbox takes; it holds nothing secret.
const KEY: &str = "sk-ant-api03-sandbox-bench-000000000000000000000000000000000000000000000000-key1";

/// One of those who answer.
#[derive(Debug)]
pub(crate) struct Party {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) program: Program,
    key: String,
    _room: TempDir,
}

impl Party {
    /// A request to it.
    pub(crate) fn request(&self, more: &str, body: &str) -> Request {
        Request::message(self.address, &self.key, more, body)
    }
}

/// The upstream of everybody.
pub(crate) fn sandbox() -> Result<Party, Box<dyn Error>> {
    let room = tempfile::tempdir()?;
    let (program, address) = Program::announced(fased(room.path()).args(["sandbox", "--json"]))?;
    Ok(Party { name: "direct", address, program, key: KEY.to_owned(), _room: room })
}

/// What stands in front of the sandbox, to be started again and again.
#[derive(Debug)]
pub(crate) enum Proxy {
    /// nginx as a plain proxy: two workers, connections to the upstream kept, nothing buffered.
    Nginx { binary: PathBuf, upstream: SocketAddr },
    /// The gateway with one API key and one client.
    Gateway { upstream: SocketAddr },
}

impl Proxy {
    /// nginx, installed if need be.
    pub(crate) fn nginx(upstream: SocketAddr) -> Result<Self, Box<dyn Error>> {
        Ok(Self::Nginx { binary: installed_nginx()?, upstream })
    }

    /// Everything is there when this returns, but nobody has waited for it to listen.
    pub(crate) fn start(&self) -> Result<Party, Box<dyn Error>> {
        let (room, address) = (tempfile::tempdir()?, free_port()?);
        let (name, key, mut command) = match self {
            Self::Nginx { binary, upstream } => {
                let config = room.path().join("nginx.conf");
                new_file(&config, &nginx_config(room.path(), address, *upstream))?;
                let mut command = Command::new(binary);
                command.arg("-p").arg(room.path()).arg("-c").arg(&config).args(["-e", "stderr"]);
                ("nginx", KEY.to_owned(), command)
            }
            Self::Gateway { upstream } => {
                let fased = |arguments: &[&str]| {
                    let mut command = fased(room.path());
                    command.env("ANTHROPIC_BASE_URL", format!("http://{upstream}")).args(arguments);
                    command
                };
                run(&mut fased(&["onboard", "--non-interactive", "--anthropic-api-key", KEY]))?;
                let added = run(&mut fased(&["gateway", "keys", "add", "bench", "--json"]))?;
                let document: Value = serde_json::from_slice(&added)?;
                let key = document["key"].as_str().ok_or("`gateway keys add` gave no key")?.to_owned();
                ("gateway", key, fased(&["gateway", "--port", &address.port().to_string()]))
            }
        };
        let program = Program::start(&mut command)?;
        Ok(Party { name, address, program, key, _room: room })
    }
}

fn nginx_config(room: &Path, address: SocketAddr, upstream: SocketAddr) -> String {
    let room = room.display();
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    format!(
        "{user} daemon off; worker_processes 2; pid {room}/pid; error_log /dev/null;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {room}/a; proxy_temp_path {room}/b; fastcgi_temp_path {room}/c; uwsgi_temp_path {room}/d; scgi_temp_path {room}/e;
  upstream api {{ server {upstream}; keepalive 256; keepalive_requests 1000000; }}
  server {{
    listen {address} reuseport backlog=4096;
    location / {{
      proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off;
      proxy_set_header Host {upstream};
    }}
  }}
}}
"
    )
}

/// Where nginx is; as root it is installed from Debian when it is missing.
fn installed_nginx() -> Result<PathBuf, Box<dyn Error>> {
    let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    let find = || places.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(path) = find() {
        return Ok(path);
    }
    if rustix::process::geteuid().is_root() {
        for arguments in
            [&["update", "-q"][..], &["install", "-qy", "--no-install-recommends", "nginx-light"]]
        {
            Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
        }
    }
    find().ok_or_else(|| "nginx is missing, to compare with: apt-get install nginx-light".into())
}

/// The program in a home of its own, with nothing else of this environment.
fn fased(room: &Path) -> Command {
    let mut command = Command::new(FASED);
    command.env_clear().env("HOME", room).env("FASED_NETWORK", "loopback").current_dir(room);
    command
}

fn run(command: &mut Command) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{command:?} failed: {said}").into())
}

fn new_file(path: &Path, text: &str) -> Result<(), std::io::Error> {
    use std::io::Write as _;
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
