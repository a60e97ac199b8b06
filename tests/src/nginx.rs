//! A private nginx.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
};

use crate::server::Server;

/// A running nginx with a configuration of its own. It is killed when this is
/// dropped.
#[derive(Debug)]
pub struct Nginx(Server);

impl Nginx {
    /// Starts one with what stands in its `http` block, given the address to
    /// listen on. `None` where nginx is not installed; then the
    /// test is skipped.
    pub fn start(http: impl Fn(SocketAddr) -> String) -> Option<Self> {
        let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
            let asked = Command::new(program).arg("-v").stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        });
        let Some(program) = program else {
            license_test_skips::missing("nginx");
            return None;
        };
        Some(Self(Server::start(|address, directory| {
            let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|name| format!("{name}_temp_path {name};\n"))
                .concat();
            let configuration = format!(
                "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\n\
                 http {{\naccess_log off;\n{places}{}\n}}\n",
                http(address)
            );
            std::fs::write(directory.join("nginx.conf"), configuration).expect("writable");
            let mut nginx = Command::new(program);
            nginx.arg("-p").arg(directory).args(["-c", "nginx.conf", "-e", "stderr"]);
            nginx
        })))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}
